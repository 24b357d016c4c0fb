"""How good predictions are: over all rows, of each class by itself, and of labels that training did not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from backlit.engine.protocol import Floats
from backlit.errors import DataError
from backlit.tables.metrics import NumberSums, named_metric
from backlit.tables.results import ClassScore, Evaluation
from backlit.tables.rows import labeled
from backlit.tables.table_target import TableTarget, as_numbers

if TYPE_CHECKING:
    from backlit.data.columns.schema import TableSchema
    from backlit.data.encoding import TableEncoding
    from backlit.engine import Session


class Comparison:
    """Compares predictions with the target's column, table after table, and holds no more than sums.

    Parameters
    ----------
    target : TableTarget
    schema : TableSchema
    encoder : TableEncoding
    session : Session
        Of the trained network.
    deciding : callable
        x → the numbers of which the largest says the class, told apart also where outputs are saturated.
    metric : str, optional
        One more score of classes, which training was told of: for that the outputs are kept.
    """

    def __init__(
        self,
        target: TableTarget,
        schema: TableSchema,
        encoder: TableEncoding,
        session: Session,
        deciding: Callable[[Floats], Floats],
        metric: str | None = None,
    ) -> None:
        self._target, self._schema, self._encoder = target, schema, encoder
        self._session, self._deciding = session, deciding
        n_classes = len(target.classes or ())
        self._confusion = np.zeros((n_classes, n_classes), dtype=np.int64)
        self._unseen: Counter[tuple[str, int]] = Counter()
        self._numbers = NumberSums()
        self._metric = metric if target.classes is not None and metric != "accuracy" else None
        self._kept: list[tuple[Floats, Floats]] = []
        self._cost = _Mean()
        self._remarks: list[str] = []
        self._notes: dict[str, None] = {}
        self._n_rows = self._n_unknown = self._n_before = 0

    def add(self, table: Any) -> Self:
        """Take in a table, and return this comparison.

        Parameters
        ----------
        table : polars.DataFrame
        """
        target, n_given = self._target, table.height
        table, lines = self._schema.read_rows(table)
        self._remarks += [f"Left out row {line.row + self._n_before:,}: {line.why}." for line in lines]
        self._n_before += n_given
        table = self._schema.read(table)
        if target.name in table.columns:
            known = table[target.name].is_not_null()
            self._n_unknown += int((~known).sum())
            table = table.filter(known)
            if table.height == 0:
                return self
        notes: list[str] = []
        table, column = labeled(table, target, notes, unseen=True)
        self._notes |= dict.fromkeys(notes)
        self._n_rows += len(column)
        x, known = self._encoder.transform(table), target.knows(column)
        if target.classes is None:
            outputs, cost = self._session.evaluate(x, target.encode(column).astype(x.dtype))
            self._numbers.add(as_numbers(column, target.name), target.numbers(outputs))
            self._cost.add(cost, len(column))
            return self
        if known.any():
            y = target.encode(column.filter(known)).astype(x.dtype)
            outputs, cost = self._session.evaluate(x[known], y)
            self._cost.add(cost, len(y))
            if self._metric is not None:
                self._kept.append((y, outputs))
            codes = target.codes(self._deciding(x[known]))
            self._confusion += count_confusion(target.codes(y), codes, len(target.classes))
        if not known.all():
            codes = target.codes(self._deciding(x[~known]))
            self._unseen.update(zip(map(str, column.filter(~known)), codes.tolist(), strict=True))
        return self

    def result(self) -> Evaluation:
        """Return how good the predictions were."""
        target, remarks = self._target, self._remarks
        if self._n_unknown:
            remarks = [*remarks, f"Left out {self._n_unknown:,} rows without a {target.name}."]
        if self._n_rows == 0:
            raise DataError(f"No row has a {target.name}, so there is nothing to compare with.")
        remarks = [*remarks, *self._notes]
        if target.classes is None:
            return Evaluation(self._numbers.scores() | {"cost": self._cost.value}, self._n_rows, remarks=remarks)
        unseen = count_unseen(self._unseen, len(target.classes))
        if unseen:
            listed = ", ".join(map(repr, list(unseen)[:3])) + (" …" if len(unseen) > 3 else "")
            n = sum(self._unseen.values())
            rows = "1 row has" if n == 1 else f"{n:,} rows have"
            remarks = [
                *remarks,
                f"{rows} a {target.name} that training did not have ({listed}): counted as wrong, and left out of the "
                "cost.",
            ]
        scores = {"accuracy": float(self._confusion.trace() / self._n_rows), "cost": self._cost.value}
        if self._metric is not None:
            scores[self._metric] = float("nan")
            if self._kept:
                y, outputs = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
                scores[self._metric] = named_metric(target, self._metric, y)[0](outputs)
        by_class = score_classes(target.classes, self._confusion, unseen)
        return Evaluation(scores, self._n_rows, self._confusion.tolist(), remarks, by_class, unseen)


@dataclass
class _Mean:
    total: float = 0.0
    n: int = 0

    def add(self, mean: float, n: int) -> None:
        # what is alone stays as it is, to the last bit
        self.total = mean if self.n == 0 else (self.total * self.n + mean * n) / (self.n + n)
        self.n += n

    @property
    def value(self) -> float:
        return self.total if self.n else float("nan")


def count_confusion(true_codes: NDArray[np.intp], codes: NDArray[np.intp], n_classes: int) -> NDArray[np.int64]:
    """Return the confusion, ``(n_classes, n_classes)``: how often each true class, a row, was taken for each other."""
    return np.bincount(true_codes * n_classes + codes, minlength=n_classes**2).reshape(n_classes, n_classes)


def count_unseen(taken: Mapping[tuple[str, int], int], n_classes: int) -> dict[str, list[int]]:
    """Return for each label that training did not have how often it was taken for each class.

    Parameters
    ----------
    taken : mapping of (str, int) to int
        Label and number of a class → how often.
    n_classes : int
    """
    unseen: dict[str, list[int]] = {}
    for (label, code), n in taken.items():
        unseen.setdefault(label, [0] * n_classes)[code] += n
    return dict(sorted(unseen.items(), key=lambda item: -sum(item[1])))


def score_classes(classes: tuple[Any, ...], confusion: Any, unseen: dict[str, list[int]]) -> list[ClassScore]:
    """Return how good each class is predicted; rows of unseen labels count as wrong.

    Parameters
    ----------
    classes : tuple
    confusion : array-like of int, ``(n_classes, n_classes)``
    unseen : dict of str to list of int
        What `count_unseen` gave.
    """
    confusion = np.asarray(confusion)
    rows, right = confusion.sum(axis=1), confusion.diagonal()
    predicted = confusion.sum(axis=0) + np.sum(list(unseen.values()) or [[0] * len(classes)], axis=0)
    return [
        ClassScore(label, int(n), int(m), float(hit / m) if m else float("nan"), float(hit / n) if n else float("nan"))
        for label, n, m, hit in zip(classes, rows, predicted, right, strict=True)
    ]


def single_rows(classes: Sequence[Any], counts: Sequence[int] | NDArray[np.int64]) -> str | None:
    """Return a remark about classes that have one row each, if there are any.

    Parameters
    ----------
    classes : sequence
    counts : sequence of int
        Rows of each.
    """
    alone = [label for label, n in zip(classes, counts, strict=True) if n == 1]
    if not alone:
        return None
    listed = ", ".join(map(repr, alone[:5])) + (", …" if len(alone) > 5 else "")
    which = f"The class {listed} has a single row" if len(alone) == 1 else f"The classes {listed} have one row each"
    return f"{which}: no other row can tell whether that is learned. Give more such rows, or leave them out."


def say_if_one_class(
    target: TableTarget,
    counts: NDArray[np.int64] | None,
    x: Iterable[Floats],
    predict: Callable[[Floats], Floats],
    say: Callable[[str], object],
) -> None:
    """Say so where a model never predicts anything but the largest class: it has learned no more than that.

    Parameters
    ----------
    target : TableTarget
    counts : ndarray, ``(n_classes,)``, or None
        Rows of each class.
    x : iterable of ndarray, ``(n_rows, n_in)``
        All rows, in pieces: the first tells of nearly all models that they know more.
    predict : callable
        x → outputs.
    say : callable
    """
    if target.classes is None or len(target.classes) < 2 or counts is None:
        return
    largest = int(counts.argmax())
    for rows in x:
        if len(rows) and np.any(target.codes(predict(rows)) != largest):
            return
    say(
        f"The model predicts {target.classes[largest]!r} in every row, as {counts[largest] / counts.sum():.1%} of them "
        "are: it has learned nothing else. Try --class-weight balanced, more epochs, or another learning rate."
    )
