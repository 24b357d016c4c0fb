"""How the cells of a column are written: as numbers, dates, spans of time, or flags. Each way reads a cell alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from backlit.documents.field import Field


@dataclass(frozen=True)
class NumberForm:
    """How numbers are written.

    Attributes
    ----------
    decimal : {".", ","}
        The decimal mark.
    thousands : str
        What stands between groups of digits: ``","``, ``"."``, ``" "``, ``"'"``; empty for nothing.
    marks : tuple of str
        What stands before or after numbers and is no part of them: ``("$",)``, ``("%",)``, ``("kg",)``.
    """

    kind: ClassVar[str] = "number"
    decimal: str = "."
    thousands: str = ""
    marks: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as programs write them."""
        return self == NumberForm()


@dataclass(frozen=True)
class DateForm:
    """How dates, moments or times of day are written.

    Attributes
    ----------
    formats : tuple of str
        As strftime has them; a cell is read by the first that fits: ``("%d/%m/%Y",)``.
    """

    kind: ClassVar[str] = "date"
    formats: tuple[str, ...] = ("%Y-%m-%d",)


ISO = DateForm(
    (
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f%#z",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%d",
        "%Y-%m",
    )
)
"""What programs write; the first two with a zone."""


@dataclass(frozen=True)
class FlagForm:
    """true and false, in any case."""

    kind: ClassVar[str] = "flag"


@dataclass(frozen=True)
class DurationForm:
    """Spans of time, in whichever of the usual forms."""

    kind: ClassVar[str] = "duration"


Written = NumberForm | DateForm | DurationForm | FlagForm | None
"""None: as text."""


def written_to_document(written: Written) -> dict[str, Any] | None:
    """Write a form down in JSON's types."""
    match written:
        case NumberForm():
            return {
                "as": "number",
                "decimal": written.decimal,
                "thousands": written.thousands,
                "marks": list(written.marks),
            }
        case DateForm():
            return {"as": "date", "formats": list(written.formats)}
        case FlagForm() | DurationForm():
            return {"as": written.kind}
    return None


def read_written(document: Field) -> Written:
    """Read a form back, checking every field."""
    if document.is_null:
        return None
    match document["as"].one_of("number", "date", "flag", "duration"):
        case "number":
            fields = document.fields("as", "decimal", "thousands", "marks")
            decimal = fields["decimal"].one_of(".", ",")
            thousands = fields["thousands"].one_of(*(mark for mark in ("", ",", ".", " ", "'") if mark != decimal))
            return NumberForm(decimal, thousands, tuple(fields["marks"].texts()))
        case "date":
            return DateForm(tuple(document.fields("as", "formats")["formats"].texts()))
        case "duration":
            document.fields("as")
            return DurationForm()
    document.fields("as")
    return FlagForm()
