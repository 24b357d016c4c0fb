import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.preprocessing import scale

import backlit as bl
from backlit.core.layer_health import measure
from backlit.core.optimizers import SGD
from backlit.core.sample import Sample
from backlit.engine import Objective, get_engine
from backlit.errors import DivergenceError, InvalidInputError
from backlit.training.events import drive
from backlit.training.examples import Examples
from backlit.training.loop import Plan, train
from backlit.training.state import TrainingState


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


OFTEN = ("the lecture's", "sgd", "six layers of relu")


@pytest.mark.parametrize("case", [pytest.param(c, marks=[pytest.mark.thorough] * (c not in OFTEN)) for c in HEALTHY])
def test_no_alarm_for_a_classifier_that_learns(digits, case):
    clf = trained(digits, **HEALTHY[case])
    assert clf.score(*digits) > 0.95
    diagnosis = bl.diagnose(clf, *digits)
    assert diagnosis.ok, diagnosis
    assert len(diagnosis.history) > 6
    assert "Nothing is wrong with it" in str(diagnosis)


def trained_by_hand(network, x, y, loss, rate, n_epochs, batch_size=10):
    session, recorder = get_engine("native").open(network, Objective(loss), SGD()), bl.Recorder()
    state = TrainingState(seed=0, rate=rate)
    drive(train(session, Examples(x, y), Plan(n_epochs, batch_size), state), [recorder])
    return bl.diagnose(session.network(), x, y, loss=loss, history=recorder.history)


def test_no_alarm_for_nielsens_network(digits):
    # his first weights are so large that most of the hidden activations are flat, and it learns nevertheless
    x, y = np.repeat(np.repeat(digits[0].reshape(-1, 8, 8), 3, 1), 3, 2).reshape(-1, 576), np.eye(10)[digits[1]]
    network = bl.Network.initialize([576, 30, 10], "sigmoid", initialization="standard_normal", seed=0)
    diagnosis = trained_by_hand(network, x, y, "quadratic", 3.0, 30)
    assert diagnosis.layers[0].saturated > 0.5
    assert 1 - diagnosis.cost / diagnosis.constant_cost > 0.8
    assert diagnosis.ok, diagnosis


def test_no_alarm_for_wine():
    x, y = load_wine(return_X_y=True)
    for hidden in ((30,), (30,) * 4):
        clf = trained((scale(x), y), max_iter=60, hidden_layer_sizes=hidden, learning_rate_init=0.003)
        diagnosis = bl.diagnose(clf, scale(x), y)
        assert diagnosis.ok, diagnosis


def test_no_alarm_where_the_target_is_mostly_noise():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 5))
    y = x[:, 0] + 3 * rng.standard_normal(2000)
    model = bl.MLPRegressor(hidden_layer_sizes=(20,), max_iter=60, random_state=0, callbacks=[bl.Recorder()])
    with warnings.catch_warnings(action="ignore"):
        diagnosis = bl.diagnose(model.fit(x, y), x, y)
    assert 0.05 < 1 - diagnosis.cost / diagnosis.constant_cost < 0.2
    assert diagnosis.ok, diagnosis


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
    assert kinds(diagnosis) == [("not learning", None), ("vanishing", 2)]
    assert diagnosis.findings[0].try_this == "What follows may be the cause."
    vanishing = diagnosis.findings[1]
    assert vanishing.epoch == 0
    each = (diagnosis.layers[0].delta / diagnosis.layers[-1].delta) ** (1 / 7)
    assert "δ vanishes on its way back: ‖δ‖ is 0.9" in vanishing.what
    assert f"a step of BP2 makes it {each:.2g} times as large" in vanishing.what


def test_a_cost_that_stays_at_that_of_a_constant_is_seen():
    # four layers of sigmoid on gradient descent: ‖δ‖ falls by 300 over the layers and the cost stays at log 3
    x, y = load_wine(return_X_y=True)
    options = {"hidden_layer_sizes": (30,) * 4, "activation": "logistic", "solver": "sgd", "learning_rate_init": 0.1}
    clf = trained((scale(x), y), max_iter=40, n_iter_no_change=100, **options)
    diagnosis = bl.diagnose(clf, scale(x), y)
    assert kinds(diagnosis) == [("not learning", None), ("vanishing", 2)]
    assert diagnosis.constant_cost == pytest.approx(np.log(3), rel=0.02)
    adam = trained(
        (scale(x), y), max_iter=300, n_iter_no_change=300, **options | {"solver": "adam", "learning_rate_init": 0.01}
    )
    diagnosis = bl.diagnose(adam, scale(x), y)
    assert diagnosis.ok, diagnosis  # the same network, which learns in spite of it


