"""The column to predict: which task it asks for, whether it can be learned, and its translation to numbers and back."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from backlit.data.table_view import TableView, frame_of
from backlit.data.values import canonical_text, is_missing, plain
from backlit.documents.field import MODEL, Field
from backlit.errors import DataError, ShapeError, UnknownNameError

Task = Literal["classification", "regression"]
Label = str | int | float | bool

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


def infer_task(column: Any, name: str | None = None) -> TaskGuess:
    """Guess whether a column names classes or measures something.

    Text, booleans and categories are classes, and so are whole numbers if there are just two distinct ones, or at most
    20 that make up at most a tenth of the values. All other numbers are measurements.

    Parameters
    ----------
    column : series, or array-like of shape (n_rows,)
    name : str, optional
        What the sentence calls the column; by default the series' own name.

    Returns
    -------
    TaskGuess
    """
    view, own_name = _single_column(column)
    spoken = f"`{name or own_name}`" if name or own_name else "the target"
    kind = view.kind(0)
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
    distinct = len(np.unique(numbers))
    if np.any(numbers % 1):
        return _guess(spoken, f"has fractions ({distinct:,} distinct numbers)", "regression")
    if distinct <= 2 or (distinct <= _MANY_CLASSES and distinct * 10 <= numbers.size):
        return _guess(
            spoken, f"has only {distinct:,} distinct whole numbers in {numbers.size:,} rows", "classification"
        )
    return _guess(spoken, f"has {distinct:,} distinct numbers", "regression")


def _guess(spoken: str, finding: str, task: Task) -> TaskGuess:
    return TaskGuess(task, f"{spoken} {finding}: {task} (override with --task)")


def _single_column(column: Any) -> tuple[TableView, str | None]:
    if isinstance(column, TableView):
        return column, None
    try:
        series = nw.from_native(column, series_only=True)
    except TypeError:
        if hasattr(column, "columns"):
            raise ShapeError("One column was expected, but a table came. Select the target from it.") from None
        # A list that mixes numbers and text must not become text in NumPy's hands.
        array = column if isinstance(column, np.ndarray) else np.array(list(column), dtype=object)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise ShapeError(
                f"One column, of shape (n_rows,), was expected, but the target has shape {array.shape}. Select one."
            ) from None
        return TableView(array.reshape(-1, 1)), None
    return TableView(series.alias(str(series.name or "target")).to_frame().to_native()), series.name or None


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
    if target not in frame.columns:
        near = difflib.get_close_matches(target, frame.columns, cutoff=0.6)
        # Nobody wants to be offered all 784 pixels.
        raise UnknownNameError("column", target, frame.columns if near else frame.columns[-20:])
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
        only = None if numbers.min() < numbers.max() else f"{numbers[0]:.17g}"
    else:
        distinct = {canonical_text(value) for value in view.values(0)}
        only = None if len(distinct) > 1 else repr(distinct.pop())
    if only is not None:
        raise DataError(
            f"The target {target!r} is {only} in every row: at least two different values are needed to learn from. "
            "Choose another target or more rows."
        )


def encode_classes(column: Any) -> tuple[list[Label], NDArray[np.int64]]:
    """Sort the classes of a column and number them.

    Parameters
    ----------
    column : series, or array-like of shape (n_rows,)
        Without missing values.

    Returns
    -------
    classes : list of str, int, float or bool
        Sorted. Whole numbers are ints, also where a library stored them as floats.
    codes : ndarray of shape (n_rows,)
        Position of each row's class in `classes`.
    """
    view, name = _single_column(column)
    distinct: dict[str, Label] = {}
    for value in set(view.values(0)):
        label = plain(value)
        if label is None:
            raise DataError(f"The target {name or ''} has missing values. Drop those rows first (check_target does).")
        text = canonical_text(value)
        # Text "1" and number 1 are one class, and of several spellings always the same one gives the name.
        if text not in distinct or repr(label) < repr(distinct[text]):
            distinct[text] = int(label) if isinstance(label, float) and label.is_integer() else label
    labels = list(distinct.values())
    if not labels:
        raise DataError("The target has no rows, so there are no classes.")
    try:
        classes = sorted(labels)
    except TypeError:
        raise DataError(
            f"The target {name or ''} mixes text and numbers ({', '.join(map(repr, labels[:4]))} …). "
            "Make all of them text."
        ) from None
    return classes, class_codes(column, classes)


def class_codes(column: Any, classes: list[Label], *, unseen: Literal["raise", "mark"] = "raise") -> NDArray[np.int64]:
    """Number the labels of another table by the classes of training.

    Labels are compared as `backlit.data.values.canonical_text` writes them: 1 and 1.0 and "1" are the same class.

    Parameters
    ----------
    column : series, or array-like of shape (n_rows,)
    classes : list of str, int, float or bool
        What `encode_classes` gave.
    unseen : {"raise", "mark"}, default="raise"
        Whether a label that is no class, or is missing, is an error or gets the code −1.

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    if unseen not in ("raise", "mark"):
        raise UnknownNameError("treatment of unseen labels", unseen, ("raise", "mark"))
    view, name = _single_column(column)
    known = {canonical_text(label): code for code, label in enumerate(classes)}
    values = view.values(0)
    code_of = {value: known.get(canonical_text(value), -1) for value in set(values) if not is_missing(value)}
    codes = np.array([code_of.get(value, -1) for value in values], dtype=np.int64)
    if unseen == "raise" and (codes < 0).any():
        row = int(np.argmax(codes < 0))
        listed = ", ".join(repr(label) for label in classes[:8]) + (" …" if len(classes) > 8 else "")
        raise DataError(
            f"The label {plain(values[row])!r} in row {row + 1} of {name or 'the target'} is none of the "
            f"{len(classes)} classes from training: {listed}. Correct the label or drop such rows."
        )
    return codes


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
