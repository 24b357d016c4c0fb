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
from backlit.data.stream.tallies import ColumnTally, Where, refuse_infinite

if TYPE_CHECKING:
    import polars as pl

_LEVELS = 16
_LEAST, _MOST = 256, 8192
_ALL_OF = 1 << 20
"""Of so many rows all go into the sketches, and of those after them one of each four, drawn at random."""
_DRAWN_LEVEL = 2


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
    of : dict of str to ColumnTally
    n_rows : int
        That were taken in.
    """

    def __init__(self, types: dict[str, Any], choices: ColumnChoices, target: str, memory: int) -> None:
        room = memory // 16 // (8 * _LEVELS * max(1, len(types)))
        self._capacity = min(_MOST, max(_LEAST, 1 << max(0, room.bit_length() - 1)))
        self.of: dict[str, ColumnTally] = {}
        for name, dtype in types.items():
            known = choices.schema is not None and name in choices.schema.by_name
            counts = known or choices.of(name) is not None or name in choices.source.categories
            counts = counts or may_count_rows(name, next(iter(types)), choices.source.index)
            with_frequent = counts or not dtype.is_numeric()
            self.of[name] = ColumnTally(
                name, dtype, self._capacity, counts=counts or name == target, with_frequent=with_frequent
            )
        self._plain = [name for name, tally in self.of.items() if tally.is_plain]
        self.n_rows = 0

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
        for tally in self.of.values():
            if not tally.is_plain:
                tally.add(frame, where)
        if self._plain:
            self._add_numbers(frame.table.select(self._plain), where)
        self.n_rows += frame.table.height

    def _add_numbers(self, table: pl.DataFrame, where: Where) -> None:
        import polars as pl

        floats = [name for name, dtype in table.schema.items() if dtype.is_float()]
        known = pl.all().min().name.prefix("low "), pl.all().max().name.prefix("high ")
        gaps = pl.all().null_count().name.prefix("null "), pl.col(floats).is_nan().sum().name.prefix("nan ")
        found = table.select(*known, *gaps).row(0, named=True)
        for name in table.columns:
            if any(found[f"{side} {name}"] is not None and abs(found[f"{side} {name}"]) > LIMIT for side in _SIDES):
                refuse_infinite(table[name].cast(float).to_numpy(), name, where)
        numbers = np.arange(self.n_rows, self.n_rows + table.height)
        head = int(np.searchsorted(numbers, _ALL_OF))
        for part, level in ((table[:head], 0), (self._drawn(table[head:], numbers[head:]), _DRAWN_LEVEL)):
            if not part.height:
                continue
            for cells in part:
                self.of[cells.name].add_drawn(cells, level)
        for name in table.columns:
            n_gaps = found[f"null {name}"] + found.get(f"nan {name}", 0)
            self.of[name].add_summary(table[name], n_gaps, *(found[f"{side} {name}"] for side in _SIDES))

    def _drawn(self, table: pl.DataFrame, numbers: NDArray[np.int64]) -> pl.DataFrame:
        """Return one row of each four that stand together, wherever files are cut."""
        if not table.height:
            return table
        bits = random_bits(numbers.astype(np.uint64) >> np.uint64(_DRAWN_LEVEL), 0)
        mask = np.uint64((1 << _DRAWN_LEVEL) - 1)
        return table[np.flatnonzero((bits & mask) == (numbers.astype(np.uint64) & mask))]

    def take_in(self, other: AllTallies) -> None:
        """Take in what others know of the same columns."""
        self.n_rows += other.n_rows
        for name, tally in self.of.items():
            tally.take_in(other.of[name])


_SIDES = ("low", "high")
