"""The different cells of a column that comes in pieces, and how often each stands there, in bounded memory.

Up to `capacity` different cells all are counted, exactly. Where there are more, two things are kept: a sample of the
different cells, those whose hash is small enough, each counted exactly (Wegman's adaptive sampling, Flajolet 1990); and
the most frequent, counted to an error of at most n / capacity (Misra and Gries 1982; Agarwal and others 2013).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backlit.data.columns.counted import Counted

if TYPE_CHECKING:
    import polars as pl

_ALL = 2**64 - 1


class Different:
    """What is kept of the cells of a column.

    Parameters
    ----------
    capacity : int
        Different cells that are kept.
    with_frequent : bool, default True
        Whether the most frequent are kept as well; without them what comes is counted only where it is in the sample.

    Attributes
    ----------
    lost : int
        The most by which a frequent cell may stand there more often than was counted.
    """

    def __init__(self, capacity: int, *, with_frequent: bool = True) -> None:
        self.capacity = capacity
        self._with_frequent = with_frequent
        self.lost = 0
        self._sample: pl.DataFrame | None = None
        self._frequent: pl.DataFrame | None = None
        self._most_hash = _ALL
        self._waiting: list[pl.DataFrame] = []
        self._n_waiting = 0

    def add(self, cells: pl.Series) -> None:
        """Take in cells; nulls are left out."""
        cells = cells.drop_nulls()
        if self._most_hash != _ALL and not self._with_frequent:
            cells = cells.filter(cells.hash() <= self._most_hash)
        counts = cells.alias("cell").value_counts(name="n")
        self.add_counted(counts)

    def add_counted(self, counts: pl.DataFrame) -> None:
        """Take in different cells, ``cell``, and how often each stands there, ``n``."""
        import polars as pl

        self._waiting.append(pl.DataFrame([counts["cell"], counts["n"].cast(int)]))
        self._n_waiting += counts.height
        if self._n_waiting > self.capacity:
            self._merge()

    def _merge(self) -> None:
        if not self._waiting:
            return
        new = _together(self._waiting)
        self._waiting, self._n_waiting = [], 0
        hashed = new.filter(new["cell"].hash() <= self._most_hash)
        sample = hashed if self._sample is None else _together([self._sample, hashed])
        if self._frequent is not None:
            self._frequent = self._most_frequent(_together([self._frequent, new]))
        if sample.height > self.capacity and self._frequent is None and self._with_frequent:
            self._frequent = self._most_frequent(sample)
        self._sample = sample
        self._shrink()

    def _shrink(self) -> None:
        sample = self._sample
        if sample is None or sample.height <= self.capacity:
            return
        hashes = sample["cell"].hash()
        while sample.height > self.capacity:
            self._most_hash //= 2
            kept = hashes <= self._most_hash
            sample, hashes = sample.filter(kept), hashes.filter(kept)
        self._sample = sample

    def take_in(self, other: Different) -> None:
        """Take in what another kept of cells of the same type."""
        import polars as pl

        self._merge()
        other._merge()
        if other._sample is None:
            return
        if self.is_exact and other.is_exact:
            self.add_counted(other._sample)
            return
        if self._with_frequent:
            own, others = (each._frequent if each._frequent is not None else each._sample for each in (self, other))
            self._frequent = self._most_frequent(_together([part for part in (own, others) if part is not None]))
        self.lost += other.lost
        self._most_hash = min(self._most_hash, other._most_hash)
        samples = [part for part in (self._sample, other._sample) if part is not None]
        self._sample = _together([part.filter(pl.col("cell").hash() <= self._most_hash) for part in samples])
        self._shrink()

    def _most_frequent(self, counts: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        if counts.height <= self.capacity:
            return counts
        least = int(counts["n"].sort(descending=True)[self.capacity])
        self.lost += least
        return counts.with_columns(pl.col("n") - least).filter(pl.col("n") > 0)

    @property
    def is_exact(self) -> bool:
        """Whether all different cells are known."""
        self._merge()
        return self._most_hash == _ALL

    def is_each_new(self) -> bool:
        """Tell whether no cell, or none of the sample nor of the frequent ones, stands there twice."""
        self._merge()
        known = [counts for counts in (self._sample, self._frequent) if counts is not None]
        return all(bool((counts["n"] == 1).all()) for counts in known)

    def counted(self, name: str, rows: int, gaps: int, dtype: Any) -> Counted:
        """Return the sample as what a column is decided from.

        Parameters
        ----------
        name : str
        rows, gaps : int
            Cells of the column, and nulls among them.
        dtype : polars.DataType
            Of its cells, where none is known.
        """
        import polars as pl

        self._merge()
        if self._sample is None:
            return Counted(name, rows, gaps, pl.Series("cell", [], dtype=dtype), pl.Series("n", [], dtype=pl.UInt32))
        sample = self._sample.sort("n", "cell", descending=[True, False])
        values = None
        if not self.is_exact:
            values = rows - gaps if self.is_each_new() else round(sample.height * (_ALL / self._most_hash))
        return Counted(name, rows, gaps, sample["cell"], sample["n"], values)

    def frequent(self) -> tuple[list[object], list[int]]:
        """Return the most frequent cells, or all where they are known, and how often each stands there."""
        self._merge()
        counts = self._sample if self._frequent is None else self._frequent
        return ([], []) if counts is None else (counts["cell"].to_list(), counts["n"].to_list())


def _together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    if len(parts) == 1:
        return parts[0]
    return pl.concat(parts, how="vertical_relaxed").group_by("cell", maintain_order=True).agg(pl.col("n").sum())


def stripped(counts: pl.DataFrame) -> tuple[pl.DataFrame, int | None]:
    """Strip different cells, ``cell``: of each cell of a column it would take longer.

    Returns
    -------
    counts : polars.DataFrame
        Of what is left of them, but for those that are empty.
    n_empty : int or None
        How often an empty one stood there; None where there was nothing to strip.
    """
    import polars as pl

    bare = counts["cell"].str.strip_chars()
    is_empty = bare == ""
    if (bare == counts["cell"]).all() and not is_empty.any():
        return counts, None
    left = pl.DataFrame([bare, counts["n"]]).filter(~is_empty)
    together = left.group_by("cell", maintain_order=True).agg(pl.col("n").sum())
    return together, int(counts["n"].filter(is_empty).sum())


def without_blanks(counted: Counted, n_empty: int) -> Counted:
    """Return counted cells stripped, where so many were empty then, which are gaps."""
    import polars as pl

    bare, _ = stripped(pl.DataFrame([counted.cells.alias("cell"), counted.n.alias("n")]))
    return Counted(counted.name, counted.rows, counted.gaps + n_empty, bare["cell"], bare["n"], counted.values)
