"""From the same weights, without shuffling, the same weights as scikit-learn's after five epochs.

What differs on purpose is not here but in test_differences.py: L-BFGS on several squared errors.
"""

import inspect
import warnings
from itertools import pairwise

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from backlit import EarlyStopping, MLPClassifier, MLPRegressor
from every import every, in_turn

N_FEATURES, HIDDEN = 6, (7, 5)
# the last batch is full with one of each two, and short with the other
N_ROWS = {"identity": 40, "logistic": 43, "tanh": 40, "relu": 43}

SOLVERS = {
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
    "adam, other betas": {"solver": "adam", "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.02, "momentum": 0},
    "momentum": {"solver": "sgd", "learning_rate_init": 0.01, "momentum": 0.8, "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.01},
    "invscaling": {"solver": "sgd", "learning_rate_init": 0.02, "learning_rate": "invscaling", "power_t": 0.3},
    # every epoch is a plateau after the first two, so that the rate does change
    "adaptive": {
        "solver": "sgd", "learning_rate_init": 0.01, "learning_rate": "adaptive", "tol": 10, "n_iter_no_change": 1,
    },
    "adam ignores schedules": {"solver": "adam", "learning_rate": "invscaling"},
    "lbfgs": {"solver": "lbfgs"},
}  # fmt: skip

TASKS = ["binary", "multiclass", "multilabel", "one number", "several numbers", "one count", "several counts"]


# several squared errors by L-BFGS differ on purpose
CASES = [(task, solver) for task in TASKS for solver in SOLVERS if (task, solver) != ("several numbers", "lbfgs")]


def make_problem(task, n_rows, rng):
    X = rng.standard_normal((n_rows, N_FEATURES))
    score = X @ rng.standard_normal((N_FEATURES, 3)) + 0.3 * rng.standard_normal((n_rows, 3))
    y = {
        "binary": np.array(["no", "yes"])[(score[:, 0] > 0).astype(int)],
        "multiclass": score.argmax(axis=1),
        "multilabel": (score > 0).astype(int),
        "one number": score[:, 0],
        "several numbers": score,
        "one count": rng.poisson(np.exp(score[:, 0] / 3)),
        "several counts": rng.poisson(np.exp(score / 3)),
    }[task]
    n_outputs = {"binary": 1, "one number": 1, "one count": 1}.get(task, 3)
    return X, y, n_outputs


def initial_weights(n_outputs, rng):
    sizes = [N_FEATURES, *HIDDEN, n_outputs]
    return [(rng.uniform(-0.6, 0.6, (n_in, n_out)), rng.uniform(-0.3, 0.3, n_out)) for n_in, n_out in pairwise(sizes)]


def fit_both(task, engine, parameters, n_rows=40, sample_weight=None, seed=0, fit="fit"):
    """Train scikit-learn's estimator and ours from the same weights."""
    rng = np.random.default_rng(seed)
    X, y, n_outputs = make_problem(task, n_rows, rng)
    weights = initial_weights(n_outputs, rng)
    parameters = {"hidden_layer_sizes": HIDDEN, "max_iter": 5, "batch_size": 10, "shuffle": False} | parameters
    if "count" in task:
        parameters |= {"loss": "poisson"}
    is_regression = "number" in task or "count" in task
    theirs = (TheirRegressor if is_regression else TheirClassifier)(**parameters, random_state=0)
    draws = iter(weights)
    theirs._init_coef = lambda *_: tuple(array.copy() for array in next(draws))
    ours = (MLPRegressor if is_regression else MLPClassifier)(**parameters, engine=engine, warm_start=fit == "fit")
    ours.coefs_ = [w.copy() for w, _ in weights]
    ours.intercepts_ = [b.copy() for _, b in weights]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for estimator in (theirs, ours):
            if fit == "fit":
                estimator.fit(X, y, sample_weight=sample_weight)
                continue
            classes = {} if is_regression else {"classes": np.arange(3) if task == "multilabel" else np.unique(y)}
            for _ in range(5):
                estimator.partial_fit(X, y, **classes)
    return theirs, ours, weights, (X, y)


def assert_same_weights(theirs, ours, weights, tolerance=1e-9):
    moved = max(np.abs(t - w).max() for t, (w, _) in zip(theirs.coefs_, weights, strict=True))
    assert moved > 1e-3, "training did not move the weights, so that nothing was compared"
    for name in ("coefs_", "intercepts_"):
        for ours_, theirs_ in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert ours_.shape == theirs_.shape and ours_.dtype == np.float64
            np.testing.assert_allclose(ours_, theirs_, rtol=0, atol=tolerance)


@every(("case", "activation"), in_turn(CASES, N_ROWS))
def test_same_weights_after_five_epochs(case, activation, engine):
    task, solver = case
    theirs, ours, weights, _ = fit_both(task, engine, SOLVERS[solver] | {"activation": activation}, N_ROWS[activation])
    assert_same_weights(theirs, ours, weights)
    assert ours.n_iter_ == theirs.n_iter_ == 5
    assert ours.t_ == theirs.t_
    assert ours.out_activation_ == theirs.out_activation_
    assert (ours.n_layers_, ours.n_outputs_) == (theirs.n_layers_, theirs.n_outputs_)


@every("task", [task for task in TASKS if task != "several numbers"])
@every("solver", ["adam", "nesterov", "lbfgs"])
def test_same_losses(task, solver, engine):
    theirs, ours, _, _ = fit_both(task, engine, SOLVERS[solver] | {"alpha": 0.1}, 43)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-9)
    if solver != "lbfgs":
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
        assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-9)
        assert ours.validation_scores_ is theirs.validation_scores_ is None


