"""Where scikit-learn's behavior is a defect, ours is right: the tests of docs/differences-from-scikit-learn.md."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import minimize as scipy_minimize
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier

from backlit import MLPClassifier, MLPRegressor
from backlit.core.backpropagation import cost
from backlit.core.penalty import Penalty
from backlit.errors import DivergenceError, InvalidInputError
from backlit.training.events import EpochEnded
from every import every, in_turn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
RNG = np.random.default_rng(0)
NUMBERS = X @ RNG.standard_normal((4, 3)) + 0.1 * RNG.standard_normal((150, 3))


def weights_of(estimator):
    return [*estimator.coefs_, *estimator.intercepts_]


def assert_same_bits(ours, others):
    for a, b in zip(weights_of(ours), weights_of(others), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_difference_names_its_test():
    page = (Path(__file__).parents[2] / "docs" / "differences-from-scikit-learn.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) >= 20
    tests = "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert not {name for name in named if f"def {name}(" not in tests}
    defects = page[page.index("## Defects") : page.index("## Other differences")]
    rows = [
        line
        for line in defects.splitlines()
        if line.startswith("|") and not line.startswith(("| scikit-learn", "|---"))
    ]
    assert len(rows) >= 20 and all(re.search(r"`test_\w+` \|$", row) for row in rows)


# Losses


def test_loss_sums_over_outputs(engine):
    regressor = MLPRegressor(hidden_layer_sizes=5, max_iter=1, batch_size=150, random_state=0, engine=engine)
    regressor.set_params(learning_rate_init=1e-12, alpha=0.3).fit(X, NUMBERS)
    expected = cost(regressor.network_, X, NUMBERS, loss="quadratic", penalty=Penalty(alpha=0.3))
    assert regressor.loss_ == pytest.approx(float(expected), rel=1e-6)
    residuals = regressor.predict(X) - NUMBERS
    assert float(expected) > 0.49 * (residuals**2).sum(axis=1).mean()


def test_lbfgs_gets_a_value_that_matches_its_gradient(engine, monkeypatch):
    errors = []

    def minimize(fun, theta, **options):
        for i in range(0, theta.size, 7):
            step = np.zeros(theta.size)
            step[i] = 1e-5
            difference = (fun(theta + step)[0] - fun(theta - step)[0]) / 2e-5
            errors.append(abs(difference - fun(theta)[1][i]) / abs(fun(theta)[1]).max())
        return scipy_minimize(fun, theta, **options)

    monkeypatch.setattr(scipy.optimize, "minimize", minimize)
    regressor = MLPRegressor(hidden_layer_sizes=5, activation="tanh", solver="lbfgs", random_state=0, engine=engine)
    regressor.fit(X, NUMBERS)
    assert len(errors) > 5 and max(errors) < 1e-8
    # scikit-learn divides its value, but not its gradient, by the number of outputs
    assert regressor.loss_ == pytest.approx(0.5 * ((regressor.predict(X) - NUMBERS) ** 2).sum(axis=1).mean(), rel=0.05)


def test_loss_weighs_batches_by_their_weight(engine):
    sample_weight = np.repeat([1.0, 9.0], 75)
    parameters = {"hidden_layer_sizes": 5, "max_iter": 1, "shuffle": False, "learning_rate_init": 1e-12, "alpha": 0}
    ours = MLPRegressor(**parameters, batch_size=75, random_state=0, engine=engine)
    ours.fit(X, NUMBERS[:, 0], sample_weight)
    squares = (ours.predict(X) - NUMBERS[:, 0]) ** 2
    assert ours.loss_ == pytest.approx(0.5 * np.average(squares, weights=sample_weight), rel=1e-6)


def test_loss_is_not_clipped(engine):
    classifier = MLPClassifier(
        hidden_layer_sizes=(), warm_start=True, max_iter=1, alpha=0, shuffle=False, engine=engine
    )
    classifier.coefs_, classifier.intercepts_ = [np.array([[1000.0]])], [np.zeros(1)]
    classifier.set_params(learning_rate_init=1e-12)
    classifier.fit([[1.0], [-1.0]], [0, 1])
    assert classifier.loss_ == pytest.approx(1000.0)


# Sample weights


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_batch_without_weight_is_skipped(solver, engine):
    sample_weight = np.repeat([1.0, 0.0, 1.0], 50)
    parameters = {"batch_size": 50, "shuffle": False, "max_iter": 4, "random_state": 0, "engine": engine}
    weighted = MLPClassifier(solver=solver, **parameters).fit(X, Y == 2, sample_weight)
    without = MLPClassifier(solver=solver, **parameters).fit(X[sample_weight > 0], (Y == 2)[sample_weight > 0])
    assert_same_bits(weighted, without)
    assert weighted.loss_curve_ == without.loss_curve_


@pytest.mark.parametrize("estimator", [MLPClassifier(), MLPRegressor()])
def test_negative_weights_are_refused(estimator, engine):
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        estimator.set_params(engine=engine).fit(X, Y, np.r_[-1.0, np.ones(149)])


# Precision


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_float32_stays_float32(estimator, solver, engine):
    model = estimator(solver=solver, max_iter=3, random_state=0, engine=engine)
    model.fit(X.astype(np.float32), Y.astype(np.float64) if estimator is MLPRegressor else Y)
    assert {array.dtype for array in weights_of(model)} == {np.dtype(np.float32)}
    for rows in (X.astype(np.float32), X):
        outputs = model.predict(rows) if estimator is MLPRegressor else model.predict_proba(rows)
        assert outputs.dtype == np.float32
    if solver != "lbfgs":
        model.partial_fit(X, Y)
        assert {array.dtype for array in weights_of(model)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_probabilities_are_finite(n_classes, engine):
    classifier = MLPClassifier(max_iter=5, random_state=0, engine=engine).fit(X[n_classes > Y], Y[n_classes > Y])
    far = 1e4 * X
    log_probabilities = classifier.predict_log_proba(far)
    assert (classifier.predict_proba(far) == 0).any() and np.isfinite(log_probabilities).all()
    np.testing.assert_allclose(classifier.predict_log_proba(X), np.log(classifier.predict_proba(X)), rtol=1e-12)


def test_both_probabilities_of_two_classes_keep_their_digits(engine):
    classifier = MLPClassifier(hidden_layer_sizes=(), max_iter=1, random_state=0, engine=engine)
    classifier.fit([[0.0], [1.0]], [0, 1])
    classifier.coefs_, classifier.intercepts_ = [np.array([[1.0]])], [np.zeros(1)]
    assert classifier.predict_proba([[50.0]])[0, 0] == pytest.approx(np.exp(-50), rel=1e-12, abs=0)


# Divergence


@pytest.mark.parametrize("early_stopping", [False, True])
def test_divergence_is_an_error(early_stopping, engine):
    parameters = {"solver": "sgd", "learning_rate_init": 1e6, "early_stopping": early_stopping, "random_state": 0}
    with pytest.raises(DivergenceError, match=r"in layer \d became NaN or infinite in epoch \d"):
        MLPRegressor(**parameters, engine=engine).fit(X, NUMBERS)


def test_fit_that_fails_leaves_the_model_as_it_was(engine):
    regressor = MLPRegressor(solver="sgd", max_iter=3, random_state=0, warm_start=True, engine=engine).fit(X, NUMBERS)
    before, n_iter = clone(regressor).fit(X, NUMBERS), regressor.n_iter_
    regressor.set_params(learning_rate_init=1e60, activation="identity")
    with pytest.raises(DivergenceError):
        regressor.fit(X, NUMBERS)
    assert_same_bits(regressor, before)
    assert (regressor.n_iter_, regressor.loss_curve_) == (n_iter, before.loss_curve_)
    regressor.set_params(learning_rate_init=0.001, activation="relu")
    assert_same_bits(regressor.fit(X, NUMBERS), before.fit(X, NUMBERS))


def test_unscored_epochs_count_as_no_improvement(engine):
    # outputs that overflow to infinity on the validation rows alone: the score is NaN, in every epoch
    far = X.copy()
    regressor = MLPRegressor("poisson", (), max_iter=50, early_stopping=True, random_state=0, engine=engine)
    regressor.set_params(n_iter_no_change=3, validation_fraction=0.2, learning_rate_init=1e-9)
    counts = np.ones(150)
    probe = clone(regressor).set_params(max_iter=1).fit(far, counts)
    held_out = probe._continuation.seed
    from backlit.training.examples import split_rows

    rows = split_rows(150, 0.2, held_out)[1]
    far[rows] = 1e6 * np.sign(probe.coefs_[0][:, 0])
    regressor.fit(far, counts)
    assert np.isnan(regressor.validation_scores_).all()
    assert regressor.n_iter_ == 4


# Going on


@every(
    ("solver", "learning_rate"),
    in_turn(["adam", "sgd", "rmsprop", "adamw"], ["constant", "invscaling", "adaptive", "cosine", "step", "one_cycle"]),
)
def test_partial_fit_k_times_is_fit_with_k_epochs(solver, learning_rate, engine):
    k = 7
    parameters = {"hidden_layer_sizes": (8,), "solver": solver, "learning_rate": learning_rate, "batch_size": 40}
    parameters |= {"random_state": 3, "max_iter": k, "engine": engine, "learning_rate_init": 0.01}
    whole = MLPClassifier(**parameters).fit(X, Y)
    pieces = MLPClassifier(**parameters)
    for _ in range(k):
        pieces.partial_fit(X, Y, classes=[0, 1, 2])
    assert whole.n_iter_ == pieces.n_iter_ == k
    assert_same_bits(whole, pieces)
    assert whole.loss_curve_ == pieces.loss_curve_
    assert (whole.t_, whole.best_loss_, whole.history_) == (pieces.t_, pieces.best_loss_, pieces.history_)
    for ours, other in zip(_moments(whole), _moments(pieces), strict=True):
        np.testing.assert_array_equal(ours, other)


def test_adaptive_rate_goes_on_across_partial_fit(engine):
    k = 12
    parameters = {"solver": "sgd", "learning_rate": "adaptive", "tol": 10, "n_iter_no_change": 1, "max_iter": k}
    whole = MLPRegressor(**parameters, random_state=0, engine=engine).fit(X, NUMBERS)
    pieces = MLPRegressor(**parameters, random_state=0, engine=engine)
    for _ in range(k):
        pieces.partial_fit(X, NUMBERS)
    rates = [record.learning_rate for record in whole.history_]
    assert len(set(rates)) > 3
    assert rates == [record.learning_rate for record in pieces.history_]
    assert_same_bits(whole, pieces)


def _moments(estimator):
    state = estimator._continuation.optimizer_state
    return [array for slots in (*state.weights, *state.biases) for array in slots]


@pytest.mark.parametrize("random_state", [0, np.random.RandomState(0)])
def test_each_partial_fit_has_its_own_shuffle(random_state, engine):
    # the last batch of each epoch is the one row that training sees alone
    X = np.arange(20.0).reshape(-1, 1) / 20
    regressor = MLPRegressor(hidden_layer_sizes=(), solver="sgd", momentum=0, alpha=0, batch_size=19, engine=engine)
    regressor.set_params(learning_rate_init=1e-9, random_state=random_state)
    last_rows = set()
    for _ in range(8):
        regressor.partial_fit(X, 1000.0 * X[:, 0])
        costs = 0.5 * (regressor.predict(X) - 1000.0 * X[:, 0]) ** 2
        # 20 · mean = 19 · mean of the others + the last row's, each batch counted by its rows
        last_rows.add(regressor.loss_curve_[-1])
        assert regressor.loss_curve_[-1] == pytest.approx(costs.mean(), rel=1e-3)
    assert len(last_rows) == 8


def test_warm_start_keeps_moments_and_shuffles(engine):
    parameters = {"random_state": 0, "n_iter_no_change": np.inf, "engine": engine, "batch_size": 40}
    whole = MLPClassifier(max_iter=6, **parameters).fit(X, Y)
    halves = MLPClassifier(max_iter=3, warm_start=True, **parameters).fit(X, Y).fit(X, Y)
    assert_same_bits(whole, halves)
    assert (whole.n_iter_, halves.n_iter_) == (6, 3)
    assert whole.loss_curve_ == halves.loss_curve_
    assert whole.t_ == halves.t_ == 6 * 150


def test_warm_start_begins_patience_anew(engine):
    classifier = MLPClassifier(tol=10, n_iter_no_change=4, warm_start=True, random_state=0, engine=engine)
    assert [classifier.fit(X, Y).n_iter_ for _ in range(3)] == [6, 6, 6]


def test_early_stopping_keeps_the_best_weights_over_warm_starts(engine):
    seen = []

    def remember(event):
        if isinstance(event, EpochEnded):
            seen.append(event)

    classifier = MLPClassifier(
        early_stopping=True, n_iter_no_change=2, tol=0.5, warm_start=True, validation_fraction=0.3, random_state=1
    ).set_params(engine=engine, callbacks=[remember], learning_rate_init=0.02)
    for _ in range(3):
        seen.clear()
        classifier.fit(X, Y)
        scores = [event.record.validation_metric for event in seen]
        assert classifier.best_validation_score_ == max(scores)
        replayed = scores.index(max(scores))
        assert [event.is_best for event in seen][replayed]


def test_partial_fit_batch_may_lack_classes_with_warm_start(engine):
    classifier = MLPClassifier(warm_start=True, random_state=0, engine=engine)
    classifier.partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X[:50], Y[:50])
    assert classifier.n_iter_ == 2


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_no_partial_fit_with_lbfgs(estimator):
    assert not hasattr(estimator(solver="lbfgs"), "partial_fit")
    assert hasattr(estimator(), "partial_fit")
    with pytest.raises(AttributeError):
        estimator(solver="lbfgs").partial_fit(X, Y)


def test_parameters_set_after_fit_leave_predictions_alone(engine):
    classifier = MLPClassifier(max_iter=3, random_state=0, engine=engine).fit(X, Y)
    before = classifier.predict_proba(X)
    np.testing.assert_array_equal(classifier.set_params(activation="tanh").predict_proba(X), before)


# Targets


def test_validation_rows_are_stratified_for_several_classes(engine):
    # 6 rows of the rarest class: without stratification two validation rows of it would come or go
    rows = np.r_[:70, 50:100, 100:106]
    for seed in range(12):
        shares = _validation_classes(X[rows], Y[rows], seed, engine)
        np.testing.assert_array_equal(np.bincount(shares, minlength=3), [10, 15, 1])


def _validation_classes(X, y, seed, engine):
    from backlit.training.examples import split_rows

    classifier = MLPClassifier(early_stopping=True, max_iter=1, random_state=seed, validation_fraction=0.2)
    classifier.set_params(engine=engine).fit(X, y)
    _, held_out = split_rows(len(y), 0.2, seed, y)
    score = classifier.validation_scores_[0]
    expected = (classifier.predict(X[held_out]) == y[held_out]).mean()
    assert score == expected, "the estimator did not validate on the stratified rows"
    return y[held_out]


@pytest.mark.parametrize("loss", ["log_loss", "quadratic"])
def test_one_class_has_one_probability(loss, engine):
    classifier = MLPClassifier(loss=loss, max_iter=3, random_state=0, engine=engine).fit(X, np.full(150, "only"))
    assert classifier.predict_proba(X).shape == classifier.predict_log_proba(X).shape == (150, 1)
    np.testing.assert_array_equal(classifier.predict_proba(X), 1)
    np.testing.assert_array_equal(classifier.predict(X), "only")
    assert classifier.score(X, np.full(150, "only")) == 1


def test_targets_outside_the_losses_domain_are_refused(engine):
    with pytest.raises(
        InvalidInputError, match=r"'poisson' is defined for targets in \[0, ∞\), but y lies in \[−1, 2\]"
    ):
        MLPRegressor("poisson", engine=engine).fit(X, np.where(Y == 0, -1, 2))


# What stays as in scikit-learn


@pytest.mark.parametrize("cls", [MLPClassifier, TheirClassifier])
def test_reaching_max_iter_warns(cls):
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        cls(max_iter=2).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cls(max_iter=2).partial_fit(X, Y, classes=[0, 1, 2])
