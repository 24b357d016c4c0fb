import dataclasses
import math
import tracemalloc

import numpy as np
import pytest

import needs
from backlit.core import activations, backpropagation, gradient_check, losses
from backlit.core.activations import ACTIVATIONS
from backlit.core.backpropagation import backpropagate
from backlit.core.gradient_check import check_gradient
from backlit.core.gradient_report import Kink
from backlit.core.likelihood_losses import SHORT_CUTS
from backlit.core.losses import fitting_pairs
from backlit.core.network import Network
from backlit.core.penalty import Penalty
from backlit.errors import InvalidInputError, LossActivationError, ShapeError
from every import every, in_turn


def problem(sizes=(3, 4, 4, 2), names="tanh", seed=0, n=6, **options):
    rng = np.random.default_rng(seed)
    network = Network.initialize(sizes, names, initialization="standard_normal", seed=seed, **options)
    return network, rng.standard_normal((n, sizes[0])), rng.random((n, sizes[-1]))


# a right gradient passes


@every(("pair", "hidden"), in_turn(fitting_pairs(), ACTIVATIONS))
def test_every_loss_and_activation(pair, hidden):
    loss, output = pair
    network, x, y = problem((3, 4, 3), [hidden, output], seed=1)
    report = check_gradient(network, x, y, loss=loss)
    assert report.ok, report
    assert report.n_checked == report.n_parameters == network.n_parameters == 31
    assert report.n_kinks == 0


@pytest.mark.parametrize("sample_weight", [None, np.array([1.0, 2.0, 0.0, 0.5, 3.0, 1.0])])
@pytest.mark.parametrize("penalty", [Penalty(l2=0.3), Penalty(l1=0.2), Penalty(alpha=1.5), Penalty(0.3, 0.2, 1.5)])
def test_sample_weights_and_penalties(sample_weight, penalty):
    network, x, y = problem()
    report = check_gradient(network, x, y, sample_weight=sample_weight, penalty=penalty)
    assert report.ok, report
    assert report.worst_relative_error < 1e-7


def test_the_differences_are_those_of_the_cost():
    """The rearrangement that keeps layers before l must be what it stands for: C of a changed network."""
    network, x, y = problem(names=["relu", "softmax", "sigmoid"])
    options = {"loss": "cross_entropy", "penalty": Penalty(0.1, 0.1, 0.1), "sample_weight": np.arange(1.0, 7.0)}
    report = check_gradient(network, x, y, **options)
    i, j, k = report.worst.layer - 2, report.worst.neuron - 1, report.worst.k

    def cost(h):
        weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
        if k is None:
            biases[i][j] += h
        else:
            weights[i][j, k - 1] += h
        changed = Network(weights, biases, network.activations)
        return float(backpropagation.cost(changed, x, y, **options))

    assert report.worst.numeric == pytest.approx((cost(1e-5) - cost(-1e-5)) / 2e-5, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 255.0, 1e5])
def test_inputs_of_any_scale(scale):
    network, x, y = problem()
    first = Network((network.weights[0] / scale, *network.weights[1:]), network.biases, network.activations)
    report = check_gradient(first, x * scale, y)
    assert report.ok, report
    assert report.worst_relative_error < 1e-6


def test_float32_networks_are_judged_in_float64():
    network, x, y = problem(dtype="float32")
    report = check_gradient(network, x.astype("f4"), y.astype("f4"))
    assert report.ok
    assert report.worst_relative_error < 1e-7


def test_networks_of_other_libraries(xp):
    network, x, y = problem(xp=xp)
    report = check_gradient(network, xp.asarray(x), xp.asarray(y))
    assert report.ok
    reference = check_gradient(*problem())
    assert (report.worst.symbol, report.worst.numeric) == (reference.worst.symbol, reference.worst.numeric)


def test_torch_parameters_that_require_a_gradient():
    torch = needs.imported("torch")

    network, x, y = problem(xp=torch)
    for w in network.weights:
        w.requires_grad_()
    assert check_gradient(network, x, y).ok


