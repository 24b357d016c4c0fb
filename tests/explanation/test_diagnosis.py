import json
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.preprocessing import scale

import backlit as bl
from backlit.errors import DivergenceError, InvalidInputError


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    return images / 16, labels


def trained(digits, **options):
    clf = bl.MLPClassifier(**({"random_state": 0, "callbacks": [bl.Recorder()]} | options))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return clf.fit(*digits)


def kinds(diagnosis):
    return [(finding.kind, finding.layer) for finding in diagnosis.findings]


# networks that learn well raise no alarm

HEALTHY = {
    "the default": {"max_iter": 60},
    "trained to the end": {"max_iter": 200, "hidden_layer_sizes": (64, 64)},
    "six layers of relu": {"max_iter": 25, "hidden_layer_sizes": (50,) * 6},
    "four layers of tanh": {"max_iter": 25, "hidden_layer_sizes": (50,) * 4, "activation": "tanh"},
    "the lecture's": {"max_iter": 60, "activation": "logistic", "loss": "quadratic", "learning_rate_init": 0.01},
    "sgd": {"max_iter": 40, "solver": "sgd", "learning_rate_init": 0.1},
    "leaky_relu": {"max_iter": 25, "activation": "leaky_relu"},
    "gelu": {"max_iter": 25, "activation": "gelu"},
    "float32": {"max_iter": 25, "dtype": "float32"},
}


@pytest.mark.parametrize("case", list(HEALTHY))
def test_no_alarm_for_a_classifier_that_learns(digits, case):
    clf = trained(digits, **HEALTHY[case])
    assert clf.score(*digits) > 0.95
    diagnosis = bl.diagnose(clf, *digits)
    assert diagnosis.ok, diagnosis
    assert len(diagnosis.history) == clf.n_iter_ + 1
    assert "Nothing is wrong with it" in str(diagnosis)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_no_alarm_for_a_regressor_that_learns(activation):
    x, y = load_diabetes(return_X_y=True)
    x, y = scale(x), scale(y)
    model = bl.MLPRegressor(
        hidden_layer_sizes=(20,), activation=activation, random_state=0, max_iter=300, learning_rate_init=0.005
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        diagnosis = bl.diagnose(model.fit(x, y), x, y)
    assert diagnosis.ok, diagnosis


@pytest.mark.parametrize("sizes", [(10, 512, 512, 1), (500, 20, 3), (5, 5, 5, 5, 5, 2)])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "selu"])
def test_no_alarm_for_a_fresh_network_of_any_widths(sizes, activation):
    rng = np.random.default_rng(0)
    network = bl.Network.initialize(sizes, [activation] * (len(sizes) - 2) + ["identity"], seed=0)
    x, y = rng.standard_normal((300, sizes[0])), rng.standard_normal((300, sizes[-1]))
    assert bl.diagnose(network, x, y).ok


# networks that were made to fail


def test_sigmoid_with_weights_that_are_too_large_is_saturated(digits):
    network = bl.Network.initialize([64, 30, 30, 10], "sigmoid", initialization="standard_normal", seed=0)
    x, y = 16 * digits[0], np.eye(10)[digits[1]]
    diagnosis = bl.diagnose(network, x, y)
    assert ("saturated", 2) in kinds(diagnosis)
    finding = next(finding for finding in diagnosis.findings if finding.kind == "saturated")
    assert f"σ′ is nearly 0 in {100 * diagnosis.layers[0].saturated:.0f} % of its activations" in finding.what
    assert "Scale the inputs" in finding.try_this


def test_outputs_that_are_wrong_and_saturated():
    # the lecture's slow learner: σ′ at the output is nearly 0, though a is 1 and y is 0
    network = bl.Network(([[1.0]],), (np.array([10.0]),), "sigmoid")
    x, y = np.zeros((5, 1)), np.zeros((5, 1))
    assert kinds(bl.diagnose(network, x, y)) == [("saturated and wrong", 2)]
    assert bl.diagnose(network, x, y + 1).ok  # right
    assert bl.diagnose(network, x, y, loss="cross_entropy").ok  # δ = a − y is large


def test_many_sigmoid_layers_vanish(digits):
    clf = trained(digits, max_iter=10, hidden_layer_sizes=(30,) * 7, activation="logistic")
    diagnosis = bl.diagnose(clf, *digits)
    assert kinds(diagnosis) == [("vanishing", 2)]
    assert diagnosis.findings[0].epoch == 0
    assert "δ vanishes on its way back: ‖δ‖ is 0.9" in diagnosis.findings[0].what


def test_tiny_weights_vanish(digits):
    network = bl.Network.initialize([64, 20, 20, 20, 10], "sigmoid", seed=0)
    tiny = bl.Network([0.1 * w for w in network.weights], network.biases, network.activations)
    assert kinds(bl.diagnose(tiny, digits[0], np.eye(10)[digits[1]])) == [("vanishing", 2)]


def test_large_weights_explode():
    rng = np.random.default_rng(0)
    names = ["relu"] * 6 + ["identity"]
    network = bl.Network.initialize([20] + [50] * 6 + [1], names, initialization="standard_normal", seed=0)
    diagnosis = bl.diagnose(network, rng.standard_normal((200, 20)), rng.standard_normal((200, 1)))
    assert kinds(diagnosis) == [("exploding", 2)]


