"""Estimators fitted on sparse X equal those fitted on the same numbers dense."""

import warnings

import numpy as np
import pytest
import scipy.sparse

from backlit import Checkpoint, MLPClassifier, MLPRegressor, Recorder, diagnose
from backlit.errors import InvalidInputError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 30)) * (RNG.random((200, 30)) < 0.2)
Y = (X[:, 0] + X[:, 1] > 0.1).astype(int)
SPARSE = scipy.sparse.csr_array(X)


def fitted(estimator, x, y=Y, **options):
    with warnings.catch_warnings(action="ignore"):
        return estimator.fit(x, y, **options)


def classifier(**options):
    return MLPClassifier((8,), max_iter=12, tol=0, random_state=0, **options)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"solver": "lbfgs"}, {"solver": "sgd", "alpha": 0}])
@pytest.mark.parametrize("convert", [scipy.sparse.csr_array, scipy.sparse.csr_matrix, scipy.sparse.csc_matrix])
def test_sparse_and_dense_rows_train_the_same(convert, options, engine):
    truth, found = (
        fitted(classifier(engine=engine, **options), X),
        fitted(classifier(engine=engine, **options), convert(X)),
    )
    for a, b in zip(truth.coefs_, found.coefs_, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.predict_proba(convert(X)), truth.predict_proba(X), rtol=1e-6, atol=1e-9)


def test_what_goes_with_a_training_goes_with_a_sparse_one(tmp_path):
    recorder = Recorder()
    options = {"checkpoint": Checkpoint(tmp_path / "run"), "callbacks": [recorder]}
    first = fitted(classifier(**options), SPARSE, X_val=SPARSE[:50], y_val=Y[:50])
    assert len(recorder.history) > 2
    assert first.validation_scores_ is not None
    again = fitted(classifier(**options), SPARSE, X_val=SPARSE[:50], y_val=Y[:50])
    np.testing.assert_array_equal(again.coefs_[0], first.coefs_[0])
    other = SPARSE.copy()
    other.data[0] += 1
    with pytest.raises(Exception, match="training data"):
        fitted(classifier(**options), other, X_val=SPARSE[:50], y_val=Y[:50])
    diagnose(first, SPARSE, Y)


def test_float32_and_numbers_too_large_for_it():
    regressor = fitted(MLPRegressor(max_iter=3), SPARSE.astype("float32"), X[:, 0])
    assert regressor.coefs_[0].dtype == "float32"
    huge = SPARSE.copy()
    huge.data[0] = 1e300
    with pytest.raises(InvalidInputError, match="X holds values too large for float32"):
        MLPRegressor(dtype="float32").fit(huge, X[:, 0])


def test_partial_fit():
    whole, parts = fitted(classifier(), SPARSE), classifier()
    for _ in range(12):
        parts.partial_fit(SPARSE, Y, classes=[0, 1])
    np.testing.assert_array_equal(whole.coefs_[0], parts.coefs_[0])
