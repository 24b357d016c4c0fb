"""What a column is decided from: how many cells it has, and its cells, or different ones that stand for them.

In memory those are all of its cells. Of a stream they are a sample of the different ones, with witnesses of whatever a
decision asks for (`backlit.data.stream.tallies`). Of cells it is only asked whether all or any are of some kind, what
the least and the greatest are, and how often the different ones stand there, so that both are decided by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from backlit.data.columns.counted import Counted

if TYPE_CHECKING:
    import polars as pl

_ID = re.compile(r"(?i)(^|[\W_])(id|uuid|guid|rowid|row_?num(ber)?)$|(?-i:[a-z]I[dD]$)")
NAMELESS = re.compile(r"(?i)(column_1|unnamed: 0|index|level_0|\.\.\.1|rownames)$")
PANDAS = re.compile(r"__index_level_\d+__$")


@dataclass(eq=False, slots=True)  # not frozen, for there may be thousands, and those take three times as long to make
class Tally:
    """A column to be decided on.

    Attributes
    ----------
    name : str
    rows : int
        Cells of the column, gaps among them.
    gaps : int
        How many are null.
    table : polars.DataFrame
        What holds the cells.
    count : callable or None
        Returns how often each different cell stands there; None: to be counted in `cells`.
    is_each_new : bool or None
        Whether no cell stands there twice; None: to be seen in `cells`.
    place : int
        Which column of `table` it is.
    """

    name: str
    rows: int
    gaps: int
    table: pl.DataFrame
    count: Callable[[], Counted] | None = None
    is_each_new: bool | None = None
    place: int = 0
    _cells: pl.Series | None = field(default=None, init=False, repr=False)
    _counted: Counted | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(cls, table: pl.DataFrame, counted: Mapping[str, Counted]) -> list[Self]:
        """Return the tallies of the columns of a table in memory, of which some may have been counted."""
        # asked for at once: of thousands of columns each question takes its time
        each = enumerate(zip(table.columns, table.null_count().row(0), strict=True))
        tallies = [cls(name, table.height, gaps, table, place=place) for place, (name, gaps) in each]
        for tally in tallies if counted else ():
            known = counted.get(tally.name)
            if known is not None and (known.rows, known.gaps) == (tally.rows, tally.gaps):  # no row was left out since
                tally._counted = known
        return tallies

    @property
    def cells(self) -> pl.Series:
        """All cells, or those that stand for them, the first one first."""
        if self._cells is None:  # of thousands of columns few are looked at
            self._cells = self.table.to_series(self.place)
        return self._cells

    @property
    def counted(self) -> Counted:
        """The different cells, each with how often it stands there."""
        # Columns are counted on threads, of which Python 3.11's cached_property lets one at a time compute.
        if self._counted is None:
            self._counted = Counted.of(self.cells) if self.count is None else self.count()
        return self._counted

    @property
    def is_empty(self) -> bool:
        """Whether no cell holds anything."""
        return self.gaps == self.rows

    def as_text(self) -> Tally:
        """Return the column with its cells as text."""
        import polars as pl

        if self.cells.dtype == pl.String:
            return self
        count = None if self.count is None else self._count_text
        return replace(self, table=self.cells.cast(pl.String, strict=False).to_frame(), count=count, place=0)

    def _count_text(self) -> Counted:
        import polars as pl

        return replace(self.counted, cells=self.counted.cells.cast(pl.String, strict=False))

    def counts_the_rows(self) -> bool:
        """Tell whether the cells are whole numbers, each of which stands there once."""
        import polars as pl

        numbers = self.cells.cast(pl.Float64, strict=False)
        is_each_new = numbers.n_unique() == len(self.cells) if self.is_each_new is None else self.is_each_new
        return is_each_new and bool((numbers % 1 == 0).all())


def may_count_rows(name: str, first: str, index: Collection[str]) -> bool:
    """Tell whether a column is named as one that counts the rows, or names them, is."""
    is_nameless = name == first and NAMELESS.match(name)
    return bool(is_nameless or name in index or PANDAS.match(name) or _ID.search(name))
