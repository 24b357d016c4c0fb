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

import needs
from backlit import CustomActivation, Dropout, EarlyStopping, MLPClassifier, MLPRegressor, Quantile
from backlit.engine import native_is_available
from backlit.errors import InvalidInputError
from backlit.training.schedules import Cosine

# `max_iter` is what scikit-learn gives its own classes in these checks, to save time. The reference is slow, so it gets
# few neurons, and a rate at which these learn in few epochs.
SMALL = {"hidden_layer_sizes": (16,), "max_iter": 30, "learning_rate_init": 0.02}
ENGINES = [{"engine": "reference"} | SMALL, *([{"engine": "native", "max_iter": 100}] if native_is_available() else [])]

BFLOAT16 = {"dtype": "float32", "precision": "bfloat16"}

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


QUADRATIC = {"loss": "quadratic", "solver": "adamw", "hidden_layer_sizes": (16, 8), "activation": ["relu", "tanh"]}
HUBER = {"loss": "huber", "solver": "rmsprop", "initialization": "he_normal", "clip_norm": 1.0, "callbacks": [heard]}
OWN_SIGMA = CustomActivation("softsign", softsign, softsign_prime)
QUANTILE = {"loss": Quantile(0.7), "solver": "sgd", "learning_rate_init": 0.04, "activation": OWN_SIGMA, "max_iter": 30}
HOLDS_OUT = {"early_stopping": True, "validation_fraction": 0.3}
COST = {"early_stopping": EarlyStopping("cost")}

# What is switched on together, and the checks that are expected to fail. Every option is here once; those with which no
# check fails share estimators, and one with which a check does is alone, so that it can hide no failure of another.
OPTIONS = {
    "quadratic, adamw, an activation a layer, schedule, l2 and l1": (
        QUADRATIC | {"learning_rate": Cosine(), "l2": 1e-3, "l1": 1e-4, "alpha": 0},
        {},
    ),
    "huber, rmsprop, initialization, clip_norm, callbacks": (HUBER, {}),
    "quantile, sgd, custom activation": (QUANTILE, {}),
    "gd": ({"solver": "gd", "learning_rate_init": 0.05, "max_iter": 60}, {}),
    "log_cosh, n_threads": ({"loss": "log_cosh", "n_threads": 1}, {}),
    "lbfgs": ({"solver": "lbfgs"}, {}),
    "label smoothing": ({"label_smoothing": 0.1}, {}),
    "class_weight": ({"class_weight": "balanced"}, BALANCED),
    "early stopping": (HOLDS_OUT, HELD_OUT),
    "validation cost": (HOLDS_OUT | {"early_stopping": EarlyStopping("validation_cost")}, HELD_OUT),
    "scoring": (HOLDS_OUT | {"scoring": own_score, "max_iter": 20, "learning_rate_init": 0.03}, HELD_OUT),
    "training cost": (COST, dict.fromkeys(PARTIAL_FIT, HELD_OUT[PARTIAL_FIT[0]])),
    "categorical_features, missing_values": ({"categorical_features": "from_dtype", "missing_values": "encode"}, TABLE),
    "dropout": ({"dropout": Dropout(0.1, input=0.1)}, MASKS),
    "float32": ({"dtype": "float32"}, ROUNDED),
    "bfloat16": (BFLOAT16, {WEIGHTS[0]: ROUNDED[WEIGHTS[0]]}),
}
OFTEN = (next(iter(OPTIONS)), "early stopping")
OF_CLASSIFIERS = ("class_weight", "label smoothing")


def _cases():
    """Each option with each estimator: with one of them, in turn, in .ci/run, and with both in `make soak`.

    In `make test` two stand: the first, with which no check fails, and one that leaves rows out, with which some do.
    """
    for i, option in enumerate(OPTIONS):
        of_option = (MLPClassifier,) if option in OF_CLASSIFIERS else (MLPClassifier, MLPRegressor)
        for j, cls in enumerate(of_option):
            marks = [pytest.mark.needs("bfloat16")] if option == "bfloat16" else []
            marks += [pytest.mark.soak] if j != i % len(of_option) else []
            marks += [pytest.mark.thorough] if option not in OFTEN else []
            yield pytest.param(option, cls, marks=marks)


# one engine for each; the other changes numbers alone, and the checks with it are made in .ci/run
OF_ENGINES = [cls(**options) for cls in (MLPClassifier, MLPRegressor) for options in ENGINES]


@parametrize_with_checks(OF_ENGINES if needs.THOROUGH else [OF_ENGINES[0], OF_ENGINES[-1]])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_estimator_checks(estimator, check, monkeypatch):
    # without it scikit-learn skips the check under array API dispatch
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    check(estimator)


@pytest.mark.thorough
@pytest.mark.parametrize(("option", "cls"), list(_cases()))
def test_scikit_learn_estimator_checks_with_options(option, cls, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    parameters, expected = OPTIONS[option]
    with warnings.catch_warnings(action="ignore"):
        results = check_estimator(cls(**SMALL | parameters), on_skip=None, on_fail=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert failed.keys() == expected.keys(), failed
    assert len(results) > 50


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_precision_the_processor_lacks_is_refused(cls):
    X, y = np.eye(4), np.arange(4) % 2
    if needs.is_here("bfloat16"):
        assert cls(max_iter=1, **BFLOAT16).fit(X, y).n_iter_ == 1
    else:
        with pytest.raises(InvalidInputError, match="AVX512_BF16"):
            cls(max_iter=1, **BFLOAT16).fit(X, y)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sample_weights_are_repetitions(estimator, engine):
    # scikit-learn gives its own classes another solver for this check; ours passes with all defaults
    check_sample_weight_equivalence_on_dense_data(estimator.__name__, estimator(engine=engine))
    check_sample_weight_equivalence_on_sparse_data(estimator.__name__, estimator(engine=engine))