def test_where_everything_is_zero_it_is_right():
    network = Network([np.zeros((2, 2)), np.zeros((1, 2))], [np.zeros(2), np.zeros(1)], "identity")
    report = check_gradient(network, np.zeros((1, 2)), np.zeros((1, 1)))
    assert report.ok
    assert report.worst_relative_error == 0


def test_saturated_outputs():
    network, x, y = problem((3, 2), ["sigmoid"])
    big = Network([200 * w for w in network.weights], network.biases, network.activations)
    assert check_gradient(big, x, np.round(y), loss="cross_entropy").ok
    assert check_gradient(big, x, np.round(y)).ok


# a wrong gradient does not


def wrong_layers(report):
    return [layer.worst_relative_error > report.tolerance for layer in report.layers]


def alter(monkeypatch, change):
    """Let check_gradient judge a backpropagation whose Backpass was changed."""

    def wrong(*arguments, **options):
        at = backpropagate(*arguments, **options)
        change(at)
        return at

    monkeypatch.setattr(gradient_check, "backpropagate", wrong)


@pytest.mark.parametrize("layer", [2, 3, 4])
@pytest.mark.parametrize("factor", [0.0, -1.0, 2.0, 1.0001, math.nan])
def test_one_wrong_weight_is_found(monkeypatch, layer, factor):
    def change(at):
        at.nabla_w[layer - 2][1, 2] *= factor

    alter(monkeypatch, change)
    report = check_gradient(*problem())
    assert not report.ok
    assert (report.worst.layer, report.worst.neuron, report.worst.k) == (layer, 2, 3)
    assert report.worst.symbol == f"w^{layer}_23"
    assert wrong_layers(report) == [i + 2 == layer for i in range(3)]
    if factor == 2.0:
        assert report.worst_relative_error == pytest.approx(0.5, rel=1e-4)
        assert report.worst.analytic == pytest.approx(2 * report.worst.numeric, rel=1e-4)
    if math.isnan(factor):
        assert report.worst_relative_error == math.inf


@pytest.mark.parametrize("layer", [2, 3, 4])
def test_one_wrong_bias_is_found(monkeypatch, layer):
    def change(at):
        at.nabla_b[layer - 2][1] *= 1.0001

    alter(monkeypatch, change)
    report = check_gradient(*problem())
    assert not report.ok
    assert (report.worst.layer, report.worst.neuron, report.worst.k) == (layer, 2, None)
    assert report.worst.symbol == f"b^{layer}_2"


def test_a_transposed_gradient_is_found(monkeypatch):
    def change(at):
        at.nabla_w[1] = at.nabla_w[1].T

    alter(monkeypatch, change)
    report = check_gradient(*problem())
    assert not report.ok
    assert report.worst.layer == 3


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in ("identity", "softmax")])
def test_a_wrong_derivative_is_found(monkeypatch, name):
    right = ACTIVATIONS[name]
    wrong = dataclasses.replace(right, derivative=lambda z: right.derivative(z) * 1.001)
    monkeypatch.setitem(activations.ACTIVATIONS, name, wrong)
    network, x, y = problem(names=["identity", name, "identity"])
    report = check_gradient(network, x, y)
    assert not report.ok
    # δ of layer 3 is wrong, and so are the layers before it; the last layer does not use it
    assert wrong_layers(report) == [True, True, False]


WRONG_EQUATIONS = {
    "bp1 without σ′": ("bp1", lambda nabla_a, z, activation: nabla_a, [True, True, True]),
    "bp2 without σ′": ("bp2", lambda w, delta, z, activation, product: delta @ w, [True, True, False]),
    "bp2 with w not transposed": (
        "bp2",
        lambda w, delta, z, activation, product: backpropagation.get_activation(activation).pull_back(z, delta @ w.T),
        [True, True, False],
    ),
    "bp3 as a sum": ("bp3", lambda delta, share: delta.sum(axis=0), [True, True, True]),
    "bp3 not weighted": ("bp3", lambda delta, share: delta.mean(axis=0), [True, True, True]),
    "bp4 as a sum": ("bp4", lambda a, delta, share, product: delta.T @ a, [True, True, True]),
    "bp4 not weighted": ("bp4", lambda a, delta, share, product: delta.T @ a / len(a), [True, True, True]),
}


