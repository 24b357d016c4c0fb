"""Time zones of columns: which one a column has, and what its clocks show."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d):?(\d\d)")
_NAIVE = ""


def zone_name(name: str | None) -> str:
    """Return the name under which a zone is kept: of the tz database, an offset ``+02:00``, or "" for none.

    A zone of which nobody else knows counts as UTC, which tells the same moments.
    """
    if not name:
        return _NAIVE
    offset = _OFFSET.fullmatch(name)
    if offset:
        return "".join((*offset.groups()[:2], ":", offset[3]))
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        return "UTC"


def is_offset(name: str | None) -> bool:
    """Tell whether a zone is an offset, such as ``+05:30``, for which the tz database has no name."""
    return _OFFSET.fullmatch(name or "") is not None


def zone_of_values(values: Iterable[object]) -> str | None:
    """Return the zone of single moments; "" where none has one, None where there are no moments.

    Raises
    ------
    ValueError
        If some have a zone and others have not.
    """
    zones = {
        zone_name(None if value.tzinfo is None else getattr(value.tzinfo, "key", None) or str(value.tzinfo))
        if isinstance(value, dt.datetime)
        else _NAIVE
        for value in values
        if isinstance(value, dt.date | np.datetime64) and value == value  # NaT is a datetime that differs from itself
    }
    if _NAIVE in zones and len(zones) > 1:
        raise ValueError("some of its times have a zone, and others have none")
    return next(iter(zones)) if len(zones) == 1 else "UTC" if zones else None


def local_days(days: NDArray[np.float64], zone: str | None) -> NDArray[np.float64]:
    """Return what clocks and calendars of a zone show at moments.

    Parameters
    ----------
    days : ndarray, ``(n_rows,)``
        Since 1970-01-01 UTC; NaN where missing.
    zone : str or None
        As `zone_name` gives it. Without one the moments are clock times themselves.
    """
    offset = _OFFSET.fullmatch(zone or "")
    if offset:
        hours = int(offset[2]) + int(offset[3]) / 60
        return days + (hours if offset[1] == "+" else -hours) / 24
    if not zone or zone == "UTC":
        return days
    import polars as pl  # knows the tz database, and converts a column at once

    result, present = days.copy(), ~np.isnan(days)
    moments = pl.Series(np.round(days[present] * 86_400e6).astype(np.int64)).cast(pl.Datetime("us", "UTC"))
    clocks = moments.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    result[present] = clocks.cast(pl.Int64).to_numpy() / 86_400e6
    return result
