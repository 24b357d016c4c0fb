"""What all columns of a table were taken for, and which of its rows are none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backlit.data.columns.cells import read_cells
from backlit.data.columns.column import Column
from backlit.data.columns.gaps import blank_missing, is_usual_word
from backlit.data.columns.glance import glance
from backlit.data.columns.left_out_rows import LeftOutRow, confirmed, suspected, without_lines
from backlit.data.columns.report import describe_all
from backlit.data.columns.written import ISO, DateForm, DurationForm, FlagForm, NumberForm, Written
from backlit.documents.field import Field, Kind
from backlit.errors import DataError, InvalidInputError

if TYPE_CHECKING:
    import polars as pl

_USUAL: dict[str, Written] = {"number": NumberForm(), "date": ISO, "flag": FlagForm(), "duration": DurationForm()}
GIVEN = Kind(InvalidInputError, "Correct it, or let `backlit inspect` write the file again.")
"""A schema.json that somebody gives."""


@dataclass(frozen=True)
class TableSchema:
    """What each column of a table was taken for.

    Attributes
    ----------
    columns : tuple of Column
        In the order of the table.
    left_out_rows : tuple of LeftOutRow
    missing : tuple of str
        Words for a missing value that the user gave.
    remarks : tuple of str
        What else is to be said of the table: a word for missing values that matched nothing, and the like.
    """

    columns: tuple[Column, ...]
    left_out_rows: tuple[LeftOutRow, ...] = ()
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Each column by its name."""
        return {column.name: column for column in self.columns}

    def only(self, names: Iterable[str]) -> TableSchema:
        """Return the schema of some of the columns."""
        wanted = set(names)
        columns = tuple(column for column in self.columns if column.name in wanted)
        return TableSchema(columns, self.left_out_rows, self.missing, self.remarks)

    def read(
        self, table: pl.DataFrame, *, first_row: int = 1, strict: bool = True, is_blanked: bool = False
    ) -> pl.DataFrame:
        """Give each cell its meaning: text becomes numbers, dates and flags, as the columns say.

        Columns that the schema does not know, and those that are not text, stay as they are; no column and no row is
        dropped.

        Parameters
        ----------
        table : polars.DataFrame
        first_row : int, default=1
            What messages call the table's first row.
        strict : bool, default=True
            Whether a cell that does not fit, and did not stand there in training, is an error rather than a gap.
        is_blanked : bool, default=False
            Whether text is stripped, and what stands for a gap is null.

        Raises
        ------
        DataError
            Naming column, row and cell, where a cell is neither what its column holds nor a word for a gap.
        """
        blanked = table if is_blanked else blank_missing(table.select(self._open(table)), self.missing)[0]
        return self._meanings(table, blanked, first_row=first_row, strict=strict)

    def _open(self, table: pl.DataFrame) -> list[str]:
        """Name the columns whose cells are to be read: of thousands most are numbers already."""
        types = zip(table.columns, table.dtypes, strict=True)
        return [name for name, dtype in types if name in self.by_name and self._is_open(name, dtype)]

    def _meanings(
        self, table: pl.DataFrame, blanked: pl.DataFrame, *, first_row: int = 1, strict: bool = True
    ) -> pl.DataFrame:
        """See `read`; `blanked` has the same cells, stripped, and null where they stand for a gap."""
        import polars as pl

        names = self._open(table)
        if not names:
            return table
        blanked = blanked[names]
        plain = [cells.name for cells in blanked if cells.dtype == pl.String and _is_plain(self.by_name[cells.name])]
        looks = glance(blanked.select(plain))
        read = []
        for cells in blanked:
            look = looks.get(cells.name)
            if look is not None and look.is_plain:
                read.append(look.floats if look.whole is None else look.whole)
            else:
                read.append(self._read(table[cells.name], cells, first_row, strict=strict))
        return table.with_columns(read)

    def _is_open(self, name: str, dtype: Any) -> bool:
        numeric = dtype.is_numeric() and not isinstance(self.by_name[name].written, DateForm)
        return bool(self.missing) or not numeric

    def _read(self, given: pl.Series, cells: pl.Series, first_row: int, *, strict: bool) -> pl.Series:
        import polars as pl

        column = self.by_name[cells.name]
        if isinstance(column.written, DateForm) and cells.dtype.is_numeric():
            cells = cells.cast(pl.String)
        if cells.dtype != pl.String:
            return cells
        written: Written = column.written
        if written is None and column.kind in _USUAL:  # it had that type in training
            written = _USUAL[column.kind]
        if written is None:  # blanks around text are its own, where it does not come from a file
            is_missing = cells.is_null() & given.is_not_null() & (given.str.strip_chars() != "")
            return given.set(is_missing, None) if self.missing else given
        result = read_cells(cells, written)
        if strict and column.is_used and result.null_count() > cells.null_count():
            strange = (result.is_null() & cells.is_not_null()).arg_true()
            known = {cell for cell, _ in column.misfits}
            words = cells.gather(strange)
            unknown = (~(is_usual_word(words) | words.is_in(known))).arg_true()
            if len(unknown):
                row, cell = strange[unknown[0]] + first_row, words[unknown[0]]
                raise DataError(
                    f"Column {cells.name!r}, row {row}: {cell!r} came where a {column.kind} was expected, as in "
                    "training. Correct the value or leave it empty."
                )
        return result

    def read_rows(self, table: pl.DataFrame) -> tuple[pl.DataFrame, tuple[LeftOutRow, ...]]:
        """Read a table that has all columns of text, and leave out the lines that are no rows.

        Returns
        -------
        table : polars.DataFrame
        left_out : tuple of LeftOutRow
        """
        blanked, _ = blank_missing(table, self.missing)
        names = set(table.columns)
        known = [column for column in self.columns if column.name in names]
        lines = confirmed(suspected(blanked), blanked, known)
        return self._meanings(without_lines(table, lines), without_lines(blanked, lines)), lines

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, places: int = 50) -> list[str]:
        """Say what each column was taken for, and what else was done; where columns are many, only what is remarkable.

        Parameters
        ----------
        places : int, default=50
            Values of a category that have a place of their own.
        """
        left_out = [f"Left out row {line.row:,}: {line.why}." for line in self.left_out_rows]
        return [*describe_all(self.columns, places), *left_out, *self.remarks]

    def to_document(self) -> dict[str, Any]:
        """Write the schema down in JSON's types, as ``schema.json`` and model files have it."""
        return {
            "version": 1,
            "columns": [column.to_document() for column in self.columns],
            "left_out_rows": [[left_out.row, left_out.why] for left_out in self.left_out_rows],
            "missing": list(self.missing),
            "remarks": list(self.remarks),
        }

    @classmethod
    def from_document(cls, document: object, where: str = "schema", kind: Kind = GIVEN) -> TableSchema:
        """Read a schema back, checking every field. Only version and columns must be there.

        Parameters
        ----------
        document : object
            What `to_document` gave, or what somebody wrote.
        where : str, default="schema"
            What errors call it.
        kind : Kind
            What is raised where a field is wrong.
        """
        field = Field(document, where, kind)
        field.version(1)
        fields = field.fields("version", "columns", left_out_rows=[], missing=[], remarks=[])
        columns = tuple(Column.read(part) for part in fields["columns"].parts())
        if len({column.name for column in columns}) < len(columns):
            fields["columns"].refuse("columns of distinct names")
        left_out = [pair.parts(2) for pair in fields["left_out_rows"].parts()]
        return cls(
            columns,
            tuple(LeftOutRow(row.whole(1), why.text()) for row, why in left_out),
            tuple(fields["missing"].texts()),
            tuple(fields["remarks"].texts()),
        )


def _is_plain(column: Column) -> bool:
    return column.written == NumberForm() or (column.written is None and column.kind == "number")
