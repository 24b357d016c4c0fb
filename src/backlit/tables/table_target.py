"""The target of a table model: from its column to the network's y, and from the outputs back to its own scale.

`schema_of` puts what the target's column means beside what the encoder's columns mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from backlit.core.definitions import REALS
from backlit.core.losses import definition
from backlit.data import TargetScaler, class_codes, encode_classes
from backlit.data.columns.column import Column, Kind
from backlit.data.columns.schema import TableSchema
from backlit.data.encoding import TableEncoding
from backlit.data.labels import ClassLabels
from backlit.data.probabilities import class_probabilities, decided_by
from backlit.engine.protocol import Floats
from backlit.errors import DataError
from backlit.export.exportable import ClassHead, Head, NumberHead

if TYPE_CHECKING:
    import polars as pl


Task = Literal["classification", "regression"]


@dataclass(frozen=True, eq=False)
class TableTarget:
    """What a table model predicts.

    Attributes
    ----------
    name : str
        Name of the column.
    classes : tuple or None
        For classification, in the order of the outputs.
    n_outputs : int
        Output neurons.
    scaler : TargetScaler or None
        For regression; None where the loss wants the target as it is (poisson).
    column : Column or None
        What the target's column was taken for; None in a file of an earlier version.
    range : (least, most) or None
        For regression: what predictions are kept to, on the target's own scale.
    """

    name: str
    classes: tuple[Any, ...] | None
    n_outputs: int
    scaler: TargetScaler | None = None
    column: Column | None = None
    range: tuple[float, float] | None = None

    @classmethod
    def learn(cls, column: Any, name: str, task: Task, loss: str, *, clip: bool = False) -> TableTarget:
        """Learn the classes, or the scale, from the column of the training rows.

        Parameters
        ----------
        column : polars.Series
        name : str
        task : {"classification", "regression"}
        loss : str
        clip : bool, default False
            Whether predicted numbers are kept to the range of the column.
        """
        if task == "classification":
            classes, _ = encode_classes(column)
            one_output = loss == "cross_entropy" and len(classes) <= 2
            return cls(name, tuple(classes), 1 if one_output else len(classes))
        values, allowed = as_numbers(column, name), definition(loss).target
        seen = (float(values.min()), float(values.max())) if clip else None
        if allowed == REALS:
            return cls(name, None, 1, TargetScaler.fit(values), range=seen)
        # a loss that is particular about its targets gets them as they are
        if not allowed.low <= values.min() <= values.max() <= allowed.high:
            raise DataError(
                f"The loss {loss!r} is defined for targets in {allowed}, but {name!r} lies in "
                f"[{values.min():g}, {values.max():g}]. Use another loss."
            )
        return cls(name, None, 1, range=seen)

    @property
    def task(self) -> Task:
        """Whether classes or a number are predicted."""
        return "regression" if self.classes is None else "classification"

    @property
    def metric_name(self) -> str:
        """What `metric` is called."""
        return "R²" if self.classes is None else "accuracy"

    @property
    def output_names(self) -> list[str]:
        """What each output neuron stands for."""
        if self.classes is None:
            return [self.name]
        return [str(label) for label in self.classes][-self.n_outputs :]

    def encode(self, column: Any) -> Floats:
        """Return y, ``(n_rows, n_outputs)``, of a column."""
        if self.classes is not None:
            return self.labels().encode(class_codes(column, list(self.classes)), "float64")
        return self._scaled(as_numbers(column, self.name)).reshape(-1, 1)

    def knows(self, column: Any) -> NDArray[np.bool_]:
        """Return which labels of a column were there in training, ``(n_rows,)``."""
        if self.classes is None:
            return np.ones(len(column), dtype=bool)
        return np.asarray(class_codes(column, list(self.classes), unseen="mark") >= 0)

    def codes(self, outputs: Floats) -> NDArray[np.intp]:
        """Return the number of the class, counted from 0, that each row of outputs (or of y) speaks for."""
        return self.labels().decide(outputs)

    def class_counts(self, y: Floats) -> NDArray[np.int64] | None:
        """Return how many rows of y are of each class; None for numbers."""
        return None if self.classes is None else np.bincount(self.codes(y), minlength=len(self.classes))

    def decided_by(self, activation: str) -> str:
        """Return the σ of the output layer with which `codes` is to be asked; see `backlit.data.probabilities`."""
        return activation if self.classes is None else decided_by(self.labels(), activation)

    def decode(self, activation: str, outputs: Callable[[str], Floats]) -> tuple[NDArray[Any], Floats | None]:
        """Return values on the target's own scale, ``(n_rows,)``, and the probabilities of classes.

        Parameters
        ----------
        activation : str
            σ of the output layer.
        outputs : callable
            σ of the output layer → the network's outputs with it, ``(n_rows, n_outputs)``.
        """
        if self.classes is not None:
            once = cache(outputs)
            shares = class_probabilities(self.labels(), activation, once)
            # the second share is the one output itself, which need not be fed forward for again
            told = shares[:, 1:] if self.n_outputs == 1 else once(self.decided_by(activation))
            return np.array(self.classes, dtype=object)[self.codes(told)], shares
        return self.numbers(outputs(activation)), None

    def numbers(self, outputs: Floats) -> Floats:
        """Return the numbers of a regression on the target's own scale, ``(n_rows,)``."""
        values: Floats = outputs[:, 0].astype(np.float64)
        values = values if self.scaler is None else self.scaler.inverse(values)
        return values if self.range is None else np.clip(values, *self.range)

    def metric(self, y: Floats) -> Callable[[Floats], float]:
        """Return the function that scores outputs against y: accuracy, or R²."""
        if self.classes is not None:
            return self.accuracy(self.codes(y))
        spread = float(np.sum((y - y.mean()) ** 2, dtype=np.float64))
        low, high = self._scaled(np.array(self.range or (-np.inf, np.inf))).astype(y.dtype)

        def r2(outputs: Floats) -> float:
            off = np.clip(outputs, low, high) - y
            return 1.0 - float(np.sum(off**2, dtype=np.float64)) / spread if spread else float("nan")

        return r2

    def accuracy(self, codes: NDArray[np.intp]) -> Callable[[Floats], float]:
        """Return the function that scores outputs against the numbers of classes."""
        return lambda outputs: float(np.mean(self.codes(outputs) == codes))

    def _scaled(self, values: NDArray[np.float64]) -> NDArray[np.floating]:
        return values if self.scaler is None else self.scaler.transform(values)

    def head(self) -> Head:
        """Return what a format of `backlit.export` is told of the outputs."""
        if self.classes is None:
            scaler = self.scaler
            return NumberHead("float64", None if scaler is None else (scaler.mean, scaler.scale), self.range)
        labels = self.labels()
        return ClassHead(np.array(self.classes), labels.kind, labels.one_output)

    def labels(self) -> ClassLabels:
        """Return how classes, by their numbers, are laid out on the outputs."""
        assert self.classes is not None
        n = len(self.classes)
        return ClassLabels(np.arange(n), "binary" if n == 2 else "multiclass", one_output=self.n_outputs == 1)


