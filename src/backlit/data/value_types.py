"""What X and y of the estimators hold, whatever library holds it.

Where no encoder asks, what is no number is refused, rather than counted.

NumPy takes a date for a count of its unit, days or nanoseconds, text for the number that it spells, and a list of 1 and
"a" for two texts. Nothing of that is meant by whoever gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np

from backlit.data.values import is_missing
from backlit.errors import DataError

_WORDS = {
    **dict.fromkeys(("Date", "Datetime", "datetime64", "date", "datetime", "Timestamp"), "dates"),
    **dict.fromkeys(("Duration", "timedelta64", "timedelta", "Timedelta"), "durations"),
    **dict.fromkeys(("Time", "time"), "times of the day"),
    "Period": "periods",
}
"""Name of a type, of values as well as of columns → what it is, for people."""


_SMALL = (nw.Float32, nw.Int8, nw.Int16, nw.UInt8, nw.UInt16, nw.Boolean)
"""Columns whose values a float32 holds as they are."""


def is_float32(X: Any, *, tables: bool = False) -> bool:
    """Whether the numbers of X are float32, so that they are to stay so.

    Parameters
    ----------
    X : array-like or data frame, ``(n_examples, n_features)``
    tables : bool
        Whether there may be columns that are no numbers.
    """
    if hasattr(X, "dtype") or not hasattr(X, "columns"):
        return str(getattr(X, "dtype", "")).rpartition(".")[-1] == "float32"  # torch's is "torch.float32"
    try:
        frame = nw.from_native(X, eager_only=True)
    except TypeError:
        return False
    dtypes = [dtype for dtype in frame.schema.values() if dtype.is_numeric() or dtype == nw.Boolean]
    if len(dtypes) < len(frame.columns) and not tables:
        return _is_sparse_float32(X)
    return nw.Float32 in dtypes and all(dtype in _SMALL for dtype in dtypes)


def _is_sparse_float32(X: Any) -> bool:
    # narwhals does not know pandas' sparse columns
    return all(getattr(dtype, "subtype", None) == np.float32 for dtype in getattr(X, "dtypes", [None]))


def refuse_times(X: Any) -> None:
    """Raise where a column of X holds dates, times or durations.

    Parameters
    ----------
    X : array-like or data frame, ``(n_examples, n_features)``
    """
    for name, column in _columns(X):
        what = _times_in(column)
        if what:
            raise DataError(
                f"X holds {what}{f' in column {name!r}' if name else ''}, which would become counts of whatever unit "
                "they are in. Give a data frame and categorical_features='from_dtype', which encodes them, or make "
                "numbers of them, such as days since a date of your own."
            )


def refuse_masked(values: Any, name: str) -> None:
    """Raise where cells of an array are masked: NumPy and scikit-learn compute with the numbers below the mask.

    Parameters
    ----------
    values : array-like
    name : str
        What messages call it: X or y.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        n = int(np.ma.getmaskarray(values).sum())
        raise DataError(
            f"{n} of the cells of {name} {'is' if n == 1 else 'are'} masked, as where a table of DuckDB has NULL, and "
            f"would be taken for the numbers below the mask. Make gaps of them, {name}.astype(float).filled(np.nan), "
            + ("and let missing_values='encode' tell the network." if name == "X" else "and drop those rows.")
        )


def refuse_all_but_numbers(y: Any) -> None:
    """Raise where targets of a regression are dates, text or anything else that is no number.

    Parameters
    ----------
    y : array-like or data frame, ``(n_examples,)`` or ``(n_examples, n_out)``
    """
    refuse_masked(y, "y")
    for name, column in _columns(y):
        values = _array(column)
        if values.dtype.kind in "biufc":
            continue
        listed = values.ravel().tolist() if values.dtype.kind == "O" else list(values.ravel())
        where = f"y{f', column {name!r},' if name else ''}"
        missing = next((row for row, value in enumerate(listed, start=1) if is_missing(value)), None)
        if missing:
            raise DataError(f"Input y contains NaN: {where} has no number in row {missing}. Drop such rows.")
        odd = next((value for value in listed if not _is_number(value)), None)
        if odd is not None:
            advice = (
                "If they are numbers, give y.astype(float); labels are learned by MLPClassifier."
                if isinstance(odd, str)
                else "Give numbers, of dates such as days since one of your own."
            )
            what = "text" if isinstance(odd, str) else _WORDS.get(type(odd).__name__, "what is no number")
            raise DataError(f"A regressor learns numbers, but {where} holds {what}, such as {odd!r}. {advice}")


