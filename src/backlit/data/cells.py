"""Cells of text → typed columns: what a column *is*, decided by every cell in it and never by the first hundred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

# Words that pandas, R and databases write for a missing number. In a column of text they stay text: "None" and "NA"
# (Namibia) are good categories.
_MISSING_NUMBERS = frozenset({"na", "n/a", "#n/a", "<na>", "nan", "null", "none"})
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_DATETIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"


def type_columns(frame: pl.DataFrame, missing: Sequence[str] = ()) -> pl.DataFrame:
    """Give every column of text the narrowest type that holds all of its cells.

    Blanks around a cell are stripped; an empty cell is missing. The types tried, in this order: integers, floats,
    booleans (true/false in any case), ISO dates, ISO datetimes; else text.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of strings.
    missing : sequence of str
        Cells that mean missing, such as ``"?"``.

    Returns
    -------
    polars.DataFrame
        The same columns, typed.
    """
    return frame.with_columns([_type_column(column, missing) for column in blank_missing(frame, missing)])


def blank_missing(frame: pl.DataFrame, missing: Sequence[str]) -> pl.DataFrame:
    """Strip the text columns of a table and turn empty cells and those in `missing` into nulls."""
    import polars as pl

    text = pl.col(pl.String).str.strip_chars()
    return frame.with_columns(pl.when(~text.is_in(["", *(word.strip() for word in missing)])).then(text))


def _type_column(text: pl.Series, missing: Sequence[str]) -> pl.Series:
    import polars as pl

    present = text.drop_nulls()
    if present.is_empty():
        return text
    numbers = _as_numbers(text)
    if numbers is not None:
        return numbers
    words = text.str.to_lowercase()
    if words.drop_nulls().is_in(["true", "false"]).all():
        return words == "true"
    # The first cell settles most columns of text without a regular expression over all of them.
    if pl.Series([present[0]]).str.contains(_DATE).all() and present.str.contains(_DATE).all():
        dates = text.str.to_date("%Y-%m-%d", strict=False)
        return dates if dates.null_count() == text.null_count() else text
    if pl.Series([present[0]]).str.contains(_DATETIME).all() and present.str.contains(_DATETIME).all():
        zone = "UTC" if present.str.contains(_ZONE).any() else None
        moments = text.str.replace(" ", "T").str.to_datetime(time_unit="us", time_zone=zone, strict=False)
        return moments if moments.null_count() == text.null_count() else text
    return text


def _as_numbers(text: pl.Series) -> pl.Series | None:
    import polars as pl

    numbers = text.cast(pl.Float64, strict=False)
    words = text.filter(numbers.is_null() & text.is_not_null()).unique().str.to_lowercase()
    if numbers.null_count() == len(numbers) or not set(words.to_list()) <= _MISSING_NUMBERS:
        return None
    numbers = numbers.fill_nan(None)
    integers = text.cast(pl.Int64, strict=False)
    return integers if integers.null_count() == numbers.null_count() else numbers
