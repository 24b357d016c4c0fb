"""What a column is by its type, where it has one: of Parquet, of arrays, of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backlit.data.columns.column import Column, Kind

if TYPE_CHECKING:
    import polars as pl


def of_type(cells: pl.Series, *, is_category: bool = False) -> Column:
    """Describe a column by its type.

    Parameters
    ----------
    cells : polars.Series
    is_category : bool, default=False
        Whether it is a category, though its values are numbers or whatever else.
    """
    import polars as pl

    dtype, gaps = cells.dtype, cells.null_count()
    if gaps == len(cells):
        return Column(cells.name, "empty", "no cell holds anything", None, len(cells), gaps)
    kind: Kind = "category"
    values = None
    if is_category or dtype in (pl.Categorical, pl.Enum):
        values = cells.drop_nulls().n_unique()
    elif dtype.is_numeric():
        kind = "number"
        gaps += int(cells.is_nan().sum()) if dtype.is_float() else 0
        if len(cells) > 1 and not gaps and cells.min() == cells.max():
            return Column(cells.name, "constant", f"{cells[0]} in every row", None, len(cells))
    elif dtype == pl.Boolean:
        kind = "flag"
    elif dtype in (pl.Date, pl.Datetime):
        kind = "date"
    elif dtype in (pl.Duration, pl.Time):
        kind = "duration"
    return Column(cells.name, kind, "", None, len(cells), gaps, values=values)
