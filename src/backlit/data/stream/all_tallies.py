"""The tallies of all columns of a table that comes in pieces: numbers by their type together, each other by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.columns.choices import ColumnChoices
from backlit.data.columns.tally import may_count_rows
from backlit.data.frames import Frame
from backlit.data.scaling import LIMIT
from backlit.data.stream.random_bits import random_bits
from backlit.data.stream.sketch import Sketch, Where, refuse_infinite
from backlit.data.stream.tallies import FIRST, ColumnTally

if TYPE_CHECKING:
    import polars as pl

_LEVELS = 16
_LEAST, _MOST = 256, 8192
_ALL_OF = 1 << 18
"""Of so many rows all go into the sketches, and of those after them one of each eight, drawn at random."""
_DRAWN_LEVEL = 3
_LEAST_ROWS, _CELLS = 1024, 1 << 19
"""Of a piece so many are looked at together, in a copy of their own."""


class AllTallies:
    """What is known of each column.

    Parameters
    ----------
    types : mapping of str to polars type
        Of the columns, as files hold them.
    choices : ColumnChoices
    target : str
    memory : int
        Bytes, of which the sketches of all columns take a small part.

    Attributes
    ----------
    n_rows : int
        That were taken in.
    """

    def __init__(self, types: dict[str, Any], choices: ColumnChoices, target: str, memory: int) -> None:
        room = memory // 16 // (8 * _LEVELS * max(1, len(types)))
        self._capacity = min(_MOST, max(_LEAST, 1 << max(0, room.bit_length() - 1)))
        self._of: dict[str, ColumnTally] = {}
        for name, dtype in types.items():
            known = choices.schema is not None and name in choices.schema.by_name
            counts = known or choices.of(name) is not None or name in choices.source.categories
            counts = counts or may_count_rows(name, next(iter(types)), choices.source.index)
            with_frequent = counts or not dtype.is_numeric()
            self._of[name] = ColumnTally(
                name, dtype, self._capacity, counts=counts or name == target, with_frequent=with_frequent
            )
        self._plain = [name for name, tally in self._of.items() if tally.is_plain]
        self._gaps = np.zeros(len(self._plain), dtype=np.int64)
        self._low, self._high = (np.full(len(self._plain), end) for end in (np.inf, -np.inf))
        # those without a gap so far are sketched together: of thousands of columns each by itself takes long
        self._together, self._sketch = np.arange(len(self._plain)), Sketch(self._capacity)
        self.n_rows, self._is_settled = 0, False

    def add(self, frame: Frame, where: Where) -> None:
        """Take in a piece of the table.

        Parameters
        ----------
        frame : Frame
        where : callable
            What messages call a row of it, counted from 0.
        """
        if not frame.table.height:
            return
        for tally in self._of.values():
            if not tally.is_plain:
                tally.add(frame, where)
        if self._plain:
            table, step = frame.table.select(self._plain), max(_LEAST_ROWS, _CELLS // len(self._plain))
            for start in range(0, table.height, step):
                self._add_numbers(table[start : start + step], self.n_rows + start, _behind(where, start))
        self.n_rows += frame.table.height

    def _add_numbers(self, table: pl.DataFrame, first: int, where: Where) -> None:
        if not first:
            for cells in table.head(FIRST).fill_nan(None):
                self._of[cells.name].begin(cells)
        block = _numbers(table)
        low, high = (np.asarray(side, dtype=np.float64) for side in (block.min(axis=1), block.max(axis=1)))
        with_gaps = np.flatnonzero(np.isnan(low))
        for k in with_gaps.tolist():
            is_gap = np.isnan(block[k])
            self._gaps[k] += np.count_nonzero(is_gap)
            present = block[k][~is_gap]
            low[k], high[k] = (present.min(), present.max()) if len(present) else (np.inf, -np.inf)
        for k in np.flatnonzero(~(np.maximum(high, -low) <= LIMIT)).tolist():
            refuse_infinite(block[k].astype(np.float64), self._plain[k], where)
        self._low, self._high = np.minimum(self._low, low), np.maximum(self._high, high)
        self._leave(with_gaps)
        head = min(max(0, _ALL_OF - first), table.height)
        parts = [(block[:, :head], 0)]
        if head < table.height:
            drawn = self._drawn(first + head, first + table.height) - first
            parts.append((block[:, drawn], _DRAWN_LEVEL))
        alone = np.setdiff1d(np.arange(len(block)), self._together).tolist()
        for part, level in parts:
            if part.shape[1]:
                own = part if not alone else part[self._together]
                self._sketch.add_drawn(own, level, 0, np.inf, -np.inf)
                for k in alone:
                    self._of[self._plain[k]].add_numbers(part[k], level)

    def _leave(self, columns: NDArray[np.intp]) -> None:
        """Sketch some columns by themselves from now on, for others may have more numbers than they."""
        leaves = np.isin(self._together, columns)
        for place in np.flatnonzero(leaves).tolist():
            self._of[self._plain[self._together[place]]].keep(self._sketch.only(place))
        if leaves.any():
            self._sketch = self._sketch.only(np.flatnonzero(~leaves))
            self._together = self._together[~leaves]

    def all(self) -> dict[str, ColumnTally]:
        """Return what is known of each column, once all rows have come."""
        if not self._is_settled:
            self._is_settled = True
            self._leave(self._together)
            known = zip(self._plain, self._gaps.tolist(), self._low.tolist(), self._high.tolist(), strict=True)
            for name, n_gaps, low, high in known:
                self._of[name].settle(self.n_rows, n_gaps, low, high)
        return self._of

    @staticmethod
    def _drawn(first: int, end: int) -> NDArray[np.int64]:
        """Return one row of each eight that stand together, wherever files are cut, of those with these numbers."""
        groups = np.arange(first >> _DRAWN_LEVEL, ((end - 1) >> _DRAWN_LEVEL) + 1)
        within = random_bits(groups.astype(np.uint64), 0) & np.uint64((1 << _DRAWN_LEVEL) - 1)
        drawn = (groups << _DRAWN_LEVEL) + within.astype(np.int64)
        return drawn[(drawn >= first) & (drawn < end)]

    def take_in(self, other: AllTallies) -> None:
        """Take in what others know of the same columns."""
        own, others = self.all(), other.all()
        self.n_rows += other.n_rows
        for name, tally in own.items():
            tally.take_in(others[name])


def _behind(where: Where, start: int) -> Where:
    return lambda i: where(start + i)


def _numbers(table: pl.DataFrame) -> NDArray[Any]:
    """Return the numbers of columns, ``(n_columns, n_rows)``, NaN where there is none."""
    import polars as pl

    usual, types = usual_numbers(), table.schema
    odd_types = [dtype for dtype in set(types.dtypes()) if dtype not in usual]
    odd = [name for name, dtype in types.items() if dtype in odd_types] if odd_types else []
    return np.asarray((table.cast(dict.fromkeys(odd, pl.Float64)) if odd else table).to_numpy()).T


def usual_numbers() -> tuple[Any, ...]:
    """Return the types of numbers that NumPy has too."""
    import polars as pl

    return (pl.Float32, pl.Float64, pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
