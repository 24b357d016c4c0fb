"""What one column of a table was taken for, and why; where it has a type (Parquet, arrays, frames), by that type."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from backlit.data.columns.written import NumberForm, Written, read_written, written_to_document
from backlit.documents.field import Field

if TYPE_CHECKING:
    from backlit.data.columns.tally import Tally


Kind = Literal["number", "category", "date", "duration", "flag", "constant", "identifier", "text", "empty", "left out"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LEFT_OUT: tuple[Kind, ...] = ("identifier", "text", "left out")
"""Kinds that give the network nothing."""
_MOST_MISFITS = 100
"""How many different cells that did not fit are written down."""


@dataclass(frozen=True)
class Column:
    """What a column was taken for.

    Attributes
    ----------
    name : str
    kind : str
        ``number``, ``category``, ``date`` (moments too), ``duration`` (times of day too), ``flag``, ``constant``,
        ``identifier``, ``text``, ``empty``, or ``left out``.
    why : str
        Why, in words; empty where there is nothing to wonder at.
    written : NumberForm, DateForm, DurationForm, FlagForm or None
        How its cells are written; None as text.
    rows : int
        Cells in training.
    gaps : int
        How many of them are empty, or hold a word for a missing value; those that did not fit are not among them.
    misfits : tuple of (str, int)
        Cells that did not fit and were taken as gaps, with how often each stood there; the most frequent first.
    values : int or None
        How many different values text has.
    """

    name: str
    kind: Kind
    why: str = ""
    written: Written = None
    rows: int = 0
    gaps: int = 0
    misfits: tuple[tuple[str, int], ...] = ()
    values: int | None = None

    @property
    def is_used(self) -> bool:
        """Whether the network gets something of it."""
        return self.kind not in LEFT_OUT

    @property
    def is_plain_number(self) -> bool:
        """Whether its cells are numbers as programs write them."""
        return self.kind == "number" and self.written == NumberForm()

    @property
    def n_misfits(self) -> int:
        """How many cells did not fit."""
        return sum(count for _, count in self.misfits)

    def to_document(self) -> dict[str, Any]:
        """Write the column down in JSON's types."""
        return {
            "name": self.name,
            "kind": self.kind,
            "why": self.why,
            "written": written_to_document(self.written),
            "rows": self.rows,
            "gaps": self.gaps,
            "misfits": [[cell, count] for cell, count in self.misfits[:_MOST_MISFITS]],
            "values": self.values,
        }

    @classmethod
    def read(cls, document: Field) -> Column:
        """Read a column back, checking every field. Only name and kind must be there."""
        fields = document.fields("name", "kind", why="", written=None, rows=0, gaps=0, misfits=[], values=None)
        kind = fields["kind"].one_of(*KINDS)
        written = read_written(fields["written"])
        misfits = [pair.parts(2) for pair in fields["misfits"].parts()]
        return cls(
            fields["name"].text(),
            kind,
            fields["why"].text(),
            None if kind in ("category", "text") else written,  # whatever its cells look like
            fields["rows"].whole(),
            fields["gaps"].whole(),
            tuple((cell.text(), count.whole(1)) for cell, count in misfits),
            None if fields["values"].is_null else fields["values"].whole(),
        )


def of_type(tally: Tally, *, is_category: bool = False) -> Column:
    """Describe a column by its type.

    Parameters
    ----------
    tally : Tally
    is_category : bool, default=False
        Whether it is a category, though its values are numbers or whatever else.
    """
    import polars as pl

    cells, gaps = tally.cells, tally.gaps
    dtype = cells.dtype
    if tally.is_empty:
        return Column(tally.name, "empty", "no cell holds anything", None, tally.rows, gaps)
    kind: Kind = "category"
    values = None
    if is_category or dtype in (pl.Categorical, pl.Enum):
        values = tally.counted.n_values if tally.count is not None else cells.drop_nulls().n_unique()
    elif dtype.is_numeric():
        kind = "number"
        # a sum tells a tenth as slowly whether there are any
        gaps += int(cells.is_nan().sum()) if dtype.is_float() and math.isnan(cells.sum() or 0.0) else 0
        if tally.rows > 1 and not gaps and cells.min() == cells.max():
            return Column(tally.name, "constant", f"{cells[0]} in every row", None, tally.rows)
    elif dtype == pl.Boolean:
        kind = "flag"
    elif dtype in (pl.Date, pl.Datetime):
        kind = "date"
    elif dtype in (pl.Duration, pl.Time):
        kind = "duration"
    return Column(tally.name, kind, "", None, tally.rows, gaps, values=values)
