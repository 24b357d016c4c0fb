"""Validation: data of one's own, the curves, and any scorer."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import f1_score, make_scorer, mean_absolute_error, roc_auc_score
from sklearn.preprocessing import StandardScaler

from backlit import Checkpoint, EarlyStopping, MLPClassifier, MLPRegressor
from backlit.core.backpropagation import cost
from backlit.errors import CheckpointError, InvalidInputError, ShapeError
from backlit.training.examples import split_rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
NAMES = np.array(["ill", "well"])[Y]
NUMBERS = X[:, :5] @ np.arange(5.0) + 0.1
TRAIN, VAL = slice(None, 200), slice(200, None)


def of_task(task, engine, **options):
    parameters = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0, "engine": engine} | options
    return (MLPClassifier(**parameters), NAMES) if task == "classes" else (MLPRegressor(**parameters), NUMBERS)


@pytest.mark.parametrize("task", ["classes", "numbers"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_curves_of_ones_own_validation_data(solver, task, engine):
    model, y = of_task(task, engine, solver=solver)
    model.fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    plain = clone(model).fit(X[TRAIN], y[TRAIN])
    # looking does not change training
    np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])
    assert model.loss_curve_ == plain.loss_curve_ and model.best_loss_ == plain.best_loss_
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == len(model.loss_curve_) == 6
    assert plain.validation_loss_curve_ is None and plain.validation_scores_ is None
    targets = (Y[VAL] if task == "classes" else y[VAL]).reshape(-1, 1)
    loss = "cross_entropy" if task == "classes" else "quadratic"
    expected = float(cost(model.network_, X[VAL], targets.astype(float), loss=loss))
    assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-9)
    assert model.validation_scores_[-1] == pytest.approx(model.score(X[VAL], y[VAL]), rel=1e-9)
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_early_stopping_watches_ones_own_data_and_splits_nothing_off(engine):
    model, y = of_task("classes", engine, early_stopping=True, max_iter=100, learning_rate_init=0.02)
    model.fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    assert model.t_ == 200 * model.n_iter_ and model.n_iter_ < 100
    assert model.score(X[VAL], y[VAL]) == model.best_validation_score_ == max(model.validation_scores_)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, scipy.sparse.csr_array, lambda a: a.tolist()])
def test_validation_data_of_any_kind(make, engine):
    model, y = of_task("classes", engine)
    plain = clone(model).fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    if make in (pd.DataFrame, pl.DataFrame):

        def table(rows):
            return make({f"c{j}": rows[:, j] for j in range(30)})
    else:
        table = make
    model.set_params(scoring="accuracy").fit(table(X[TRAIN]), y[TRAIN], X_val=table(X[VAL]), y_val=y[VAL])
    np.testing.assert_allclose(model.validation_scores_, plain.validation_scores_)


def test_validation_weights(engine):
    model, y = of_task("numbers", engine)
    keep = np.arange(len(X[VAL])) % 3 > 0
    weighted = clone(model).fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL], sample_weight_val=keep * 2.0)
    without = clone(model).fit(X[TRAIN], y[TRAIN], X_val=X[VAL][keep], y_val=y[VAL][keep])
    np.testing.assert_allclose(weighted.validation_loss_curve_, without.validation_loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(weighted.validation_scores_, without.validation_scores_, rtol=1e-9)


def test_validation_data_that_do_not_fit_are_refused():
    model, y = of_task("classes", "auto")
    with pytest.raises(InvalidInputError, match="both X_val and y_val, but y_val did not come"):
        model.fit(X, y, X_val=X)
    with pytest.raises(InvalidInputError, match="X_val did not come"):
        model.fit(X, y, sample_weight_val=np.ones(5))
    with pytest.raises(ValueError, match="X has 29 features, but MLPClassifier is expecting 30"):
        model.fit(X, y, X_val=X[:, 1:], y_val=y)
    with pytest.raises(InvalidInputError, match="has classes not in"):
        model.fit(X, y, X_val=X, y_val=np.where(Y, "well", "dead"))
    with pytest.raises(ValueError, match="at least one non-zero"):
        model.fit(X, y, X_val=X, y_val=y, sample_weight_val=np.zeros(len(X)))
    with pytest.raises(ShapeError, match="validation rows has 2"):
        of_task("numbers", "auto")[0].fit(X, NUMBERS, X_val=X, y_val=np.stack([NUMBERS, NUMBERS], axis=1))
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize(
    ("task", "scoring", "measure"),
    [
        ("classes", "roc_auc", lambda m, X, y, w: roc_auc_score(y, m.predict_proba(X)[:, 1], sample_weight=w)),
        (
            "classes",
            make_scorer(f1_score, pos_label="ill"),
            lambda m, X, y, w: f1_score(y, m.predict(X), pos_label="ill", sample_weight=w),
        ),
        (
            "numbers",
            "neg_mean_absolute_error",
            lambda m, X, y, w: -mean_absolute_error(y, m.predict(X), sample_weight=w),
        ),
    ],
)
@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 2, 569)])
def test_any_scorer(task, scoring, measure, weight, engine):
    model, y = of_task(task, engine, scoring=scoring, early_stopping=True, batch_size=100, max_iter=3)
    model.fit(X, y, weight)
    classes = Y if task == "classes" else None
    rows = split_rows(len(X), 0.1, 0, classes)[1]
    # of one epoch only, so that the weights are those that were scored
    once = clone(model).set_params(max_iter=1).fit(X, y, weight)
    expected = measure(once, X[rows], y[rows], None if weight is None else weight[rows])
    assert model.validation_scores_[0] == once.best_validation_score_ == pytest.approx(expected, rel=1e-12)


def test_scorer_decides_which_epoch_is_the_best(engine):
    # a score that falls with every epoch: the first epoch is the best
    seen = []

    def falling(estimator, X, y):
        assert estimator.predict(X).shape == y.shape and estimator.n_outputs_ == 1
        seen.append(np.sum(np.abs(estimator.coefs_[0])))
        return -len(seen)

    model, y = of_task("classes", engine, scoring=falling, early_stopping=EarlyStopping(patience=3), max_iter=50)
    model.fit(X, y)
    assert model.n_iter_ == 5 and model.validation_scores_ == [-1, -2, -3, -4, -5]
    assert np.sum(np.abs(model.coefs_[0])) == seen[0] != seen[-1]


def test_scorer_sees_frames_as_they_came(engine):
    frame = pl.DataFrame({f"c{j}": X[:, j] for j in range(30)})

    def column_names(estimator, X, y):
        return float(X.columns == frame.columns and set(y) == {"ill", "well"})

    model, y = of_task("classes", engine, scoring=column_names, early_stopping=True)
    assert model.fit(frame, y).validation_scores_ == [1.0] * 6


def test_outputs_that_are_not_finite_are_not_scored(engine):
    # scikit-learn's scorers raise on them
    model, y = of_task("numbers", engine, activation="identity", scoring="neg_mean_absolute_error")
    model.fit(X, y, X_val=np.full((3, 30), 1e308), y_val=y[:3])
    assert np.isnan(model.validation_scores_).all() and np.isnan(model.best_validation_score_)


def test_another_scorer_is_another_run(tmp_path):
    model, y = of_task("classes", "auto", early_stopping=True, scoring="f1_macro", checkpoint=Checkpoint(tmp_path))
    model.fit(X, y)
    with pytest.raises(CheckpointError, match="validation metric"):
        clone(model).set_params(scoring="roc_auc").fit(X, y)


@pytest.mark.parametrize("scoring", ["rocauc", 3])
def test_unknown_scorers_are_refused(scoring):
    with pytest.raises(ValueError, match="scoring"):
        MLPClassifier(scoring=scoring).fit(X, Y)
