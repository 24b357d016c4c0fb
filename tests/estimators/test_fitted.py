"""What explain, demon and diagnose are given of a fitted estimator."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError

import backlit as bl
from backlit.core.backpropagation import backpropagate
from backlit.errors import InvalidInputError

X = np.random.default_rng(0).normal(size=(60, 4))
COLORS = np.array(["blue", "green", "red"])[np.digitize(X[:, 0], [-0.4, 0.4])]


def fitted(cls, y, **options):
    return cls(
        hidden_layer_sizes=(5,), max_iter=2, n_iter_no_change=99, random_state=0, learning_rate_init=0.02, **options
    ).fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("cls", "y", "options", "names"),
    [
        (bl.MLPClassifier, COLORS, {}, ("blue", "green", "red")),
        (bl.MLPClassifier, COLORS == "red", {}, ("True",)),
        (bl.MLPClassifier, COLORS == "red", {"loss": "quadratic"}, ("False", "True")),
        (bl.MLPClassifier, np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int), {}, ("0", "1")),
        (bl.MLPRegressor, X[:, 0] ** 2, {}, None),
        (bl.MLPRegressor, X[:, :2] ** 2, {"loss": "huber"}, None),
    ],
)
def test_explanation_of_an_estimator(cls, y, options, names):
    model = fitted(cls, y, **options)
    explanation = bl.explain(model, X[:3], y[:3])
    assert explanation.output_names == names
    assert explanation.learning_rate == 0.02
    targets = np.stack([example.y for example in explanation.examples])
    truth = backpropagate(model.network_, X[:3], targets, loss=explanation.loss)
    assert explanation.cost == truth.cost
    assert (explanation.parameters[1].step.nabla_w == truth.nabla_w[1]).all()
    if names is None:
        assert (targets.reshape(y[:3].shape) == y[:3]).all()
    forward = bl.explain(model, X[:3])
    assert forward.cost is None
    assert (forward.examples[2].layers[-1].a == truth.a[-1][2]).all()
    one = bl.explain(model, X[1], y[1])  # neither needs a second axis
    assert one.cost == pytest.approx(explanation.examples[1].cost, rel=1e-12)
    assert bl.explain(model, X[1:2], y[1:2], learning_rate=0.5).learning_rate == 0.5


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_refusals():
    model = fitted(bl.MLPClassifier, COLORS)
    with pytest.raises(NotFittedError):
        bl.explain(bl.MLPClassifier(), X[:1], COLORS[:1])
    with pytest.raises(ValueError, match="classes not in"):
        bl.explain(model, X[:1], ["purple"])
    with pytest.raises(ValueError, match="features"):
        bl.explain(model, X[:1, :3], COLORS[:1])
    with pytest.raises(InvalidInputError, match="needs the examples X"):
        bl.explain(model)
    with pytest.raises(InvalidInputError, match="needs the targets y"):
        bl.demon(model, X[:1])
    with pytest.raises(InvalidInputError, match="Expected a Network"):
        bl.explain("model.safetensors", X[:1])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_explanation_tells_how_a_table_was_encoded():
    frame = pl.DataFrame({"color": COLORS, "size": X[:, 1]})
    model = bl.MLPClassifier((5,), max_iter=2, random_state=0, categorical_features="from_dtype").fit(
        frame, X[:, 2] > 0
    )
    for y in (X[:2, 2] > 0, None):
        example = bl.explain(model, frame[:2], y).examples[1]
        assert [feature.name for feature in example.encoding] == list(model.encoder_.get_feature_names_out())
        assert [feature.value for feature in example.encoding] == example.x.tolist()
    assert bl.demon(model, frame, X[:, 2] > 0, layer=2, neuron=1) is not None
