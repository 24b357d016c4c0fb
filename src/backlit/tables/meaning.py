"""What the columns of a model's tables mean, the target's among them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backlit.data.columns.column import Column, Kind
from backlit.data.columns.schema import TableSchema
from backlit.data.encoding import TableEncoding
from backlit.tables.table_target import TableTarget

if TYPE_CHECKING:
    import polars as pl


def schema_of(encoder: TableEncoding, target: TableTarget) -> TableSchema:
    """Return what all columns of the training table were taken for, the target's last."""
    columns = encoder.schema_.columns
    return replace(encoder.schema_, columns=(*columns, target.column or _of_before(target)))


def _of_before(target: TableTarget) -> Column:
    # Earlier versions decided the target's type anew for each file; its classes tell which it was.
    kinds: dict[type, Kind] = {str: "category", bool: "flag"}
    first = 0.0 if target.classes is None else target.classes[0]
    return Column(target.name, kinds.get(type(first), "number"))


def are_spelled(cells: pl.Series, column: Column) -> bool:
    """Tell whether classes are numbers that are written otherwise than numbers are: 1.50.

    Parameters
    ----------
    cells : polars.Series
        The target's column before it was read, stripped and without nulls.
    column : Column
        What it was taken for.
    """
    import polars as pl

    if column.kind != "number" or column.misfits or cells.dtype != pl.String:
        return False
    spellings = cells.unique().to_list()
    numbers = {_number(text) for text in spellings}
    plainly = all(_number(text) is not None and text == repr(_number(text)) for text in spellings)
    # Where a number has several spellings they are one class, and its name is the number.
    return not plainly and len(numbers) == len(spellings)


def _number(text: str) -> int | float | None:
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return None
