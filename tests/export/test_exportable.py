"""What models tell a format of themselves."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import backlit as bl
from backlit.errors import InvalidInputError
from backlit.export.exportable import ClassHead, NumberHead, exportable_of
from backlit.tables.options import TableTraining

TABLE = pl.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0) % 7, "y": 3.0 * np.arange(60.0), "c": ["u", "v"] * 30})
QUICK = TableTraining(hidden=(3,), epochs=2)


def fitted(model, X, y):
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return model.fit(X, y)


def test_a_network_is_itself():
    network = bl.Network.initialize([3, 2], "sigmoid")
    described = exportable_of(network)
    assert described.network is network
    assert described.head is described.encoder is None


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_a_classifier_tells_its_classes(kind):
    X = TABLE.select("a", "b").to_pandas()
    numbers = np.arange(60) % 3
    y = {"binary": TABLE["c"].to_numpy(), "multiclass": numbers, "multilabel": np.eye(3, dtype=int)[numbers]}
    described = exportable_of(fitted(bl.MLPClassifier((3,), max_iter=2), X, y[kind]))
    assert isinstance(described.head, ClassHead)
    assert (described.head.kind, described.head.one_output) == (kind, kind == "binary")
    assert described.head.classes.tolist() == {"binary": ["u", "v"]}.get(kind, [0, 1, 2])
    assert list(described.feature_names) == ["a", "b"]
    assert "MLPClassifier" in described.title


def test_a_regressor_tells_its_dtype():
    X = TABLE.select("a", "b").to_numpy().astype(np.float32)
    described = exportable_of(fitted(bl.MLPRegressor(hidden_layer_sizes=(3,), max_iter=2), X, TABLE["y"].to_numpy()))
    assert described.head == NumberHead("float32")
    assert list(described.feature_names) == []


def test_a_model_of_tables_tells_encoder_and_scale():
    model = bl.TableModel.train(TABLE, "y", QUICK)
    described = exportable_of(model)
    assert described.encoder is model.encoder
    assert described.head == NumberHead("float64", (model.target.scaler.mean, model.target.scaler.scale))
    assert described.head.scale[0] == pytest.approx(TABLE["y"].mean(), rel=0.2)
    assert "predicts y" in described.title
    classes = exportable_of(bl.TableModel.train(TABLE, "c", QUICK)).head
    assert classes.classes.tolist() == ["u", "v"]


def test_anything_else_is_refused():
    with pytest.raises(InvalidInputError, match="TableModel can be exported, but a list came"):
        exportable_of([1])
    with pytest.raises(NotFittedError):
        exportable_of(bl.MLPRegressor())


def test_an_activation_of_ones_own_is_refused():
    soft_root = bl.CustomActivation("soft_root", lambda z: z / np.sqrt(1 + z * z), lambda z: (1 + z * z) ** -1.5)
    network = bl.Network.initialize([2, 3, 1], [soft_root, "identity"])
    with pytest.raises(InvalidInputError, match=r"'soft_root' is a function of your own.*Train with one of these"):
        exportable_of(network)
