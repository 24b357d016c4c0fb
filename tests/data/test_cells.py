import datetime as dt

import polars as pl
import pytest

from backlit.data.cells import blank_missing, type_columns


def typed(cells, missing=()):
    return type_columns(pl.DataFrame({"x": pl.Series(cells, dtype=pl.String)}), missing)["x"]


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        ([" 39", "+5 ", "-0"], pl.Int64, [39, 5, 0]),
        (["1", ".5", "1e5"], pl.Float64, [1.0, 0.5, 1e5]),
        (["1", None, ""], pl.Int64, [1, None, None]),
        (["99999999999999999999", "1"], pl.Float64, [1e20, 1.0]),
        (["True", "false", "TRUE", None], pl.Boolean, [True, False, True, None]),
        (["1"] * 2000 + ["late"], pl.String, ["1"] * 2000 + ["late"]),
        (["1", "NA", "nan", "N/A", "3"], pl.Int64, [1, None, None, None, 3]),
        (["1.5", "NaN"], pl.Float64, [1.5, None]),
        (["NA", "None", "x"], pl.String, ["NA", "None", "x"]),
        (["1", "true"], pl.String, ["1", "true"]),
        (["  a ", "b"], pl.String, ["a", "b"]),
        (["2020-02-29", None], pl.Date, [dt.date(2020, 2, 29), None]),
        (["2021-02-29", "2020-01-01"], pl.String, ["2021-02-29", "2020-01-01"]),
        (["01/02/2020"], pl.String, ["01/02/2020"]),
        (["2020-01-01 10:00", "2020-01-01T10:00"], None, [dt.datetime(2020, 1, 1, 10)] * 2),
        (["2020-01-01T10:00:00+01:00"], None, [dt.datetime(2020, 1, 1, 9, tzinfo=dt.UTC)]),
        (["1_000", "2"], pl.String, ["1_000", "2"]),
        ([None, ""], pl.String, [None, None]),
    ],
)
def test_a_column_gets_the_narrowest_type_that_holds_every_cell(cells, dtype, values):
    column = typed(cells)
    assert column.to_list() == values
    assert dtype is None or column.dtype == dtype


def test_missing_words_match_after_stripping():
    assert typed([" ?", "1"], ["?"]).to_list() == [None, 1]
    assert typed([" ?", "1"], [" ? "]).to_list() == [None, 1]
    assert typed(["-999", "1"], ["-999"]).to_list() == [None, 1]
    assert typed(["?", "1"]).to_list() == ["?", "1"]


def test_blank_missing_leaves_numbers_alone():
    frame = pl.DataFrame({"n": [1, 2], "t": [" ? ", "a"]})
    assert blank_missing(frame, ["?"]).to_dict(as_series=False) == {"n": [1, 2], "t": [None, "a"]}
