"""A column of Python objects → a column of polars: of their type where they have one, else their text."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.data.values import is_missing, kind_of

if TYPE_CHECKING:
    import polars as pl


def of_objects(values: list[Any]) -> pl.Series:
    """Return Python objects as a column of polars.

    Where they are of several kinds, as 1 and "a", it is their text, as a file would have it.

    Parameters
    ----------
    values : list

    Returns
    -------
    polars.Series
        Of the type Object where they cannot be used, such as lists, or times of which only some have a zone.
    """
    import polars as pl

    if set(map(type, values)) == {str}:  # at once, for there may be millions
        return pl.Series(values, dtype=pl.String)
    values = [_plainly(value) for value in values]
    try:
        kind = kind_of(values)
    except TypeError:
        return pl.Series(values, dtype=pl.Object)
    match kind:
        case "empty":
            return pl.Series([None] * len(values), dtype=pl.Null)
        case "number" if all(isinstance(value, int | np.integer) for value in values if value is not None):
            return _of_integers(values)
        case "number":
            return pl.Series([None if value is None else float(value) for value in values], dtype=pl.Float64)
        case "boolean":
            return pl.Series([None if value is None else bool(value) for value in values], dtype=pl.Boolean)
        case "date" | "duration":
            return _of_times(values)
    written = [None if value is None else str(value) for value in values]
    return pl.Series(written, dtype=pl.String)


def _plainly(value: Any) -> Any:
    if is_missing(value):
        return None
    if isinstance(value, np.datetime64 | np.timedelta64):  # of nanoseconds Python would make a number
        return value.astype(value.dtype.str[:2] + "8[us]").item()
    return value.to_timestamp() if type(value).__name__ == "Period" else value


def _of_integers(values: list[Any]) -> pl.Series:
    import polars as pl

    for dtype in (pl.Int64, pl.Int128):
        try:
            return pl.Series(values, dtype=dtype)
        except (OverflowError, TypeError):
            continue
    return pl.Series([None if value is None else float(value) for value in values], dtype=pl.Float64)


def _of_times(values: list[Any]) -> pl.Series:
    import polars as pl

    present = [value for value in values if value is not None]
    if any(isinstance(value, dt.datetime) for value in present):
        values = [_moment(value) for value in values]
        zoned = {value.tzinfo is not None for value in values if value is not None}
        return pl.Series(values) if len(zoned) == 1 else pl.Series(values, dtype=pl.Object)
    if any(isinstance(value, dt.timedelta) for value in present):
        values = [_span(value) for value in values]
    return pl.Series(values)


def _moment(value: Any) -> Any:
    return value if value is None or isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())


def _span(value: Any) -> Any:
    day = dt.datetime(1970, 1, 1)
    return dt.datetime.combine(day, value.replace(tzinfo=None)) - day if isinstance(value, dt.time) else value