def refuse_odd_labels(y: Any) -> None:
    """Raise where labels are missing, of types that do not sort together, or no single values.

    Parameters
    ----------
    y : array-like, ``(n_examples,)`` or for multi-label targets ``(n_examples, n_labels)``
    """
    refuse_masked(y, "y")
    if isinstance(y, list | tuple):
        if not y or isinstance(y[0], list | np.ndarray):
            return  # rows of an indicator matrix, which are looked at later
        labels = list(y)
    else:
        values = _array(y)
        if values.dtype.kind != "O" or values.ndim != 1:
            return
        labels = values.tolist()
    for row, label in enumerate(labels, start=1):
        if is_missing(label):
            raise DataError(
                f"Input y contains NaN: the label in row {row} is {label!r}. Drop such rows, or give them a label of "
                "their own, such as 'unknown'."
            )
        if isinstance(label, list | tuple | set | dict | np.ndarray):
            raise DataError(
                f"Multioutput target data is not supported: the label in row {row} is {label!r}, but each must be one "
                "value. Join its parts to a text, or give an indicator matrix of 0 and 1 with a column a label."
            )
    first: dict[str, tuple[int, Any]] = {}
    for row, label in enumerate(labels, start=1):
        first.setdefault(_family(label), (row, label))
    if len(first) > 1:
        found = " and ".join(f"{label!r} in row {row}" for row, label in list(first.values())[:2])
        raise DataError(
            f"y mixes labels of types that cannot be compared: {found}. Give all as text, [str(label) for label in y], "
            "or all as numbers."
        )
    (family,) = first
    if family == "number" and not isinstance(y, list | tuple):
        raise DataError("Unknown label type: y holds numbers, but as objects. Give y.astype(int), or float.")
    if family not in ("text", "number", "bytes"):
        raise DataError(
            f"Unknown label type: labels of the type {family}, such as {labels[0]!r}. Give text or numbers."
        )


def _family(label: Any) -> str:
    if isinstance(label, str):
        return "text"
    if isinstance(label, bytes):
        return "bytes"  # which scikit-learn refuses
    return "number" if _is_number(label) and not isinstance(label, Decimal) else type(label).__name__


def _is_number(value: Any) -> bool:
    # to NumPy a span of time is a signed integer
    known = int | float | Decimal | np.integer | np.floating | np.bool_
    return isinstance(value, known) and not isinstance(value, np.timedelta64)


def _columns(data: Any) -> Iterator[tuple[str, Any]]:
    """Yield (name, values) of each column of a frame that is not numbers; all else is one column without a name."""
    if getattr(getattr(data, "dtype", None), "kind", "") in tuple("biuf"):
        return
    if not hasattr(data, "columns") and not hasattr(data, "dtype"):
        yield "", data
        return
    try:
        wrapped = nw.from_native(data, eager_only=True, allow_series=True)
    except TypeError:
        yield "", data
        return
    if isinstance(wrapped, nw.Series):
        yield "", wrapped
    else:
        # by the schema, for a wide frame is asked at every prediction
        odd = [name for name, dtype in wrapped.schema.items() if not (dtype.is_numeric() or dtype == nw.Boolean)]
        yield from ((str(name), wrapped[name]) for name in odd)


def _array(values: Any) -> Any:
    if isinstance(values, nw.Series):
        if values.dtype.is_numeric() or values.dtype == nw.Boolean:
            return np.empty(0)  # whose gaps scikit-learn finds
        return np.array([*values.to_list(), None], dtype=object)[:-1]
    if isinstance(values, list | tuple):
        kinds = {type(value) for value in values}
        return np.array([*values, None], dtype=object)[:-1] if len(kinds) > 1 else np.asarray(values)
    return np.asarray(values)


def _times_in(values: Any) -> str:
    """Return what times there are among values, in a word, or an empty text."""
    if isinstance(values, nw.Series):
        if values.dtype in (nw.Date, nw.Datetime, nw.Time, nw.Duration):
            return _WORDS[type(values.dtype).__name__]
        if values.dtype not in (nw.Object, nw.Unknown):
            return ""
        values = values.to_list()
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    if kind in ("M", "m"):
        return _WORDS[values.dtype.type.__name__]
    if not isinstance(values, list | tuple) and kind != "O":
        return ""
    # of objects one row tells, for those that are no numbers fail in any case
    first = next((value for value in values if not is_missing(value)), None)
    row = first if isinstance(first, list | tuple | np.ndarray) else [first]
    return next((_WORDS[name] for value in row if (name := type(value).__name__) in _WORDS), "")
