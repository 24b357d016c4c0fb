"""The different cells of a column of text, each with how often it stands there.

What a column is, its different cells tell, and of a million there are often few.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import polars as pl

MANY = 10_000
"""Columns of so many rows are long."""
_Column = TypeVar("_Column")
_Answer = TypeVar("_Answer")


def of_each(columns: Sequence[_Column], ask: Callable[[_Column], _Answer], n_rows: int) -> list[_Answer]:
    """Ask each column; several at once where they are long, for polars counts the cells of one on one processor."""
    if n_rows < MANY:  # of which there may be thousands
        return [ask(column) for column in columns]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(ask, columns))


@dataclass(frozen=True, eq=False)
class Counted:
    """A column of text by its different cells.

    Attributes
    ----------
    name : str
    rows : int
        Cells of the column, gaps among them.
    gaps : int
        How many are null.
    cells : polars.Series
        The different ones, without null.
    n : polars.Series
        How often each stands there.
    values : int or None
        How many different ones the column has, where these are a sample of them.
    """

    name: str
    rows: int
    gaps: int
    cells: pl.Series
    n: pl.Series
    values: int | None = None
    _read: dict[Hashable, pl.Series] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, cells: pl.Series) -> Counted:
        """Count the cells of a column."""
        gaps = cells.null_count()
        present = cells.drop_nulls() if gaps else cells  # which copies all of them
        counts = present.alias("cell").value_counts(name="n", sort=True)
        return cls(cells.name, len(cells), gaps, counts["cell"], counts["n"])

    def only(self, wanted: pl.Series) -> Counted:
        """Return some of the different cells: those where `wanted`, of booleans, is true."""
        return Counted(self.name, self.rows, self.gaps, self.cells.filter(wanted), self.n.filter(wanted))

    @property
    def n_values(self) -> int:
        """How many different cells the column has."""
        return len(self.cells) if self.values is None else self.values

    @property
    def total(self) -> int:
        """How many cells these are."""
        return int(self.n.sum())

    def count(self, these: pl.Series) -> int:
        """Return how many cells are among `these`, of booleans over the different ones."""
        return int(self.n.filter(these).sum())

    def read(self, how: Hashable, reader: Callable[[pl.Series], pl.Series]) -> pl.Series:
        """Return what a reader makes of the different cells; it is asked once for each way to read."""
        if how not in self._read:
            self._read[how] = reader(self.cells)
        return self._read[how]
