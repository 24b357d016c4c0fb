"""Single values: is it missing, what is its text, what is its number? The same answer from whichever library."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from typing import Any, Literal

import numpy as np

Kind = Literal["number", "boolean", "category", "date", "duration", "empty"]

_EPOCH = dt.datetime(1970, 1, 1)
_DAY = dt.timedelta(days=1)
_INTEGRAL_FLOAT = re.compile(r"[+-]?\d+\.0+")


def is_missing(value: object) -> bool:
    """Tell whether a value stands for "not known": None, NaN, NaT, pandas' NA."""
    if isinstance(value, str):  # most are
        return False
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, Decimal) and value.is_nan()


def canonical_text(value: object) -> str:
    """Write a value as the text under which categories are compared.

    A library that turns the category 1 into 1.0, because a value is missing elsewhere in the column, must not make a
    new category of it: integral floats are written as integers, and so is text such as ``"1.0"``. Booleans are
    ``"true"`` and ``"false"``, dates ISO.
    """
    if isinstance(value, str):
        if value.endswith("0") and _INTEGRAL_FLOAT.fullmatch(value):
            return value.partition(".")[0]
        lower = value.lower()
        return lower if lower in ("true", "false") else str(value)
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating | Decimal):
        return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)
    if isinstance(value, dt.datetime):
        return (value.date() if value.time() == dt.time() else value).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def number_of(value: object, kind: Kind) -> float:
    """Turn one value that is not missing into a number; ValueError where it cannot be one of this kind.

    Dates count in days since 1970-01-01 (UTC), durations in days, booleans are 0 and 1. Text is taken as a number if
    it can be read as one.
    """
    if kind == "date":
        if isinstance(value, np.datetime64):
            return float((value - np.datetime64(0, "us")) / np.timedelta64(1, "D"))
        if isinstance(value, dt.datetime):
            if value.tzinfo is not None:
                value = value.astimezone(dt.UTC).replace(tzinfo=None)
            return (value - _EPOCH) / _DAY
        if isinstance(value, dt.date):
            return float((value - _EPOCH.date()).days)
    elif kind == "duration":
        if isinstance(value, np.timedelta64):
            return float(value / np.timedelta64(1, "D"))
        if isinstance(value, dt.timedelta):
            return value / _DAY
        if isinstance(value, dt.time):
            return (dt.datetime.combine(_EPOCH, value.replace(tzinfo=None)) - _EPOCH) / _DAY
    elif kind == "boolean":
        words = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
        if isinstance(value, str | int | float | np.bool_ | np.number):
            text = canonical_text(value)
            if text in words:
                return words[text]
    # Python reads "1_000" as a number; nobody who writes tables does.
    elif isinstance(value, int | float | np.number | np.bool_ | Decimal | str) and "_" not in str(value):
        return float(value)
    raise ValueError(f"{value!r} is no {kind}")


_UNUSABLE: dict[Any, str] = {
    (list, tuple, set, np.ndarray): "list",
    dict: "struct",
    bytes: "bytes",
    (complex, np.complexfloating): "complex",
}
"""Types that no column can be of → what they are called, in whichever library."""


def kind_of(values: list[object]) -> Kind:
    """Decide what a column of Python objects is; TypeError names the type that cannot be used."""
    types = {type(value) for value in values if not is_missing(value)}
    for each in types:
        unusable = next((name for kinds, name in _UNUSABLE.items() if issubclass(each, kinds)), None)
        if unusable is not None:
            raise TypeError(unusable)
    if not types:
        return "empty"
    if all(issubclass(t, bool | np.bool_) for t in types):
        return "boolean"
    if all(issubclass(t, int | float | np.integer | np.floating | Decimal) and t is not bool for t in types):
        return "number"
    if all(issubclass(t, dt.date | np.datetime64) for t in types):
        return "date"
    if all(issubclass(t, dt.timedelta | dt.time | np.timedelta64) for t in types):
        return "duration"
    return "category"


def plain(value: object) -> str | int | float | bool | None:
    """Turn a value into what JSON can hold."""
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | int | float | bool):
        return value
    return float(value) if isinstance(value, Decimal) else canonical_text(value)
