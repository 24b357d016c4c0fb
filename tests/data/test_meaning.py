"""Columns of every library are decided and read alike, and the encoder says what it took them for."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from backlit.data import TableEncoder
from backlit.data.columns import ColumnChoices, TableSchema
from backlit.data.meaning import choices_of
from backlit.errors import DataError, InvalidInputError

N = 60
COLUMNS = {
    "price": [f"{900 + 31 * k:,}" for k in range(N - 1)] + ["unknown"],
    "when": [f"{k % 28 + 1:02}/02/2020" for k in range(N)],
    "zip": [f"{k % 7:05}" for k in range(N)],
    "name": [f"K{k}" for k in range(N)],
    "x": [k / 3 for k in range(N)],
}
DOORS = [pl.DataFrame, pd.DataFrame, pa.table, lambda columns: np.array(list(columns.values()), dtype=object).T]


@pytest.mark.parametrize("door", DOORS)
def test_every_door_gives_the_same_features(door):
    plain = pl.DataFrame(COLUMNS)
    with pytest.warns(UserWarning, match=r"is not: 'unknown': taken as gaps"):
        expected = TableEncoder().fit(plain)
    with pytest.warns(UserWarning, match=r"identifier, left out"):
        encoder = TableEncoder().fit(door(COLUMNS))
    kinds = ["number", "date", "category", "identifier", "number"]
    assert [column.kind for column in encoder.schema_.columns] == kinds
    assert [plan.kind for plan in encoder.plans_] == ["number", "date", "category", "number"]
    assert encoder.plans_[0].center == 900 + 31 * 29
    np.testing.assert_array_equal(encoder.transform(door(COLUMNS)), expected.transform(plain))
    row = {name: values[:1] for name, values in COLUMNS.items()}
    np.testing.assert_array_equal(encoder.transform(door(row)), expected.transform(plain)[:1])
    assert TableEncoder.from_dict(encoder.to_dict()).schema_ == encoder.schema_


def test_the_columns_of_an_array_have_no_names_to_tell_an_index():
    counts = np.arange(20.0).reshape(10, 2)
    assert TableEncoder().fit(counts).transform(counts).shape == (10, 2)


def test_what_is_left_out_need_not_come_again():
    table = pl.DataFrame({"id": range(9), "x": np.arange(9.0)})
    with pytest.warns(UserWarning, match="id: identifier, left out"):
        encoder = TableEncoder().fit(table)
    assert encoder.transform(table.drop("id")).shape == (9, 1)
    assert encoder.n_features_in_ == 2
    assert encoder.extra_columns(table) == []
    assert [feature.column for feature in encoder.describe_row(table, 0)] == ["x"]
    with pytest.raises(DataError, match=r"No column is left .*id: id"):
        TableEncoder().fit(table.drop("x"))


def test_columns_can_be_given():
    table = pl.DataFrame(COLUMNS)
    given = {"zip": "number", "name": "category", "when": "date:%m/%d/%Y", "price": "category"}
    encoder = TableEncoder(max_categories=100, columns=given).fit(table.filter(pl.col("when") < "13"))
    assert [plan.kind for plan in encoder.plans_] == ["category", "date", "number", "category", "number"]
    numbers = pl.DataFrame({"n": [-999.0, 1, 2], "t": ["a", "-999.0", "b"], "k": [1, 2, 2]})
    encoder = TableEncoder(columns=ColumnChoices({"k": "category"}, missing=("-999",))).fit(numbers)
    assert encoder.get_feature_names_out().tolist() == [
        *["n", "n is missing", "t = a", "t = b", "t is other", "t is missing", "k = 1", "k = 2", "k is other"]
    ]
    assert encoder.transform(pl.DataFrame({"n": ["-999"], "t": ["-999"], "k": ["2"]})).tolist() == [
        [0, 1, 0, 0, 0, 1, 0, 1, 0]
    ]
    schema = TableSchema.from_document(encoder.schema_.to_document())
    assert TableEncoder(columns=schema).fit(numbers).to_dict() == encoder.to_dict()
    days = pl.DataFrame({"d": [20200131, 20200201]})
    assert TableEncoder(columns={"d": "date:%Y%m%d"}).fit(days).transform(days).shape == (2, 5)
    with pytest.raises(InvalidInputError, match="columns should be a dictionary"):
        choices_of("zip=category")
