import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import is_classifier
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from backlit import MLPClassifier, MLPRegressor
from backlit.core.activations import softmax
from backlit.errors import InvalidInputError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)


@pytest.fixture(params=[MLPClassifier, MLPRegressor])
def model(request, engine):
    parameters = {"hidden_layer_sizes": (6, 5), "activation": ["relu", "tanh"], "random_state": 0, "max_iter": 4}
    return request.param(**parameters, engine=engine).fit(X, Y)


def test_activations_of_each_layer(model):
    a = [X]
    for w, b, sigma in zip(model.coefs_, model.intercepts_, [lambda z: np.maximum(z, 0), np.tanh, None], strict=True):
        z = a[-1] @ w + b
        a.append(sigma(z) if sigma else softmax(z) if isinstance(model, MLPClassifier) else z)
    for layer, expected in enumerate(a, start=1):
        np.testing.assert_allclose(model.transform(X, layer), expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(model.transform(scipy.sparse.csr_array(X), layer), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(model.transform(X), model.transform(X, layer=3))


def test_no_hidden_layer_gives_the_input():
    model = MLPRegressor(hidden_layer_sizes=(), max_iter=2, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(model.transform(X), X)


def test_names(model):
    assert list(model.get_feature_names_out()) == [f"layer3_neuron{j}" for j in range(1, 6)]
    assert list(model.get_feature_names_out(layer=2))[-1] == "layer2_neuron6"
    assert list(model.get_feature_names_out(layer=1)) == ["x0", "x1", "x2", "x3"]
    with pytest.raises(ValueError, match="input_features should have length"):
        model.get_feature_names_out(["a"])


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("layer", [None, 1, 2, 3, 4])
def test_set_output(layer, library, model):
    model.set_output(transform=library.__name__)
    frame = model.transform(X, layer=layer)
    assert isinstance(frame, library.DataFrame)
    assert list(frame.columns) == list(model.get_feature_names_out(layer=layer))
    np.testing.assert_array_equal(frame.to_numpy(), model.set_output(transform="default").transform(X, layer=layer))
    assert list(model.get_feature_names_out()) == [f"layer3_neuron{j}" for j in range(1, 6)]


def test_index_of_a_pandas_frame_is_kept(model):
    frame = pd.DataFrame(X, index=np.arange(150)[::-1], columns=list("abcd"))
    came = model.fit(frame, Y).set_output(transform="pandas").transform(frame)
    assert list(came.index) == list(frame.index)
    assert list(model.get_feature_names_out(layer=1)) == list("abcd")


def test_before_another_model_in_a_pipeline(engine):
    hidden = MLPClassifier((8,), learning_rate_init=0.02, random_state=0, engine=engine)
    pipeline = make_pipeline(hidden, LogisticRegression()).fit(X, Y)
    assert pipeline.score(X, Y) > 0.9 and pipeline[-1].coef_.shape == (3, 8)
    assert is_classifier(hidden)


@pytest.mark.parametrize("layer", [0, 5, -1, 1.0, True, "3"])
def test_layers_that_do_not_exist_are_refused(layer, model):
    with pytest.raises(InvalidInputError, match="layer must be a whole number from 1, the input, to 4, the output"):
        model.transform(X, layer)


def test_not_fitted():
    for ask in (MLPClassifier().transform, MLPRegressor().get_feature_names_out):
        with pytest.raises(NotFittedError):
            ask(X)
