import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.exceptions import DataConversionWarning

from backlit.data import TableEncoder
from backlit.data.categories import chosen_categories
from backlit.data.table_view import TableView
from backlit.errors import InvalidInputError, UnknownNameError
from every import every

TABLE = pl.DataFrame({"age": [20, 30, 40], "zip": [10115, 10115, 80331], "sex": ["f", "m", "f"]})
VIEW = TableView(TABLE)


@pytest.mark.parametrize(
    ("chosen", "positions"),
    [
        ("from_dtype", set()),
        ([], set()),
        (["zip"], {1}),
        (("age", "zip"), {0, 1}),
        ([1], {1}),
        (np.array([0, 2]), {0, 2}),
        ([False, True, False], {1}),
    ],
)
def test_positions(chosen, positions):
    assert chosen_categories(chosen, VIEW) == positions


@pytest.mark.parametrize("chosen", [[3], [-1], [True], [[True]], [1.5], "all", ["zip", 1]])
def test_what_names_no_column_is_refused(chosen):
    with pytest.raises(InvalidInputError, match=r"categorical_features must be 'from_dtype'|no column named '1'"):
        chosen_categories(chosen, VIEW)


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(UnknownNameError, match=r"no column named 'zipp'. Did you mean 'zip'"):
        chosen_categories(["zipp"], VIEW)


@pytest.mark.parametrize("table", [TABLE, TABLE.to_pandas()])
def test_chosen_numbers_get_a_place_each(table):
    encoder = TableEncoder(categorical_features=["zip"]).fit(table)
    names = ["age", "zip = 10115", "zip = 80331", "zip is other", "sex = f", "sex = m", "sex is other"]
    assert encoder.get_feature_names_out().tolist() == names
    np.testing.assert_array_equal(encoder.transform(table)[:, 1:4], [[1, 0, 0], [1, 0, 0], [0, 1, 0]])
    # whoever reads the file later may read whole numbers as floats
    as_floats = TABLE.with_columns(pl.col("zip").cast(pl.Float64))
    np.testing.assert_array_equal(encoder.transform(as_floats), encoder.transform(table))
    again = TableEncoder.from_dict(encoder.to_dict())
    np.testing.assert_array_equal(again.transform(table), encoder.transform(table))


WORDS = [f"v{k}" for k in range(60)]


@every(
    ("cells", "options", "n_places", "said"),
    [
        (WORDS * 2, {}, 50, "category of 60 values; the 50 most frequent"),
        (WORDS[:51] * 2, {}, 50, "category of 51 values; the 50 most frequent"),
        (WORDS[:50] * 2, {}, 50, None),
        (WORDS * 2, {"max_categories": 60}, 60, None),
        (WORDS * 2, {"max_categories": 3}, 3, "the 3 most frequent"),
        (pl.Series(WORDS * 2, dtype=pl.Categorical), {}, 50, "category of 60 values; the 50 most frequent"),
        (list(range(60)) * 2, {"categorical_features": ["x"]}, 50, "the 50 most frequent"),
        ([f"0{k}" for k in range(10, 70)] * 2, {"columns": {"x": "category"}}, 50, "the 50 most frequent"),
        ([*WORDS, None] * 2, {}, 50, "the 50 most frequent"),
    ],
)
def test_what_is_capped_is_said(cells, options, n_places, said):
    table = pl.DataFrame({"x": cells})
    last = table["x"].drop_nulls()[-1]
    table = pl.concat([table, table.filter(pl.col("x") == last)])  # the last is the most frequent, and is kept
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", DataConversionWarning)
        encoder = TableEncoder(**options).fit(table)
    names = encoder.get_feature_names_out().tolist()
    others = ["x is other", *["x is missing"] * table["x"].has_nulls()]
    assert len(names) == n_places + len(others)
    assert names[-len(others) :] == others
    assert f"x = {last}" in names
    assert [said in str(warning.message) for warning in warned] == [True] * (said is not None)
