"""The learning-rate finder: what it tries, when it stops, and that its suggestion is worth following."""

from __future__ import annotations

import pickle

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import backlit as bl
from backlit.errors import InvalidInputError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
matplotlib.use("Agg")


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16.0, y


def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(X), (y - y.mean()) / y.std()


CASES = {"digits": (digits, bl.MLPClassifier), "cancer": (cancer, bl.MLPClassifier)}
CASES["diabetes"] = (diabetes, bl.MLPRegressor)


@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
@pytest.mark.parametrize("case", CASES)
def test_the_suggestion_trains_nearly_as_well_as_the_best_of_a_grid(case, solver):
    data, estimator = CASES[case]
    X, y = data()
    model = estimator(hidden_layer_sizes=(50,), solver=solver, batch_size=64, random_state=0)
    model.set_params(max_iter=8, n_iter_no_change=8)
    found = bl.find_learning_rate(model, X, y)
    assert found.exploded
    reached = {}
    for rate in (found.suggestion, 1e-4, 1e-3, 1e-2, 1e-1):
        reached[rate] = clone(model).set_params(learning_rate_init=rate).fit(X, y).score(X, y)
    assert reached[found.suggestion] > max(reached.values()) - 0.05, reached


@pytest.mark.parametrize("engine", ["reference", "auto"])
def test_the_ramp(engine):
    X, y = digits()
    model = bl.MLPClassifier((10,), batch_size=300, random_state=0, engine=engine)
    found = bl.find_learning_rate(model, X, y, lowest=1e-5, highest=1e-2, n_steps=31)
    assert found.rates == pytest.approx(np.geomspace(1e-5, 1e-2, 31))
    assert not found.exploded
    # the first step's cost is that of the first batch at the initial weights
    first = bl.MLPClassifier((10,), batch_size=300, random_state=0, engine=engine).initialize(X, y)
    from backlit.core.initialization import Purpose, stream

    rows = stream(0, Purpose.SHUFFLE, 0).permutation(len(X))[:300]
    truth = -np.log(first.predict_proba(X[rows])[np.arange(300), y[rows]]).mean()
    penalty = 1e-4 / 2 / 300 * sum((w**2).sum() for w in first.coefs_)
    assert found.batch_costs[0] == pytest.approx(truth + penalty)
    assert found.costs[0] == pytest.approx(found.batch_costs[0])
    smoothed = (0.05 * 0.95 * found.batch_costs[0] + 0.05 * found.batch_costs[1]) / (1 - 0.95**2)
    assert found.costs[1] == pytest.approx(smoothed)


def test_it_stops_when_the_cost_explodes():
    X, y = diabetes()
    found = bl.find_learning_rate(
        bl.MLPRegressor(hidden_layer_sizes=(20,), batch_size=32, solver="sgd", random_state=0), X, y
    )
    assert found.exploded
    assert len(found.rates) == len(found.costs) == len(found.batch_costs) < 200
    assert np.isfinite(found.batch_costs).all()
    assert found.suggestion == found.rates[np.argmin(found.costs)] / 10


def test_the_estimator_is_left_as_it_is():
    X, y = digits()
    heard = []
    rng = np.random.RandomState(0)
    model = bl.MLPClassifier((10,), random_state=rng, max_iter=3, callbacks=[heard.append], warm_start=True).fit(X, y)
    before, n_heard = pickle.dumps(model), len(heard)
    bl.find_learning_rate(model, X, y, n_steps=20)
    assert pickle.dumps(model) == before
    assert len(heard) == n_heard
    fresh = bl.MLPClassifier()
    bl.find_learning_rate(fresh, X, y, n_steps=20)
    assert not hasattr(fresh, "coefs_")


def test_sample_weight_counts():
    X, y = digits()
    weight = (y < 5).astype(float)
    model = bl.MLPClassifier((10,), random_state=0, batch_size=100)
    weighted = bl.find_learning_rate(model, X, y, weight, n_steps=20).batch_costs
    assert (weighted != bl.find_learning_rate(model, X, y, n_steps=20).batch_costs).any()


@pytest.mark.parametrize(
    "option", [{"l2": 1.0}, {"solver": "sgd"}, {"precision": "bfloat16"}, {"batch_size": 50}], ids=str
)
def test_the_estimators_options_count(option):
    X, y = digits()
    model = bl.MLPClassifier((10,), random_state=0, batch_size=100, engine="reference")
    plain = bl.find_learning_rate(model, X.astype("float32"), y, n_steps=20).batch_costs
    changed = bl.find_learning_rate(model.set_params(**option), X.astype("float32"), y, n_steps=20).batch_costs
    assert (changed != plain).any()


def test_plot():
    X, y = digits()
    found = bl.find_learning_rate(bl.MLPClassifier((10,), random_state=0, batch_size=64), X, y)
    _, given = pyplot.subplots()
    ax = found.plot(ax=given)
    assert ax is given
    assert ax.get_xscale() == "log"
    batch, smoothed, suggestion = ax.lines
    assert (batch.get_ydata() == found.batch_costs).all()
    assert (smoothed.get_xdata() == found.rates).all()
    assert suggestion.get_xdata()[0] == found.suggestion
    low, high = ax.get_ylim()
    assert low < found.costs.min()
    assert found.costs.max() < high
    pyplot.close("all")


@pytest.mark.parametrize(
    ("estimator", "options", "words"),
    [
        (bl.MLPClassifier(solver="lbfgs"), {}, "'lbfgs' has no learning rate"),
        (make_pipeline(StandardScaler(), bl.MLPClassifier()), {}, "Of a pipeline give its last step"),
        (bl.MLPClassifier(), {"lowest": 0.0}, "must go up from above 0"),
        (bl.MLPClassifier(), {"lowest": 1.0, "highest": 0.1}, "must go up"),
        (bl.MLPClassifier(), {"n_steps": 5}, "at least 10"),
        (bl.MLPClassifier(alpha=-1), {}, "alpha"),
    ],
)
def test_what_is_wrong_is_said(estimator, options, words):
    with pytest.raises(ValueError, match=words):
        bl.find_learning_rate(estimator, *digits(), **options)


def test_a_start_that_is_too_high():
    X, y = diabetes()
    model = bl.MLPRegressor(hidden_layer_sizes=(20,), solver="sgd", batch_size=16, random_state=0)
    with pytest.raises(InvalidInputError, match=r"exploded at a rate of .* after \d steps"):
        bl.find_learning_rate(model, 100 * X, y, lowest=10.0, highest=1e4)
