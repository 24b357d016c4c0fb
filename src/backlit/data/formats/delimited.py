"""CSV and its relatives: bytes → a polars table of text, every line checked before polars sees it.

Polars fills short lines with nulls, renames doubled columns and lets NUL bytes through. A wrong table that trains well
is the worst of errors, so the cells of all lines are counted here: by sums alone where there are no quotes, and line by
line where the sums do not come out or quotes may hide a separator.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.data.formats.beginning import is_number, remark_on_header
from backlit.data.formats.encodings import as_utf8
from backlit.data.formats.lines import Lines, count_byte, count_lines
from backlit.data.formats.plain_numbers import divide
from backlit.data.formats.separators import (
    find_division,
    with_doubled_quotes,
    without_blanks_before_quotes,
    without_runs_of_blanks,
)
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class TextTable:
    """A table of text, and how it stood in its file.

    Attributes
    ----------
    frame : polars.DataFrame
        Strings and nulls, neither stripped nor typed; columns of plain numbers as such, where they were asked for.
    separator : str
        What divided the cells; a blank stands for a run of blanks.
    begins_on : int
        The line of the header, or of the first row where names were given; counted from 1.
    remarks : tuple of str
        What was left out, in words.
    plain : frozenset of str
        The columns of plain numbers among those of text.
    """

    frame: pl.DataFrame
    separator: str
    begins_on: int
    remarks: tuple[str, ...] = ()
    plain: frozenset[str] = frozenset()


def read_delimited(
    data: bytes,
    path: object,
    *,
    names: Sequence[str] | None = None,
    separator: str | None = None,
    default: str = ",",
    skip_rows: int = 0,
    comment: str | None = None,
    plain_numbers: bool = False,
    as_text: Collection[str] = (),
    first_line: int = 1,
) -> TextTable:
    """Split delimited text into columns of strings.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.
    path : object
        What messages call the file.
    names : sequence of str, optional
        Column names of a file without a header line.
    separator : str, optional
        One character, a blank for a run of them; by default whatever divides all lines alike (`find_division`).
    default : str, default=","
        The separator that goes with the file's extension.
    skip_rows : int, default=0
        Lines to leave out at the beginning.
    comment : str, optional
        Lines that begin with it are left out.
    plain_numbers : bool, default=False
        Give columns of plain numbers as such, where that takes less time (`plain_numbers`).
    as_text : collection of str
        Columns to leave as text all the same.
    first_line : int, default=1
        What messages call the first line.

    Raises
    ------
    DataError
        Naming the line that does not fit.
    """
    data, first = _after_lines(as_utf8(data, path), skip_rows, path), skip_rows + first_line
    # Blank lines around the table carry nothing; those within it are dealt with where the columns are known.
    if not (data[-1:] == b"\n" and data[-2:-1].strip()):  # of a large file that would be a copy for nothing
        data = data.rstrip(b" \r\n")
    blank = data[: len(data) - len(data.lstrip(b" \r\n"))].count(b"\n")
    data, first = _after_lines(data, blank, path), first + blank
    if not data:
        raise DataError(f"{path} is empty: a header line and at least one row were expected.")
    division = find_division(data, path, separator, default, None if names is None else len(names), comment)
    data, first = _after_lines(data, division.beginning, path), first + division.beginning
    if division.separator == " ":
        data = without_runs_of_blanks(data)
    has_quotes = b'"' in data
    if has_quotes:
        if division.separator != " " and f'{division.separator} "'.encode() in data:
            data = without_blanks_before_quotes(data, division.separator)
        data = with_doubled_quotes(data, division.separator)
    text = _Text(data, path, division.separator, first, names)
    table = None if comment or has_quotes else text.quickly(as_text if plain_numbers else None)
    frame, plain = table or (text.line_by_line(comment), frozenset())
    before = division.beginning
    remark = f"Left out {_counted(before, 'line')} before the table, which begins on line {first}."
    remarks = (remark,) * bool(before) + (remark_on_header(frame, path) if names is None else ())
    return TextTable(frame, division.separator, first, remarks, plain)


@dataclass(frozen=True)
class _Text:
    """The text of a table from its header on."""

    data: bytes
    path: object
    separator: str
    first_line: int
    names: Sequence[str] | None

    def quickly(self, as_text: Collection[str] | None) -> tuple[pl.DataFrame, frozenset[str]] | None:
        """Return a table without quotes if it is plain that every line has its cells; None if one has to look closer.

        Beside it stand the columns of plain numbers, which are looked for unless `as_text` is None.
        """
        data, end = self.data, self.data.find(b"\n")
        if end < 0 and self.names is None:
            return None
        header = data if end < 0 else data[:end]
        first = header.decode("utf-8").rstrip("\r").split(self.separator)
        start = 0 if self.names is not None else end + 1
        body = memoryview(data)[start:]
        if not body:
            return None
        cells = data[start : (data.find(b"\n", start) + 1) or None].count(self.separator.encode()) + 1
        if cells == 1 or abs(cells - len(first)) > 1:
            return None
        columns, n_dropped = self._columns(first, cells)
        plain: frozenset[str] = frozenset()
        if as_text is None:
            frame = _parsed(data, self.separator, columns, skip_rows=int(start > 0))
            if frame is not None and frame.height != count_lines(data, start):
                return None
        else:
            as_text = [*as_text, columns[-1]] if n_dropped else as_text
            frame, plain = divide(data, start, self.separator, columns, as_text) or (None, plain)
        if frame is None:
            return None
        # Of lines that are too long polars complains, and those that are too short lack a last cell.
        if frame[columns[-1]].null_count() and count_byte(body, self.separator) != frame.height * (cells - 1):
            return None
        return (self._without_last(frame) if n_dropped else frame), plain

    def line_by_line(self, comment: str | None) -> pl.DataFrame:
        """Return the table, or say which line has too few cells or too many."""
        lines = Lines.split(self.data.rstrip(b" \r\n"), self.path, self.first_line, comment)
        if not len(lines.starts):
            raise DataError(f"{self.path} is empty: every line begins with {comment!r}.")
        counts = lines.count(self.separator)
        begin = 0 if self.names is not None else 1
        if len(counts) <= begin:
            raise DataError(f"{self.path} has a header line but no rows. At least one row is needed.")
        first = next(csv.reader(io.StringIO(lines.text(0), newline=""), delimiter=self.separator), [""])
        usual = [n for n in set(counts[begin:].tolist()) if n != 1] or [1]
        columns, n_dropped = self._columns(first, usual[0] if len(usual) == 1 else len(first))
        # In a table of one column an empty line is a missing value.
        rows = np.arange(len(counts)) >= begin
        for i in np.flatnonzero(rows & (counts != len(columns))).tolist():
            if not lines.is_blank(i):
                self._complain(lines, i, int(counts[i]), len(columns))
            rows[i] = False
        n_rows = int(rows.sum())
        if n_rows == 0:
            raise DataError(f"{self.path} has a header line but no rows. At least one row is needed.")
        frame = _parsed(lines.joined(rows), self.separator, columns)
        quotes = 'A quote mark inside a cell is written "", and that cell stands in quotes.'
        if frame is None:
            raise DataError(f"{self.path} cannot be divided into cells. {quotes}")
        if frame.height != n_rows:
            raise DataError(
                f"{self.path} has {n_rows} rows by its line breaks, but {frame.height} by its quotes. {quotes}"
            )
        return self._without_last(frame) if n_dropped else frame

    def _columns(self, first: list[str], n_cells: int) -> tuple[list[str], bool]:
        """Name the columns of rows of so many cells; tell whether the last is only what a separator ends."""
        names = list(map(str, self.names)) if self.names is not None else [name.strip() for name in first]
        ends_in_separator = False
        if len(first) == n_cells + 1 and self.names is None and not names[-1]:
            names = names[:-1]  # of the header alone
        elif len(names) == n_cells - 1 and n_cells > 2 and (self.names is None or not first[-1].strip()):
            names, ends_in_separator = [*names, ""], True
        elif len(names) == n_cells > 2 and not names[-1]:
            ends_in_separator = True
        if self.names is not None and len(names) != len(first):
            raise self._wrong_names(len(first))
        columns = [name or f"column_{j}" for j, name in enumerate(names, 1)]
        if self.names is None and all(map(is_number, columns)) and not all(name.isdecimal() for name in columns):
            raise DataError(
                f"The first line of {self.path} holds numbers ({', '.join(columns[:3])} …), not column names. "
                "If the file has no header line, give names=."
            )
        places: dict[str, int] = {}
        for j, name in enumerate(columns, 1):
            if places.setdefault(name, j) != j:
                remedy = "" if self.names is not None else ", or give names= if the file has no header line"
                raise DataError(
                    f"{self.path}: columns {places[name]} and {j} have the same name, {name!r}. Rename one{remedy}."
                )
        return columns, ends_in_separator

    def _without_last(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Leave out a last column without a name if nothing stands in it."""
        last = frame.to_series(-1)
        if (last.is_null() | (last.str.strip_chars() == "")).all():
            return frame.drop(last.name)
        if self.names is not None:
            raise self._wrong_names(frame.width)
        if self.data[: self.data.find(b"\n")].rstrip(b" \r").endswith(self.separator.encode()):
            return frame  # the header has a place for it, if no name
        raise DataError(
            f"Every line of {self.path} has {frame.width} cells, but its header has {frame.width - 1}: as R's "
            "write.table does it, where row names stand first. Write it with col.names=NA, or give names=."
        )

    def _wrong_names(self, n_cells: int) -> DataError:
        assert self.names is not None
        one = f", or another separator than {self.separator!r}" if n_cells == 1 else ""
        return DataError(
            f"{len(self.names)} names were given, but line {self.first_line} of {self.path} has {n_cells} cells. "
            f"Give one name for each column{one}."
        )

    def _complain(self, lines: Lines, i: int, came: int, expected: int) -> None:
        what = "the header" if self.names is None else "the list of names"
        quoted = " Look for a quote mark that is not doubled." if '"' in lines.text(i) else ""
        raise DataError(
            f"Line {lines.number(i)} of {self.path} has {_counted(came, 'cell')}, but {what} has "
            f"{_counted(expected, 'column')}. Correct the line; a cell that holds {self.separator!r} needs "
            f"quotes around it.{quoted}"
        )


def _after_lines(data: bytes, n: int, path: object) -> bytes:
    end = -1
    for _ in range(n):
        end = data.find(b"\n", end + 1)
        if end < 0:
            raise DataError(f"{path} has fewer than the {n} lines that were to be skipped.")
    return data[end + 1 :] if n else data


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _parsed(data: bytes, separator: str, columns: list[str], skip_rows: int = 0) -> pl.DataFrame | None:
    import polars as pl

    schema = dict.fromkeys(columns, pl.String)
    options: dict[str, Any] = {"has_header": False, "separator": separator, "skip_rows": skip_rows}
    try:
        return pl.read_csv(data, schema=schema, infer_schema=False, **options)
    except pl.exceptions.PolarsError:
        return None