@pytest.mark.parametrize("case", list(WRONG_EQUATIONS))
def test_a_wrong_equation_is_found(monkeypatch, case):
    name, wrong, layers = WRONG_EQUATIONS[case]
    network, x, y = problem((4, 4, 4, 4))
    options = {"sample_weight": np.array([1.0, 2.0, 0.0, 0.5, 3.0, 1.0])}
    assert check_gradient(network, x, y, **options).ok
    monkeypatch.setattr(backpropagation, name, wrong)
    report = check_gradient(network, x, y, **options)
    assert not report.ok
    assert wrong_layers(report) == layers


@pytest.mark.parametrize("loss", ["quadratic", "huber", "absolute"])
def test_a_wrong_loss_gradient_is_found(monkeypatch, loss):
    right = losses.LOSSES[loss]
    wrong = dataclasses.replace(right, nabla_a=lambda a, y: 2.0 * right.nabla_a(a, y))
    monkeypatch.setitem(losses.LOSSES, loss, wrong)
    report = check_gradient(*problem(), loss=loss)
    assert report.worst_relative_error == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("pair", list(SHORT_CUTS))
def test_a_wrong_short_cut_is_found(monkeypatch, pair):
    right = SHORT_CUTS[pair]
    monkeypatch.setitem(SHORT_CUTS, pair, lambda z, a, y: right(z, a, y) + 1e-4)
    network, x, y = problem(names=["tanh", "tanh", pair[1]])
    assert not check_gradient(network, x, y, loss=pair[0]).ok


@pytest.mark.parametrize("penalty", [Penalty(l2=0.3), Penalty(l1=0.2), Penalty(alpha=1.5)])
def test_a_forgotten_penalty_is_found(monkeypatch, penalty):
    monkeypatch.setattr(Penalty, "add_gradient", lambda self, nabla_w, w, batch_weight: nabla_w)
    report = check_gradient(*problem(), penalty=penalty)
    assert not report.ok
    assert report.worst.k is not None


def test_what_overflows_is_not_ok():
    network, x, y = problem(names=["tanh", "exp", "exp"])
    big = Network([1000 * w for w in network.weights], network.biases, network.activations)
    with np.errstate(all="ignore"):
        report = check_gradient(big, x, y)
    assert not report.ok
    assert report.worst_relative_error == math.inf


# kinks


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "selu", "elu"])
def test_steps_across_a_kink_are_counted_and_not_judged(name):
    # z^2_1 is exactly 0 in the first example, so all that moves it crosses: its bias and both of its weights
    network = Network(
        [np.array([[1.0, -1.0], [0.5, 0.25]]), np.array([[0.7, 0.3]])], [np.zeros(2), np.zeros(1)], [name, "identity"]
    )
    report = check_gradient(network, np.array([[2.0, 2.0], [1.0, 3.0]]), np.array([[0.5], [0.25]]))
    assert report.ok, report
    assert (report.n_kinks, report.n_checked, report.n_parameters) == (3, 6, 9)


def test_kinks_further_on_count_too():
    # z^3 is exactly 0; everything before it moves it
    network = Network([np.array([[1.0]]), np.array([[1.0]])], [np.zeros(1), np.array([-1.0])], ["identity", "relu"])
    report = check_gradient(network, np.array([[1.0]]), np.array([[0.5]]))
    assert (report.n_kinks, report.n_checked) == (4, 0)
    assert not report.ok
    assert "nothing could be judged; 0 of 4 parameters checked" in str(report)


@pytest.mark.parametrize(
    ("loss", "a_minus_y", "n_kinks"),
    [
        ("absolute", 0.0, 2),
        ("absolute", 1.0, 0),
        ("huber", 1.0, 2),
        ("huber", -1.0, 2),
        ("huber", 0.0, 0),
        ("quadratic", 0.0, 0),
    ],
)
def test_kinks_of_the_loss(loss, a_minus_y, n_kinks):
    network = Network([np.array([[0.5]])], [np.array([0.25])], "identity")
    report = check_gradient(network, np.array([[1.0]]), np.array([[0.75 - a_minus_y]]), loss=loss)
    assert report.n_kinks == n_kinks
    assert report.ok == (n_kinks == 0)


