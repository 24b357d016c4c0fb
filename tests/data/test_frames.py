import datetime as dt
from decimal import Decimal

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from backlit.data import TableEncoder
from backlit.data.formats.table_file import read_table_file
from backlit.data.frames import in_polars
from backlit.data.objects import of_objects
from backlit.errors import DataError, ShapeError
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining

N = 24
WHOLE = [(7 * i) % 11 + 1 for i in range(N)]
TARGET = [n * 0.25 + i % 3 for i, n in enumerate(WHOLE)]
FEW = [n % 4 for n in WHOLE]
MONEY = [Decimal(n) / 4 for n in WHOLE]
MOMENTS = [dt.datetime(2020, 1, 1) + dt.timedelta(days=31 * n, hours=7 * n) for n in WHOLE]
TINY = TableTraining(hidden=(2,), epochs=1, validation_fraction=0, batch_size=N)
LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def library_of(column):
    return LIBRARIES[type(column).__module__.partition(".")[0]]


def test_lazy_frames_are_collected_and_what_is_no_frame_is_refused():
    frame = pl.DataFrame({"a": [1, 2]})
    assert in_polars(frame).table is frame
    assert in_polars(frame.lazy()).table.equals(frame)
    with pytest.raises(ShapeError, match=r"got polars.*Series instead"):
        in_polars(frame["a"])
    with pytest.raises(DataError, match="Several columns are named 'a'"):
        in_polars(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]))


@pytest.mark.parametrize(
    ("values", "dtype", "first"),
    [
        ([1, None, 2**62], pl.Int64, 1),
        ([1, None, 2**100], pl.Int128, 1),
        ([1, 2**200], pl.Float64, 1.0),
        ([Decimal("1.5"), np.float32(2), float("nan")], pl.Float64, 1.5),
        ([np.True_, False, pd.NA], pl.Boolean, True),
        ([None, float("nan"), pd.NaT], pl.Null, None),
        (["a", None, float("nan")], pl.String, "a"),
        ([1, "a", 2.5, True], pl.String, "1"),
        ([dt.date(2020, 1, 2), dt.datetime(2020, 1, 3, 4)], pl.Datetime("us"), dt.datetime(2020, 1, 2)),
        ([dt.time(6), dt.timedelta(1)], pl.Duration("us"), dt.timedelta(hours=6)),
        ([np.datetime64("2020-01-02", "ns"), pd.NaT], pl.Datetime("us"), dt.datetime(2020, 1, 2)),
        ([pd.Period("2020-03", "M"), None], pl.Datetime("us"), dt.datetime(2020, 3, 1)),
        ([pd.Interval(0, 1)], pl.String, "(0, 1]"),
        ([[1], [2]], pl.Object, [1]),
        ([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)], pl.Object, dt.datetime(2020, 1, 1)),
    ],
)
def test_objects(values, dtype, first):
    column = of_objects(values)
    assert (column.dtype, column[0]) == (dtype, first)


@pytest.mark.parametrize("freq", ["M", "D", "h", "3M", "W-SUN"])
def test_periods_are_their_beginnings_in_parquet_too(freq, tmp_path):
    frame = pd.DataFrame({"p": pd.period_range("2020-01-01", periods=3, freq=freq)})
    frame.to_parquet(tmp_path / "p.parquet")
    later = read_table_file(tmp_path / "p.parquet").frame
    expected = frame["p"].dt.to_timestamp().to_list()
    assert in_polars(frame).table["p"].to_list() == expected
    if freq != "W-SUN":
        assert in_polars(later).table["p"].to_list() == expected
    else:  # weeks begin on whatever day
        with pytest.raises(DataError, match="'p' holds values of type period"):
            TableEncoder().fit(later)


LISTS, RECORDS = [[n] for n in WHOLE], [{"a": n} for n in WHOLE]
BYTES, PAIRS = [str(n).encode() for n in WHOLE], [[("a", n)] for n in WHOLE]
REFUSED = {
    "list": [lambda: pd.Series(LISTS), lambda: pl.Series(LISTS), lambda: pa.array(LISTS)],
    "list of a length": [lambda: pl.Series(LISTS, dtype=pl.Array(pl.Int64, 1))],
    "struct": [lambda: pd.Series(RECORDS), lambda: pl.Series(RECORDS), lambda: pa.array(RECORDS)],
    "bytes": [lambda: pd.Series(BYTES), lambda: pl.Series(BYTES), lambda: pa.array(BYTES)],
    "map": [lambda: pa.array(PAIRS, pa.map_(pa.string(), pa.int64()))],
    "complex": [lambda: pd.Series(WHOLE, dtype="complex128"), lambda: pd.Series([1j * n for n in WHOLE], dtype=object)],
    "struct of months and days": [lambda: pa.array([pa.MonthDayNano([n, 1, 0]) for n in WHOLE])],
}


@pytest.mark.parametrize("holds", REFUSED)
def test_what_no_column_can_hold_is_refused_alike(holds, tmp_path):
    for make in REFUSED[holds]:
        column = make()
        table = library_of(column)({"c": column, "y": TARGET})
        doors = [table]
        if isinstance(table, pl.DataFrame):
            table.write_parquet(tmp_path / "t.parquet")
            doors.append(read_table_file(tmp_path / "t.parquet").frame)
        said = f"Column 'c' holds values of type {holds.split()[0]};"
        for door in doors:
            with pytest.raises(DataError, match=said):
                TableModel.train(door, "y", TINY)
            with pytest.raises(DataError, match=said):
                TableEncoder().fit(nw.from_native(door).drop("y").to_native())


@pytest.mark.parametrize(
    ("column", "classes"),
    [
        (pl.Series(WHOLE, dtype=pl.Int128), None),
        (pa.array(MONEY, pa.decimal256(60, 2)), None),
        (pd.Series(FEW).astype("category"), (0, 1, 2, 3)),
        (pd.Series(["a", 1] * 12, dtype=object), ("1", "a")),
    ],
)
def test_types_of_targets(column, classes):
    table = library_of(column)({"c": column, "x": WHOLE})
    model = TableModel.train(table, "c", TINY)
    assert model.target.classes == classes
    assert np.isfinite(model.evaluate(table).metrics["cost"])


def test_times_are_no_targets():
    for column in (pd.period_range("2020-01", periods=N, freq="M"), MOMENTS):
        with pytest.raises(DataError, match="`c` holds dates, which cannot be predicted"):
            TableModel.train(pd.DataFrame({"c": column, "x": WHOLE}), "c", TINY)
