import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from backlit import HiddenLayerTransformer, MLPClassifier, MLPRegressor
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
        np.testing.assert_allclose(model.hidden_activations(X, layer), expected, rtol=1e-9, atol=1e-12)
        sparse = scipy.sparse.csr_array(X)
        np.testing.assert_allclose(model.hidden_activations(sparse, layer=layer), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(model.hidden_activations(X), model.hidden_activations(X, layer=3))


def test_no_hidden_layer_gives_the_input():
    model = MLPRegressor(hidden_layer_sizes=(), max_iter=2, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(model.hidden_activations(X), X)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_estimators_are_no_transformers(estimator):
    # a library that finds a transformer asks it for features, where labels or numbers are meant
    for name in ("transform", "fit_transform", "get_feature_names_out", "set_output"):
        assert not hasattr(estimator(), name)
    assert estimator().__sklearn_tags__().transformer_tags is None


def test_names(model):
    def names(layer, *given):
        return HiddenLayerTransformer(model, layer).get_feature_names_out(*given).tolist()

    assert names(None) == [f"layer3_neuron{j}" for j in range(1, 6)]
    assert names(2)[-1] == "layer2_neuron6"
    assert names(1) == ["x0", "x1", "x2", "x3"]
    with pytest.raises(ValueError, match="input_features should have length"):
        names(None, ["a"])


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("layer", [None, 1, 4])
def test_set_output(layer, library, model):
    transformer = HiddenLayerTransformer(model, layer).set_output(transform=library.__name__)
    frame = transformer.transform(X)
    assert isinstance(frame, library.DataFrame)
    assert list(frame.columns) == list(transformer.get_feature_names_out())
    np.testing.assert_array_equal(frame.to_numpy(), model.hidden_activations(X, layer))


def test_index_and_names_of_a_pandas_frame_are_kept(model):
    frame = pd.DataFrame(X, index=np.arange(150)[::-1], columns=list("abcd"))
    transformer = HiddenLayerTransformer(model, layer=1).set_output(transform="pandas")
    came = transformer.fit(frame, Y).transform(frame)
    assert list(came.index) == list(frame.index)
    assert list(came.columns) == list(transformer.feature_names_in_) == list("abcd")


def test_names_of_an_encoders_features(model):
    table = pl.DataFrame({"a": ["x", "y"] * 10, "b": np.arange(20.0)})
    model = MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, categorical_features="from_dtype").fit(
        table, np.arange(20)
    )
    transformer = HiddenLayerTransformer(model, layer=1)
    assert transformer.get_feature_names_out().tolist() == model.encoder_.get_feature_names_out().tolist()


def test_before_another_model_in_a_pipeline(engine):
    hidden = MLPClassifier((8,), learning_rate_init=0.02, random_state=0, engine=engine)
    pipeline = make_pipeline(HiddenLayerTransformer(hidden), LogisticRegression()).fit(X, Y)
    assert pipeline.score(X, Y) > 0.9 and pipeline[-1].coef_.shape == (3, 8)
    assert not hasattr(hidden, "coefs_")  # a copy was trained


def test_a_model_that_is_to_stay_as_it_is(model):
    pipeline = make_pipeline(HiddenLayerTransformer(FrozenEstimator(model)), LogisticRegression()).fit(X, Y)
    np.testing.assert_array_equal(pipeline[:-1].transform(X), model.hidden_activations(X))


@pytest.mark.parametrize("layer", [0, 5, -1, 1.0, True, "3"])
def test_layers_that_do_not_exist_are_refused(layer, model):
    for ask in (lambda: model.hidden_activations(X, layer), lambda: HiddenLayerTransformer(model, layer).fit(X, Y)):
        with pytest.raises(InvalidInputError, match="layer must be a whole number from 1, the input, to 4, the output"):
            ask()


def test_refusals():
    transformer = HiddenLayerTransformer(MLPClassifier())
    for ask in (MLPClassifier().hidden_activations, transformer.transform, transformer.get_feature_names_out):
        with pytest.raises(NotFittedError):
            ask(X)
    with pytest.raises(InvalidInputError, match="of backlit is needed, but a LogisticRegression came"):
        HiddenLayerTransformer(LogisticRegression()).fit(X, Y)


def test_scikit_learns_checks():
    check_estimator(HiddenLayerTransformer(MLPRegressor(hidden_layer_sizes=(2,), max_iter=2, random_state=0)))
