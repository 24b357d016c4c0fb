"""Encoders of earlier versions encode as they did."""

import numpy as np
import polars as pl
import pytest

from backlit.data import TableEncoder
from backlit.errors import ModelFileError

YESTERDAY = {
    "version": 1,
    "dtype": "float64",
    "max_categories": 50,
    "named": True,
    "n_features_in": 4,
    "n_features_out": 11,
    "columns": [
        {"kind": "number", "column": "n", "center": 2.0, "spread": 4.0, "missing": True},
        {"kind": "boolean", "column": "b", "missing": False},
        {"kind": "category", "column": "c", "values": ["01", "2A"], "missing": False},
        {"kind": "date", "column": "d", "center": 18262.0, "spread": 0.0, "missing": False, "clock": False},
    ],
}


def test_an_encoder_of_before_reads_text_and_types():
    encoder = TableEncoder.from_dict(YESTERDAY)
    text = pl.DataFrame({"n": ["6", "NA"], "b": ["True", "false"], "c": ["01", "7"], "d": ["2020-01-01", "2020-07-01"]})
    X = encoder.transform(text)
    assert X[:, 0].tolist() == [1 / np.sqrt(1 + 1 / 9), 0]
    assert X[:, 1:6].tolist() == [[0, 1, 1, 0, 0], [1, -1, 0, 0, 1]]
    typed = text.with_columns(pl.Series("n", [6.0, None]), pl.Series("b", [True, False]), pl.col("d").str.to_date())
    np.testing.assert_array_equal(encoder.transform(typed), X)
    assert TableEncoder.from_dict(encoder.to_dict()).to_dict() == encoder.to_dict()


def test_damage_is_named():
    for change, said in [({"n_features_in": 7}, "columns must be a list of 7"), ({"n_features_out": 3}, "must be 11")]:
        with pytest.raises(ModelFileError, match=said):
            TableEncoder.from_dict({**YESTERDAY, **change})
