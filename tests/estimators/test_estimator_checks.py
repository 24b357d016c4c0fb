"""Every one of scikit-learn's estimator checks, on both engines, with no failure expected."""

import pytest
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
    parametrize_with_checks,
)

from backlit import MLPClassifier, MLPRegressor
from backlit.engine import native_is_available

ENGINES = ["reference", "native"] if native_is_available() else ["reference"]


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


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sample_weights_are_repetitions(estimator, engine):
    # scikit-learn gives its own classes another solver for this check; ours passes with all defaults
    check_sample_weight_equivalence_on_dense_data(estimator.__name__, estimator(engine=engine))
    check_sample_weight_equivalence_on_sparse_data(estimator.__name__, estimator(engine=engine))