@every("solver", ["adam", "nesterov", "lbfgs"])
@every("task", TASKS[:4])
def test_same_weights_with_sample_weights_and_alpha(task, solver, engine):
    sample_weight = np.random.default_rng(1).uniform(0, 3, 43)
    sample_weight[::5] = 0
    theirs, ours, weights, _ = fit_both(task, engine, SOLVERS[solver] | {"alpha": 0.5}, 43, sample_weight)
    assert_same_weights(theirs, ours, weights)


@every(("solver", "task"), in_turn(["adam", "nesterov", "invscaling", "adaptive"], TASKS))
def test_same_weights_with_partial_fit(task, solver, engine):
    theirs, ours, weights, _ = fit_both(task, engine, SOLVERS[solver], 43, fit="partial_fit")
    assert_same_weights(theirs, ours, weights)
    assert ours.t_ == theirs.t_


@pytest.mark.parametrize("task", TASKS)
def test_same_predictions(task, engine):
    theirs, ours, _, (X, y) = fit_both(task, engine, SOLVERS["adam"])
    np.testing.assert_allclose(_numbers(ours.predict(X)), _numbers(theirs.predict(X)), atol=1e-9)
    assert ours.predict(X).shape == theirs.predict(X).shape
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-9)
    if hasattr(theirs, "predict_proba"):
        assert ours.predict(X).dtype == theirs.predict(X).dtype
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
        np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), atol=1e-8)


def _numbers(values):
    return (values == "yes").astype(int) if values.dtype.kind == "U" else values


@pytest.mark.parametrize("parameters", [{"tol": 0.01}, {"tol": 0.01, "learning_rate": "adaptive", "solver": "sgd"}])
def test_same_epoch_of_stopping(parameters, engine):
    parameters = {"max_iter": 500, "n_iter_no_change": 3, "learning_rate_init": 0.01} | parameters
    theirs, ours, weights, _ = fit_both("multiclass", engine, parameters)
    assert ours.n_iter_ == theirs.n_iter_ < 500
    assert_same_weights(theirs, ours, weights, tolerance=1e-7)


@pytest.mark.parametrize(("ours", "theirs"), [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
def test_signatures_begin_as_scikit_learns(ours, theirs):
    our_parameters = list(inspect.signature(ours).parameters.values())
    their_parameters = list(inspect.signature(theirs).parameters.values())
    for our_parameter, their_parameter in zip(our_parameters, their_parameters, strict=False):
        assert our_parameter.name == their_parameter.name
        assert our_parameter.kind == their_parameter.kind
        assert our_parameter.default == their_parameter.default
    new = our_parameters[len(their_parameters) :]
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in new)
    assert {"output_activation", "l2", "l1", "engine", "n_threads", "dtype", "callbacks"} <= {p.name for p in new}
    for method in ("fit", "partial_fit", "predict", "score"):
        names = [list(inspect.signature(getattr(cls, method)).parameters) for cls in (ours, theirs)]
        # the names of HistGradientBoosting's fit
        assert names[0] == names[1] + ["X_val", "y_val", "sample_weight_val"] * (method == "fit"), method


@pytest.mark.parametrize(("ours", "theirs"), [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
def test_parameters_are_constrained_as_scikit_learns_are(ours, theirs):
    # what scikit-learn refuses is refused, unless we know more names
    for name in theirs._parameter_constraints:
        if name in ("loss", "activation", "solver", "learning_rate", "hidden_layer_sizes"):
            continue
        expected = list(map(str, theirs._parameter_constraints[name]))
        came = list(map(str, ours._parameter_constraints[name]))
        if name == "early_stopping":
            assert came.pop() == str(EarlyStopping)
        assert came == expected
