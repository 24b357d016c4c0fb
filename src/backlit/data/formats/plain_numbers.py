"""Columns of plain numbers, taken as numbers while the text is divided: most of the work of most large tables.

What a column is, all of its cells say as text (`backlit.data.columns`). Where every cell is a number as programs write
it, they can say nothing else, and polars reads numbers faster than text. Columns of which that is not certain stay
text: those with zeros before digits, more digits than a float holds, words, constants, or `1.299` in every cell.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.columns.counted import of_each
from backlit.data.columns.glance import THREE_DIGITS
from backlit.data.formats.lines import count_lines

if TYPE_CHECKING:
    import polars as pl

_HEAD = 1000
_FEW, _SOME = 4, 100
_EXACT = 2**53
_RETRIES = 4
_CHUNK = 1 << 17


def divide(
    data: bytes, start: int, separator: str, columns: list[str], as_text: Collection[str] = ()
) -> tuple[pl.DataFrame, frozenset[str]] | None:
    """Divide lines without quotes into columns.

    Parameters
    ----------
    data : bytes
        A header line or none, and the rows.
    start : int
        Where the rows begin.
    separator : str
    columns : list of str
    as_text : collection of str
        Columns to leave as text, whatever they hold.

    Returns
    -------
    table : polars.DataFrame
        Text, but for the plain numbers.
    plain : frozenset of str
        The columns of plain numbers.
        None instead of both if polars cannot divide the lines, or makes more or fewer rows of them.
    """
    import polars as pl

    options: dict[str, Any] = {"has_header": False, "separator": separator}
    # A header is skipped: the rows alone would be a copy of a large file.
    everything = options | {"skip_rows": int(start > 0)}
    try:
        # Of few rows that is the table.
        head = _lines(data, start, _HEAD)
        table = pl.read_csv(head, new_columns=columns, infer_schema_length=_HEAD, **options)
        if table.columns != columns:
            return None
        kinds = dict(zip(columns, table.dtypes, strict=True))  # once: of thousands of columns that takes its time
        integers = [name for name, dtype in kinds.items() if dtype.is_integer()]
        with ThreadPoolExecutor(1) as beside:  # these bytes are looked at while polars divides them
            n_rows = beside.submit(count_lines, data, start)
            zeros = beside.submit(_has_zeros_before_digits, data, start, separator) if integers else None
            if start + len(head) < len(data):
                forms = {name: pl.Float64 if dtype.is_numeric() else pl.String for name, dtype in kinds.items()}
                table = _read(data, forms | {name: pl.String for name in as_text if name in forms}, everything)
                integers = [name for name in integers if table[name].dtype != pl.String]
                table = table.with_columns(of_each([table[name] for name in integers], _whole, table.height))
                kinds = dict(zip(columns, table.dtypes, strict=True))
        if table.height != n_rows.result():
            return None
        whole = {name for name, dtype in kinds.items() if dtype.is_integer()}
        codes = zeros is not None and zeros.result()
        numbers = [name for name, dtype in kinds.items() if dtype.is_numeric() and name not in as_text]
        plain = _certain(table, numbers) - (whole if codes else set())
        place = {name: j for j, name in enumerate(columns)}
        unsure = _may_be_thousands(table, [name for name in numbers if name in plain and name not in whole])
        if unsure:
            places = [place[name] for name in unsure]
            lines, as_read = _lines(data, start, _SOME), dict.fromkeys(columns, pl.String)
            some = pl.read_csv(lines, schema=as_read, columns=places, **options)
            fit = some.select(pl.all().str.contains(THREE_DIGITS).all()).row(0, named=True)
            plain -= {name for name, all_fit in fit.items() if all_fit}
        text = pl.String()
        places = [j for j, (name, dtype) in enumerate(kinds.items()) if name not in plain and dtype != text]
        if places:
            again = pl.read_csv(data, schema=dict.fromkeys(columns, pl.String), columns=places, **everything)
            table = table.with_columns(again.iter_columns())
    except pl.exceptions.PolarsError:
        return None
    return table, frozenset(plain)


def _lines(data: bytes, start: int, n: int) -> bytes:
    # polars' n_rows stops it from giving more rows, but not from complaining of what stands in them
    end = start - 1
    for _ in range(n):
        end = data.find(b"\n", end + 1)
        if end < 0:
            return data[start:]
    return data[start:end]


def _read(data: bytes, kinds: dict[str, Any], options: dict[str, Any]) -> pl.DataFrame:
    import polars as pl

    for _ in range(_RETRIES):
        try:
            return pl.read_csv(data, schema=kinds, **options)
        except pl.exceptions.ComputeError as error:
            # The head of a column held numbers alone, and here comes a word.
            found = re.search(r"at column '(.*?)' \(column number (\d+)\)", str(error))
            if found is None:
                raise
            kinds = kinds | {list(kinds)[int(found[2]) - 1]: pl.String}
    return pl.read_csv(data, schema=dict.fromkeys(kinds, pl.String), **options)


def _whole(numbers: pl.Series) -> pl.Series:
    import polars as pl

    whole = numbers.cast(pl.Int64, strict=False)
    same = whole.null_count() == numbers.null_count() and (whole.cast(pl.Float64) == numbers).all()
    return whole if same else numbers


def _certain(table: pl.DataFrame, numbers: list[str]) -> set[str]:
    """Return the columns that vary within what a float holds exactly, without NaN, which may be a word for a gap."""
    if not numbers:
        return set()
    columns = table[numbers] if len(numbers) < table.width else table
    if table.height > _HEAD:
        each = [column for found in (columns.min(), columns.max(), columns.sum()) for column in found.row(0)]
        bounds = np.array(each, dtype=np.float64).reshape(3, -1).T
    else:  # there may be thousands of columns, of which each takes its time
        values = columns.to_numpy()
        gaps = np.isnan(values).sum(axis=0)
        nan = gaps > columns.null_count().to_numpy()[0] if gaps.any() else gaps > 0
        bounds = np.stack([np.fmin.reduce(values), np.fmax.reduce(values), np.where(nan, np.nan, 0)], axis=1)
    # A sum is NaN if some number is, and a comparison with it false, as with the bounds of a column that is all gaps.
    low, high, total = bounds.T
    fits = (low > -_EXACT) & (low < high) & (high < _EXACT) & ~np.isnan(total)
    return {name for name, fit in zip(numbers, fits.tolist(), strict=True) if fit}


def _may_be_thousands(table: pl.DataFrame, floats: list[str]) -> list[str]:
    if not floats:
        return []
    # By arrays: an expression for each of many columns takes ten times that.
    head, names = table[floats].head(_SOME).to_numpy(), np.array(floats, dtype=object)
    for n_rows in (_FEW, _SOME):  # of thousands of columns few are left after the first
        few = head[:n_rows]
        small = np.where(np.abs(few) < 1000, few, 0.5)
        fits = np.isnan(few) | ((np.abs(few) < 1000) & (np.abs(small * 1000 - np.rint(small * 1000)) < 1e-6))
        head, names = head[:, fits.all(axis=0)], names[fits.all(axis=0)]
    return list(names)


def _has_zeros_before_digits(data: bytes, start: int, separator: str) -> bool:
    """Tell whether some cell begins with a zero and a digit, perhaps after a sign."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    # Before the first cell of a file stands a line break, as before those of all other lines.
    first = np.frombuffer(b"\n\n\n" + data[start : start + _CHUNK], dtype=np.uint8)
    # Piece by piece, so that what is compared stays in the processor's cache; a cell's beginning may lie across two.
    for begin in range(start, len(buffer), _CHUNK):
        chunk = first if begin == start else buffer[begin - 3 : begin + _CHUNK]
        # Most files have none, which few comparisons tell: what ends a cell is less than a minus, as little else is.
        ends = chunk < ord("-")
        if separator > "-":
            ends |= chunk == ord(separator)
        maybe = chunk[1:-2] == ord("-")
        maybe &= ends[:-3]
        maybe |= ends[1:-2]
        maybe &= chunk[2:-1] == ord("0")
        maybe &= chunk[3:] >= ord("0")
        if maybe.any() and _has_such_zeros(chunk, separator):
            return True
    return False


def _has_such_zeros(chunk: NDArray[np.uint8], separator: str) -> bool:
    two_before, before, zero, after = chunk[:-3], chunk[1:-2], chunk[2:-1] == ord("0"), chunk[3:]
    zero &= (after >= ord("0")) & (after <= ord("9"))
    sign = (before == ord("-")) | (before == ord("+"))
    return bool((zero & (_ends_a_cell(before, separator) | (sign & _ends_a_cell(two_before, separator)))).any())


def _ends_a_cell(bytes_: NDArray[np.uint8], separator: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (bytes_ == ord(separator)) | (bytes_ == ord("\n"))
    return found
