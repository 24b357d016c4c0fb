"""What is summed up of each column while a stream goes by: enough to decide what it is, and to encode it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.columns.column import Column
from backlit.data.columns.counted import Counted
from backlit.data.columns.glance import THREE_DIGITS
from backlit.data.columns.schema import TableSchema
from backlit.data.columns.tally import Tally
from backlit.data.columns.written import NumberForm
from backlit.data.frames import Frame
from backlit.data.scaling import LIMIT
from backlit.data.statistics import Statistics, count_texts, has_clock
from backlit.data.stream.different import Different
from backlit.data.stream.sketch import Sketch, at_even_ranks
from backlit.data.table_view import TableView
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

DIFFERENT = 1 << 15
"""Different cells of a column that are counted."""
_FIRST = 8
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
    """

    def __init__(self, name: str, dtype: Any, capacity: int, *, counts: bool) -> None:
        import polars as pl

        self.name, self.dtype = name, dtype
        self.rows = self.gaps = 0
        self._sketch = Sketch(capacity)
        is_text = dtype in (pl.String, pl.Categorical, pl.Enum)
        self._different = Different(DIFFERENT) if is_text or counts else None
        self._witnesses: dict[object, pl.Series] = {}
        self._first: pl.Series | None = None
        self._zone: str | None = None
        self._has_clock = False
        self._are_pixels = name.startswith("pixel_") and dtype == pl.UInt8

    def add(self, frame: Frame, first_row: int) -> None:
        """Take in a piece of the table, its text stripped; `first_row` is what messages call its first row."""
        import polars as pl

        cells = frame.table[self.name]
        if self._is_plain:
            self._add_numbers(cells, first_row)
            return
        self.rows += len(cells)
        self.gaps += cells.null_count()
        if cells.dtype.is_float():
            self.gaps += int(cells.is_nan().sum())
            cells = cells.fill_nan(None)
        self._are_pixels = self._are_pixels and not cells.null_count()
        present = cells.drop_nulls()
        if self._first is None:
            self._first = cells.head(_FIRST).drop_nulls()
        if not len(present):
            return
        if self._different is not None:
            self._different.add(present.cast(pl.String) if self.dtype in (pl.Categorical, pl.Enum) else present)
        if self.dtype == pl.String:
            self._add_text(present)
            return
        if self.dtype == pl.Boolean:
            self._witnesses.setdefault("first", present[:1])
            return
        self._keep_extremes(present)
        if self.dtype.is_numeric() or self.dtype.is_temporal():
            view = TableView(pl.DataFrame([cells]), frame.zones)
            numbers = view.numbers(0, view.kind(0))
            self._refuse_infinite(numbers, first_row)
            self._sketch.add(numbers)
            if view.kind(0) == "date":
                self._zone = view.zone(0)
                self._has_clock = self._has_clock or has_clock(numbers, self._zone)

    def _add_numbers(self, cells: pl.Series, first_row: int) -> None:
        # of thousands of columns, whatever is asked takes its time
        if self._first is None:
            self._first = cells.head(_FIRST).drop_nulls()
            self._first = self._first.fill_nan(None).drop_nulls() if cells.dtype.is_float() else self._first
        numbers = np.asarray(cells.cast(float).to_numpy(), dtype=np.float64)
        self._refuse_infinite(numbers, first_row)
        known = self._sketch.n
        self._sketch.add(numbers)
        n_gaps = len(numbers) - (self._sketch.n - known)
        self.rows, self.gaps = self.rows + len(numbers), self.gaps + n_gaps
        self._are_pixels = self._are_pixels and not n_gaps

    @property
    def _is_plain(self) -> bool:
        """Whether it is a column of numbers by its type, of which nothing needs to be counted."""
        return self._different is None and bool(self.dtype.is_numeric())

    def _refuse_infinite(self, numbers: NDArray[np.float64], first_row: int) -> None:
        if len(numbers) and max(np.fmax.reduce(numbers), -np.fmin.reduce(numbers)) > LIMIT:
            beyond = np.abs(numbers) > LIMIT
            i = int(np.argmax(beyond))
            raise DataError(
                f"Column {self.name!r}, row {first_row + i}: {numbers[i]:g} is infinite, or beyond ±{LIMIT:g}. "
                "Correct the value or leave it empty."
            )

    def _add_text(self, cells: pl.Series) -> None:
        import polars as pl

        numbers = cells.cast(pl.Float64, strict=False).fill_nan(None)
        known = numbers.is_not_null()
        if not known.all():
            self._witnesses.setdefault("other", cells.filter(~known)[:1])
            cells, numbers = cells.filter(known), numbers.filter(known)
        if not len(cells):
            return
        values = numbers.to_numpy()
        self._sketch.add(values[np.abs(values) <= LIMIT])
        for side, i in (("low", numbers.arg_min()), ("high", numbers.arg_max())):
            seen = self._witnesses.get(side)
            value = float(values[i])
            if seen is None or (value < float(seen[0]) if side == "low" else value > float(seen[0])):
                self._witnesses[side] = cells[i : i + 1]  # type: ignore[operator]
        for pattern in _ASKED:
            for wanted in (True, False):
                if (pattern, wanted) not in self._witnesses:
                    found = cells.filter(cells.str.contains(pattern) == wanted)
                    if len(found):
                        self._witnesses[pattern, wanted] = found[:1]

    def _keep_extremes(self, cells: pl.Series) -> None:
        import polars as pl

        if self.dtype in (pl.Categorical, pl.Enum):
            self._witnesses.setdefault("first", cells[:1])
            return
        i, j = cells.arg_min(), cells.arg_max()
        for side, k in (("low", i), ("high", j)):
            if k is None:
                continue
            seen = self._witnesses.get(side)
            if seen is None or (cells[k] < seen[0] if side == "low" else cells[k] > seen[0]):
                self._witnesses[side] = cells[k : k + 1]

    def tally(self) -> Tally:
        """Return what the column is decided from."""
        import polars as pl

        if self._is_plain:
            ends = [self._sketch.low, self._sketch.high] if self._sketch.n else []
            few = [] if self._first is None else self._first.to_list()[:1]
            return Tally(
                self.name, self.rows, self.gaps, pl.Series(self.name, [*few, *ends], strict=False).cast(self.dtype)
            )
        dtype = pl.String if self.dtype in (pl.Categorical, pl.Enum) else self.dtype
        parts = [] if self._first is None else [self._first]
        parts += self._witnesses.values()
        if self._different is not None:
            parts.append(self._counted().cells)
        parts = [part.cast(dtype).alias(self.name) for part in parts]
        cells = pl.concat(parts) if parts else pl.Series(self.name, [], dtype=dtype)
        cells = cells.unique(maintain_order=True)
        if self.dtype in (pl.Categorical, pl.Enum):
            cells = cells.cast(pl.Categorical)
        count = None if self._different is None else self._counted
        is_each_new = None if self._different is None else self._different.is_each_new()
        return Tally(self.name, self.rows, self.gaps, cells, count, is_each_new)

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

        if self._is_plain and column.kind in ("number", "constant", "empty") and not schema.missing:
            standing = self._sketch.standing()
            is_pixel = self._are_pixels and bool(self.rows)
            return Statistics(self.name, "number", bool(self.gaps), standing, is_pixel=is_pixel)
        cells, counted = self.read(schema)
        view = TableView(pl.DataFrame([cells]))
        missing = bool(self.gaps or column.n_misfits or cells.null_count())
        kind = "empty" if self.gaps == self.rows else "category" if column.kind == "category" else view.kind(0)
        if kind == "category":
            assert self._different is not None
            values, n = self._different.frequent()
            read = schema.read(pl.DataFrame([pl.Series(self.name, values, dtype=_dtype_of(values))]), strict=False)
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


def _dtype_of(values: Sequence[object]) -> Any:
    import polars as pl

    return pl.String if not values or isinstance(values[0], str) else None