def as_numbers(column: Any, name: str) -> NDArray[np.float64]:
    """Return a target's column as numbers, or say that it holds text."""
    import polars as pl

    if isinstance(column, pl.Series) and column.dtype.is_numeric():
        column = column.cast(pl.Float64)  # NumPy has no integers of 128 bits
    try:
        return np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"A regression needs numbers in {name!r}, but it holds text. Use --task classification, or another target."
        ) from None


def schema_of(encoder: TableEncoding, target: TableTarget) -> TableSchema:
    """Return what all columns of the training table were taken for, the target's last."""
    columns = encoder.schema_.columns
    return replace(encoder.schema_, columns=(*columns, target.column or _of_before(target)))


def _of_before(target: TableTarget) -> Column:
    # Earlier versions decided the target's type anew for each file; its classes tell which it was.
    kinds: dict[type, Kind] = {str: "category", bool: "flag"}
    first = 0.0 if target.classes is None else target.classes[0]
    return Column(target.name, kinds.get(type(first), "number"))


def are_spelled(cells: pl.Series, column: Column) -> bool:
    """Tell whether classes are numbers that are written otherwise than numbers are: 1.50.

    Parameters
    ----------
    cells : polars.Series
        The target's column before it was read, stripped and without nulls.
    column : Column
        What it was taken for.
    """
    import polars as pl

    if column.kind != "number" or column.misfits or cells.dtype != pl.String:
        return False
    spellings = cells.unique().to_list()
    numbers = {_number(text) for text in spellings}
    plainly = all(_number(text) is not None and text == repr(_number(text)) for text in spellings)
    # Where a number has several spellings they are one class, and its name is the number.
    return not plainly and len(numbers) == len(spellings)


def _number(text: str) -> int | float | None:
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return None