def test_what_is_worse_than_a_constant_is_said_without_a_history_too():
    x, y = load_wine(return_X_y=True)
    with warnings.catch_warnings(action="ignore"):
        clf = bl.MLPClassifier(hidden_layer_sizes=(5,), random_state=0).fit(scale(x), y)
    diagnosis = bl.diagnose(clf, scale(x), (y + 1) % 3)
    assert kinds(diagnosis) == [("not learning", None)]
    assert "train with a Recorder" in str(diagnosis)
    others = np.eye(3)[(y + 1) % 3]
    assert bl.diagnose(clf.network_, scale(x), others, loss="cross_entropy").ok  # a network may be fresh


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
    dead = diagnosis.findings[1]
    assert dead.epoch >= 1
    assert f"since epoch {dead.epoch}. Scale the inputs, use a smaller learning rate" in str(dead)
    assert "leaky_relu" in dead.try_this


def test_weights_that_leap(digits):
    # the penalty's step, 2.05 w, is more than twice what would bring w to zero: w changes its sign in every epoch
    options = {"solver": "sgd", "momentum": 0, "l2": 1.0, "learning_rate_init": 2.05, "batch_size": 1797}
    clf = trained(digits, max_iter=12, hidden_layer_sizes=(), **options)
    diagnosis = bl.diagnose(clf, *digits)
    assert kinds(diagnosis) == [("not learning", None), ("leaping", 2)]
    middle = np.median([figures.layers[0].moved for figures in diagnosis.history[2:5]])  # after epochs 2, 3, 4
    assert f"change by {middle:.2g} times their size in an epoch" in diagnosis.findings[1].what


@pytest.mark.parametrize(("rate", "solver"), [(1e-12, "sgd"), (1e-4, "sgd"), (1e-6, "adam")])
def test_a_learning_rate_that_is_too_small(digits, rate, solver):
    clf = trained(digits, max_iter=20, solver=solver, learning_rate_init=rate)
    diagnosis = bl.diagnose(clf, *digits)
    assert kinds(diagnosis) == [("not learning", None)]
    assert "Use a larger learning rate" in diagnosis.findings[0].try_this


def test_inputs_that_tell_nothing_of_the_target():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2000, 5)), rng.standard_normal(2000)
    model = bl.MLPRegressor(hidden_layer_sizes=(5,), max_iter=10, random_state=0, callbacks=[bl.Recorder()])
    with warnings.catch_warnings(action="ignore"):
        diagnosis = bl.diagnose(model.fit(x, y), x, y)
    assert kinds(diagnosis) == [("not learning", None)]
    assert "the inputs may tell nothing of the target" in diagnosis.findings[0].try_this


def test_relu_that_is_dead_by_its_bias(digits):
    network = bl.Network.initialize([64, 50, 50, 10], ["relu", "relu", "softmax"], seed=0)
    network = bl.Network(network.weights, [network.biases[0] - 50, *network.biases[1:]], network.activations)
    diagnosis = trained_by_hand(network, digits[0], np.eye(10)[digits[1]], "cross_entropy", 0.1, 10)
    assert kinds(diagnosis) == [("not learning", None), ("dead", 2), ("dead", 3)]
    assert "begin from the default initialization" in diagnosis.findings[1].try_this


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_weights_that_began_as_zeros(digits, activation):
    network = bl.Network.initialize([64, 20, 20, 10], [activation, activation, "softmax"], seed=0)
    zero = bl.Network([0 * w for w in network.weights], network.biases, network.activations)
    found = kinds(trained_by_hand(zero, digits[0], np.eye(10)[digits[1]], "cross_entropy", 0.5, 10))
    assert {("symmetric", 2), ("symmetric", 3)} <= set(found)
    assert ("symmetric", 4) not in found  # the outputs differ by their targets


@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_many_layers_whose_weights_are_too_large_explode(digits, activation):
    network = bl.Network.initialize([64, *[50] * 10, 10], [activation] * 10 + ["softmax"], seed=0)
    large = bl.Network([2.2 * w for w in network.weights], network.biases, network.activations)
    with pytest.raises(DivergenceError) as raised, np.errstate(all="ignore"):
        trained_by_hand(large, digits[0], np.eye(10)[digits[1]], "cross_entropy", 0.1, 10)
    found = kinds(bl.diagnose(raised.value))
    assert found[0][0] == "not finite"
    assert ("exploding", 2) in found


