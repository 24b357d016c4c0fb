import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from backlit.data.table_view import TableView
from backlit.errors import DataError, ShapeError

COLUMNS = {
    "n": [1.5, None, -2.0],
    "i": [1, 2, 3],
    "b": [True, None, False],
    "t": ["a", None, "b"],
    "d": [dt.date(1970, 1, 2), None, dt.date(1970, 1, 3)],
    "m": [dt.datetime(1970, 1, 2, 12), None, dt.datetime(1970, 1, 3)],
    "s": [dt.timedelta(hours=12), None, dt.timedelta(1)],
    "e": [None, None, None],
}
KINDS = ["number", "number", "boolean", "category", "date", "date", "duration", "empty"]


@pytest.mark.parametrize("library", [pl.DataFrame, pd.DataFrame, pa.table])
def test_every_library_shows_the_same_table(library):
    view = TableView(library(COLUMNS))
    assert view.names == list(COLUMNS)
    assert view.n_rows == 3
    assert view.named
    assert [view.kind(j) for j in range(8)] == KINDS
    nan = np.nan
    expected = [[1.5, nan, -2], [1, 2, 3], [1, nan, 0], None, [1, nan, 2], [1.5, nan, 2], [0.5, nan, 1], [nan] * 3]
    for j, numbers in enumerate(expected):
        if numbers is not None:
            np.testing.assert_array_equal(view.numbers(j, "number" if KINDS[j] == "empty" else KINDS[j]), numbers)
    np.testing.assert_array_equal(view.block([1, 0]), [[1, 1.5], [2, nan], [3, -2]])
    assert view.row(2).values(3) == ["b"]
    assert view.row(-1).values(3) == ["b"]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, None], dtype="Int64"),
        pd.Series([1, None], dtype="object"),
        pl.Series([1, None], dtype=pl.Decimal(10, 2)),
        pl.Series([1, None], dtype=pl.Int128),
    ],
)
def test_unusual_numbers(column):
    view = TableView((pd if isinstance(column, pd.Series) else pl).DataFrame({"x": column}))
    assert view.kind(0) == "number"
    np.testing.assert_array_equal(view.numbers(0, "number"), [1, np.nan])


def test_arrays():
    view = TableView(np.array([[1, "a", True], [None, "b", False]], dtype=object))
    assert [view.kind(j) for j in range(3)] == ["number", "category", "boolean"]
    assert (view.names, view.named) == (["x0", "x1", "x2"], False)
    assert TableView([[1, "a"], [2.5, "b"]]).kind(0) == "number"
    assert TableView(np.array([["2020-01-01"]], dtype="M8[ns]")).numbers(0, "date") == [18262]


def test_bytes_of_images():
    frame = pl.DataFrame({"pixel_1": pl.Series([1, 2], dtype=pl.UInt8), "x": pl.Series([1, 2], dtype=pl.UInt8)})
    assert [TableView(frame).is_pixel(j) for j in range(2)] == [True, False]
    assert not TableView(frame.cast(pl.Int64)).is_pixel(0)
    assert TableView(frame).block([0, 1], whole_bytes=True).dtype == np.uint8


@pytest.mark.parametrize(
    ("table", "error", "said"),
    [
        (np.ones(3), ShapeError, "Reshape"),
        ([1, 2], ShapeError, "Reshape"),
        ([[1, 2], [3]], ShapeError, "different lengths"),
        (np.ones((2, 2), complex), DataError, "Complex"),
        (pl.Series([1]), ShapeError, "2D array"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), DataError, "Several columns are named 'a'"),
        (3, ShapeError, "dataframe or a 2D array"),
    ],
)
def test_what_is_no_table(table, error, said):
    with pytest.raises(error, match=said):
        TableView(table)


def test_errors_name_column_row_and_value():
    view = TableView(pl.DataFrame({"a": ["1", None, "x"], "l": [[1], [2], [3]]}))
    with pytest.raises(DataError, match=r"Column 'a', row 3: 'x' came where a number was expected"):
        view.numbers(0, "number")
    with pytest.raises(DataError, match="Column 'l' holds values of type list"):
        view.kind(1)
    with pytest.raises(DataError, match="no row 3: the table has 3 rows"):
        view.row(3)