def test_kinks_of_the_absolute_weights():
    network = Network([np.array([[0.0, 0.5]])], [np.zeros(1)], "identity")
    batch = np.array([[1.0, 2.0]]), np.array([[3.0]])
    assert check_gradient(network, *batch, penalty=Penalty(l2=0.1)).n_kinks == 0
    report = check_gradient(network, *batch, penalty=Penalty(l1=0.1))
    assert (report.n_kinks, report.ok) == (1, True)


def test_a_kink_that_is_touched_by_no_step_is_judged():
    # the second input is 0, so its weight does not move z away from the kink
    network = Network([np.array([[0.0, 1.0]])], [np.zeros(1)], "relu")
    report = check_gradient(network, np.array([[1.0, 0.0]]), np.array([[1.0]]))
    assert (report.n_kinks, report.n_checked, report.ok) == (2, 1, True)


# samples of large networks


def test_a_large_network_is_sampled():
    network, x, y = problem((784, 30, 10), "sigmoid", n=3)
    report = check_gradient(network, x, y, max_parameters=100)
    assert report.ok
    assert (report.n_checked, report.n_parameters) == (100, 23_860)
    again, other = (check_gradient(network, x, y, max_parameters=100, seed=seed) for seed in (0, 1))
    assert again == report
    assert other != report
    assert "100 of 23,860 parameters checked" in str(report)


@pytest.mark.parametrize(
    ("max_parameters", "counts"),
    # 24 weights and 8 biases, 16 weights and 2 biases
    [(1000, (24, 8, 16, 2)), (50, (24, 8, 16, 2)), (20, (6, 6, 6, 2)), (4, (1, 1, 1, 1)), (40, (15, 8, 15, 2))],
)
def test_every_layer_gets_its_share_of_the_sample(max_parameters, counts):
    network = Network.initialize([3, 8, 2])
    drawn = {(i, is_weight): flat for i, is_weight, flat in gradient_check._draw(network, max_parameters, 0)}
    assert tuple(len(drawn[key]) for key in [(0, True), (0, False), (1, True), (1, False)]) == counts
    for flat in drawn.values():
        assert len(set(flat)) == len(flat)


def test_a_single_parameter():
    report = check_gradient(*problem(), max_parameters=1)
    assert report.n_checked == 1
    assert report.ok


