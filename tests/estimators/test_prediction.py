"""Predictions that skip validation and keep their session give what the long way gives, errors included."""

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import clone

from backlit import MLPClassifier, MLPRegressor
from backlit.estimators import inputs, prediction

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5))
Y = rng.normal(size=(60, 2))


@pytest.fixture
def model(engine):
    return MLPRegressor(hidden_layer_sizes=(7, 6), activation="tanh", max_iter=3, random_state=0, engine=engine).fit(
        X, Y
    )


@pytest.fixture
def no_validation(monkeypatch):
    """scikit-learn's validation is not to be called."""

    def refuse(*args, **kwargs):
        raise AssertionError("validate_data was called")

    monkeypatch.setattr(inputs, "validate_data", refuse)


def test_a_plain_array_goes_the_short_way(model, no_validation):
    expected = model.network_.feedforward(X[:1])
    np.testing.assert_allclose(model.predict(X[:1]), expected, rtol=1e-12)
    many = np.tile(X, (300, 1))
    assert len(model.predict(many)) == len(many)
    for other in (X[:1].tolist(), X[:1].astype(np.int64), X[:1].view(np.matrix), np.asfortranarray(many)):
        with pytest.raises(AssertionError, match="was called"):
            model.predict(other)


def test_both_ways_give_the_same_bits(model):
    np.testing.assert_array_equal(model.predict(X), model.predict(X.tolist()))
    labels = MLPClassifier((4,), max_iter=3, random_state=0, engine=model.engine).fit(X, Y[:, 0] > 0)
    np.testing.assert_array_equal(labels.predict_proba(X), labels.predict_proba(X.tolist()))
    np.testing.assert_array_equal(labels.predict(X), labels.predict(X.tolist()))


@pytest.mark.parametrize(
    "bad",
    [
        np.full((1, 5), np.nan),
        np.array([[0, 1, np.inf, 0, 0.0]]),
        np.array([[0, -np.inf, np.inf, 0, 0.0]]),
        np.zeros((1, 4)),
        np.zeros(5),
        np.zeros((0, 5)),
        np.zeros((1, 5, 1)),
    ],
)
def test_what_is_refused_is_refused_in_the_same_words(model, bad, monkeypatch):
    with pytest.raises(ValueError, match=r"\w") as short:
        model.predict(bad)
    monkeypatch.setattr(inputs, "_FEW_VALUES", 0)
    with pytest.raises(ValueError, match=r"\w") as long:
        model.predict(bad)
    assert str(short.value) == str(long.value)


@pytest.mark.needs("pandas")
def test_names_of_features_are_still_missed(model):
    import pandas as pd

    model.fit(pd.DataFrame(X, columns=list("abcde")), Y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X[:1])


def test_the_session_of_the_call_before_is_used_again(model, monkeypatch):
    model.predict(X[:1])
    monkeypatch.setattr(prediction, "get_engine", lambda name: pytest.fail("a session was opened"))
    model.predict(X[:1])
    model.predict(X[:3])


def test_changed_weights_change_the_prediction(model):
    def check():
        np.testing.assert_allclose(model.predict(X[:1]), model.network_.feedforward(X[:1]), rtol=1e-12)

    before = model.predict(X[:1])
    model.coefs_[1][2, 3] += 0.5  # in place
    check()
    assert (model.predict(X[:1]) != before).any()
    model.intercepts_[-1] -= 1
    check()
    model.coefs_[0] = 2 * model.coefs_[0]
    check()
    model.coefs_ = [coef.copy() for coef in model.coefs_]  # C-contiguous now
    check()
    model.coefs_ = [model.coefs_[0][:, :3], model.coefs_[1][:3], model.coefs_[2]]  # other sizes
    model.intercepts_ = [model.intercepts_[0][:3], *model.intercepts_[1:]]
    check()
    model.set_params(hidden_layer_sizes=(3, 6)).partial_fit(X, Y)
    check()


@pytest.mark.parametrize("change", ["read", "network", "shallow copy", "assigned list"])
def test_weights_that_somebody_knows_are_watched(model, change):
    """Nothing has read `coefs_` before the first prediction, whose session is kept without copies of them."""
    before = model.predict(X[:1])
    if change == "read":
        model.intercepts_[-1][:] += 1
    elif change == "network":
        model.network_.biases[-1][:] += 1
    elif change == "shallow copy":
        copy.copy(model).intercepts_[-1][:] += 1
    else:
        mine = [np.array(b) for b in model.intercepts_]
        model.intercepts_ = mine
        model.predict(X[:1])
        mine[-1][:] += 1
    np.testing.assert_allclose(model.predict(X[:1]), before + 1, rtol=1e-9)


def test_weights_are_missing_before_a_fit():
    with pytest.raises(AttributeError, match="coefs_ is there once the estimator is fitted"):
        MLPRegressor().coefs_  # noqa: B018
    assert not hasattr(MLPRegressor, "coefs_")


def test_changed_parameters_are_heeded(model):
    before = model.predict(X[:1])
    model.set_params(engine="reference")
    np.testing.assert_allclose(model.predict(X[:1]), before, rtol=1e-12)
    model.coefs_[0][:] = np.nan
    with pytest.raises(ValueError, match="coefs_"):
        model.predict(X[:1])


def test_threads_that_predict_at_once_do_not_meet(model):
    expected = [model.predict(X[i : i + 1]) for i in range(60)]
    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(lambda i: model.predict(X[i % 60 : i % 60 + 1]), range(600)))
    for i, outputs in enumerate(came):
        np.testing.assert_array_equal(outputs, expected[i % 60])


def test_sessions_are_not_pickled(model):
    size = len(pickle.dumps(model))
    expected = model.predict(X)
    assert len(pickle.dumps(model)) == size
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), expected)
    assert not hasattr(clone(model), "_kept_sessions")


@pytest.mark.thorough
def test_what_a_program_that_predicts_need_not_import():
    program = (
        "import sys, numpy, sklearn.base; before = set(sys.modules)\n"
        "from backlit import MLPClassifier\n"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}), *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    slow = {"polars", "typer", "torch", "jax", "matplotlib", "sklearn.metrics", "backlit.explanation"}
    assert not loaded & slow
