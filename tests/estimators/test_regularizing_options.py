"""The estimators' options dropout, clip_norm, weight_average and label_smoothing."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.model_selection import GridSearchCV

import needs
from backlit import Checkpoint, Dropout, MLPClassifier, MLPRegressor
from backlit.data.labels import smooth_labels
from backlit.errors import InvalidInputError

X, Y = make_classification(300, 8, n_informative=5, n_classes=3, random_state=0)
OPTIONS = {"dropout": Dropout(0.3, input=0.1), "clip_norm": 0.5, "weight_average": 0.9, "label_smoothing": 0.1}


def fitted(estimator, X=X, y=Y):
    with warnings.catch_warnings(action="ignore"):
        return estimator.fit(X, y)


def classifier(**options):
    return MLPClassifier((20, 10), max_iter=15, learning_rate_init=0.01, tol=0, random_state=0, **options)


@pytest.mark.parametrize("option", OPTIONS)
def test_both_engines_train_the_same_and_the_option_changes_something(option):
    value = {option: OPTIONS[option]}
    native, reference = (fitted(classifier(engine=engine, **value)) for engine in ("native", "reference"))
    plain = fitted(classifier())
    np.testing.assert_allclose(native.loss_curve_, reference.loss_curve_, rtol=1e-9)
    for found, truth in zip(native.coefs_, reference.coefs_, strict=True):
        np.testing.assert_allclose(found, truth, rtol=1e-7, atol=1e-9)
    assert not np.allclose(native.coefs_[0], plain.coefs_[0], rtol=1e-3)
    assert native.score(X, Y) > 0.6


def test_dropout_follows_the_seed():
    first, same = fitted(classifier(dropout=0.5)), fitted(classifier(dropout=Dropout(0.5)))
    np.testing.assert_array_equal(first.coefs_[0], same.coefs_[0])
    np.testing.assert_array_equal(first.predict_proba(X), first.predict_proba(X))


def test_dropout_goes_on_bit_for_bit(tmp_path):
    whole = fitted(classifier(dropout=Dropout((0.2, 0.4)), clip_norm=0.7))
    by_parts = clone(whole)
    for _ in range(15):
        by_parts.partial_fit(X, Y, classes=np.unique(Y))
    np.testing.assert_array_equal(whole.coefs_[1], by_parts.coefs_[1])

    def stop_at_6(event):
        return getattr(getattr(event, "record", None), "epoch", 0) == 6

    options = {"dropout": Dropout((0.2, 0.4)), "clip_norm": 0.7, "checkpoint": Checkpoint(tmp_path / "run")}
    assert fitted(classifier(**options, callbacks=[stop_at_6])).n_iter_ == 6
    np.testing.assert_array_equal(fitted(classifier(**options)).coefs_[1], whole.coefs_[1])
    with pytest.raises(Exception, match="clip_norm"):
        fitted(classifier(**options | {"clip_norm": 0.8}))


def test_an_average_of_the_weights_goes_on_with_the_weights_themselves():
    def fit(n, **more):
        return fitted(classifier(weight_average=0.9, batch_size=30, **more).set_params(max_iter=n))

    whole, by_parts = fit(6), classifier(weight_average=0.9, batch_size=30)
    for _ in range(6):
        by_parts = pickle.loads(pickle.dumps(by_parts)).partial_fit(X, Y, classes=np.unique(Y))
    np.testing.assert_array_equal(whole.coefs_[1], by_parts.coefs_[1])
    warm = fitted(fit(3, warm_start=True))
    np.testing.assert_array_equal(whole.coefs_[1], warm.coefs_[1])
    # of weights that somebody else gave there is no average yet
    given = fit(3, warm_start=True)
    other = [w + 1 for w in given.coefs_]
    given.coefs_ = other
    given.set_params(learning_rate_init=1e-9)
    np.testing.assert_allclose(fitted(given).coefs_[1], other[1], atol=1e-6)
    # after the best epoch was given back, that is what is gone on from
    best = fit(15, early_stopping=True, warm_start=True)
    before = best.coefs_[1].copy()
    np.testing.assert_allclose(fitted(best.set_params(learning_rate_init=1e-9)).coefs_[1], before, atol=1e-6)


def test_dropout_is_searched_over_field_by_field():
    search = GridSearchCV(classifier(dropout=Dropout(0.2)), {"dropout__rate": [0.1, 0.4]}, cv=2)
    assert fitted(search).best_params_["dropout__rate"] in (0.1, 0.4)


def test_label_smoothing_of_softmax_and_sigmoid():
    np.testing.assert_allclose(smooth_labels(np.eye(4), 0.2, couples=True), 0.8 * np.eye(4) + 0.05)
    np.testing.assert_allclose(smooth_labels(np.array([[0.0, 1.0]]), 0.2, couples=False), [[0.1, 0.9]])
    assert smooth_labels(np.eye(2, dtype="float32"), 0.2, couples=True).dtype == "float32"
    torch = needs.imported("torch")

    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(50, 4)), rng.integers(0, 4, 50)
    expected = torch.nn.functional.cross_entropy(torch.tensor(z), torch.tensor(labels), label_smoothing=0.3)
    y = smooth_labels(np.eye(4)[labels], 0.3, couples=True)
    log_a = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    assert -(y * log_a).sum(axis=1).mean() == pytest.approx(float(expected), rel=1e-12)


def test_label_smoothing_keeps_probabilities_from_the_ends():
    # the cost is least where the probability is the smoothed target
    x, y = np.array([[0.0], [1.0]] * 20), np.array([0, 1] * 20)
    for labels, smooth, least in ((y, 0.2, 0.1), (y, 0.0, 0.0)):
        probability = fitted(
            MLPClassifier((), solver="lbfgs", alpha=0, label_smoothing=smooth), x, labels
        ).predict_proba(x)
        np.testing.assert_allclose(probability[:2].min(axis=1), least, atol=1e-3)
    X_several, labels = make_multilabel_classification(100, 5, n_classes=3, random_state=0)
    assert fitted(classifier(label_smoothing=0.1), X_several, labels).predict(X_several).shape == (100, 3)


def test_what_does_not_go_together_is_refused():
    with pytest.raises(
        InvalidInputError, match=r"label_smoothing=0\.1 goes with the loss 'log_loss', but loss is 'huber'"
    ):
        classifier(loss="huber", label_smoothing=0.1).fit(X, Y)
    for option, value in (("dropout", 0.5), ("clip_norm", 1.0), ("weight_average", 0.9)):
        with pytest.raises(InvalidInputError, match=f"'lbfgs' cannot go with {option}="):
            classifier(solver="lbfgs", **{option: value}).fit(X, Y)
    with pytest.raises(InvalidInputError, match="Dropout has 3 rates, but the network has 2 hidden layers"):
        classifier(dropout=Dropout((0.1, 0.2, 0.3))).fit(X, Y)
    for wrong in ({"dropout": 1.0}, {"clip_norm": 0.0}, {"weight_average": 1.0}, {"label_smoothing": 1.0}):
        with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter of MLPClassifier must be"):
            classifier(**wrong).fit(X, Y)


def test_a_regressor_takes_dropout_and_clipping():
    y = X[:, 0] * 3 + X[:, 1]
    regressor = MLPRegressor(
        hidden_layer_sizes=(30,), max_iter=100, dropout=0.1, clip_norm=1.0, learning_rate_init=0.01, random_state=0
    )
    assert fitted(regressor, X, y).score(X, y) > 0.8


def test_validation_rows_are_smoothed_alike():
    # the same rows for training and validation cost the same at the end of an epoch without steps
    given = MLPClassifier((5,), max_iter=1, learning_rate_init=1e-12, label_smoothing=0.3, random_state=0, alpha=0)
    with warnings.catch_warnings(action="ignore"):
        given.fit(X, Y, X_val=X, y_val=Y)
    assert given.history_[0].validation_cost == pytest.approx(given.loss_, rel=1e-9)
