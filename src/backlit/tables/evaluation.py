"""How good predictions are: over all rows, of each class by itself, and of labels that training did not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.engine.protocol import Floats
from backlit.tables.metrics import named_metric
from backlit.tables.results import ClassScore, Evaluation
from backlit.tables.rows import labeled
from backlit.tables.table_target import TableTarget, as_numbers

if TYPE_CHECKING:
    from backlit.data.columns.schema import TableSchema
    from backlit.data.encoding import TableEncoding
    from backlit.engine import Session

_MOST_ROWS = 10_000


def evaluate_rows(
    target: TableTarget,
    schema: TableSchema,
    encoder: TableEncoding,
    session: Session,
    deciding: Callable[[Floats], Floats],
    table: Any,
    metric: str | None = None,
) -> Evaluation:
    """Compare predictions with the target's column.

    Parameters
    ----------
    target : TableTarget
    schema : TableSchema
    encoder : TableEncoding
    session : Session
        Of the trained network.
    deciding : callable
        x → the numbers of which the largest says the class, told apart also where outputs are saturated.
    table : polars.DataFrame
    metric : str, optional
        One more score, which training was told of.
    """
    remarks: list[str] = []
    table, lines = schema.read_rows(table)
    remarks += [f"Left out row {line.row:,}: {line.why}." for line in lines]
    table, column = labeled(schema.read(table), target, remarks, unseen=True)
    x, known = encoder.transform(table), target.knows(column)
    if target.classes is None:
        outputs, cost = session.evaluate(x, target.encode(column).astype(x.dtype))
        return Evaluation(
            score_numbers(as_numbers(column, target.name), target.numbers(outputs)) | {"cost": cost},
            len(column),
            remarks=remarks,
        )
    n_classes, cost, strange = len(target.classes), float("nan"), column.filter(~known)
    confusion, unseen = np.zeros((n_classes, n_classes), dtype=np.int64), {}
    if known.any():
        y = target.encode(column.filter(known)).astype(x.dtype)
        outputs, cost = session.evaluate(x[known], y)
        confusion = count_confusion(target.codes(y), target.codes(deciding(x[known])), n_classes)
    if len(strange):
        unseen = count_unseen(strange, target.codes(deciding(x[~known])), n_classes)
        listed = ", ".join(map(repr, list(unseen)[:3])) + (" …" if len(unseen) > 3 else "")
        rows = "1 row has" if len(strange) == 1 else f"{len(strange):,} rows have"
        remarks.append(
            f"{rows} a {target.name} that training did not have ({listed}): counted as wrong, and left out of the cost."
        )
    scores = {"accuracy": float(confusion.trace() / len(column)), "cost": cost}
    if metric is not None and metric not in scores:
        scores[metric] = named_metric(target, metric, y)[0](outputs) if known.any() else float("nan")
    by_class = score_classes(target.classes, confusion, unseen)
    return Evaluation(scores, len(column), confusion.tolist(), remarks, by_class, unseen)


def score_numbers(truth: Floats, values: Floats) -> dict[str, float]:
    """Return R², and the root of the mean squared and the mean absolute error, of numbers of shape ``(n_rows,)``."""
    # as scikit-learn defines them; to import its own takes longer than all else here
    squares, spread = float(np.sum((truth - values) ** 2)), float(np.sum((truth - truth.mean()) ** 2))
    r2 = 1 - squares / spread if spread else float(squares == 0)
    return {
        "r2": r2 if len(truth) > 1 else float("nan"),
        "rmse": float(np.sqrt(squares / len(truth))),
        "mae": float(np.mean(np.abs(truth - values))),
    }


def count_confusion(true_codes: NDArray[np.intp], codes: NDArray[np.intp], n_classes: int) -> NDArray[np.int64]:
    """Return the confusion, ``(n_classes, n_classes)``: how often each true class, a row, was taken for each other."""
    return np.bincount(true_codes * n_classes + codes, minlength=n_classes**2).reshape(n_classes, n_classes)


def count_unseen(labels: Any, codes: NDArray[np.intp], n_classes: int) -> dict[str, list[int]]:
    """Return for each label that training did not have how often it was taken for each class."""
    unseen: dict[str, list[int]] = {}
    for label, code in zip(labels, codes.tolist(), strict=True):
        unseen.setdefault(str(label), [0] * n_classes)[code] += 1
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


def say_if_one_class(
    target: TableTarget, x: Floats, y: Floats, predict: Callable[[Floats], Floats], say: Callable[[str], object]
) -> None:
    """Say so where a model never predicts anything but the largest class: it has learned no more than that.

    Parameters
    ----------
    target : TableTarget
    x : ndarray, ``(n_rows, n_in)``
    y : ndarray, ``(n_rows, n_out)``
    predict : callable
        x → outputs.
    say : callable
    """
    if target.classes is None or len(target.classes) < 2:
        return
    counts = np.bincount(target.codes(y), minlength=len(target.classes))
    largest = int(counts.argmax())
    # The head tells of nearly all models that they know more.
    for rows in (x[:_MOST_ROWS], x[_MOST_ROWS:]):
        if len(rows) and np.any(target.codes(predict(rows)) != largest):
            return
    say(
        f"The model predicts {target.classes[largest]!r} in every row, as {counts[largest] / len(y):.1%} of them are: "
        "it has learned nothing else. Try --class-weight balanced, more epochs, or another learning rate."
    )
