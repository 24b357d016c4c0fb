"""The classes of a target: found in its column, and again in other tables, where they may be written otherwise."""

from __future__ import annotations

import re
from typing import Any, Literal

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from backlit.data.table_view import TableView
from backlit.data.values import canonical_text, is_missing, plain
from backlit.errors import DataError, ShapeError, UnknownNameError

Label = str | int | float | bool


def single_column(column: Any) -> tuple[TableView, str | None]:
    """Return a view of one column, and the name it brings."""
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
    view, name = single_column(column)
    distinct: dict[str, Label] = {}
    for value in set(view.values(0)):
        label = plain(value)
        if label is None:
            raise DataError(f"The target {name or ''} has missing values. Drop those rows first (check_target does).")
        if isinstance(label, float) and label.is_integer():
            label = int(label)
        distinct.setdefault(label if isinstance(label, str) else canonical_text(value), label)
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

    A label is the class that is written alike, or else the only one that is the same number: 1.50 is "1.50", and where
    there is none 1.5.

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
    view, name = single_column(column)
    known = _codes_by_text(classes)
    values = view.values(0)
    code_of = {value: _code(value, known) for value in set(values) if not is_missing(value)}
    codes = np.array([code_of.get(value, -1) for value in values], dtype=np.int64)
    if unseen == "raise" and (codes < 0).any():
        row = int(np.argmax(codes < 0))
        listed = ", ".join(repr(label) for label in classes[:8]) + (" …" if len(classes) > 8 else "")
        raise DataError(
            f"The label {plain(values[row])!r} in row {row + 1} of {name or 'the target'} is none of the "
            f"{len(classes)} classes from training: {listed}. Correct the label or drop such rows."
        )
    return codes


def _codes_by_text(classes: list[Label]) -> dict[str, int]:
    alike: dict[str, list[int]] = {}
    for code, label in enumerate(classes):
        for text in {canonical_text(label), _as_number(canonical_text(label))}:
            alike.setdefault(text, []).append(code)
    exact = {label if isinstance(label, str) else canonical_text(label): code for code, label in enumerate(classes)}
    return {text: codes[0] for text, codes in alike.items() if len(codes) == 1} | exact


def _code(value: object, known: dict[str, int]) -> int:
    text = canonical_text(value)
    for spelling in (value if isinstance(value, str) else text, text, _as_number(text)):
        if spelling in known:
            return known[spelling]
    return -1


def _as_number(text: str) -> str:
    """Write a number as Python does, so that 1.50 is 1.5; 001 and what needs more than 15 digits are no numbers."""
    if _NUMBER.fullmatch(text) is None or len(text) > _SAFE_DIGITS:
        return text
    return canonical_text(float(text))


_NUMBER, _SAFE_DIGITS = re.compile(r"[-+]?(?:0|[1-9]\d*)(?:\.\d*)?"), 15
