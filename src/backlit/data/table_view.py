"""One view over pandas, polars, pyarrow and NumPy, so that the encoder need not know which it was given."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.array_likes import array_of, is_array_like
from backlit.data.frames import Cells, cells_of, columns_of
from backlit.data.objects import of_objects
from backlit.data.values import Kind, is_missing, kind_of, number_of
from backlit.data.zones import zone_name, zone_of_values
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

NO_ZONES: Mapping[str, str] = {}
_MICROSECONDS_A_DAY = 86_400_000_000.0
_ARRAY_KINDS: dict[str, Kind] = {
    **dict.fromkeys("iuf", "number"),
    "b": "boolean",
    "M": "date",
    "m": "duration",
    "U": "category",
}
_UNUSABLE = {"List": "list", "Array": "list", "Struct": "struct", "Binary": "bytes", "Map": "map"}


def _name_of(dtype: Any) -> str:
    if hasattr(dtype, "ext_name"):
        return f"{dtype.ext_name()} {dtype.ext_metadata()}".removeprefix("pandas.")
    return _UNUSABLE.get(type(dtype).__name__, str(dtype))


class TableView:
    """Columns of a table by position.

    Parameters
    ----------
    table : dataframe, or array-like of shape (n_rows, n_columns)
        Whatever narwhals knows, a NumPy array, or a list of rows.
    zones : mapping of str to str
        By whose clocks columns of moments go, where their type does not say.

    Attributes
    ----------
    names : list of str
        Column names; ``x0``, ``x1``, … for an array.
    named : bool
        Whether the names are the table's own.
    n_rows : int
    """

    def __init__(self, table: Any, zones: Mapping[str, str] = NO_ZONES) -> None:
        self._zones = zones
        self._array: NDArray[Any] | None = None
        self._columns: list[Any] = []  # of narwhals, or of polars
        if is_array_like(table):
            self._array = array_of(table)
            self.n_rows, width = self._array.shape
            self.names, self.named = [f"x{j}" for j in range(width)], False
        else:
            self._columns, names, self.n_rows = columns_of(table)
            self.names, self.named = list(map(str, names)), all(isinstance(name, str) for name in names)
        self._kinds: dict[int, Kind] = {}
        self._cells: dict[int, Cells] = {}

    def kind(self, j: int) -> Kind:
        """Tell what column `j` is. A column of floats counts as numbers even if all are missing."""
        if j not in self._kinds:
            self._kinds[j] = self._find_kind(j)
        return self._kinds[j]

    def _find_kind(self, j: int) -> Kind:
        if self._array is not None:
            if self._array.dtype.kind in _ARRAY_KINDS:
                return _ARRAY_KINDS[self._array.dtype.kind]
            return self._kind_of_values(j)
        import polars as pl

        cells = self.cells(j)
        dtype = cells.series.dtype
        if dtype == pl.Object:
            return self._kind_of_values(j)
        if cells.is_category or dtype in (pl.String, pl.Categorical, pl.Enum):
            return "category" if cells.series.null_count() < self.n_rows else "empty"
        if dtype.is_numeric():
            return "number"
        if dtype in (pl.Date, pl.Datetime):
            return "date"
        if dtype in (pl.Duration, pl.Time):
            return "duration"
        if dtype not in (pl.Boolean, pl.Null):
            raise self._refuse(j, _name_of(dtype))
        return "boolean" if dtype == pl.Boolean else "empty"

    def _kind_of_values(self, j: int) -> Kind:
        try:
            return kind_of(self.values(j))
        except TypeError as error:
            raise self._refuse(j, str(error)) from None

    def _refuse(self, j: int, holds: str) -> DataError:
        return DataError(
            f"Column {self.names[j]!r} holds values of type {holds}; numbers, text, booleans, dates and durations can "
            "be used. Drop the column or unpack it into several."
        )

    def cells(self, j: int) -> Cells:
        """Return column `j` of a data frame in polars."""
        cells = self._cells.get(j)
        if cells is None:
            cells = cells_of(self._columns[j], self.names[j])
            if not cells.series.dtype.is_numeric():  # of which there may be thousands, and which cost nothing
                self._cells[j] = cells
        return cells

    def categories(self) -> list[str]:
        """Return the columns that are categories by their type, whatever their values are."""
        return [] if self._array is not None else [n for j, n in enumerate(self.names) if self.cells(j).is_category]

    def is_pixel(self, j: int) -> bool:
        """Tell whether a column is one of an image: bytes, named ``pixel_…``."""
        return self.names[j].startswith("pixel_") and self.has_whole_bytes([j])

    def has_whole_bytes(self, columns: list[int]) -> bool:
        """Tell whether all of these are unsigned bytes without a missing value."""
        if self._array is not None:
            return self._array.dtype == np.uint8
        import polars as pl

        found = (self.cells(j).series for j in columns)
        return all(series.dtype == pl.UInt8 and series.null_count() == 0 for series in found)

    def values(self, j: int) -> list[object]:
        """Return column `j` as Python objects."""
        if self._array is not None:
            column = self._array[:, j]
            # datetime64 stays as it is: .tolist() would turn nanoseconds into integers.
            return list(column) if column.dtype.kind in "mM" else list(column.tolist())
        return list(self.cells(j).series.to_list())

    def different(self, j: int) -> tuple[list[object], NDArray[np.intp]]:
        """Return the different values of column `j`, and which of them stands in each row, (n_rows,)."""
        import polars as pl

        if self._array is None and self.cells(j).series.dtype != pl.Object:
            series = self.cells(j).series
            found = series.unique(maintain_order=True)
            places = pl.Series(np.arange(len(found), dtype=np.uint32))
            return found.to_list(), series.replace_strict(found, places).to_numpy().astype(np.intp)
        known: dict[object, int] = {}
        values = (None if is_missing(value) else value for value in self.values(j))
        which = np.fromiter((known.setdefault(value, len(known)) for value in values), np.intp, self.n_rows)
        return list(known), which

    def texts(self, j: int) -> pl.Series | None:
        """Return column `j` if polars holds it as text; else None."""
        import polars as pl

        series = None if self._array is not None else self.cells(j).series
        return series if series is not None and series.dtype == pl.String else None

    @property
    def is_matrix(self) -> bool:
        """Whether it is an array of numbers or times, whose columns are what its type says."""
        return self._array is not None and self._array.dtype.kind not in "UO"

    def series(self, j: int) -> pl.Series:
        """Return column `j` in polars."""
        import polars as pl

        if self._array is None:
            return self.cells(j).series
        column = pl.Series(self._array[:, j]) if self._array.dtype.kind in "biuf" else of_objects(self.values(j))
        return column.alias(self.names[j])

    def replaced(self, columns: Mapping[int, pl.Series]) -> TableView:
        """Return a view in which some columns are others."""
        other = copy(self)
        if self._array is None:
            other._cells = {**self._cells, **{j: replace(self.cells(j), series=s) for j, s in columns.items()}}
        else:
            own = range(len(self.names))
            other._cells = {j: Cells(columns[j] if j in columns else self.series(j)) for j in own}
        other._array, other._kinds = None, {}
        return other

    def gaps(self, j: int) -> int:
        """Count the missing values of column `j`."""
        if self._array is not None:
            kind = self._array.dtype.kind
            if kind in "iubU":
                return 0
            return int(np.isnan(self._array[:, j]).sum()) if kind == "f" else sum(map(is_missing, self.values(j)))
        series = self.cells(j).series
        return series.null_count() + (int(series.is_nan().sum()) if series.dtype.is_float() else 0)

    def zone(self, j: int) -> str | None:
        """Return the time zone of a column of dates; "" where it has none, None where it holds no moments."""
        import polars as pl

        if self._array is None:
            cells = self.cells(j)
            known = cells.zone or self._zones.get(self.names[j])
            if known is not None:
                return known
            if cells.series.dtype in (pl.Date, pl.Datetime):
                zone = zone_name(getattr(cells.series.dtype, "time_zone", None))
                return zone if cells.series.null_count() < self.n_rows else None
        try:
            return zone_of_values(self.values(j))
        except ValueError as error:
            raise DataError(f"Column {self.names[j]!r}: {error}. Give all of them the same.") from None

    def numbers(self, j: int, kind: Kind) -> NDArray[np.float64]:
        """Return column `j`, (n_rows,), as numbers of a kind; NaN where missing.

        A value that is none is an error that names column, row (counted from 1) and value.
        """
        # True among numbers is 1, but 7 among booleans is checked value by value.
        if self.kind(j) == kind or (kind == "number" and self.kind(j) == "boolean"):
            fast = self._fast_numbers(j)
            if fast is not None:
                return fast
        result = np.full(self.n_rows, np.nan)
        for i, value in enumerate(self.values(j)):
            if not is_missing(value):
                try:
                    result[i] = number_of(value, kind)
                except (ValueError, OverflowError):
                    raise DataError(
                        f"Column {self.names[j]!r}, row {i + 1}: {value!r} came where a {kind} was expected, as in "
                        "training. Correct the value or leave it empty."
                    ) from None
        return result

    def _fast_numbers(self, j: int) -> NDArray[np.float64] | None:
        if self._array is not None:
            return self._array[:, j].astype(np.float64) if self._array.dtype.kind in "iufb" else None
        import polars as pl

        series = self.cells(j).series
        if series.dtype.is_numeric() or series.dtype == pl.Boolean:
            return np.asarray(series.cast(pl.Float64).to_numpy(), dtype=np.float64)
        if series.dtype in (pl.Date, pl.Datetime):
            microseconds = series.dt.timestamp("us")
        elif series.dtype == pl.Duration:
            microseconds = series.dt.total_microseconds()
        elif series.dtype == pl.Time:
            microseconds = series.cast(pl.Int64) // 1000
        else:
            return None
        return np.asarray(microseconds.cast(pl.Float64).to_numpy(), dtype=np.float64) / _MICROSECONDS_A_DAY

    def block(self, columns: list[int], *, whole_bytes: bool = False) -> NDArray[Any]:
        """Return several number columns at once, (n_rows, n_columns): floats, or uint8 if `whole_bytes`."""
        wanted: Any = np.uint8 if whole_bytes else np.float64
        if self._array is not None and self._array.dtype.kind in "iufb":
            everything = columns == list(range(self._array.shape[1]))
            block = self._array if everything else self._array[:, columns]
            return block if whole_bytes or block.dtype.kind == "f" else block.astype(np.float64)
        import polars as pl

        found = [self.cells(j).series for j in columns]
        as_they_are = whole_bytes or all(series.dtype == pl.Float32 for series in found)
        if as_they_are and not whole_bytes:
            return np.asarray(pl.DataFrame(found).to_numpy())
        # Column after column in memory, as frames hold them; whoever reads it goes through it in strips of rows.
        block = np.empty((len(columns), self.n_rows), dtype=wanted)
        for k, j in enumerate(columns):
            block[k] = found[k].to_numpy() if as_they_are else self.numbers(j, "number")
        return block.T

    @cached_property
    def positions(self) -> dict[str, int]:
        """Position of each name."""
        return {name: j for j, name in enumerate(self.names)}

    def row(self, i: int) -> TableView:
        """Return a view of row `i`, counted from 0, alone."""
        if not -self.n_rows <= i < self.n_rows:
            raise DataError(f"There is no row {i}: the table has {self.n_rows} rows, counted from 0.")
        return self.rows(i % self.n_rows, i % self.n_rows + 1)

    def rows(self, begin: int, end: int) -> TableView:
        """Return a view of rows `begin` to before `end`, counted from 0, alone."""
        some = copy(self)
        some._array = None if self._array is None else self._array[begin:end]
        some._columns = [column[begin:end] for column in self._columns]
        some._cells = {j: replace(cells, series=cells.series[begin:end]) for j, cells in self._cells.items()}
        some.n_rows, some._kinds = end - begin, {}
        return some
