"""Every one of scikit-learn's estimator checks: on both engines, and with each option switched on."""

import warnings

import numpy as np
import pytest
from sklearn.utils.estimator_checks import (
    check_estimator,
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
    parametrize_with_checks,
)

from backlit import CustomActivation, Dropout, EarlyStopping, MLPClassifier, MLPRegressor, Quantile
from backlit.engine import native_is_available
from backlit.training.schedules import Cosine

ENGINES = ["reference", "native"] if native_is_available() else ["reference"]

WEIGHTS = ["check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"]
PARTIAL_FIT = [
    "check_fit_score_takes_y",
    "check_n_features_in_after_fitting",
    "check_estimators_partial_fit_n_features",
]

# Checks that fail with an option, and why. The list is exact: a check that passes has to leave it.
HELD_OUT = dict.fromkeys(WEIGHTS, "which rows are held out depends on how many there are")
HELD_OUT |= dict.fromkeys(PARTIAL_FIT, "partial_fit refuses early stopping, as scikit-learn's does")
HELD_OUT |= {"check_fit2d_1sample": "a single row is refused, because none would be left to train on; it says rows"}
BALANCED = dict.fromkeys(PARTIAL_FIT, "partial_fit refuses 'balanced': a batch does not tell how frequent classes are")
TABLE = {WEIGHTS[0]: "median and spread of a column are those of the rows, however they are weighed"}
MASKS = dict.fromkeys(WEIGHTS, "each row has its own mask, so a row that counts twice is not two rows")
ROUNDED = dict.fromkeys(WEIGHTS, "float32 rounds at 1e-7, where the check compares to 1e-9")


def heard(event):
    """Listen, and do nothing: a callback that can be pickled."""


def own_score(estimator, X, y, sample_weight=None):
    """Score as the estimator does, but by way of a scorer."""
    return estimator.score(X, y, sample_weight)


def softsign(z):
    """Return a σ of one's own."""
    return z / (1 + np.abs(z))


def softsign_prime(z):
    """Return its σ′."""
    return 1 / (1 + np.abs(z)) ** 2


# option → its parameters, and the checks that are expected to fail
OPTIONS = {
    "l2 and l1": ({"l2": 1e-3, "l1": 1e-4, "alpha": 0}, {}),
    "an activation a layer": ({"hidden_layer_sizes": (16, 8), "activation": ["relu", "tanh"]}, {}),
    "initialization": ({"initialization": "he_normal"}, {}),
    "class_weight": ({"class_weight": "balanced"}, BALANCED),
    "early stopping": ({"early_stopping": True, "validation_fraction": 0.3}, HELD_OUT),
    "validation cost": ({"early_stopping": EarlyStopping("validation_cost"), "validation_fraction": 0.3}, HELD_OUT),
    "scoring": ({"early_stopping": True, "validation_fraction": 0.3, "scoring": own_score}, HELD_OUT),
    "training cost": ({"early_stopping": EarlyStopping("cost")}, dict.fromkeys(PARTIAL_FIT, HELD_OUT[PARTIAL_FIT[0]])),
    "categorical_features": ({"categorical_features": "from_dtype"}, TABLE),
    "missing_values": ({"missing_values": "encode"}, TABLE),
    "schedule": ({"learning_rate": Cosine()}, {}),
    "adamw": ({"solver": "adamw"}, {}),
    "rmsprop": ({"solver": "rmsprop"}, {}),
    "gd": ({"solver": "gd", "learning_rate_init": 0.05}, {}),
    "lbfgs": ({"solver": "lbfgs"}, {}),
    "quadratic": ({"loss": "quadratic"}, {}),
    "huber": ({"loss": "huber"}, {}),
    "quantile": ({"loss": Quantile(0.7)}, {}),
    "log_cosh": ({"loss": "log_cosh"}, {}),
    "label smoothing": ({"label_smoothing": 0.1}, {}),
    "dropout": ({"dropout": Dropout(0.1, input=0.1)}, MASKS),
    "clip_norm": ({"clip_norm": 1.0}, {}),
    "custom activation": ({"activation": CustomActivation("softsign", softsign, softsign_prime)}, {}),
    "float32": ({"dtype": "float32"}, ROUNDED),
    "bfloat16": ({"dtype": "float32", "precision": "bfloat16"}, {WEIGHTS[0]: ROUNDED[WEIGHTS[0]]}),
    "n_threads": ({"n_threads": 1}, {}),
    "callbacks": ({"callbacks": [heard]}, {}),
}
CASES = [(option, cls) for option in OPTIONS for cls in (MLPClassifier, MLPRegressor)]
CASES = [case for case in CASES if case not in ((name, MLPRegressor) for name in ("class_weight", "label smoothing"))]


# `max_iter` is what scikit-learn gives its own classes in these checks, to save time
@parametrize_with_checks(
    [
        *(MLPClassifier(engine=engine, max_iter=100) for engine in ENGINES),
        *(MLPRegressor(engine=engine, max_iter=100) for engine in ENGINES),
    ]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_estimator_checks(estimator, check, monkeypatch):
    # without it scikit-learn skips the check under array API dispatch
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    check(estimator)


@pytest.mark.parametrize(("option", "cls"), CASES)
def test_scikit_learn_estimator_checks_with_options(option, cls, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    parameters, expected = OPTIONS[option]
    small = {"hidden_layer_sizes": (16,), "max_iter": 60, "learning_rate_init": 0.01}
    with warnings.catch_warnings(action="ignore"):
        results = check_estimator(cls(**small | parameters), on_skip=None, on_fail=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert failed.keys() == expected.keys(), failed
    assert len(results) > 50


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sample_weights_are_repetitions(estimator, engine):
    # scikit-learn gives its own classes another solver for this check; ours passes with all defaults
    check_sample_weight_equivalence_on_dense_data(estimator.__name__, estimator(engine=engine))
    check_sample_weight_equivalence_on_sparse_data(estimator.__name__, estimator(engine=engine))
