"""A target's column, to the network's y and back."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from backlit.core.activations import get_activation
from backlit.errors import DataError
from backlit.tables.table_target import TableTarget


def fed(z):
    return lambda activation: get_activation(activation).value(z)


def test_two_classes_are_one_output_under_cross_entropy():
    column = pl.Series("c", ["no", "yes", "no"])
    target = TableTarget.learn(column, "c", "classification", "cross_entropy")
    assert target.encode(column).tolist() == [[0.0], [1.0], [0.0]]
    assert target.output_names == ["yes"]
    values, probabilities = target.decode("sigmoid", fed(np.log([[0.2 / 0.8], [0.9 / 0.1]])))
    assert values.tolist() == ["no", "yes"]
    np.testing.assert_allclose(probabilities, [[0.8, 0.2], [0.1, 0.9]])


def test_several_classes_are_one_output_each():
    column = pl.Series("c", [3, 1, 2])
    target = TableTarget.learn(column, "c", "classification", "quadratic")
    assert target.encode(column).tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    values, probabilities = target.decode("relu", fed(np.array([[0.1, 0.3, 0.1]])))
    assert values.tolist() == [2]
    np.testing.assert_allclose(probabilities, [[0.2, 0.6, 0.2]])
    # of saturated outputs the larger z decides, and shares are those of the z
    values, probabilities = target.decode("sigmoid", fed(np.array([[20, 30, 25], [-110, -114, -109.5]], "float32")))
    assert values.tolist() == [2, 3]
    np.testing.assert_allclose(probabilities, [[1 / 3] * 3, [0.375, 0.007, 0.618]], atol=1e-3)
    assert target.metric(target.encode(column))(np.array([[0, 0, 1], [0, 1, 0], [0, 1, 0]])) == pytest.approx(2 / 3)


def test_numbers_are_standardized_and_come_back(monkeypatch):
    column = pl.Series("y", [10.0, 20.0, 30.0])
    target = TableTarget.learn(column, "y", "regression", "quadratic")
    y = target.encode(column)
    assert y.mean() == pytest.approx(0)
    assert y.std() == pytest.approx(1)
    np.testing.assert_allclose(target.decode("identity", fed(y))[0], [10, 20, 30])
    monkeypatch.setattr("backlit.tables.table_target.as_numbers", None)  # polars is not imported for it
    assert target.metric(y)(y) == 1.0
    assert target.metric(y)(np.zeros((3, 1))) == pytest.approx(0.0)


def test_losses_that_are_particular_get_targets_as_they_are():
    assert TableTarget.learn(pl.Series([0.0, 0.4, 1.0]), "y", "regression", "cross_entropy").scaler is None
    with pytest.raises(DataError, match=r"\[0, 1\]"):
        TableTarget.learn(pl.Series([0.0, 1.5]), "y", "regression", "cross_entropy")
    with pytest.raises(DataError, match="text"):
        TableTarget.learn(pl.Series(["a", "b"]), "y", "regression", "quadratic")
