"""One view over pandas, polars, pyarrow and NumPy, so that the encoder need not know which it was given."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from backlit.data.values import Kind, is_missing, kind_of, number_of
from backlit.data.zones import zone_name, zone_of_values
from backlit.errors import DataError, ShapeError

if TYPE_CHECKING:
    import polars as pl

_MICROSECONDS_A_DAY = 86_400_000_000.0
_ARRAY_KINDS: dict[str, Kind] = {
    **dict.fromkeys("iuf", "number"),
    "b": "boolean",
    "M": "date",
    "m": "duration",
    "U": "category",
}


class TableView:
    """Columns of a table by position.

    Parameters
    ----------
    table : dataframe, or array-like of shape (n_rows, n_columns)
        Whatever narwhals knows, a NumPy array, or a list of rows.

    Attributes
    ----------
    names : list of str
        Column names; ``x0``, ``x1``, … for an array.
    named : bool
        Whether the names are the table's own.
    n_rows : int
    """

    def __init__(self, table: Any) -> None:
        self._array: NDArray[Any] | None = None
        self._columns: list[nw.Series[Any]] = []
        if isinstance(table, list | tuple):
            table = _array_of_rows(table)
        if isinstance(table, np.ndarray) or (hasattr(table, "__array__") and not hasattr(table, "columns")):
            self._array = _checked_array(np.asarray(table))
            self.n_rows, width = self._array.shape
            self.names, self.named = [f"x{j}" for j in range(width)], False
        else:
            frame = frame_of(table)
            self._columns = list(frame.iter_columns())
            self.n_rows, self.names = len(frame), [str(name) for name in frame.columns]
            self.named = all(isinstance(name, str) for name in frame.columns)
        self._kinds: dict[int, Kind] = {}

    def kind(self, j: int) -> Kind:
        """Tell what column `j` is. A column of floats counts as numbers even if all are missing."""
        if j not in self._kinds:
            self._kinds[j] = self._find_kind(j)
        return self._kinds[j]

    def _find_kind(self, j: int) -> Kind:
        if self._array is not None:
            if self._array.dtype.kind in _ARRAY_KINDS:
                return _ARRAY_KINDS[self._array.dtype.kind]
        else:
            dtype = self._columns[j].dtype
            if dtype.is_numeric():
                return "number"
            if dtype == nw.Boolean:
                return "boolean"
            if dtype in (nw.Date, nw.Datetime):
                return "date"
            if dtype in (nw.Duration, nw.Time):
                return "duration"
            if dtype in (nw.String, nw.Categorical, nw.Enum):
                return "category" if self._columns[j].null_count() < self.n_rows else "empty"
        try:
            return kind_of(self.values(j))
        except TypeError as error:
            raise DataError(
                f"Column {self.names[j]!r} holds values of type {error}; numbers, text, booleans, dates and durations "
                "can be used. Drop the column or unpack it into several."
            ) from None

    def is_pixel(self, j: int) -> bool:
        """Tell whether a column is one of an image: bytes, named ``pixel_…``."""
        return self.names[j].startswith("pixel_") and self.has_whole_bytes([j])

    def has_whole_bytes(self, columns: list[int]) -> bool:
        """Tell whether all of these are unsigned bytes without a missing value."""
        if self._array is not None:
            return self._array.dtype == np.uint8
        return all(self._columns[j].dtype == nw.UInt8 and self._columns[j].null_count() == 0 for j in columns)

    def values(self, j: int) -> list[object]:
        """Return column `j` as Python objects."""
        if self._array is not None:
            column = self._array[:, j]
            # datetime64 stays as it is: .tolist() would turn nanoseconds into integers.
            return list(column) if column.dtype.kind in "mM" else list(column.tolist())
        return list(self._columns[j].to_list())

    def text(self, j: int) -> pl.Series | None:
        """Return column `j` as a column of polars if it holds text and nothing else; else None."""
        import polars as pl

        name = self.names[j]
        if self._array is not None:
            values = self.values(j) if self._array.dtype.kind in "UO" else []
            texts = all(isinstance(value, str) for value in values if not is_missing(value))
            if not values or not texts or all(map(is_missing, values)):
                return None
            return pl.Series(name, [None if is_missing(value) else value for value in values], dtype=pl.String)
        column = self._columns[j]
        return column.to_polars().alias(name) if column.dtype == nw.String else None

    def typed(self, j: int) -> pl.Series | None:
        """Return column `j` as a column of polars if its type is one of numbers; else None."""
        if self._array is not None:
            import polars as pl

            kind = self._array.dtype.kind
            return pl.Series(self.names[j], self._array[:, j]) if kind in "iuf" else None
        column = self._columns[j]
        return column.to_polars().alias(self.names[j]) if column.dtype.is_numeric() else None

    def replaced(self, columns: Mapping[int, pl.Series]) -> TableView:
        """Return a view in which some columns are others."""
        if not columns:
            return self
        other = object.__new__(TableView)
        own = self._columns if self._array is None else [self._series(j) for j in range(len(self.names))]
        other._array = None
        other._columns = [
            nw.from_native(columns[j], series_only=True) if j in columns else column for j, column in enumerate(own)
        ]
        other.names, other.named, other.n_rows, other._kinds = self.names, self.named, self.n_rows, {}
        return other

    def _series(self, j: int) -> nw.Series[Any]:
        import polars as pl

        typed = self.typed(j)
        series = pl.Series(self.names[j], self.values(j), dtype=pl.Object) if typed is None else typed
        return nw.from_native(series, series_only=True)

    def gaps(self, j: int) -> int:
        """Count the missing values of column `j`."""
        if self._array is not None:
            kind = self._array.dtype.kind
            if kind in "iubU":
                return 0
            return int(np.isnan(self._array[:, j]).sum()) if kind == "f" else sum(map(is_missing, self.values(j)))
        column = self._columns[j]
        if column.dtype == nw.Object:
            return sum(map(is_missing, self.values(j)))
        return column.null_count() + (int(column.is_nan().sum()) if column.dtype.is_float() else 0)

    def zone(self, j: int) -> str | None:
        """Return the time zone of a column of dates; "" where it has none, None where it holds no moments."""
        if self._array is None:
            dtype = self._columns[j].dtype
            if isinstance(dtype, nw.Datetime | nw.Date):
                return zone_name(getattr(dtype, "time_zone", None)) if self.has_present(j) else None
        try:
            return zone_of_values(self.values(j))
        except ValueError as error:
            raise DataError(f"Column {self.names[j]!r}: {error}. Give all of them the same.") from None

    def has_present(self, j: int) -> bool:
        """Tell whether column `j` of a data frame holds any value."""
        return bool(self._columns[j].null_count() < self.n_rows)

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
        column = self._columns[j]
        if column.dtype.is_numeric() or column.dtype == nw.Boolean:
            return np.asarray(column.cast(nw.Float64).to_numpy(), dtype=np.float64)
        if column.dtype in (nw.Date, nw.Datetime):
            microseconds = column.dt.timestamp("us")
        elif column.dtype == nw.Duration:
            microseconds = column.dt.total_microseconds()
        else:
            return None
        return np.asarray(microseconds.cast(nw.Float64).to_numpy(), dtype=np.float64) / _MICROSECONDS_A_DAY

    def block(self, columns: list[int], *, whole_bytes: bool = False) -> NDArray[Any]:
        """Return several number columns at once, (n_rows, n_columns): float64, or uint8 if `whole_bytes`."""
        wanted = np.uint8 if whole_bytes else np.float64
        if self._array is not None and self._array.dtype.kind in "iufb":
            everything = columns == list(range(self._array.shape[1]))
            return self._array if everything else self._array[:, columns]
        # Column after column in memory, as frames hold them; whoever reads it goes through it in strips of rows.
        block = np.empty((len(columns), self.n_rows), dtype=wanted)
        for k, j in enumerate(columns):
            block[k] = self._columns[j].to_numpy() if whole_bytes else self.numbers(j, "number")
        return block.T

    @cached_property
    def positions(self) -> dict[str, int]:
        """Position of each name."""
        return {name: j for j, name in enumerate(self.names)}

    def row(self, i: int) -> TableView:
        """Return a view of row `i`, counted from 0, alone."""
        if not -self.n_rows <= i < self.n_rows:
            raise DataError(f"There is no row {i}: the table has {self.n_rows} rows, counted from 0.")
        i %= self.n_rows
        one = object.__new__(TableView)
        one._array = None if self._array is None else self._array[i : i + 1]
        one._columns = [column[i : i + 1] for column in self._columns]
        one.names, one.named, one.n_rows, one._kinds = self.names, self.named, 1, {}
        return one


def _array_of_rows(rows: Any) -> NDArray[Any]:
    try:
        array = np.array(rows)
        # NumPy turns a list that mixes numbers with text into text alone; as objects each column keeps its kind.
        return array if array.dtype.kind in "biuf" else np.array(rows, dtype=object)
    except ValueError:
        raise ShapeError("The rows of the list have different lengths. Give every row the same columns.") from None


def _checked_array(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim != 2:
        raise ShapeError(
            f"Expected 2D array (n_rows, n_columns), got {array.ndim}D array of shape {array.shape} instead. "
            "Reshape your data: .reshape(-1, 1) for one column, .reshape(1, -1) for one row."
        )
    if array.dtype.kind not in "biufMmUO":
        raise DataError(
            f"Complex data not supported: {array.dtype}. Give real numbers."
            if array.dtype.kind == "c"
            else f"An array of type {array.dtype} cannot be used. Give numbers, booleans, text, dates or objects."
        )
    return array


def frame_of(table: Any) -> nw.DataFrame[Any]:
    """Wrap a dataframe of any library; its column names are distinct."""
    if type(table).__module__.startswith("scipy.sparse"):
        raise TypeError("Sparse data was passed, but dense data is required. Use .toarray() to convert it.")
    try:
        frame: nw.DataFrame[Any] = nw.from_native(table, eager_only=True)
        names = [str(name) for name in frame.columns]
    except nw.exceptions.DuplicateError:
        raise DataError("Two columns of the table have the same name. Rename one.") from None
    except (TypeError, ValueError):
        kind = f"{type(table).__module__}.{type(table).__name__}"
        raise ShapeError(
            f"Expected a dataframe or a 2D array, got {kind} instead. Collect a lazy frame; make a table of a column."
        ) from None
    repeated = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if repeated:
        raise DataError(f"Several columns are named {sorted(repeated)[0]!r}. Rename all but one.")
    return frame
