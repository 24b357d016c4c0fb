"""Decide what each column of a table is, from every cell in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backlit.data.columns.choices import NOTHING_GIVEN, ColumnChoices
from backlit.data.columns.schema import TableSchema

if TYPE_CHECKING:
    import polars as pl


def decide(
    table: pl.DataFrame, choices: ColumnChoices = NOTHING_GIVEN, *, target: str | None = None, separator: str = ","
) -> TableSchema:
    """Decide what each column is.

    Parameters
    ----------
    table : polars.DataFrame
        Columns of text are decided by their cells, others by their types.
    choices : ColumnChoices
        What the user gave.
    target : str, optional
        The column to predict, which is never left out.
    separator : str, default=","
        What divided the cells of the file: where it is a semicolon, a comma is more likely the decimal mark.

    Raises
    ------
    DataError
        Where a column can be read in two ways and nothing in the table tells which: 01/02/2020. The message has the
        option that decides it.
    """
    raise NotImplementedError