def test_memory_is_bounded():
    network, x, y = problem((784, 30, 10), "sigmoid", n=10)
    tracemalloc.start()
    report = check_gradient(network, x, y, max_parameters=30_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (report.ok, report.n_checked) == (True, 23_860)
    assert peak < 40e6  # 23,860 parameters × 10 examples × 30 neurons at once would be 57 MB for each array


# the report


def test_report_reads_well(monkeypatch):
    def change(at):
        at.nabla_w[0][11, 2] = 0.5

    alter(monkeypatch, change)
    network, x, y = problem((3, 12, 2))
    report = check_gradient(network, x, y)
    lines = str(report).splitlines()
    assert lines[0] == "Gradient check FAILED: 74 of 74 parameters checked."
    assert lines[1].startswith("Worst: w^2_12,3, relative error ")
    assert lines[1].endswith(" (tolerance 1e-05).")
    assert lines[2] == "  by backpropagation 0.5"
    assert lines[3].startswith(f"  by differences     {report.worst.numeric:.12g} ± ")
    assert lines[4].startswith("Layer 2 (tanh): 48 checked, worst w^2_12,3 with ")
    monkeypatch.undo()
    assert str(check_gradient(network, x, y)).startswith("Gradient check passed: 74 of 74 parameters checked.\n")


def test_what_is_refused():
    network, x, y = problem()
    with pytest.raises(InvalidInputError, match="max_parameters must be at least 1, but 0 came"):
        check_gradient(network, x, y, max_parameters=0)
    with pytest.raises(ShapeError, match="x must have the shape"):
        check_gradient(network, x[:, :2], y)
    with pytest.raises(LossActivationError):
        check_gradient(network, x, y, loss="poisson")


# how exact the quotients are


@every(("loss", "output"), fitting_pairs())
def test_the_error_estimate_holds_and_is_not_loose(loss, output):
    network, x, y = problem((3, 4, 3), ["tanh", output], seed=1)
    for layer in check_gradient(network, x, y, loss=loss).layers:
        assert abs(layer.worst.numeric - layer.worst.analytic) <= layer.worst.numeric_error < 1e-7


def test_a_bend_sharper_than_the_step_is_unclear_and_not_wrong():
    # tanh(2000 z): the third derivative makes the quotient wrong by 1e-4, and halving the step shows it
    network = Network([np.array([[2000.0]])], [np.array([0.8])], "tanh")
    steep = Network([np.array([[1.0]]), np.array([[2000.0]])], [np.zeros(1), np.zeros(1)], ["identity", "tanh"])
    assert check_gradient(network, np.array([[0.0001]]), np.array([[0.0]])).ok
    report = check_gradient(steep, np.array([[0.0002]]), np.array([[0.0]]))
    assert report.n_unclear == 2
    assert report.ok
    assert "2 more were not judged: C bends so sharply" in str(report)


def test_what_is_wrong_by_more_than_the_estimate_is_not_unclear(monkeypatch):
    def change(at):
        at.nabla_b[0][0] *= 1.01

    alter(monkeypatch, change)
    steep = Network([np.array([[1.0]]), np.array([[2000.0]])], [np.zeros(1), np.zeros(1)], ["identity", "tanh"])
    report = check_gradient(steep, np.array([[0.0002]]), np.array([[0.0]]))
    assert (report.ok, report.worst.symbol) == (False, "b^2_1")


# kinks by name


def test_kinks_are_named():
    network = Network(
        [np.array([[1.0, -1.0], [0.5, 0.25]]), np.array([[0.7, 0.3]])], [np.zeros(2), np.zeros(1)], ["relu", "identity"]
    )
    report = check_gradient(network, np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([[0.5], [0.25]]))
    assert report.kinks == (Kink("relu", 2, 1, 2, 0.0, 3),)
    assert "relu in layer 2, neuron 1 for example 2: 3 parameters not judged" in str(report)
    assert [layer.n_kinks for layer in report.layers] == [3, 0]


def test_kinks_of_the_loss_and_of_the_penalty_are_named():
    network = Network([np.array([[0.5, 0.0]])], [np.array([0.25])], "identity")
    x, y = np.array([[1.0, 0.0]]), np.array([[0.75]])
    report = check_gradient(network, x, y, loss="absolute", penalty=Penalty(l1=0.1))
    names = {(kink.name, kink.layer, kink.neuron, kink.example, kink.n_parameters) for kink in report.kinks}
    assert names == {("absolute", 2, 1, 1, 2), ("|w|", 2, 1, None, 1)}


def test_a_kink_that_nobody_declares_is_recognized(monkeypatch):
    careless = dataclasses.replace(ACTIVATIONS["relu"], kinks=())
    monkeypatch.setitem(activations.ACTIVATIONS, "relu", careless)
    network = Network([np.array([[1.0]]), np.array([[1.0]])], [np.zeros(1), np.array([0.1])], ["relu", "identity"])
    report = check_gradient(network, np.array([[0.0]]), np.array([[1.0]]))
    assert [(kink.name, kink.layer, kink.neuron) for kink in report.kinks] == [("undeclared", 2, 1)]
    assert report.ok


def test_a_report_as_json():
    import json

    network, x, y = problem()
    document = check_gradient(network, x, y).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["ok"], document["n_checked"], document["kinks"]) == (True, network.n_parameters, [])
    assert [layer["layer"] for layer in document["layers"]] == [2, 3, 4]
    assert document["layers"][0]["worst"]["symbol"].startswith(("w^2_", "b^2_"))
