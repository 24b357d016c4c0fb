"""What is summed up of each column while a stream goes by: enough to decide what it is, and to encode it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.columns.column import Column
from backlit.data.columns.counted import Counted
from backlit.data.columns.gaps import strip_cells
from backlit.data.columns.glance import THREE_DIGITS
from backlit.data.columns.schema import TableSchema
from backlit.data.columns.tally import Tally
from backlit.data.columns.written import NumberForm
from backlit.data.frames import Frame
from backlit.data.scaling import LIMIT
from backlit.data.statistics import Statistics, count_texts, has_clock
from backlit.data.stream.different import Different, stripped, without_blanks
from backlit.data.stream.sketch import Sketch, Where, at_even_ranks, refuse_infinite
from backlit.data.table_view import TableView

if TYPE_CHECKING:
    import polars as pl

DIFFERENT = 1 << 15
"""Different cells of a column that are counted."""
FIRST = 8
"""Cells, of which the first that is no gap is shown."""
# what a decision asks of cells that are plain numbers: whether any is of this kind, or any is not
_ASKED = (r"^[-+]?0\d+$", r"^[-+]?\d{16,}$", r"^[-+]?\d+$", THREE_DIGITS)


class ColumnTally:
    """What is known of a column.

    Parameters
    ----------
    name : str
    dtype : polars.DataType
        Of its cells, as files hold them.
    capacity : int
        Of its sketch.
    counts : bool
        Whether different cells are to be counted, whatever they are.
    with_frequent : bool, default True
        Whether the most frequent of very many are to be known; see `Different`.

    Attributes
    ----------
    was_blanked : bool
        Whether no cell of text had blanks around it, or was empty.
    """

    def __init__(self, name: str, dtype: Any, capacity: int, *, counts: bool, with_frequent: bool = True) -> None:
        import polars as pl

        self.name, self.dtype, self.was_blanked = name, dtype, True
        self.rows = self.gaps = self._empty = 0
        self._sketch = Sketch(capacity)
        is_text = dtype in (pl.String, pl.Categorical, pl.Enum)
        self._different = Different(DIFFERENT, with_frequent=with_frequent) if is_text or counts else None
        self._witnesses: dict[object, pl.Series] = {}
        self._first: pl.Series | None = None
        self._zone: str | None = None
        self._has_clock = False
        self._are_pixels = name.startswith("pixel_") and dtype == pl.UInt8

    def add(self, frame: Frame, where: Where) -> None:
        """Take in a piece of the table."""
        import polars as pl

        cells = frame.table[self.name]
        self.rows += len(cells)
        if cells.dtype.is_float():
            cells = cells.fill_nan(None)
        self.gaps += cells.null_count()
        self._are_pixels = self._are_pixels and not cells.null_count()
        if self._first is None:
            few = cells.head(FIRST)
            self._first = (strip_cells(few.to_frame())[0][self.name] if self.dtype == pl.String else few).drop_nulls()
        present = cells.drop_nulls() if cells.null_count() else cells
        if not len(present):
            return
        if self.dtype == pl.String:
            assert self._different is not None
            counts = present.alias("cell").value_counts(name="n")
            self._different.add_counted(counts)
            bare, n_empty = stripped(counts)
            self.was_blanked = self.was_blanked and n_empty is None
            self._empty += n_empty or 0
            self._add_text(bare["cell"], bare["n"].to_numpy())
            return
        if self._different is not None:
            self._different.add(present.cast(pl.String) if self.dtype in (pl.Categorical, pl.Enum) else present)
        if self.dtype == pl.Boolean:
            self._witnesses.setdefault("first", present[:1])
            return
        self._keep_extremes(present)
        if self.dtype.is_numeric() or self.dtype.is_temporal():
            view = TableView(pl.DataFrame([cells]), frame.zones)
            numbers = view.numbers(0, view.kind(0))
            refuse_infinite(numbers, self.name, where)
            self._sketch.add(numbers)
            if view.kind(0) == "date":
                self._zone = view.zone(0)
                self._has_clock = self._has_clock or has_clock(numbers, self._zone)

    def add_numbers(self, drawn: NDArray[Any], level: int) -> None:
        """Take in some numbers of a column that `is_plain`; each stands for 2 ** `level`. See `settle` too."""
        self._sketch.add_drawn(drawn[~np.isnan(drawn)], level, 0, np.inf, -np.inf)

    def begin(self, cells: pl.Series) -> None:
        """Take in the first few cells of a column that `is_plain`, null where there is none."""
        self._first = cells.drop_nulls() if cells.null_count() else cells

    def keep(self, sketch: Sketch) -> None:
        """Go on with what was kept of a column beside others."""
        self._sketch = sketch

    def settle(self, n_rows: int, n_gaps: int, low: float, high: float) -> None:
        """Take in what is known of all cells of a column that `is_plain`."""
        self.rows, self.gaps = n_rows, n_gaps
        self._are_pixels = self._are_pixels and not n_gaps
        if n_gaps < n_rows:
            self._sketch.add_drawn(np.empty(0), 0, n_rows - n_gaps, low, high)

    def take_in(self, other: ColumnTally) -> None:
        """Take in what another knows of the same column."""
        self.rows, self.gaps = self.rows + other.rows, self.gaps + other.gaps
        self._empty += other._empty
        self._sketch.take_in(other._sketch)
        if self._different is not None and other._different is not None:
            self._different.take_in(other._different)
        for key, cell in other._witnesses.items():
            if key in ("low", "high"):
                self._keep(str(key), cell)
            else:
                self._witnesses.setdefault(key, cell)
        if self._first is None or not len(self._first):
            self._first = other._first
        self._zone, self._has_clock = self._zone or other._zone, self._has_clock or other._has_clock
        self._are_pixels = self._are_pixels and other._are_pixels
        self.was_blanked = self.was_blanked and other.was_blanked

    @property
    def is_plain(self) -> bool:
        """Whether it is a column of numbers by its type, of which nothing needs to be counted."""
        return self._different is None and bool(self.dtype.is_numeric())

    def _add_text(self, cells: pl.Series, n: NDArray[np.integer]) -> None:
        # cells are different, and n says how often each stands there
        import polars as pl

        values = np.asarray(cells.cast(pl.Float64, strict=False).to_numpy())
        known = ~np.isnan(values)
        if not known.all():
            self._witnesses.setdefault("other", cells.filter(~known)[:1])
            cells, values, n = cells.filter(known), values[known], n[known]
        if not len(cells):
            return
        usual = np.abs(values) <= LIMIT
        self._sketch.add(np.repeat(values[usual], n[usual]))
        for side, i in (("low", int(values.argmin())), ("high", int(values.argmax()))):
            self._keep(side, cells[i : i + 1])
        wanted = [(pattern, kind) for pattern in _ASKED for kind in (True, False)]
        wanted = [each for each in wanted if each not in self._witnesses]
        if not wanted:
            return
        found = cells.to_frame("cell").select(
            (pl.col("cell").str.contains(pattern) == kind).arg_true().first().alias(f"{pattern} {kind}")
            for pattern, kind in wanted
        )
        for each, i in zip(wanted, found.row(0), strict=True):
            if i is not None:
                self._witnesses[each] = cells[i : i + 1]

    def _keep_extremes(self, cells: pl.Series) -> None:
        import polars as pl

        if self.dtype in (pl.Categorical, pl.Enum):
            self._witnesses.setdefault("first", cells[:1])
            return
        for side, k in (("low", cells.arg_min()), ("high", cells.arg_max())):
            if k is not None:
                self._keep(side, cells[k : k + 1])

    def _keep(self, side: str, cell: pl.Series) -> None:
        """Keep the least or the greatest cell; of text, by its number."""
        import polars as pl

        seen = self._witnesses.get(side)
        if seen is None:
            self._witnesses[side] = cell
            return
        new, old = (float(each[0]) if self.dtype == pl.String else each[0] for each in (cell, seen))
        if (side == "low" and new < old) or (side == "high" and new > old):
            self._witnesses[side] = cell

    def tally(self) -> Tally:
        """Return what the column is decided from."""
        import polars as pl

        if self.is_plain:
            ends = [self._sketch.low, self._sketch.high] if self._sketch.n else []
            few = [] if self._first is None else self._first.to_list()[:1]
            cells = pl.Series(self.name, [*few, *ends], strict=False).cast(self.dtype)
            return Tally(self.name, self.rows, self.gaps, cells.to_frame())
        dtype = pl.String if self.dtype in (pl.Categorical, pl.Enum) else self.dtype
        parts = [] if self._first is None else [self._first]
        parts += self._witnesses.values()
        if self._different is not None:
            parts.append(self._bare().cells)
        parts = [part.cast(dtype).alias(self.name) for part in parts]
        cells = pl.concat(parts) if parts else pl.Series(self.name, [], dtype=dtype)
        cells = cells.unique(maintain_order=True)
        if self.dtype in (pl.Categorical, pl.Enum):
            cells = cells.cast(pl.Categorical)
        count = None if self._different is None else self._bare
        is_each_new = None if self._different is None else self._different.is_each_new()
        return Tally(self.name, self.rows, self.gaps + self._empty, cells.to_frame(), count, is_each_new)

    def _bare(self) -> Counted:
        """Return how often cells stand there without the blanks around them, by which a column is decided."""
        counted = self._counted()
        return counted if self.was_blanked else without_blanks(counted, self._empty)

    def _counted(self) -> Counted:
        import polars as pl

        assert self._different is not None
        dtype = pl.String if self.dtype in (pl.Categorical, pl.Enum) else self.dtype
        return self._different.counted(self.name, self.rows, self.gaps, dtype)

    @property
    def counts_all(self) -> bool:
        """Whether all of its different cells were counted, where any were."""
        return self._different is None or self._different.is_exact

    @property
    def error(self) -> float:
        """The most by which the ranks of its quantiles may be off, as a share."""
        return self._sketch.error

    def read(self, schema: TableSchema) -> tuple[pl.Series, Counted | None]:
        """Return the cells that stand for the column, read by a schema, and how often each stands there."""
        import polars as pl

        counted = None if self._different is None else self._counted()
        cells = self.tally().cells if counted is None else counted.cells.alias(self.name)
        return schema.read(pl.DataFrame([cells.alias(self.name)]), strict=False)[self.name], counted

    def statistics(self, column: Column, schema: TableSchema) -> Statistics:
        """Return what the encoder learns the column's plan from, once it is known what the column is."""
        import polars as pl

        if self.is_plain and column.kind in ("number", "constant", "empty") and not schema.missing:
            standing = self._sketch.standing()
            is_pixel = self._are_pixels and bool(self.rows)
            return Statistics(self.name, "number", bool(self.gaps), standing, is_pixel=is_pixel)
        cells, counted = self.read(schema)
        view = TableView(pl.DataFrame([cells]))
        gaps = self.gaps + (0 if column.kind == "category" else self._empty)  # blanks may be a category
        missing = bool(gaps or column.n_misfits or cells.null_count())
        kind = "empty" if gaps == self.rows else "category" if column.kind == "category" else view.kind(0)
        if kind == "category":
            assert self._different is not None
            values, n = self._different.frequent()
            dtype = pl.String if not values or isinstance(values[0], str) else None
            read = schema.read(pl.DataFrame([pl.Series(self.name, values, dtype=dtype)]), strict=False)
            known = [(value, k) for value, k in zip(read[self.name].to_list(), n, strict=True) if value is not None]
            counts: Counter[object] = Counter()
            for value, k in known:
                counts[value] += k
            return Statistics(self.name, kind, missing, counts=count_texts(counts)[0])
        if self._are_pixels:
            return Statistics(self.name, kind, False, is_pixel=True)
        if kind == "empty":
            return Statistics(self.name, kind, True)
        is_plain = self.dtype != pl.String or column.written == NumberForm()
        if is_plain and self._sketch.n and (self.dtype.is_numeric() or self.dtype.is_temporal() or kind == "number"):
            missing = self._sketch.n < self.rows  # what is no number may be too rare to be in a sample
            standing = self._sketch.standing()
            return Statistics(self.name, kind, missing, standing, zone=self._zone, has_clock=self._has_clock)
        numbers = view.numbers(0, kind)
        zone = view.zone(0) if kind == "date" else None
        clock = kind == "date" and has_clock(numbers, zone)
        known_ = ~np.isnan(numbers)
        if counted is not None and known_.any():
            weights = counted.n.to_numpy()[known_].astype(np.float64)
            numbers = numbers[known_]
            if weights.sum() <= DIFFERENT:
                numbers = np.repeat(numbers, weights.astype(np.int64))
            else:
                numbers = at_even_ranks(numbers, weights, float(numbers.min()), float(numbers.max()))
        return Statistics(self.name, kind, missing, numbers, zone=zone, has_clock=clock)
