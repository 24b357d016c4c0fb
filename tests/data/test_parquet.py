import datetime as dt
import io
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backlit.data.formats.parquet import read_parquet
from backlit.errors import DataError


def written(table):
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def with_interval(data, name):
    """Say in the footer that a column of twelve bytes a value is an INTERVAL, as DuckDB writes it."""
    name = b"\x18" + bytes([len(name)]) + name
    length = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - length : -8].replace(name, name + b"\x25\x2a", 1)
    return data[: -8 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def test_what_pandas_says_of_its_columns():
    frame = pd.DataFrame({"size": pd.Series([1, 2]).astype("category"), "n": [1, 2]}, index=pd.Index([7, 9], name="id"))
    out = io.BytesIO()
    frame.to_parquet(out)
    table = read_parquet(out.getvalue(), "t.parquet")
    assert (table.index, table.categories) == (("id",), ("size",))
    assert table.frame.columns == ["size", "n", "id"]


def test_a_zone_without_a_name():
    moments = pa.array([dt.datetime(2020, 1, 1)], pa.timestamp("us", "+05:30"))
    frame = read_parquet(written(pa.table({"when": moments})), "t.parquet").frame
    assert frame["when"].dtype.time_zone == "+05:30"
    assert frame["when"].dt.timestamp("us")[0] == dt.datetime(2020, 1, 1, tzinfo=dt.UTC).timestamp() * 1e6


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            written(pa.table({"a": [1], "price": pa.array([Decimal(1)], pa.decimal256(60, 2))})),
            r"Column 'price' of t.parquet holds decimals of 60 digits",
        ),
        (
            with_interval(written(pa.table({"lasts": pa.array([b"x" * 12], pa.binary(12))})), b"lasts"),
            "Column 'lasts' of t.parquet holds INTERVALs",
        ),
        (written(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])), r"Two columns of t.parquet .*'a'"),
        (b"PAR1 nonsense PAR1", "is not a whole Parquet file"),
    ],
    ids=["decimal256", "interval", "a name twice", "no Parquet"],
)
def test_what_is_refused(data, said):
    with pytest.raises(DataError, match=said):
        read_parquet(data, "t.parquet")


def test_twelve_bytes_need_not_be_an_interval():
    frame = read_parquet(written(pa.table({"lasts": pa.array([b"x" * 12], pa.binary(12))})), "t.parquet").frame
    assert frame["lasts"].dtype == pl.Binary
