import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from backlit import MLPClassifier
from backlit.core.activations import ACTIVATIONS
from backlit.errors import InvalidInputError, LossActivationError
from every import every, in_turn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
LABELS = np.stack([Y == 0, Y != 2, X[:, 0] > 0], axis=1).astype(int)
FAST = {"hidden_layer_sizes": (16,), "learning_rate_init": 0.02, "max_iter": 60, "random_state": 0}


@every(
    ("solver", "activation"),
    in_turn(["adam", "sgd", "gd", "rmsprop", "adamw", "lbfgs"], ["relu", "tanh", "gelu", "mish", "selu", "softplus"]),
)
def test_learns(solver, activation, engine):
    parameters = {"learning_rate_init": 0.1, "max_iter": 200} if solver in ("sgd", "gd") else {}
    classifier = MLPClassifier(solver=solver, activation=activation, engine=engine, **FAST | parameters)
    assert classifier.fit(X, NAMES).score(X, NAMES) > 0.94


@every("activation", ACTIVATIONS)
def test_every_activation_trains(activation, engine):
    classifier = MLPClassifier(activation=activation, engine=engine, **FAST | {"max_iter": 3}).fit(X, Y)
    assert classifier.network_.activations[0] == activation


@every(
    ("loss", "given", "y", "activation", "n_outputs"),
    [
        ("log_loss", None, Y == 0, "sigmoid", 1),
        ("cross_entropy", None, Y, "softmax", 3),
        ("log_loss", None, LABELS, "sigmoid", 3),
        ("log_loss", "softmax", Y == 0, "softmax", 2),
        ("log_loss", "sigmoid", Y, "sigmoid", 3),
        ("log_loss", "logistic", Y == 0, "sigmoid", 1),
        ("quadratic", None, Y == 0, "sigmoid", 2),
        ("squared_error", None, Y, "sigmoid", 3),
        ("quadratic", None, LABELS, "sigmoid", 3),
        ("quadratic", "softmax", Y, "softmax", 3),
        ("quadratic", "identity", Y, "identity", 3),
        ("huber", None, Y, "sigmoid", 3),
        ("absolute", "tanh", Y == 0, "tanh", 2),
        ("poisson", None, Y, "sigmoid", 3),
        ("quadratic", "relu", LABELS, "relu", 3),
    ],
)
def test_output_layer(loss, given, y, activation, n_outputs, engine):
    # scikit-learn's initial weights can leave relu outputs dead
    initialization = "he_normal" if given == "relu" else "scikit_learn"
    classifier = MLPClassifier(loss=loss, output_activation=given, initialization=initialization, engine=engine, **FAST)
    classifier.fit(X, y)
    assert classifier.network_.activations == ("relu", activation)
    assert classifier.out_activation_ == ("logistic" if activation == "sigmoid" else activation)
    assert classifier.n_outputs_ == n_outputs
    probabilities = classifier.predict_proba(X)
    assert probabilities.min() >= 0 and probabilities.max() <= 1
    if y is LABELS:
        assert probabilities.shape == (150, 3)
        np.testing.assert_array_equal(classifier.predict(X), probabilities > 0.5)
    else:
        assert probabilities.shape == (150, len(classifier.classes_))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_array_equal(classifier.predict(X), classifier.classes_[probabilities.argmax(axis=1)])
    logs = classifier.predict_log_proba(X)
    assert np.isfinite(logs).all()
    np.testing.assert_allclose(np.exp(logs), probabilities, atol=1e-12)
    # a relu or an absolute loss can leave outputs dead
    assert classifier.score(X, y) > (0.6 if loss in ("absolute", "poisson") or given == "relu" else 0.9)


def test_probabilities_of_several_sigmoids_are_their_shares(engine):
    classifier = MLPClassifier(loss="quadratic", engine=engine, **FAST).fit(X, Y)
    outputs = classifier.network_.feedforward(X)
    np.testing.assert_allclose(classifier.predict_proba(X), outputs / outputs.sum(axis=1, keepdims=True), rtol=1e-12)


def test_loss_that_does_not_fit_is_refused(engine):
    with pytest.raises(LossActivationError, match="'cross_entropy' is defined for activations in"):
        MLPClassifier(output_activation="tanh", engine=engine).fit(X, Y)


def test_softmax_over_labels_is_refused(engine):
    with pytest.raises(InvalidInputError, match="independent"):
        MLPClassifier(output_activation="softmax", engine=engine).fit(X, LABELS)


