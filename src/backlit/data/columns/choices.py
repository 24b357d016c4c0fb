"""What the user says of the columns, which goes before whatever the cells say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from backlit.errors import DataError, InvalidInputError, UnknownNameError

if TYPE_CHECKING:
    from backlit.data.columns.counted import Counted
    from backlit.data.columns.schema import TableSchema
    from backlit.data.formats.table_file import TableFile

GIVEN_KINDS = ("number", "category", "date", "flag", "text")


@dataclass(frozen=True)
class Source:
    """What is known of where a table comes from.

    Attributes
    ----------
    separator : str
        What divided the cells of the file: where it is a semicolon, a comma is more likely the decimal mark.
    index : tuple of str
        Columns that were the index of a pandas frame.
    plain : frozenset of str
        Columns that are numbers because all of their text was.
    blanked : bool
        Whether text is stripped and null where it is empty, as that of files is.
    categories : frozenset of str
        Columns that are categories by their type, whatever their values are.
    counted : mapping of str to Counted
        Columns whose cells were counted when the file was read.
    """

    separator: str = ","
    index: tuple[str, ...] = ()
    plain: frozenset[str] = frozenset()
    blanked: bool = False
    categories: frozenset[str] = frozenset()
    counted: Mapping[str, Counted] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class ColumnChoices:
    """What is given of the columns of a table.

    Attributes
    ----------
    columns : mapping of str to str
        Name → ``number``, ``number:,`` (with a decimal comma), ``category``, ``date``, ``date:%d/%m/%Y``, ``flag``, or
        ``text``, which is left out.
    ignore : tuple of str
        Names of columns to leave out; ``Unnamed*`` for all that begin so.
    missing : tuple of str
        Cells that mean a missing value. A number matches however it is written: ``-999`` is ``-999.0`` too.
    decimal : {".", ","} or None
        The decimal mark; None: found from the cells.
    schema : TableSchema or None
        Decided before; of its columns nothing is decided from the cells.
    source : Source
        Where the table comes from.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    decimal: str | None = None
    schema: TableSchema | None = None
    source: Source = Source()

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise InvalidInputError(f"The decimal mark is '.' or ',', but {self.decimal!r} was given.")
        for name in ("ignore", "missing"):
            if isinstance(getattr(self, name), str):
                raise InvalidInputError(f"{name} is a list of texts, not one text. Write {name}=['a', 'b'].")
        for name, given in self.columns.items():
            kind, _, form = given.partition(":")
            if kind not in GIVEN_KINDS:
                raise UnknownNameError("kind of column", kind, GIVEN_KINDS)
            if form and (kind not in ("number", "date") or (kind == "number" and form not in (".", ","))):
                raise InvalidInputError(
                    f"Column {name!r} was given as {given!r}, but only a date has a form such as date:%d/%m/%Y, and a "
                    "number its decimal mark, as in number:,"
                )

    def of(self, name: str) -> tuple[str, str] | None:
        """Return the kind that was given for a column and the form after the colon; None where nothing was."""
        if self.ignore and any(_matches(name, pattern) for pattern in self.ignore):
            return "left out", ""
        if name not in self.columns:
            return None
        kind, _, form = self.columns[name].partition(":")
        return kind, form

    def check(self, names: Sequence[str]) -> None:
        """Raise where a choice names a column that the table does not have."""
        for name in [*self.columns, *(self.schema.by_name if self.schema is not None else ())]:
            if name not in names:
                raise UnknownNameError("column", name, names)
        for pattern in self.ignore:
            if not any(_matches(name, pattern) for name in names):
                raise UnknownNameError("column", pattern, names)

    def with_categories(self, names: Iterable[str]) -> ColumnChoices:
        """Return these choices with columns that are categories by their type."""
        return replace(self, source=replace(self.source, categories=self.source.categories | set(names)))

    def for_file(self, file: TableFile) -> ColumnChoices:
        """Return these choices with what a file itself says of its columns."""
        columns = dict.fromkeys(file.categories, "category") | dict(self.columns)
        by_type = frozenset(file.by_type)
        source = Source(file.separator, file.index, file.plain, file.is_text, by_type, file.counted)
        return replace(self, columns=columns, missing=(*self.missing, *file.missing), source=source)


def _matches(name: str, pattern: str) -> bool:
    # pandas writes a header without a name as Unnamed: 0
    return name == pattern or fnmatchcase(name, pattern) or (pattern == "Unnamed" and name.startswith("Unnamed: "))


def columns_of(words: Iterable[str]) -> dict[str, str]:
    """Return the choices that words such as ``zip=category`` and ``when=date:%d/%m/%Y`` give."""
    given = {}
    for word in words:
        name, equals, kind = word.rpartition("=")
        if not equals or not name:
            raise InvalidInputError(f"{word!r} should be a column and its kind, such as zip=category.")
        given[name] = kind
    return given


NOTHING_GIVEN = ColumnChoices()


def undecided_number(name: str, cell: str) -> DataError:
    """Return what to say of a number that can be read in two ways: what was found, and the options that decide it."""
    return DataError(
        f"Column {name!r} can be read in two ways: {cell!r} is {cell.replace(',', '')} if the comma divides thousands, "
        f"and {cell.replace(',', '.')} if it is the decimal mark; nothing in the table tells which. "
        "Give decimal='.' or decimal=',' (--decimal), or one column's: number:. or number:, (--column)."
    )


def undecided_date(name: str, cell: str) -> DataError:
    """Return the same of a date."""
    return DataError(
        f"Column {name!r} can be read in two ways: in {cell!r} the day or the month comes first, and the other cells "
        f"do not tell. Give its form: --column {name}=date:%d/%m/%Y, or date:%m/%d/%Y; in Python "
        f"columns={{{name!r}: 'date:%d/%m/%Y'}}."
    )
