"""The column to predict: which task it asks for, whether it can be learned, and its translation to numbers and back."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from backlit.data.classes import single_column
from backlit.data.frames import frame_of
from backlit.data.table_view import TableView
from backlit.data.values import canonical_text, is_missing
from backlit.documents.field import MODEL, Field
from backlit.errors import DataError, ShapeError, UnknownNameError

Task = Literal["classification", "regression"]

_MANY_CLASSES = 20


@dataclass(frozen=True)
class TaskGuess:
    """A task, and the sentence that says why.

    Attributes
    ----------
    task : {"classification", "regression"}
    reason : str
        ``"`price` has 11,602 distinct numbers: regression (override with --task)"``
    """

    task: Task
    reason: str


def infer_task(
    column: Any, name: str | None = None, *, is_category: bool = False, n_rows: int | None = None
) -> TaskGuess:
    """Guess whether a column names classes or measures something.

    Text, booleans and categories are classes, and so are whole numbers if there are just two distinct ones, or at most
    20 that make up at most a tenth of the values. All other numbers are measurements.

    Parameters
    ----------
    column : series, or array-like of shape (n_rows,)
    name : str, optional
        What the sentence calls the column; by default the series' own name.
    is_category : bool, default=False
        Whether it was said to be a category, whatever its values are.
    n_rows : int, optional
        How many values there are, where the column has each different one once.

    Returns
    -------
    TaskGuess
    """
    view, own_name = single_column(column)
    spoken = f"`{name or own_name}`" if name or own_name else "the target"
    kind = view.kind(0)
    if is_category and kind in ("number", "boolean", "date", "duration"):
        return _guess(spoken, "is a category", "classification")
    if kind in ("date", "duration"):
        raise DataError(f"{spoken} holds {kind}s, which cannot be predicted. Turn them into numbers first.")
    if kind == "category":
        n = len({canonical_text(value) for value in view.values(0) if not is_missing(value)})
        return _guess(spoken, f"has {n:,} distinct values that are not numbers", "classification")
    if kind == "boolean":
        return _guess(spoken, "is true or false", "classification")
    numbers = np.empty(0) if kind == "empty" else view.numbers(0, "number")
    numbers = numbers[~np.isnan(numbers)]
    if numbers.size == 0:
        raise DataError(f"{spoken} has no values, so there is nothing to predict. Choose another target.")
    distinct, size = len(np.unique(numbers)), numbers.size if n_rows is None else n_rows
    if np.any(numbers % 1):
        return _guess(spoken, f"has fractions ({distinct:,} distinct numbers)", "regression")
    if distinct <= 2 or (distinct <= _MANY_CLASSES and distinct * 10 <= size):
        return _guess(spoken, f"has only {distinct:,} distinct whole numbers in {size:,} rows", "classification")
    return _guess(spoken, f"has {distinct:,} distinct numbers", "regression")


def _guess(spoken: str, finding: str, task: Task) -> TaskGuess:
    return TaskGuess(task, f"{spoken} {finding}: {task} (override with --task)")


def check_target(table: Any, target: str) -> tuple[Any, int]:
    """Make sure that a column can be learned, and drop the rows in which it is missing.

    Parameters
    ----------
    table : dataframe
    target : str
        Name of the column to predict.

    Returns
    -------
    table : dataframe
        Of the same library, without the rows whose target is missing.
    n_dropped : int
        How many those were.
    """
    frame = frame_of(table)
    check_target_name(frame.columns, target)
    view = TableView(frame.select(target).to_native())
    missing = _is_missing(view)
    n_dropped = int(missing.sum())
    if n_dropped == len(missing):
        raise DataError(
            f"The target {target!r} is missing in all {len(missing)} rows, so there is nothing to learn. "
            "Choose another target, or tables with labels."
        )
    if n_dropped:
        frame = frame.filter(nw.new_series("known", (~missing).tolist(), nw.Boolean, backend=frame.implementation))
    _refuse_constant(TableView(frame.select(target).to_native()), target)
    return frame.to_native(), n_dropped


def check_target_name(columns: Sequence[str], target: str) -> None:
    """Raise unless a table has the target among its columns."""
    if target not in columns:
        near = difflib.get_close_matches(target, columns, cutoff=0.6)
        # Nobody wants to be offered all 784 pixels.
        raise UnknownNameError("column", target, columns if near else columns[-20:])


def _is_missing(view: TableView) -> NDArray[np.bool_]:
    if view.kind(0) in ("number", "boolean"):
        return np.asarray(np.isnan(view.numbers(0, view.kind(0))))
    return np.array([is_missing(value) for value in view.values(0)], dtype=bool)


def _refuse_constant(view: TableView, target: str) -> None:
    if view.kind(0) == "number":
        numbers = view.numbers(0, "number")
        if np.isinf(numbers).any():
            row = int(np.flatnonzero(np.isinf(numbers))[0]) + 1
            raise DataError(f"The target {target!r} is infinite in labelled row {row}. Correct it or leave it empty.")
        # beyond 2⁵³ neighbors are one float
        only = None if numbers.min() < numbers.max() or len(set(view.values(0))) > 1 else f"{numbers[0]:.17g}"
    else:
        distinct = {value if isinstance(value, str) else canonical_text(value) for value in view.values(0)}
        only = None if len(distinct) > 1 else repr(distinct.pop())
    if only is not None:
        raise DataError(
            f"The target {target!r} is {only} in every row: at least two different values are needed to learn from. "
            "Choose another target or more rows."
        )


@dataclass(frozen=True)
class TargetScaler:
    """Standardize the target of a regression: ``(y − mean) / scale``.

    Attributes
    ----------
    mean : float
    scale : float
        Standard deviation; 1 for a constant.
    """

    mean: float
    scale: float

    @classmethod
    def fit(cls, y: NDArray[np.floating]) -> Self:
        """Learn mean and standard deviation of `y`, (n_rows,), which must be finite."""
        y = np.asarray(y, dtype=np.float64)
        if y.ndim != 1 or y.size == 0:
            raise ShapeError(f"A target of shape (n_rows,) with n_rows ≥ 1 was expected, but it has shape {y.shape}.")
        if not np.isfinite(y).all():
            row = int(np.argmin(np.isfinite(y)))
            raise DataError(f"The target is {y[row]} in row {row + 1}. Drop the row or correct the value.")
        with np.errstate(over="ignore", invalid="ignore"):
            mean, scale = float(y.mean()), float(y.std())
        return cls._of(mean, scale)

    @classmethod
    def fit_pieces(cls, pieces: Callable[[], Iterable[NDArray[np.float64]]], n: int) -> Self:
        """Learn from `n` finite numbers in pieces, which can be asked for again and again."""
        with np.errstate(over="ignore", invalid="ignore"):
            mean = math.fsum(float(piece.sum()) for piece in pieces()) / n
            squares = math.fsum(float(np.square(piece - mean).sum()) for piece in pieces())
        return cls._of(mean, math.sqrt(squares / n))

    @classmethod
    def _of(cls, mean: float, scale: float) -> Self:
        if not (np.isfinite(mean) and np.isfinite(scale)):
            raise DataError("The target's values are so large that their variance overflows. Use a larger unit.")
        # A constant's deviation can come out as a rounding error, and dividing by that would make noise of nothing.
        return cls(mean, scale if scale > 1e-14 * abs(mean) else 1.0)

    def transform(self, y: NDArray[np.floating]) -> NDArray[np.floating]:
        """Standardize `y`; float32 stays float32."""
        return (y - self.mean) / self.scale

    def inverse(self, y: NDArray[np.floating]) -> NDArray[np.floating]:
        """Undo `transform`."""
        return y * self.scale + self.mean

    def to_dict(self) -> dict[str, Any]:
        """Write the scaler down in JSON's types."""
        return {"version": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: object, where: str = "target_scaler") -> Self:
        """Read a scaler back; a wrong field is named in a `ModelFileError`, below what `where` calls the document."""
        document = Field(data, where, MODEL)
        document.version(1)
        fields = document.fields("version", "mean", "scale")
        return cls(fields["mean"].number(), fields["scale"].number(above=0))
