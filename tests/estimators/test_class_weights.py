import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.utils.class_weight import compute_sample_weight

from backlit import EarlyStopping, MLPClassifier
from backlit.errors import InvalidInputError
from every import every

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X, PLACES = make_blobs([60, 25, 15], n_features=3, cluster_std=4.0, random_state=0)
NAMES = np.array(["ham", "jam", "spam"])[PLACES]
LABELS = np.stack([PLACES == 0, X[:, 0] > 1], axis=1).astype(int)
WEIGHTS = RNG.uniform(0.5, 2, 100)


def assert_same(ours, others):
    for a, b in zip([*ours.coefs_, *ours.intercepts_], [*others.coefs_, *others.intercepts_], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.loss_curve_, others.loss_curve_, rtol=1e-12)


@every("sample_weight", [None, WEIGHTS])
@every(
    ("y", "class_weight"),
    [
        (NAMES, "balanced"),
        (NAMES, {"ham": 1, "jam": 0.5, "spam": 9}),
        (NAMES, {"spam": 3}),
        (PLACES, {0: 1, 1: 2, 2: 3, 7: 5}),
        (PLACES == 2, {True: 5}),
        (LABELS, "balanced"),
        (LABELS, [{0: 1, 1: 5}, {0: 2, 1: 0.5}]),
        (scipy.sparse.csr_array(LABELS), [{0: 1, 1: 5}, {0: 2, 1: 0.5}]),
    ],
)
def test_class_weights_are_scikit_learns_sample_weights(y, class_weight, sample_weight, engine):
    model = MLPClassifier((5,), max_iter=5, random_state=0, batch_size=30, engine=engine)
    dense = y.toarray() if scipy.sparse.issparse(y) else y
    if class_weight == "balanced" and sample_weight is not None:
        # counted in sample weights, so that a weight of 2 is a row twice
        totals = [np.array([sample_weight[c == k].sum() for k in np.unique(c)]) for c in np.atleast_2d(dense.T)]
        expected = sample_weight.copy()
        for column, total in zip(np.atleast_2d(dense.T), totals, strict=True):
            expected *= (total.sum() / (len(total) * total))[np.unique(column, return_inverse=True)[1]]
    else:
        expected = compute_sample_weight(class_weight, dense) * (1 if sample_weight is None else sample_weight)
    weighted = clone(model).set_params(class_weight=class_weight).fit(X, y, sample_weight)
    assert_same(weighted, clone(model).fit(X, y, expected))


def test_rare_classes_are_found(engine):
    y = np.where(PLACES == 2, 1, 0)
    model = MLPClassifier((8,), random_state=0, engine=engine, learning_rate_init=0.02)
    plain, balanced = (clone(model).set_params(class_weight=each).fit(X, y) for each in (None, "balanced"))
    assert balanced.predict(X).sum() > plain.predict(X).sum()


def test_validation_rows_are_weighed_alike(engine):
    weights = {"ham": 1, "jam": 2, "spam": 9}
    model = MLPClassifier((5,), max_iter=4, random_state=0, engine=engine, class_weight=weights)
    model.fit(X[:60], NAMES[:60], X_val=X[60:], y_val=NAMES[60:])
    other = clone(model).set_params(class_weight=None)
    each = np.array([weights[name] for name in NAMES])
    other.fit(X[:60], NAMES[:60], each[:60], X_val=X[60:], y_val=NAMES[60:], sample_weight_val=each[60:])
    np.testing.assert_allclose(model.validation_loss_curve_, other.validation_loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(model.validation_scores_, other.validation_scores_, rtol=1e-12)
    stopped = clone(model).set_params(early_stopping=EarlyStopping("validation_cost")).fit(X, NAMES)
    assert len(stopped.validation_scores_) == 4


def test_partial_fit_takes_a_dict_but_not_balanced(engine):
    model = MLPClassifier((5,), random_state=0, engine=engine, class_weight={0: 1, 1: 2, 2: 3})
    # a batch may lack classes that are named
    model.partial_fit(X[PLACES < 2], PLACES[PLACES < 2], classes=[0, 1, 2]).partial_fit(X, PLACES)
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        model.set_params(class_weight="balanced").partial_fit(X, PLACES)
    assert clone(model).initialize(X, PLACES, classes=[0, 1, 2]).predict(X).shape == (100,)


@pytest.mark.parametrize(
    ("y", "class_weight", "message"),
    [
        (PLACES, {"0": 1}, r"names \['0'\], but not the classes \[0, 1, 2\]"),
        (PLACES, {0: -1}, "not negative"),
        (PLACES, {0: np.nan}, "must be finite"),
        (PLACES, [{0: 1}], "must map each class"),
        (LABELS, {0: 1, 1: 2}, "For 2 labels, class_weight must be 'balanced' or a list"),
        (LABELS, [{0: 1, 1: 2}], "For 2 labels"),
        (PLACES, "balance", "'class_weight' parameter"),
    ],
)
def test_weights_that_do_not_fit_are_refused(y, class_weight, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(class_weight=class_weight).fit(X, y)
    assert issubclass(InvalidInputError, ValueError)
