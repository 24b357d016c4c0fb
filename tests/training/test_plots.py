"""Pictures of models: what is in the axes is the model's own numbers."""

from __future__ import annotations

import sys
import warnings

import matplotlib
import numpy as np
import polars as pl
import pytest
from matplotlib import pyplot
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

import backlit as bl
from backlit.errors import InvalidInputError, MissingExtraError, ShapeError
from backlit.tables.options import TableTraining

matplotlib.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def fitted(**options):
    with warnings.catch_warnings(action="ignore"):
        return bl.MLPClassifier((5,), max_iter=10, n_iter_no_change=10, random_state=0, **options).fit(X, y)


def test_history():
    model = fitted()
    ax = model.plot_history()
    (cost,) = ax.lines
    assert cost.get_ydata().tolist() == model.loss_curve_
    assert cost.get_xdata().tolist() == list(range(1, len(model.loss_curve_) + 1))
    assert len(ax.figure.axes) == 1


def test_history_with_validation():
    model = fitted(early_stopping=True)
    ax = bl.plot_history(model)
    cost, validation_cost = ax.lines
    assert cost.get_ydata().tolist() == model.loss_curve_
    assert validation_cost.get_ydata().tolist() == [record.validation_cost for record in model.history_]
    right = ax.figure.axes[1]
    scores, best = right.lines
    assert scores.get_ydata().tolist() == model.validation_scores_
    assert best.get_ydata()[0] == max(model.validation_scores_)
    assert len(ax.get_legend().get_texts()) == 4


def test_history_of_lbfgs():
    model = fitted(solver="lbfgs")
    assert model.plot_history().lines[0].get_ydata().tolist() == model.loss_curve_


@pytest.mark.parametrize(("n_in", "shape"), [(64, (8, 8)), (784, (28, 28))])
def test_weights_behind_images_are_images(n_in, shape):
    network = bl.Network.initialize([n_in, 7, 2], "relu", seed=1)
    ax = bl.plot_weights(network)
    mosaic = ax.images[0].get_array()
    height, width = shape[0] + 1, shape[1] + 1
    assert mosaic.shape == (3 * height + 1, 3 * width + 1)  # 7 neurons in 3 × 3 places
    assert (mosaic[height + 1 : height + 1 + shape[0], 1 : 1 + shape[1]] == network.weights[0][3].reshape(shape)).all()
    assert np.isnan(np.ma.filled(mosaic, np.nan)[-2, -2])
    assert "neurons 1 to 7" in ax.get_title()


def test_only_the_first_hundred_neurons_are_drawn():
    ax = bl.plot_weights(bl.Network.initialize([64, 150, 2], "relu"))
    assert ax.images[0].get_array().shape == (91, 91)
    assert "1 to 100 of 150" in ax.get_title()


def test_other_shapes_on_request():
    network = bl.Network.initialize([6, 2, 1], "relu")
    mosaic = bl.plot_weights(network, image_shape=(2, 3)).images[0].get_array()
    assert (mosaic[1:3, 1:4] == network.weights[0][0].reshape(2, 3)).all()


@pytest.mark.parametrize("layer", [2, 3])
def test_weights_elsewhere_are_a_heat_map(layer):
    model = fitted()
    ax = model.plot_weights(layer=layer)
    assert (ax.images[0].get_array() == model.coefs_[layer - 2].T).all()
    assert ax.get_xlabel() == f"neuron k of layer {layer - 1}"
    n_out, n_in = model.coefs_[layer - 2].T.shape
    assert ax.images[0].get_extent() == [0.5, n_in + 0.5, n_out + 0.5, 0.5]  # neurons count from 1
    low, high = ax.images[0].get_clim()
    assert low == -high, "white must be 0"


def test_weights_of_zero_can_be_drawn():
    ax = bl.plot_weights(bl.Network([np.zeros((2, 3))], [np.zeros(2)], ["relu"]))
    assert ax.images[0].get_clim() == (-1, 1)
    ax.figure.canvas.draw()


def test_confusion():
    model = fitted()
    ax = model.plot_confusion(X, y)
    counts = [int(np.sum((y == true) & (model.predict(X) == came))) for true in range(3) for came in range(3)]
    assert [int(text.get_text()) for text in ax.texts] == counts
    assert ax.get_title().startswith(f"{model.score(X, y):.2%} of 150")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2"]


def test_model_of_a_table():
    table = pl.DataFrame(X, schema=list("abcd")).with_columns(kind=pl.Series(np.array(["x", "y", "z"])[y]))
    model = bl.TableModel.train(table, "kind", TableTraining(hidden=(4,), epochs=3))
    assert (model.plot_weights().images[0].get_array() == model.network.weights[0].astype(float)).all()
    ax = model.plot_confusion(table)
    assert sum(int(text.get_text()) for text in ax.texts) == 150
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "y", "z"]
    with pytest.raises(InvalidInputError, match="Leave out y"):
        model.plot_confusion(table, y)
    numbers = bl.TableModel.train(table.drop("kind"), "a", TableTraining(hidden=(4,), epochs=2))
    with pytest.raises(InvalidInputError, match="confuses no classes"):
        numbers.plot_confusion(table)


def test_given_axes_are_drawn_on():
    model = fitted()
    _, axes = pyplot.subplots(1, 3)
    drawn = (model.plot_history(ax=axes[0]), model.plot_weights(ax=axes[1]), model.plot_confusion(X, y, ax=axes[2]))
    assert all(ax is given for ax, given in zip(drawn, axes, strict=True))
    assert pyplot.get_fignums() == [1]


def test_what_cannot_be_drawn_is_said():
    model = fitted()
    with pytest.raises(InvalidInputError, match="no history"):
        bl.MLPClassifier().plot_history()
    with pytest.raises(NotFittedError):
        bl.MLPClassifier().plot_weights()
    for layer in (0, 1, 4):
        with pytest.raises(InvalidInputError, match="layer must be from 2 to 3"):
            model.plot_weights(layer=layer)
    with pytest.raises(ShapeError, match="6 inputs"):
        model.plot_weights(image_shape=(2, 3))
    with pytest.raises(ShapeError, match=r"w\^3 has 5 columns"):
        model.plot_weights(layer=3, image_shape=(2, 2))
    with pytest.raises(InvalidInputError, match="a list came"):
        bl.plot_weights([1])
    with pytest.raises(InvalidInputError, match="MLPRegressor confuses no classes"):
        bl.MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(X, y).plot_confusion(X, y)
    several = bl.MLPClassifier((3,), max_iter=2).fit(X, np.eye(3)[y])
    with pytest.raises(InvalidInputError, match="multi-label"):
        several.plot_confusion(X, np.eye(3)[y])


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    model = fitted()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delattr(matplotlib, "pyplot", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for draw in (model.plot_history, model.plot_weights, lambda: model.plot_confusion(X, y)):
        with pytest.raises(MissingExtraError, match=r"pip install 'backlit\[plot\]'"):
            draw()
