"""CSV and its relatives: bytes → a polars table of text, every line checked before polars sees it.

Polars fills short lines with nulls, renames doubled columns and lets NUL bytes through. A wrong table that trains well
is the worst of errors, so the lines are counted here first, all at once, on the raw bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_CANDIDATES = (",", ";", "\t", "|")
_SPOKEN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "blank"}
_NEWLINE, _RETURN, _QUOTE = b'\n\r"'


def read_delimited(
    data: bytes, path: object, *, names: Sequence[str] | None, separator: str | None, default: str
) -> pl.DataFrame:
    """Split delimited text into columns of strings.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.
    path : object
        What messages call the file.
    names : sequence of str or None
        Column names of a file without a header line.
    separator : str or None
        One character; None: `default`, or, where that finds a single column, whichever of ``, ; tab |`` divides all
        lines alike.
    default : str
        The separator that goes with the file's extension.

    Returns
    -------
    polars.DataFrame
        Strings and nulls, neither stripped nor typed.
    """
    data = _clean(data, path)
    separator = _choose_separator(data, path, separator, default)
    if data.find(f'{separator} "'.encode()) >= 0:
        data = _without_blanks_before_quotes(data, separator)
    lines = _Lines.split(data, path)
    columns = _column_names(lines, path, separator, names)
    data, n_rows = _body(lines, path, separator, columns, has_header=names is None)
    return _parse(data, path, separator, columns, n_rows)


@dataclass(frozen=True)
class _Lines:
    """Where each line of a text begins and ends; a line break inside quotes divides no lines."""

    data: bytes
    buffer: NDArray[np.uint8]
    unquoted: NDArray[np.bool_] | None
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]

    @classmethod
    def split(cls, data: bytes, path: object) -> _Lines:
        buffer = np.frombuffer(data, dtype=np.uint8)
        unquoted = None
        breaks = buffer == _NEWLINE
        if b'"' in data:
            # A doubled quote inside a cell changes the parity twice: between the two nothing is looked at.
            inside = np.cumsum(buffer == _QUOTE, dtype=np.uint8) & 1
            if inside[-1]:
                last = data.rfind(b'"')
                raise DataError(
                    f"{path}: a quote mark (the last is on line {_line_number(data, last)}) has no partner. "
                    'Close it, or write a quote that belongs to the text as "".'
                )
            unquoted = inside == 0
            breaks &= unquoted
        newlines = np.flatnonzero(breaks)
        starts = np.concatenate([[0], newlines + 1]).astype(np.intp)
        ends = np.concatenate([newlines, [len(data)]]).astype(np.intp)
        return cls(data, buffer, unquoted, starts, ends)

    def count(self, separator: str) -> NDArray[np.intp]:
        """Cells of each line."""
        found = self.buffer == ord(separator)
        if self.unquoted is not None:
            found &= self.unquoted
        places = np.flatnonzero(found)
        return np.searchsorted(places, self.ends) - np.searchsorted(places, self.starts) + 1

    def text(self, i: int) -> str:
        return self.data[self.starts[i] : self.ends[i]].decode("utf-8").rstrip("\r")

    def is_blank(self, i: int) -> bool:
        return not self.data[self.starts[i] : self.ends[i]].strip(b" \r\t")

    def number(self, i: int) -> int:
        return _line_number(self.data, int(self.starts[i]))


def _line_number(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _clean(data: bytes, path: object) -> bytes:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{path} is UTF-16 text. Save it as UTF-8: iconv -f UTF-16 -t UTF-8 old.csv > new.csv")
    if data[:4] == b"PK\x03\x04":
        raise DataError(f"{path} is a ZIP archive or an Excel workbook. Unpack it, or save the sheet as CSV.")
    data = data.removeprefix(b"\xef\xbb\xbf")
    nul = data.find(b"\0")
    if nul >= 0:
        raise DataError(
            f"{path} has a NUL byte on line {_line_number(data, nul)} (byte {nul + 1}), which no text has. "
            "Is the file damaged, or another format than its name says?"
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8: byte 0x{data[error.start]:02X} on line {_line_number(data, error.start)}. "
            "Convert it, for example: iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv"
        ) from None
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    # Blank lines around the table carry nothing; those within it are dealt with where the columns are known.
    data = data.rstrip(b" \r\n")
    first_line_break = data[: len(data) - len(data.lstrip(b" \r\n"))].rfind(b"\n")
    data = data[first_line_break + 1 :]
    if not data:
        raise DataError(f"{path} is empty: a header line and at least one row were expected.")
    return data


def _choose_separator(data: bytes, path: object, separator: str | None, default: str) -> str:
    if separator is not None and (len(separator) != 1 or not separator.isascii() or separator in '"\r\n'):
        raise DataError(f"A separator is one ASCII character other than a quote or line break, not {separator!r}.")
    chosen = separator or default
    sample = data[:65536].decode("utf-8", "ignore").splitlines()[:50]
    rows = [row for row in csv.reader(sample, delimiter=chosen) if row]
    if any(len(row) > 1 for row in rows[:1]):
        return chosen
    for candidate in _CANDIDATES:
        widths = {
            len(row) for row in csv.reader(sample[:-1] if len(sample) > 2 else sample, delimiter=candidate) if row
        }
        if candidate != chosen and len(widths) == 1 and widths != {1}:
            if separator is None:
                return candidate
            raise DataError(
                f"{path} has one column when divided at {_spoken(separator)}, but {widths.pop()} when divided at "
                f"{_spoken(candidate)}. Give separator={candidate!r}, or none: it is then found."
            )
    return chosen


def _spoken(separator: str) -> str:
    return f"each {_SPOKEN.get(separator, repr(separator))}"


def _without_blanks_before_quotes(data: bytes, separator: str) -> bytes:
    # `1, "a, b"`: neither polars nor RFC 4180 takes the blank for the separator's, but people who write ", " mean it.
    rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=separator, skipinitialspace=True)
    rewritten = io.StringIO()
    csv.writer(rewritten, delimiter=separator, lineterminator="\n").writerows(rows)
    return rewritten.getvalue().rstrip("\n").encode("utf-8")


def _column_names(lines: _Lines, path: object, separator: str, names: Sequence[str] | None) -> list[str]:
    first = next(csv.reader(io.StringIO(lines.text(0), newline=""), delimiter=separator))
    if names is not None:
        columns = [str(name) for name in names]
        if len(columns) != len(first):
            raise DataError(
                f"{len(columns)} names were given, but line {lines.number(0)} of {path} has {len(first)} cells. "
                f"Give one name for each column{_hint_of_one_column(first, separator)}."
            )
    else:
        columns = [name.strip() or f"column_{j}" for j, name in enumerate(first, 1)]
        if all(map(_is_number, columns)) and not all(name.strip().isdecimal() for name in columns):
            raise DataError(
                f"The first line of {path} holds numbers ({', '.join(columns[:3])} …), not column names. "
                "If the file has no header line, give names=."
            )
    for j, name in enumerate(columns):
        if name in columns[:j]:
            raise DataError(
                f"{path}: columns {columns.index(name) + 1} and {j + 1} have the same name, {name!r}. "
                + ("Rename one" if names is not None else "Rename one, or give names= if the file has no header line")
                + "."
            )
    return columns


def _hint_of_one_column(first: list[str], separator: str) -> str:
    return f", or another separator than {separator!r}" if len(first) == 1 else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _body(lines: _Lines, path: object, separator: str, columns: list[str], *, has_header: bool) -> tuple[bytes, int]:
    """Check the number of cells of every line; return the data lines and how many there are."""
    counts, expected = lines.count(separator), len(columns)
    first = 1 if has_header else 0
    if len(counts) <= first:
        raise DataError(f"{path} has a header line but no rows. At least one row is needed.")
    # In a table of one column an empty line is a missing value.
    suspects = np.flatnonzero(counts != expected)
    blank = []
    for i in suspects.tolist():
        if not lines.is_blank(i):
            what = "the header" if has_header else "the list of names"
            quoted = " Look for a quote mark that is not doubled." if '"' in lines.text(i) else ""
            raise DataError(
                f"Line {lines.number(i)} of {path} has {_counted(int(counts[i]), 'cell')}, but {what} has "
                f"{_counted(expected, 'column')}. Correct the line; a cell that holds {separator!r} needs "
                f"quotes around it.{quoted}"
            )
        blank.append(i)
    pieces, start = [], int(lines.starts[first])
    for i in blank:
        pieces.append(lines.data[start : int(lines.starts[i])])
        start = int(lines.ends[i]) + 1
    pieces.append(lines.data[start:])
    return b"".join(pieces), len(counts) - first - len(blank)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _parse(data: bytes, path: object, separator: str, columns: list[str], n_rows: int) -> pl.DataFrame:
    import polars as pl

    schema = dict.fromkeys(columns, pl.String)
    try:
        table = pl.read_csv(data, has_header=False, separator=separator, schema=schema, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"{path} cannot be divided into cells ({str(error).splitlines()[0]}). "
            'A quote mark inside a cell is written "", and that cell stands in quotes.'
        ) from None
    if table.height != n_rows:
        raise DataError(
            f"{path} has {n_rows} rows by its line breaks, but {table.height} by its quotes. "
            'A quote mark inside a cell is written "", and that cell stands in quotes.'
        )
    return table
