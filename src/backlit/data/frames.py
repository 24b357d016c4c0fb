"""A frame of any library → columns of polars: what a cell holds is the same, whichever library held it.

What polars has no type for becomes what it means: the category of numbers its numbers and a mark, a period of pandas
the moment it begins with, an interval its text, and a column of mixed objects their text, as a file would have it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from backlit.data.objects import of_objects
from backlit.data.values import is_missing
from backlit.data.zones import is_offset, zone_name, zone_of_values
from backlit.documents.strict_json import parse
from backlit.errors import DataError, ShapeError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Cells:
    """A column in polars, and what its type there cannot say.

    Attributes
    ----------
    series : polars.Series
        Of the type Object where the column holds what cannot be used.
    is_category : bool
        Whether it is a category by its type, though its values are numbers, dates or whatever else.
    zone : str or None
        The zone of its moments where polars has no name for it, such as +05:30; they are then given in UTC.
    """

    series: pl.Series
    is_category: bool = False
    zone: str | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame in polars.

    Attributes
    ----------
    table : polars.DataFrame
    categories : tuple of str
        Columns that are categories by their type, whatever their values are.
    zones : mapping of str to str
        The zones of columns for which polars has no name.
    """

    table: pl.DataFrame
    categories: tuple[str, ...] = ()
    zones: Mapping[str, str] = field(default_factory=dict)


def frame_of(table: Any) -> nw.DataFrame[Any]:
    """Wrap a dataframe of any library, a lazy one after collecting it; its column names are distinct."""
    if type(table).__module__.startswith("scipy.sparse"):
        raise TypeError("Sparse data was passed, but dense data is required. Use .toarray() to convert it.")
    try:
        given: Any = nw.from_native(table)
        frame: nw.DataFrame[Any] = given.collect() if isinstance(given, nw.LazyFrame) else given
        names = [str(name) for name in frame.columns]
    except nw.exceptions.DuplicateError:
        counts = Counter(map(str, getattr(table, "column_names", table.columns)))  # pyarrow's columns are values
        twice = counts.most_common(1)[0][0]
        raise DataError(f"Several columns are named {twice!r}. Rename all but one.") from None
    except (TypeError, ValueError, AttributeError):
        kind = f"{type(table).__module__}.{type(table).__name__}"
        raise ShapeError(
            f"Expected a dataframe or a 2D array, got {kind} instead. Make a table of a column with to_frame()."
        ) from None
    repeated = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if repeated:
        raise DataError(f"Several columns are named {sorted(repeated)[0]!r}. Rename all but one.")
    return frame


def columns_of(table: Any) -> tuple[list[Any], list[Any], int]:
    """Return the columns of a dataframe of any library, their names, and how many rows it has.

    Columns are those of narwhals, or of polars: thousands take half as long then.
    """
    if type(table).__module__ == "polars.dataframe.frame":
        return table.get_columns(), table.columns, table.height
    frame = frame_of(table)
    return list(frame.iter_columns()), list(frame.columns), len(frame)


def in_polars(table: Any) -> Frame:
    """Return a dataframe of any library as one of polars; a `Frame` is one already."""
    import polars as pl

    if isinstance(table, Frame):
        return table
    if isinstance(table, pl.DataFrame) and not any(map(_is_odd, table.dtypes)):
        return Frame(table)
    frame = frame_of(table)
    native = frame.to_native()
    if isinstance(native, pl.DataFrame) and not any(map(_is_odd, native.dtypes)):  # a lazy one, collected
        return Frame(native)
    names = [str(name) for name in frame.columns]
    columns = [cells_of(column, name) for column, name in zip(frame.iter_columns(), names, strict=True)]
    return Frame(
        pl.DataFrame([cells.series for cells in columns]),
        tuple(name for cells, name in zip(columns, names, strict=True) if cells.is_category),
        {name: cells.zone for cells, name in zip(columns, names, strict=True) if cells.zone is not None},
    )


def cells_of(column: Any, name: str) -> Cells:
    """Return a column of any library in polars.

    Parameters
    ----------
    column : narwhals.Series, or polars.Series
    name : str
        What it is called.
    """
    import polars as pl

    native = column if isinstance(column, pl.Series) else column.to_native()
    if isinstance(native, pl.Series) and native.name == name and not _is_odd(native.dtype):
        return Cells(native)
    if isinstance(column, pl.Series):
        cells = _of_polars(column)
    elif column.implementation.is_pandas():
        cells = _of_pandas(native)
    elif column.implementation.is_pyarrow():
        cells = _of_arrow(native)
    else:
        cells = _of_polars(column.to_polars())
    return replace(cells, series=cells.series.alias(name))


def _of_polars(series: pl.Series) -> Cells:
    import polars as pl

    dtype = series.dtype
    if not _is_odd(dtype):
        return Cells(series)
    if isinstance(dtype, pl.Datetime):
        return Cells(series.cast(pl.Datetime("us", "UTC")), zone=zone_name(dtype.time_zone))
    return _of_objects(series.to_list()) if dtype == pl.Object else Cells(_of_extension(series))


