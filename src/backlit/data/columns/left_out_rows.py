"""Lines of a table that are no rows of it: totals at its end, units under its header, the header once more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backlit.data.columns.cells import read_cells
from backlit.data.columns.column import Column
from backlit.data.columns.gaps import USUAL_WORDS
from backlit.data.columns.written import NumberForm

if TYPE_CHECKING:
    import polars as pl

_TOTAL = re.compile(
    r"(?i)(?:grand |sub-?|overall )?(?:totals?|sum|average|mean|summe|gesamt(?:summe)?|mittelwert|insgesamt|somme"
    r"|moyenne|suma|media|totale|итого|合計)\b\W*$"
)
_TOTALS, _UNITS, _HEADER = "a line of totals", "a line of units", "the header once more"


@dataclass(frozen=True)
class LeftOutRow:
    """A line of a table that is no row of it: a total, a line of units, the header once more.

    Attributes
    ----------
    row : int
        Counted from 1; the header is none.
    why : str
        ``"a line of totals: 'Total'"``
    """

    row: int
    why: str


def suspected(table: pl.DataFrame) -> tuple[LeftOutRow, ...]:
    """Return the lines that may be no rows; `confirmed` looks closer once it is known what the columns are.

    Parameters
    ----------
    table : polars.DataFrame
        Text is stripped; empty cells are null.
    """
    import polars as pl

    texts = table.select(pl.col(pl.String))
    if texts.width == 0 or table.height < 3:
        return ()
    lines = []
    first, last = texts.row(0), texts.row(table.height - 1)
    if any(map(_is_unit, first)) and not any(map(_has_number, first)) and any(map(_has_number, texts.row(1))):
        lines.append(LeftOutRow(1, _UNITS))
    name, header = texts.columns[0], tuple(table.columns)
    again = (texts[name] == name).arg_true().to_list()
    lines += [LeftOutRow(i + 1, _HEADER) for i in again if table.row(i) == header]
    words = [cell for k, cell in enumerate(last) if cell and _TOTAL.match(cell) and _is_alone(texts.to_series(k), cell)]
    if words:
        lines.append(LeftOutRow(table.height, f"{_TOTALS}: {words[0]!r}"))
    return tuple(lines)


def confirmed(lines: Sequence[LeftOutRow], table: pl.DataFrame, columns: Sequence[Column]) -> tuple[LeftOutRow, ...]:
    """Return those lines that are no rows, by what the columns are without them."""
    tests = {_TOTALS: _is_total, _UNITS: _are_units}
    return tuple(
        line for line in lines if line.why == _HEADER or tests[line.why.partition(":")[0]](line.row - 1, table, columns)
    )


def _is_alone(cells: pl.Series, cell: str) -> bool:
    return int((cells == cell).sum()) == 1


def _is_unit(cell: str | None) -> bool:
    return cell is not None and cell.lower() not in USUAL_WORDS


def _has_number(cell: str | None) -> bool:
    return (cell is not None and cell[:1].lstrip("-+($€£").strip()[:1].isdigit()) or (cell or "")[1:2].isdigit()


def _are_units(i: int, table: pl.DataFrame, columns: Sequence[Column]) -> bool:
    """Whether no column of numbers or dates has one in this line, and no text has what stands there again."""
    numbers = [column for column in columns if column.written is not None]
    for column in columns:
        cell = table[column.name][i]
        if column.written is None and isinstance(cell, str) and (table[column.name] == cell).sum() > 1:
            return False
        fits = column.written is not None and read_cells(table[column.name][i : i + 1], column.written)[0] is not None
        if fits:
            return False
    return any(_is_unit(table[column.name][i]) for column in numbers)


def _is_total(i: int, table: pl.DataFrame, columns: Sequence[Column]) -> bool:
    """Whether the word stands among numbers, or a number of its line is the sum or the mean of those above."""
    for column in columns:
        cells = table[column.name]
        if not isinstance(column.written, NumberForm):
            if column.written is not None and cells[i] is not None and read_cells(cells[i:], column.written)[0] is None:
                return True
            continue
        last = read_cells(cells[i:], column.written)[0]
        if last is None:
            if cells[i] is not None and cells[i].lower() not in USUAL_WORDS:
                return True
            continue
        above = read_cells(cells[:i], column.written)
        for value in (above.sum(), above.mean()):
            if isinstance(value, int | float) and abs(last - value) <= 0.005 * abs(value):
                return True
    return False


def without_lines(table: pl.DataFrame, lines: Sequence[LeftOutRow]) -> pl.DataFrame:
    """Return a table without some of its lines."""
    import polars as pl

    rows = [line.row for line in lines]
    return table.filter(~pl.int_range(1, pl.len() + 1).is_in(rows)) if rows else table
