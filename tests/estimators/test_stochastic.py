import numpy as np
import pytest

from backlit import MLPClassifier, MLPRegressor
from backlit.errors import InvalidInputError
from backlit.training.events import EpochEnded

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
Y = X @ RNG.standard_normal(3)


def moments(model):
    state = model._continuation.optimizer_state
    return [array for slots in (*state.weights, *state.biases) for array in slots]


def test_another_solver_begins_with_empty_moments(engine):
    parameters = {"max_iter": 2, "random_state": 0, "warm_start": True, "engine": engine}
    switched = MLPRegressor(**parameters).fit(X, Y)
    plain = MLPRegressor(**parameters, solver="sgd")
    plain.coefs_, plain.intercepts_ = [c.copy() for c in switched.coefs_], [b.copy() for b in switched.intercepts_]
    switched.set_params(solver="sgd", shuffle=False).fit(X, Y)
    plain.set_params(shuffle=False).fit(X, Y)
    for a, b in zip(switched.coefs_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_another_shape_begin_with_empty_moments(engine):
    model = MLPRegressor(hidden_layer_sizes=(4,), random_state=0, max_iter=2, engine=engine).fit(X, Y)
    model.set_params(hidden_layer_sizes=(5,))
    model.coefs_, model.intercepts_ = [np.ones((3, 5)), np.ones((5, 1))], [np.zeros(5), np.zeros(1)]
    model.partial_fit(X, Y)
    assert [m.shape for m in moments(model)[:2]] == [(5, 3), (5, 3)]
    assert model._continuation.optimizer_state.t == 1


def test_continuation_is_not_changed_by_what_goes_on_from_it(engine):
    model = MLPRegressor(max_iter=2, random_state=0, warm_start=True, engine=engine).fit(X, Y)
    before = model._continuation
    kept = (before.training.epoch, before.training.stopping.best, before.optimizer_state.t)
    copies = [m.copy() for m in moments(model)]
    model.partial_fit(X, Y)
    assert (before.training.epoch, before.training.stopping.best, before.optimizer_state.t) == kept
    for array, copy in zip((a for s in (*before.optimizer_state.weights, *before.optimizer_state.biases) for a in s),
                           copies, strict=True):  # fmt: skip
        np.testing.assert_array_equal(array, copy)


def test_changed_learning_rate_counts_in_the_next_fit(engine):
    model = MLPRegressor(max_iter=1, random_state=0, warm_start=True, engine=engine).fit(X, Y)
    model.set_params(learning_rate_init=0.5).fit(X, Y)
    assert [record.learning_rate for record in model.history_] == [0.001, 0.5]


def test_validation_rows_are_not_trained_on(engine):
    from backlit.training.examples import split_rows

    held_out = split_rows(60, 0.1, 0)[1]
    changed = X.copy()
    changed[held_out] += 5
    parameters = {"early_stopping": True, "max_iter": 1, "random_state": 0, "engine": engine}
    one, other = (MLPRegressor(**parameters).fit(rows, Y) for rows in (X, changed))
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])
    assert one.validation_scores_ != other.validation_scores_
    assert one.t_ == 54


@pytest.mark.parametrize("part", ["training", "validation"])
def test_part_without_weight_is_refused(part, engine):
    from backlit.training.examples import split_rows

    rows = split_rows(60, 0.1, 0)[part == "validation"]
    weight = np.ones(60)
    weight[rows] = 0
    with pytest.raises(InvalidInputError, match=f"fell to the {part} set have a sample weight of 0"):
        MLPRegressor(early_stopping=True, random_state=0, engine=engine).fit(X, Y, weight)


@pytest.mark.parametrize("fraction", [0, 0.01])
def test_validation_set_too_small_is_refused(fraction, engine):
    with pytest.raises(ValueError, match=r"validation (set|fraction)"):
        MLPRegressor(early_stopping=True, validation_fraction=fraction, engine=engine).fit(X, Y)


def test_gradient_descent_takes_all_rows(engine):
    big_X, big_Y = np.tile(X, (10, 1)), np.tile(Y, 10)
    model = MLPRegressor(solver="gd", batch_size=7, max_iter=3, random_state=0, engine=engine).fit(big_X, big_Y)
    assert model._continuation.optimizer_state.t == 3
    # the lecture's descent: whatever momentum says
    same = MLPRegressor(solver="sgd", momentum=0, batch_size=600, max_iter=3, random_state=0, engine=engine).fit(
        big_X, big_Y
    )
    np.testing.assert_array_equal(model.coefs_[0], same.coefs_[0])


def test_without_shuffling_rows_come_in_order(engine):
    parameters = {"shuffle": False, "batch_size": 20, "max_iter": 1, "engine": engine}
    one = MLPRegressor(**parameters, random_state=0).fit(X, Y)
    order = np.r_[0:20][::-1], np.r_[20:40], np.r_[40:60]
    within = MLPRegressor(**parameters, random_state=0).fit(X[np.concatenate(order)], Y[np.concatenate(order)])
    swapped = MLPRegressor(**parameters, random_state=0).fit(X[np.r_[20:60, 0:20]], Y[np.r_[20:60, 0:20]])
    np.testing.assert_allclose(one.coefs_[0], within.coefs_[0], rtol=1e-9)
    assert not np.allclose(one.coefs_[0], swapped.coefs_[0], rtol=1e-9)


def test_early_stopping_ends_with_the_patience(engine):
    epochs = []

    def count(event):
        epochs.append(isinstance(event, EpochEnded))

    model = MLPClassifier(early_stopping=True, n_iter_no_change=3, tol=2.0, random_state=0, callbacks=[count])
    model.set_params(engine=engine).fit(X, Y > 0)
    # as in scikit-learn: the first epoch is an improvement on nothing, then more than three without any
    assert model.n_iter_ == sum(epochs) == 5


def test_infinite_patience_runs_all_epochs(engine):
    model = MLPRegressor(tol=10, n_iter_no_change=np.inf, max_iter=30, engine=engine).fit(X, Y)
    assert model.n_iter_ == 30


def test_two_classes_of_which_one_has_a_single_row_cannot_be_validated(engine):
    model = MLPClassifier(early_stopping=True, validation_fraction=0.5, max_iter=1, random_state=0, engine=engine)
    labels = np.where(np.arange(60) == 7, "spam", "ham")
    with pytest.raises(InvalidInputError, match=r"least populated classes .* \['True'\] of y == 'spam'"):
        model.fit(X, labels)
    # of several classes such a one is trained on alone
    model.fit(X, np.where(np.arange(60) == 7, 2, np.arange(60) % 2))