@pytest.mark.parametrize("way", ["fit", "partial_fit"])
@pytest.mark.parametrize("names", [np.array(["b", "a", "c"]), np.array([5, -1, 7]), np.array([True, False]), "object"])
def test_labels_come_back_as_they_were(names, way, engine):
    if isinstance(names, str):
        names = np.array(["b", "a", "long name"], dtype=object)
    y = names[Y % len(names)]
    classifier = MLPClassifier(engine=engine, **FAST)
    if way == "fit":
        classifier.fit(X, y)
    else:
        for _ in range(60):
            classifier.partial_fit(X, y, classes=np.unique(y))
    np.testing.assert_array_equal(classifier.classes_, np.unique(y))
    predicted = classifier.predict(X)
    assert predicted.dtype == classifier.classes_.dtype
    # with two names, the outer species share one
    assert (predicted == y).mean() > 0.9


def test_order_of_labels_does_not_matter(engine):
    ahead = MLPClassifier(engine=engine, **FAST).fit(X, Y).predict_proba(X)
    renamed = MLPClassifier(engine=engine, **FAST).fit(X, np.array(["x", "y", "z"])[Y]).predict_proba(X)
    np.testing.assert_array_equal(ahead, renamed)


def test_partial_fit_needs_classes_first(engine):
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        MLPClassifier(engine=engine).partial_fit(X, Y)
    classifier = MLPClassifier(engine=engine).partial_fit(X[:50], Y[:50], classes=[0, 1, 2])
    assert classifier.predict_proba(X).shape == (150, 3)
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        classifier.partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`. `self.classes_` has \[0 1 2\]"):
        classifier.partial_fit(X, Y + 1)
    assert classifier.n_iter_ == 1


def test_partial_fit_after_fit_needs_no_classes(engine):
    classifier = MLPClassifier(engine=engine, **FAST | {"max_iter": 2}).fit(X, NAMES).partial_fit(X[:9], NAMES[:9])
    assert classifier.n_iter_ == 3


def test_partial_fit_does_not_stop_early(engine):
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        MLPClassifier(early_stopping=True, engine=engine).partial_fit(X, Y, classes=[0, 1, 2])


def test_partial_fit_of_labels(engine):
    classifier = MLPClassifier(engine=engine, **FAST)
    for _ in range(60):
        classifier.partial_fit(X, LABELS, classes=[0, 1, 2])
    assert classifier.score(X, LABELS) > 0.9


def test_warm_start_needs_the_same_classes(engine):
    classifier = MLPClassifier(warm_start=True, engine=engine, **FAST | {"max_iter": 2}).fit(X, Y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
        classifier.fit(X[Y < 2], Y[Y < 2])
    with pytest.raises(ValueError, match="fitted on multiclass targets"):
        classifier.fit(X, LABELS)


@pytest.mark.parametrize("y", [X[:, 0], np.stack([Y, Y], axis=1)], ids=["numbers", "several classes"])
def test_targets_that_are_not_labels_are_refused(y, engine):
    with pytest.raises(ValueError, match=r"Unknown label type|Multioutput target data is not supported"):
        MLPClassifier(engine=engine).fit(X, y)


def test_early_stopping_restores_the_best_epoch(engine):
    digits, target = load_digits(return_X_y=True)
    parameters = {"hidden_layer_sizes": (10,), "learning_rate_init": 0.03, "random_state": 2, "engine": engine}
    parameters |= {"early_stopping": True, "n_iter_no_change": 4}
    classifier = MLPClassifier(**parameters, max_iter=200).fit(digits, target)
    best = int(np.argmax(classifier.validation_scores_)) + 1
    assert best < classifier.n_iter_ < 200
    assert classifier.best_validation_score_ == max(classifier.validation_scores_)
    assert classifier.best_loss_ is None
    assert len(classifier.validation_scores_) == len(classifier.loss_curve_) == classifier.n_iter_
    replayed = MLPClassifier(**parameters, max_iter=best).fit(digits, target)
    for ours, other in zip(classifier.coefs_, replayed.coefs_, strict=True):
        np.testing.assert_array_equal(ours, other)


@pytest.mark.parametrize("y", [Y, Y == 0, LABELS], ids=["several", "two", "labels"])
def test_validation_score_is_the_accuracy(y, engine):
    from sklearn.metrics import accuracy_score

    from backlit.training.examples import split_rows

    weight = np.linspace(0.1, 2, 150)
    classifier = MLPClassifier(early_stopping=True, engine=engine, **FAST | {"max_iter": 1}).fit(X, y, weight)
    rows = split_rows(150, 0.1, 0, None if y is LABELS else y)[1]
    expected = accuracy_score(y[rows], classifier.predict(X[rows]), sample_weight=weight[rows])
    assert classifier.validation_scores_ == [pytest.approx(expected)]
