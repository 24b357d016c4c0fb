"""Spans of time as text: ``1 days 02:03:04`` of pandas, Python and SQL, ``P1DT2H3M4S`` of ISO 8601, ``26:03:04``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backlit.data.columns.counted import Counted

if TYPE_CHECKING:
    import polars as pl

_DAYS_AND_CLOCK = (
    r"^(?:(?P<days>[-+]?\d{1,9}) days?,?)?\s*(?P<minus>[-+])?(?:(?P<hours>\d{1,9}):(?P<minutes>[0-5]?\d)"
    r"(?::(?P<seconds>[0-5]?\d(?:\.\d+)?))?)?$"
)
_ISO = (
    r"^(?P<minus>[-+])?P(?:(?P<days>\d{1,9})D)?(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d+)?)S)?)?$"
)
_IS_NO_CLOCK = r"(?i)days?\b|^[-+]?P|^[-+]?(?:2[4-9]|[3-9]\d|\d{3,}):"
_IN_SECONDS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


def read_durations(cells: pl.Series) -> pl.Series:
    """Read cells as spans of time; null where one is none.

    Parameters
    ----------
    cells : polars.Series
        Text, stripped.
    """
    import polars as pl

    is_iso = cells.str.contains(r"^[-+]?P")
    clock = _spans(cells.str.extract_groups(_DAYS_AND_CLOCK).struct.unnest(), minus_is_of_all=False)
    iso = _spans(cells.str.extract_groups(_ISO).struct.unnest(), minus_is_of_all=True)
    micros = clock.zip_with(~is_iso.fill_null(value=False), iso)
    return micros.cast(pl.Duration("us")).alias(cells.name)


def are_durations(counted: Counted, enough: float) -> bool:
    """Tell whether so great a share of cells are spans of time, and some cannot be a time of day.

    Parameters
    ----------
    counted : Counted
        Without words for gaps.
    enough : float
    """
    if not counted.cells.str.contains(_IS_NO_CLOCK).any():
        return False
    return counted.count(read_durations(counted.cells).is_not_null()) >= enough * counted.total


def _spans(parts: pl.DataFrame, *, minus_is_of_all: bool) -> pl.Series:
    # -1 days +23:00:00 is an hour before; -P1DT1H is 25 hours before
    import polars as pl

    known = pl.any_horizontal(pl.col(name).is_not_null() for name in _IN_SECONDS)
    seconds = {name: pl.col(name).cast(pl.Float64, strict=False).fill_null(0) * n for name, n in _IN_SECONDS.items()}
    clock = seconds["hours"] + seconds["minutes"] + seconds["seconds"]
    sign = pl.when(pl.col("minus") == "-").then(-1).otherwise(1)
    total = sign * (seconds["days"] + clock) if minus_is_of_all else seconds["days"] + sign * clock
    return parts.select(pl.when(known).then((total * 1e6).round().cast(pl.Int64)).alias("micros")).to_series()
