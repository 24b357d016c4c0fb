"""What one column of a table was taken for, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from backlit.data.checked import CheckedFields
from backlit.data.columns.written import NumberForm, Written, written_from_document, written_to_document

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
    written : NumberForm, DateForm, FlagForm or None
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
    def from_document(cls, data: object, where: str, remedy: str) -> Column:
        """Read a column back; a wrong field is named in a `ModelFileError`. Only name and kind must be there."""
        fields = CheckedFields(data, where, remedy)
        name, kind = fields.text("name"), fields.choice("kind", KINDS)
        why = fields.text("why") if fields.has("why") else ""
        written = written_from_document(fields.anything("written"), f"{where}.written", remedy)
        if kind in ("category", "text"):  # whatever its cells look like
            written = None
        rows = fields.integer("rows", 0) if fields.has("rows") else 0
        gaps = fields.integer("gaps", 0) if fields.has("gaps") else 0
        misfits = []
        for pair in fields.items("misfits") if fields.has("misfits") else []:
            if not (isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is str and type(pair[1]) is int):
                raise fields.error("misfits", "a list of pairs of text and count", pair)
            misfits.append((pair[0], pair[1]))
        values = fields.anything("values")
        if values is not None and (type(values) is not int or values < 0):
            raise fields.error("values", "a number of values, or null", values)
        fields.done()
        return cls(name, kind, why, written, rows, gaps, tuple(misfits), values)  # type: ignore[arg-type]