def test_nan_in_the_data_is_suspected_where_nothing_else_was_wrong(digits):
    x = digits[0].copy()
    x[1000, 3] = np.nan
    network = bl.Network.initialize([64, 20, 10], ["tanh", "softmax"], seed=0)
    with pytest.raises(DivergenceError) as raised:
        trained_by_hand(network, x, np.eye(10)[digits[1]], "cross_entropy", 0.1, 10)
    diagnosis = bl.diagnose(raised.value)
    assert kinds(diagnosis) == [("not finite", 2)]
    assert diagnosis.findings[0].try_this.startswith("Look for NaN, infinite or huge values in the data.")


def test_inputs_that_are_not_scaled_are_named_where_something_is_wrong():
    cancer = load_breast_cancer(return_X_y=True)
    clf = trained(cancer, max_iter=30, solver="sgd", learning_rate_init=0.01)
    diagnosis = bl.diagnose(clf, *cancer)
    assert kinds(diagnosis)[-1] == ("unscaled", None)
    size = np.sqrt(np.mean(cancer[0] ** 2, axis=0)).max()
    assert f"a root mean square of {size:.3g};" in diagnosis.findings[-1].what
    assert {"rising", "dead"} & {kind for kind, _ in kinds(diagnosis)}


def test_a_cost_that_rose_again():
    network = bl.Network.initialize([3, 4, 1], ["tanh", "identity"], seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((100, 3)), rng.standard_normal((100, 1))
    start = measure(network, Sample.of(x, y, "quadratic", "identity"))
    costs = {0: 1.0, 1: 0.3, 2: 0.2, 3: 0.6, 4: 0.7, 6: 0.7, 8: 0.7}
    records = [replace(start, epoch=epoch, cost=cost, constant_cost=0.5) for epoch, cost in costs.items()]
    finding = bl.diagnose(network, x, y, history=records).findings[0]
    assert (finding.kind, finding.epoch) == ("rising", 2)
    assert "C was 0.2 after epoch 2, and is 0.7 in the last third" in finding.what


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
    assert lines[0].endswith("(best constant: 2.302)")
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
    assert len(lines) == 8 + len(diagnosis.history) + 2
    document = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    assert [figures["epoch"] for figures in document["history"]] == [0, 1, 2, 3, 4, 6, 8, 12, 16]
    assert document["constant_cost"] == diagnosis.constant_cost


def test_of_a_long_history_some_epochs_are_shown():
    network = bl.Network.initialize([2, 3, 1], ["tanh", "identity"], seed=0)
    x, y = np.eye(2), np.ones((2, 1))
    start = measure(network, Sample.of(x, y, "quadratic", "identity"))
    diagnosis = bl.diagnose(network, x, y, history=[replace(start, epoch=epoch) for epoch in range(101)])
    epochs = [int(cells[0]) for cells in diagnosis.history_table()[1]]
    assert (len(epochs), epochs[0], epochs[-1]) == (12, 0, 100)


def test_many_examples_are_sampled():
    network = bl.Network.initialize([2, 3, 1], ["tanh", "identity"])
    assert bl.diagnose(network, np.zeros((5000, 2)), np.zeros((5000, 1))).n_examples == 2048


def test_what_is_refused():
    network = bl.Network.initialize([2, 3, 1], ["tanh", "identity"])
    with pytest.raises(InvalidInputError, match="examples x are needed"):
        bl.diagnose(network)
    with pytest.raises(InvalidInputError, match="needs the targets y"):
        bl.diagnose(network, np.eye(2))


def test_the_history_of_another_network_is_refused():
    network = bl.Network.initialize([2, 3, 1], ["tanh", "identity"])
    deeper = bl.Network.initialize([2, 3, 3, 1], ["tanh", "relu", "identity"])
    x, y = np.eye(2), np.ones((2, 1))
    foreign = [measure(deeper, Sample.of(x, y, "quadratic", "identity"))]
    with pytest.raises(InvalidInputError, match="tanh, relu, identity, but those of this one have tanh, identity"):
        bl.diagnose(network, x, y, history=foreign)
    with pytest.raises(InvalidInputError, match=r"give recorder\.history"):
        bl.diagnose(network, x, y, history=[{"epoch": 0}])
