import json
import math

import numpy as np
import pytest

from backlit.core.activations import ACTIVATIONS
from backlit.core.backpropagation import backpropagate
from backlit.core.layer_health import NetworkHealth, full_slope, measure, relative_slope
from backlit.core.network import Network, feedforward
from backlit.core.sample import Sample
from backlit.errors import InvalidInputError


def problem(names=("tanh", "relu", "softmax"), seed=0):
    rng = np.random.default_rng(seed)
    network = Network.initialize([3, 5, 4, 2], names, seed=seed)
    return network, rng.standard_normal((20, 3)), np.eye(2)[rng.integers(0, 2, 20)]


def test_the_figures_are_those_of_backpropagation():
    network, x, y = problem()
    figures = measure(network, Sample.of(x, y, "cross_entropy", "softmax"), epoch=3)
    at = backpropagate(network, x, y, loss="cross_entropy")
    assert (figures.epoch, figures.cost) == (3, pytest.approx(at.cost, rel=1e-14))
    for i, layer in enumerate(figures.layers):
        assert layer.layer == i + 2
        assert layer.activation == network.activations[i]
        assert layer.delta == pytest.approx(math.sqrt(np.mean(np.sum(at.delta[i] ** 2, axis=1))), rel=1e-14)
        assert layer.weight == pytest.approx(np.linalg.norm(network.weights[i]), rel=1e-14)
        assert layer.moved is None
    off = at.z[1] <= 0
    assert figures.layers[1].saturated == off.mean()
    assert figures.layers[1].dead == off.all(axis=0).mean()
    assert figures.nonfinite_layer is None


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if ACTIVATIONS[name].derivative is not None])
def test_slopes_are_relative_to_the_largest_near_zero(name):
    z = np.linspace(-1, 1, 2001)[:, None]
    slope = relative_slope(name, z, ACTIVATIONS[name].value(z))
    assert slope.max() == pytest.approx(1.0, abs=1e-4)


def test_sigmoid_is_flat_where_its_slope_is_under_a_hundredth_of_a_quarter():
    assert full_slope("sigmoid") == pytest.approx(0.25, abs=1e-9)
    # σ′(z) = 0.0025 at z = ±5.98…
    network = Network([np.eye(2)], [np.zeros(2)], "sigmoid")
    x = np.array([[5.97, 6.0], [-5.97, -6.0]])
    figures = measure(network, Sample.of(x, np.zeros((2, 2)), "quadratic", "sigmoid"))
    assert (figures.layers[0].saturated, figures.layers[0].dead) == (0.5, 0.5)


def test_softmax_has_its_own_derivative():
    a = np.array([[0.5, 0.5], [0.999, 0.001]])
    np.testing.assert_allclose(relative_slope("softmax", np.log(a), a), [[1, 1], [0.003996] * 2], rtol=1e-12)


def test_how_far_the_weights_moved():
    network, x, y = problem()
    before = Network([0.5 * w for w in network.weights], network.biases, network.activations)
    for n_epochs in (1, 4):
        figures = measure(network, Sample.of(x, y, "cross_entropy", "softmax"), before=before, n_epochs=n_epochs)
        assert [layer.moved for layer in figures.layers] == [pytest.approx(1.0 / n_epochs)] * 3


def test_skill_is_the_share_of_the_constants_cost_that_is_done_away_with():
    network, x, y = problem(("tanh", "relu", "identity"))
    figures = measure(network, Sample.of(x, y, "quadratic", "identity"))
    output = feedforward(network, x)[1][-1]
    r2 = 1 - np.sum((y - output) ** 2) / np.sum((y - y.mean(axis=0)) ** 2)
    assert figures.skill == pytest.approx(r2, rel=1e-12)
    assert math.isnan(measure(network, Sample.of(x, np.ones((20, 2)), "quadratic", "identity")).skill)


def test_what_is_not_finite_is_found_and_written_as_null():
    network, x, y = problem()
    network.weights[1][0, 0] = np.nan
    figures = measure(network, Sample.of(x, y, "cross_entropy", "softmax"))
    assert figures.nonfinite_layer == 2  # δ of layer 2 comes from w of layer 3
    document = json.loads(json.dumps(figures.to_dict(), allow_nan=False))
    assert document["layers"][1]["weight"] is None
    again = NetworkHealth.from_dict(document, network.activations)
    assert again.nonfinite_layer == 2


def test_figures_survive_json_exactly():
    network, x, y = problem()
    figures = measure(network, Sample.of(x, y, "cross_entropy", "softmax"), epoch=7, before=network)
    assert NetworkHealth.from_dict(json.loads(json.dumps(figures.to_dict())), network.activations) == figures


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epoch": "1"}, "w.epoch must be a whole number"),
        ({"epoch": -1}, "w.epoch must be a whole number"),
        ({"cost": "low"}, "w.cost must be a finite number, but 'low' came"),
        ({"constant_cost": []}, "w.constant_cost must be a finite number"),
        ({"input_size": "large"}, "w.input_size must be a finite number"),
        ({"layers": 3}, "w.layers must be a list"),
        ({"layers": [{"layer": 2}] * 3}, r"w.layers\[0\].activation is missing"),
        (
            {
                "layers": [
                    {
                        "layer": 2,
                        "activation": "nonsense",
                        "delta": 1,
                        "saturated": 0,
                        "dead": 0,
                        "weight": 1,
                        "moved": 1,
                    }
                ]
                * 3
            },
            r"w.layers\[0\].activation must be 'tanh', but 'nonsense' came",
        ),
    ],
)
def test_strange_documents_are_refused(change, said):
    network, x, y = problem()
    document = measure(network, Sample.of(x, y, "cross_entropy", "softmax")).to_dict() | change
    with pytest.raises(InvalidInputError, match=said):
        NetworkHealth.from_dict(document, network.activations, "w")


def test_the_figures_of_another_network_are_refused():
    network, x, y = problem()
    document = measure(network, Sample.of(x, y, "cross_entropy", "softmax")).to_dict()
    for others in (("tanh", "softmax"), ("relu", "tanh", "softmax")):
        with pytest.raises(InvalidInputError, match="of this very network"):
            NetworkHealth.from_dict(document, others)
