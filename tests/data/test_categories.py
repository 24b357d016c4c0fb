import numpy as np
import polars as pl
import pytest

from backlit.data import TableEncoder
from backlit.data.categories import chosen_categories
from backlit.data.table_view import TableView
from backlit.errors import InvalidInputError, UnknownNameError

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
