"""What a fit begins with: scikit-learn's weights, a scheme, a network of the user, a list of activations."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from backlit import MLPClassifier, MLPRegressor, Network
from backlit.errors import InvalidInputError, ShapeError, UnknownNameError
from backlit.estimators.initial_network import hidden_sizes
from every import every

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
LABELS = np.stack([Y == 0, Y < 2, X[:, 0] > 5.8], axis=1).astype(int)
STANDS_STILL = {"max_iter": 1, "learning_rate_init": 1e-300, "alpha": 0}


def weights_of(model):
    return [*model.coefs_, *model.intercepts_]


def assert_same_bits(ours, others):
    for a, b in zip(weights_of(ours), weights_of(others), strict=True):
        np.testing.assert_array_equal(a, b)


@every("dtype", [np.float64, np.float32])
@every("random_state", [0, 7, "instance", "global"])
@every(("sizes", "activation"), [((5, 4), "relu"), ((5,), "logistic"), ((), "logistic"), ((), "tanh")])
@every(("ours", "theirs"), [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
def test_initial_weights_are_scikit_learns(ours, theirs, sizes, activation, random_state, dtype):
    def begun(cls):
        np.random.seed(3)  # noqa: NPY002 - what random_state=None reads
        chosen = {"instance": np.random.RandomState(5), "global": None}.get(random_state, random_state)
        model = cls(hidden_layer_sizes=sizes, activation=activation, random_state=chosen, **STANDS_STILL)
        return model.fit(X.astype(dtype), Y)

    assert_same_bits(begun(ours), begun(theirs))


def test_schemes_are_those_of_networks():
    for scheme in ("he_normal", "standard_normal", None):
        model = MLPRegressor(hidden_layer_sizes=(5, 4), activation="tanh", initialization=scheme, random_state=3)
        model.initialize(X, Y)
        expected = Network.initialize(
            [4, 5, 4, 1], ["tanh", "tanh", "identity"], initialization=scheme, seed=3, dtype="float64"
        )
        for w, coef in zip(expected.weights, model.coefs_, strict=True):
            np.testing.assert_array_equal(w.T, coef)


def test_network_of_the_user_is_begun_from(engine):
    given = Network.initialize([4, 5, 3], ["tanh", "softmax"], seed=9)
    kept = [w.copy() for w in given.weights]
    model = MLPClassifier((5,), "tanh", initialization=given, engine=engine, random_state=0).set_params(**STANDS_STILL)
    np.testing.assert_allclose(model.fit(X, Y).predict_proba(X), given.feedforward(X), rtol=1e-12)
    clone(model).set_params(learning_rate_init=0.1, max_iter=3).fit(X, Y)
    model.initialize(X, Y).coefs_[0][:] = 0
    for w, before in zip(given.weights, kept, strict=True):
        np.testing.assert_array_equal(w, before)
    assert model.initialize(X.astype(np.float32), Y).coefs_[0].dtype == np.float32


def test_network_that_does_not_fit_is_refused():
    model = MLPClassifier((5,), "tanh", initialization=Network.initialize([4, 6, 3], ["tanh", "softmax"]))
    with pytest.raises(ShapeError, match=r"layers \[4, 6, 3\], but .* ask for \[4, 5, 3\]"):
        model.fit(X, Y)
    with pytest.raises(InvalidInputError, match=r"\['tanh', 'softmax'\], but .* ask for \['relu', 'softmax'\]"):
        model.set_params(hidden_layer_sizes=(6,), activation="relu").fit(X, Y)
    with pytest.raises(ValueError, match="'initialization' parameter"):
        model.set_params(initialization="he").fit(X, Y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_each_layer_can_have_its_activation(solver, engine):
    model = MLPClassifier((6, 5), ["relu", "logistic"], solver=solver, max_iter=3, random_state=0, engine=engine)
    model.fit(X, Y)
    assert model.network_.activations == ("relu", "sigmoid", "softmax")
    expected = model.network_.feedforward(X)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    uniform = clone(model).set_params(activation=["tanh", "tanh"]).fit(X, Y)
    assert_same_bits(uniform, clone(model).set_params(activation="tanh").fit(X, Y))


def test_each_layer_is_drawn_as_its_activation_wants():
    model = MLPRegressor(hidden_layer_sizes=(300, 300), activation=["logistic", "relu"], random_state=0)
    model.initialize(X, Y)
    for coef, factor in zip(model.coefs_, (2, 6, 6), strict=True):
        bound = np.sqrt(factor / sum(coef.shape))
        assert 0.97 * bound < np.abs(coef).max() <= bound


def test_activations_that_do_not_fit_are_refused():
    with pytest.raises(InvalidInputError, match=r"lists 1 functions, \['relu'\], but hidden_layer_sizes has 2 layers"):
        MLPRegressor(hidden_layer_sizes=(5, 4), activation=["relu"]).fit(X, Y)
    with pytest.raises(UnknownNameError, match=r"no activation named 'rulu'. Did you mean 'relu'"):
        MLPRegressor(hidden_layer_sizes=(5,), activation=["rulu"]).fit(X, Y)


@pytest.mark.parametrize(("cls", "y"), [(MLPClassifier, Y), (MLPClassifier, LABELS), (MLPRegressor, Y)])
def test_initialized_estimators_predict_and_go_on_to_the_same_bits(cls, y, engine):
    model = cls(hidden_layer_sizes=(5,), random_state=0, engine=engine, max_iter=3, early_stopping=False)
    begun = clone(model).initialize(X, y)
    assert begun.n_iter_ == 0 and begun.loss_curve_ == [] and begun.n_features_in_ == 4
    assert begun.predict(X).shape == y.shape
    assert_same_bits(begun, clone(model).set_params(**STANDS_STILL).fit(X, y))
    for _ in range(3):
        begun.partial_fit(X, y)
    assert_same_bits(begun, clone(model).fit(X, y))
    assert_same_bits(clone(model).initialize(X, y).set_params(warm_start=True).fit(X, y), clone(model).fit(X, y))


def test_initialize_begins_anew():
    model = MLPClassifier((5,), random_state=0, warm_start=True, max_iter=2).fit(X, Y)
    model.initialize(X[:, :2], Y == 1)
    assert model.coefs_[0].shape == (2, 5) and list(model.classes_) == [False, True] and model.history_ == []
    model.initialize(X[:60], Y[:60], classes=[0, 1, 2])
    assert list(model.partial_fit(X, Y).classes_) == [0, 1, 2]


def test_multilabel_partial_fit_is_fit(engine):
    model = MLPClassifier((5,), random_state=0, engine=engine, max_iter=4, batch_size=40)
    pieces = clone(model)
    for _ in range(4):
        pieces.partial_fit(X, LABELS)
    assert_same_bits(pieces, clone(model).fit(X, LABELS))
    # a batch may lack a label, or hold no other
    pieces.partial_fit(X[:10], np.zeros((10, 3), dtype=int)).partial_fit(X[:10], LABELS[:10])
    assert pieces.predict(X).shape == (150, 3)
    with pytest.raises(InvalidInputError, match="fitted on multilabel targets"):
        pieces.partial_fit(X, Y)
    with pytest.raises(InvalidInputError, match="3 columns, one a label"):
        pieces.partial_fit(X, LABELS[:, :2])


def test_hidden_sizes():
    assert hidden_sizes(5) == [5]
    assert hidden_sizes((5, 6)) == hidden_sizes(np.array([5, 6])) == [5, 6]
    assert hidden_sizes(()) == []