def _is_odd(dtype: Any) -> bool:
    """Tell whether a type of polars says less, or other, than what its cells mean."""
    import polars as pl

    is_extension = hasattr(dtype, "ext_storage")  # which older versions do not have
    return is_extension or dtype == pl.Object or (isinstance(dtype, pl.Datetime) and is_offset(dtype.time_zone))


def _of_objects(values: list[Any]) -> Cells:
    import polars as pl

    series = of_objects(values)
    if not isinstance(series.dtype, pl.Datetime) or series.dtype.time_zone is None:
        return Cells(series)
    zone = zone_of_values(values)
    return _in_zone(series, zone)


def _in_zone(moments: pl.Series, zone: str | None) -> Cells:
    """Return moments, given in UTC without saying so, in their zone."""
    moments = moments.dt.replace_time_zone("UTC")
    if not zone or zone == "UTC":
        return Cells(moments)
    return Cells(moments, zone=zone) if is_offset(zone) else Cells(moments.dt.convert_time_zone(zone))


def _of_extension(series: Any) -> pl.Series:
    # pandas writes its own types to Parquet so
    import polars as pl

    dtype, storage = series.dtype, pl.Series(series.ext.storage())
    if dtype.ext_name() == "pandas.interval":
        closed = parse(dtype.ext_metadata())["closed"]
        before, after = "[" if closed in ("left", "both") else "(", "]" if closed in ("right", "both") else ")"
        texts = [None if each is None else f"{before}{each['left']}, {each['right']}{after}" for each in storage]
        return pl.Series(texts, dtype=pl.String)
    if dtype.ext_name() == "pandas.period":
        freq = re.fullmatch(r"\d*(M|D|h|min|s|ms|us)", parse(dtype.ext_metadata())["freq"])
        if freq is None:
            return pl.Series(series)
        step = {"M": "mo", "D": "d", "min": "m"}.get(freq[1], freq[1])
        first = pl.lit(dt.datetime(1970, 1, 1))
        return pl.select(first.dt.offset_by(pl.lit(storage).cast(pl.String) + step)).to_series()
    return storage


def _of_pandas(native: Any) -> Cells:
    import polars as pl

    dtype = native.dtype
    match type(dtype).__name__:
        case "CategoricalDtype":
            return _of_categories(_of_pandas(dtype.categories.to_series()), native.cat.codes.to_numpy())
        case "SparseDtype":
            return _of_pandas(native.sparse.to_dense())
        case "PeriodDtype":
            return _of_pandas(native.dt.to_timestamp())
        case "IntervalDtype":
            return Cells(of_objects(list(map(_text, native))))
        case "DatetimeTZDtype":
            naive = pl.Series(_microseconds(native.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()))
            return _in_zone(naive, zone_name(str(dtype.tz)))
        case "ArrowDtype":
            return _of_arrow(native.array.__arrow_array__())
        case "StringDtype" if dtype.storage == "pyarrow":
            return _of_arrow(native.array.__arrow_array__())
        case "StringDtype":
            return Cells(pl.Series([value if isinstance(value, str) else None for value in native], dtype=pl.String))
    if not isinstance(dtype, np.dtype):
        known = native.notna()
        values = pl.Series(native.where(known, other=native.dtype.type(0)).to_numpy(dtype.numpy_dtype))
        return Cells(values if known.all() else values.set(pl.Series(~known.to_numpy()), None))
    if dtype.kind in "mM":
        return Cells(pl.Series(_microseconds(native.to_numpy())))
    return Cells(pl.Series(native.to_numpy())) if dtype.kind in "biuf" else _of_objects(native.to_list())


def _text(value: Any) -> str | None:
    return None if is_missing(value) else str(value)


def _microseconds(times: Any) -> Any:
    return times if times.dtype.str.endswith(("[ns]", "[us]")) else times.astype(times.dtype.str[:3] + "[us]")


def _of_categories(categories: Cells, codes: Any) -> Cells:
    import polars as pl

    values = categories.series.gather(pl.Series(np.where(codes < 0, 0, codes)))
    values = values.set(pl.Series(codes < 0), None) if (codes < 0).any() else values
    return replace(categories, series=values, is_category=True)


def _of_arrow(native: Any) -> Cells:
    import polars as pl
    import pyarrow as pa

    kind = native.type
    if pa.types.is_dictionary(kind):
        whole = native.combine_chunks() if isinstance(native, pa.ChunkedArray) else native
        codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return _of_categories(_of_arrow(whole.dictionary), codes)
    if pa.types.is_decimal256(kind):
        native = native.cast(pa.float64())
    elif pa.types.is_interval(kind):
        names = ("months", "days", "nanoseconds")
        return Cells(
            pl.Series([None if each is None else dict(zip(names, each, strict=True)) for each in native.to_pylist()])
        )
    elif pa.types.is_timestamp(kind) and is_offset(kind.tz):
        return Cells(pl.Series(native.cast(pa.timestamp(kind.unit, "UTC"))), zone=zone_name(kind.tz))
    return Cells(pl.Series(pl.from_arrow(native)))
