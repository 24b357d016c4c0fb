"""What the columns of a table of any library mean: decided in training, and read by that ever after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backlit.data.columns.choices import ColumnChoices
from backlit.data.columns.column import Column, Kind
from backlit.data.columns.decide import decide
from backlit.data.columns.report import describe, is_lossy
from backlit.data.columns.schema import TableSchema
from backlit.data.columns.written import DateForm
from backlit.data.table_view import TableView
from backlit.errors import InvalidInputError

if TYPE_CHECKING:
    pass

_NAMES_OF_KINDS: dict[str, Kind] = {"boolean": "flag"}


def choices_of(given: Any) -> ColumnChoices:
    """Return what was given of columns: a mapping of name to kind, `ColumnChoices`, a `TableSchema`, or None."""
    if given is None:
        return ColumnChoices()
    if isinstance(given, ColumnChoices):
        return given
    if isinstance(given, TableSchema):
        return ColumnChoices(schema=given)
    if isinstance(given, Mapping):
        return ColumnChoices(dict(given))
    raise InvalidInputError(
        "columns should be a dictionary such as {'zip': 'category', 'when': 'date:%d/%m/%Y'}, ColumnChoices, or a "
        f"TableSchema, but is {given!r}."
    )


def learn_schema(view: TableView, choices: ColumnChoices, places: int) -> TableSchema:
    """Decide what each column of a table is: text and numbers by their cells, all else by its type.

    Parameters
    ----------
    view : TableView
    choices : ColumnChoices
    places : int
        Values of a category that get a place of their own.
    """
    import polars as pl

    # An array's columns have no names that could tell an index, so that its numbers need no look.
    looked_at = () if view.is_matrix and not choices.missing else range(len(view.names))
    rest = view.names if not looked_at else ()
    cells = pl.DataFrame([view.series(j) for j in looked_at])
    schema = decide(cells, choices, places=places, keep_rows=True, others=rest)
    return replace(schema, columns=(*schema.columns, *(_by_type(view, j, choices) for j in range(len(rest)))))


def _by_type(view: TableView, j: int, choices: ColumnChoices) -> Column:
    kind = view.kind(j)
    why = "no cell holds anything" if kind == "empty" else ""
    column = Column(view.names[j], _NAMES_OF_KINDS.get(kind, kind), why, rows=view.n_rows, gaps=view.gaps(j))  # type: ignore[arg-type]
    given = choices.of(column.name)
    if given is not None and given[0] in ("left out", "text", "category"):
        return replace(column, kind=given[0], why="as was given")  # type: ignore[arg-type]
    return column


def read_view(view: TableView, schema: TableSchema, positions: Mapping[str, int]) -> TableView:
    """Return a view of a table in which text is what the columns of a schema say.

    Parameters
    ----------
    view : TableView
    schema : TableSchema
    positions : mapping of str to int
        Where in the table each column of the schema stands.
    """
    import polars as pl

    dated = any(isinstance(column.written, DateForm) for column in schema.columns)
    if view.is_matrix and not schema.missing and not dated:
        return view
    cells = {j: view.series(j).alias(name) for name, j in positions.items()}
    return view.replaced(dict(zip(cells, schema.read(pl.DataFrame(list(cells.values()))), strict=True)))


def losses(schema: TableSchema, places: int) -> list[str]:
    """Say what was lost of a table: cells taken as gaps, columns and lines left out, categories without a place."""
    left_out = [f"row {line.row:,} is left out: {line.why}" for line in schema.left_out_rows]
    lossy = [column for column in schema.columns if is_lossy(column, places)]
    return left_out + [f"{column.name}: {describe(column, places)}" for column in lossy]