def test_a_learning_rate_that_is_too_large_kills_relu(digits):
    clf = trained(digits, max_iter=20, hidden_layer_sizes=(50, 50), learning_rate_init=1.0)
    diagnosis = bl.diagnose(clf, *digits)
    assert {("dead", 2), ("dead", 3)} <= set(kinds(diagnosis))
    assert not {"vanishing", "saturated"} & {finding.kind for finding in diagnosis.findings}
    dead = diagnosis.findings[0]
    assert dead.epoch >= 1
    assert f"since epoch {dead.epoch}. Use a smaller learning rate" in str(dead)


def test_weights_that_leap(digits):
    # the penalty's step, 2.05 w, is more than twice what would bring w to zero: w changes its sign in every epoch
    options = {"solver": "sgd", "momentum": 0, "l2": 1.0, "learning_rate_init": 2.05, "batch_size": 1797}
    clf = trained(digits, max_iter=12, hidden_layer_sizes=(), **options)
    diagnosis = bl.diagnose(clf, *digits)
    assert kinds(diagnosis) == [("leaping", 2)]
    moves = sorted(figures.layers[0].moved for figures in diagnosis.history[2:])
    assert f"change by {100 * moves[len(moves) // 2]:.0f} % of their size in an epoch" in diagnosis.findings[0].what


def test_weights_that_are_stuck(digits):
    clf = trained(digits, max_iter=5, solver="sgd", learning_rate_init=1e-12)
    assert kinds(bl.diagnose(clf, *digits)) == [("stuck", 2), ("stuck", 3)]


def test_a_training_that_diverged():
    x, y = load_diabetes(return_X_y=True)
    model = bl.MLPRegressor(
        hidden_layer_sizes=(20,), solver="sgd", learning_rate_init=0.5, random_state=0, callbacks=[bl.Recorder()]
    )
    with pytest.raises(DivergenceError) as raised, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(1000 * scale(x), 1000 * y)
    diagnosis = bl.diagnose(raised.value)
    assert (diagnosis.findings[0].kind, diagnosis.findings[0].epoch) == ("not finite", raised.value.epoch)
    assert diagnosis.findings[0].layer == raised.value.layer
    assert "smaller learning rate" in str(diagnosis)
    json.dumps(diagnosis.to_dict(), allow_nan=False)


def test_a_divergence_without_a_record_says_how_to_get_one():
    diagnosis = bl.diagnose(DivergenceError(3, 2))
    assert kinds(diagnosis) == [("not finite", 2)]
    assert "Train with a Recorder" in str(diagnosis)


def test_a_network_that_is_not_finite():
    network = bl.Network.initialize([2, 3, 1], ["tanh", "identity"])
    network.weights[1][0, 1] = np.inf
    assert kinds(bl.diagnose(network, np.eye(2), np.ones((2, 1)))) == [("not finite", 2)]


# the report


def test_the_figures_are_right():
    rng = np.random.default_rng(0)
    network = bl.Network.initialize([3, 4, 2], ["tanh", "identity"], seed=0)
    x, y = rng.standard_normal((10, 3)), rng.standard_normal((10, 2))
    diagnosis, at = bl.diagnose(network, x, y), bl.backpropagate(network, x, y)
    first, last = diagnosis.layers
    assert first.delta_ratio == first.delta / last.delta
    assert first.gradient == pytest.approx(np.linalg.norm(at.nabla_w[0]) / np.linalg.norm(network.weights[0]))
    assert (first.neurons, first.activation, last.delta_ratio, last.moved) == (4, "tanh", None, None)
    assert (diagnosis.n_examples, diagnosis.cost) == (10, pytest.approx(at.cost))


def test_the_report_in_text_and_json(digits):
    clf = trained(digits, max_iter=20)
    diagnosis = bl.diagnose(clf, *digits)
    lines = str(diagnosis).splitlines()
    assert lines[0].startswith("Diagnosis of 3 layers on 1,797 examples, C = ")
    assert lines[2].split() == [
        "layer",
        "neurons",
        "‖δ‖",
        "÷",
        "next",
        "saturated",
        "dead",
        "‖w‖",
        "gradient",
        "moved",
        "σ",
    ]
    assert lines[7].split() == ["epoch", "C", "‖δ^2‖", "‖δ^3‖", "dead", "2"]
    assert len(lines) == 8 + 12 + 2
    document = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    assert [figures["epoch"] for figures in document["history"]] == list(range(21))


def test_many_examples_are_sampled():
    network = bl.Network.initialize([2, 3, 1], ["tanh", "identity"])
    assert bl.diagnose(network, np.zeros((5000, 2)), np.zeros((5000, 1))).n_examples == 2048


def test_what_is_refused():
    network = bl.Network.initialize([2, 3, 1], ["tanh", "identity"])
    with pytest.raises(InvalidInputError, match="examples x are needed"):
        bl.diagnose(network)
    with pytest.raises(InvalidInputError, match="needs the targets y"):
        bl.diagnose(network, np.eye(2))
