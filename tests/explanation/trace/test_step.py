"""The trace holds what backpropagate returned, bit for bit, and a published calculation to its last printed digit."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

import needs
from backlit.core.backpropagation import backpropagate, cost
from backlit.core.likelihood_losses import SHORT_CUTS
from backlit.core.losses import fitting_pairs
from backlit.core.network import Network, feedforward
from backlit.core.optimizers import SGD
from backlit.errors import InvalidInputError, LossActivationError, ShapeError
from backlit.explanation import explain
from every import every


def target(loss, n_outputs):
    values = {"cross_entropy": np.eye(n_outputs)[1 % n_outputs], "poisson": np.arange(n_outputs, dtype=float)}
    return values.get(loss, np.linspace(-0.5, 0.8, n_outputs))


def worked(loss="quadratic", output="sigmoid", dtype="float64", sizes=(3, 5, 4, 3), **options):
    """A small network, one example, and the explanation of it."""
    activations = ["tanh", "softplus", "relu"][: len(sizes) - 2]
    network = Network.initialize(sizes, [*activations, output], seed=3, dtype=dtype)
    for b in network.biases:
        b[:] = np.random.default_rng(len(b)).uniform(-0.5, 0.5, len(b))  # new networks have biases of 0
    x = np.random.default_rng(1).normal(size=sizes[0])
    y = target(loss, sizes[-1])
    return network, x, y, explain(network, x, y, loss=loss, **options)


def assert_same_bits(found, expected):
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected, equal_nan=True)


@every("dtype", ["float32", "float64"])
@every(("loss", "output"), fitting_pairs())
def test_numbers_are_those_of_backpropagate(loss, output, dtype):
    network, x, y, explanation = worked(loss, output, dtype, learning_rate=0.3)
    truth = backpropagate(network, x, y, loss=loss)
    (example,) = explanation.examples

    assert explanation.cost == example.cost == truth.cost
    assert example.cost_summands.sum() == np.asarray(truth.cost, dtype)
    assert_same_bits(example.x, truth.a[0][0])
    for i, (layer, parameters) in enumerate(zip(example.layers, explanation.parameters, strict=True)):
        assert layer.layer == parameters.layer == i + 2
        assert_same_bits(layer.z, truth.z[i][0])
        assert_same_bits(layer.a, truth.a[i + 1][0])
        assert_same_bits(layer.error.delta, truth.delta[i][0])
        assert_same_bits(parameters.step.nabla_w, truth.nabla_w[i])
        assert_same_bits(parameters.step.nabla_b, truth.nabla_b[i])
        assert_same_bits(parameters.w, network.weights[i])
        assert_same_bits(parameters.b, network.biases[i])


@every(("loss", "output"), fitting_pairs())
def test_error_is_made_of_what_stands_beside_it(loss, output):
    *_, explanation = worked(loss, output)
    for layer in explanation.examples[0].layers:
        error = layer.error
        is_output = layer.layer == explanation.n_layers
        assert error.short_cut == (is_output and (loss, output) in SHORT_CUTS)
        if error.sigma_prime is None:
            by_hand = layer.a * (error.nabla_a - error.mean_nabla_a)
            assert np.allclose(error.general, by_hand, rtol=1e-12, atol=1e-14)
        else:
            assert_same_bits(error.general, error.nabla_a * error.sigma_prime)
        if error.short_cut:
            assert np.allclose(error.general, error.delta, rtol=1e-12, atol=1e-14)
        else:
            assert_same_bits(error.general, error.delta)


def test_summands_sum_to_what_they_are_summands_of():
    *_, explanation = worked()
    (example,) = explanation.examples
    for layer in example.layers:
        b = explanation.layer_parameters(layer.layer).b
        assert np.allclose(explanation.z_summands(layer.layer).sum(axis=1) + b, layer.z, rtol=1e-13)
    for layer in example.layers[:-1]:
        assert np.allclose(explanation.error_summands(layer.layer).sum(axis=1), layer.error.nabla_a, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_step_is_gradient_descent_and_the_cost_after_it_is_that_of_the_new_network(dtype):
    network, x, y, explanation = worked(dtype=dtype, learning_rate=0.3)
    stepped = []
    for before, part in ((network.weights, "w"), (network.biases, "b")):
        for theta, parameters in zip(before, explanation.parameters, strict=True):
            nabla = getattr(parameters.step, f"nabla_{part}")
            after, _ = SGD().step(theta, nabla, (), rate=0.3, t=1, is_weight=part == "w")
            assert_same_bits(getattr(parameters.step, f"{part}_after"), after)
            stepped.append(after)
    n = len(network.weights)
    new = Network(tuple(stepped[:n]), tuple(stepped[n:]), network.activations)
    assert explanation.cost_after == float(cost(new, x, y)) < explanation.cost


def test_without_y_there_is_the_forward_pass_only():
    network, x, _, _ = worked()
    explanation = explain(network, x)
    (example,) = explanation.examples
    z, a = feedforward(network, x[None])
    for i, layer in enumerate(example.layers):
        assert_same_bits(layer.z, z[i][0])
        assert_same_bits(layer.a, a[i + 1][0])
        assert layer.error is None
    assert explanation.cost is explanation.cost_after is example.y is example.cost is example.cost_summands is None
    assert all(parameters.step is None for parameters in explanation.parameters)
    with pytest.raises(InvalidInputError, match="Give the target y"):
        explanation.error_summands(2)


def mazur():
    """Matt Mazur, "A Step by Step Backpropagation Example", 2015, https://mattmazur.com/2015/03/17/."""
    return Network(
        (np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])),
        (np.array([0.35, 0.35]), np.array([0.60, 0.60])),
        ("sigmoid", "sigmoid"),
    )


def test_published_hand_calculation():
    explanation = explain(mazur(), [0.05, 0.10], [0.01, 0.99], learning_rate=0.5)
    hidden, output = explanation.examples[0].layers
    first, second = (parameters.step for parameters in explanation.parameters)
    published = {
        "0.3775": hidden.z[0],
        "0.593269992": hidden.a[0],
        "0.596884378": hidden.a[1],
        "1.105905967": output.z[0],
        "0.75136507": output.a[0],
        "0.772928465": output.a[1],
        "0.274811083": explanation.examples[0].cost_summands[0],
        "0.023560026": explanation.examples[0].cost_summands[1],
        "0.298371109": explanation.cost,
        "0.74136507": output.error.nabla_a[0],
        "0.186815602": output.error.sigma_prime[0],
        "0.138498562": output.error.delta[0],
        "0.082167041": second.nabla_w[0, 0],
        "0.036350306": hidden.error.nabla_a[0],
        "0.241300709": hidden.error.sigma_prime[0],
        "0.000438568": first.nabla_w[0, 0],
        "0.35891648": second.w_after[0, 0],
        "0.408666186": second.w_after[0, 1],
        "0.511301270": second.w_after[1, 0],
        "0.561370121": second.w_after[1, 1],
        "0.149780716": first.w_after[0, 0],
        "0.19956143": first.w_after[0, 1],
        "0.24975114": first.w_after[1, 0],
        "0.29950229": first.w_after[1, 1],
    }
    for printed, value in published.items():
        decimals = len(printed) - 2
        assert f"{value:.{decimals}f}" == printed


def test_published_cost_after_the_step():
    # The post leaves the biases as they are. The cost it gives after the step, 0.291027924, is not that of the weights
    # it prints: it is what comes out when the hidden layer's δ is calculated with output weights already updated.
    explanation = explain(mazur(), [0.05, 0.10], [0.01, 0.99], learning_rate=0.5)
    hidden, output = explanation.examples[0].layers
    first, second = (parameters.step for parameters in explanation.parameters)

    def cost_with(w2, w3):
        return f"{float(cost(Network((w2, w3), mazur().biases, mazur().activations), [0.05, 0.10], [0.01, 0.99])):.9f}"

    printed = (
        np.array([[0.149780716, 0.19956143], [0.24975114, 0.29950229]]),
        np.array([[0.35891648, 0.408666186], [0.511301270, 0.561370121]]),
    )
    assert cost_with(first.w_after, second.w_after) == cost_with(*printed) == "0.291027774"
    too_late = (second.w_after.T @ output.error.delta) * hidden.error.sigma_prime
    w2_too_late = explanation.parameters[0].w - 0.5 * np.outer(too_late, [0.05, 0.10])
    assert cost_with(w2_too_late, second.w_after) == "0.291027924"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_json_round_trip_is_exact(dtype):
    *_, explanation = worked("cross_entropy", "softmax", dtype, output_names=["ä", "b", "c"])
    document = explanation.to_dict()
    assert (document["format"], document["version"]) == ("backlit-explanation", 1)
    assert json.loads(explanation.to_json()) == document

    read = json.loads(explanation.to_json(indent=1))
    (example,) = read["examples"]
    for i, parameters in enumerate(explanation.parameters):
        stored = read["parameters"][i]
        assert_same_bits(np.array(stored["w"], dtype), parameters.w)
        assert_same_bits(np.array(stored["step"]["w_after"], dtype), parameters.step.w_after)
        delta = np.array(example["layers"][i]["error"]["delta"], dtype)
        assert_same_bits(delta, explanation.examples[0].layers[i].error.delta)
    assert read["output_names"] == ["ä", "b", "c"]
    assert read["cost"] == explanation.cost


def test_json_writes_what_is_not_finite_as_text():
    network = Network((np.array([[900.0], [-900.0]]),), (np.zeros(2),), ("softmax",))
    explanation = explain(network, [1.0], [0.0, 1.0], loss="cross_entropy")
    error = json.loads(explanation.to_json())["examples"][0]["layers"][0]["error"]
    assert error["nabla_a"] == [0.0, "-Infinity"]
    assert "NaN" in error["general"]
    assert error["delta"] == [1.0, -1.0]


def test_saturated_output_takes_the_short_cut_without_a_warning(recwarn):
    network = Network((np.array([[900.0]]),), (np.zeros(1),), ("sigmoid",))
    explanation = explain(network, [1.0], [0.0], loss="cross_entropy")
    error = explanation.examples[0].layer(2).error
    assert explanation.cost == 900.0
    assert not np.isfinite(error.general[0])
    assert error.delta[0] == 1.0
    assert not recwarn.list


def test_nothing_in_it_changes_when_training_goes_on():
    network, x, _, explanation = worked()
    before = explanation.to_dict()
    network.weights[0][:] = 0.0
    x[:] = 0.0
    assert explanation.to_dict() == before
    with pytest.raises(ValueError, match="read-only"):
        explanation.parameters[0].w[0, 0] = 1.0


def test_encoding_is_kept_as_tuples_and_as_objects():
    network, x, y, _ = worked()
    step = SimpleNamespace(name="f", column="c", raw_value=None, operation="median", value=float(x[1]))
    explanation = explain(
        network, x, y, encodings=[[("age", "age", "41", "41 − 30", x[0]), step, ("g", "c", "1.5", "as it is", x[2])]]
    )
    first, second, _ = explanation.examples[0].encoding
    assert (first.name, first.raw_value, first.value) == ("age", "41", x[0])
    assert (second.name, second.raw_value, second.operation) == ("f", "(missing)", "median")
    assert explanation.to_dict()["examples"][0]["encoding"][0]["operation"] == "41 − 30"


def test_original_scale():
    network, x, y, explanation = worked(output="identity", target_scale=(10.0, [1.0, 2.0, 3.0]))
    (example,) = explanation.examples
    assert np.array_equal(example.original_y, 10.0 + np.array([1.0, 2.0, 3.0]) * y)
    assert np.array_equal(example.original_output, 10.0 + np.array([1.0, 2.0, 3.0]) * example.layers[-1].a)
    assert explain(network, x, target_scale=(10.0, 2.0)).examples[0].original_y is None


@every(
    ("arguments", "error", "message"),
    [
        ({"x": np.zeros((33, 3)), "y": np.zeros((33, 3))}, ShapeError, "1 to 32 examples.* x has 33 rows"),
        ({"x": np.zeros((0, 3)), "y": None}, ShapeError, "x has 0 rows"),
        ({"x": np.zeros((2, 3)), "y": np.zeros((3, 3))}, ShapeError, "x has 2 examples but y has 3"),
        ({"x": np.zeros(4)}, ShapeError, r"x must have the shape \(n_examples, 3\)"),
        ({"y": np.zeros(2)}, ShapeError, "y must have the shape"),
        ({"x": [np.nan, 0, 0]}, InvalidInputError, "x must hold finite numbers"),
        ({"y": [np.inf, 0, 0]}, InvalidInputError, "y must hold finite numbers"),
        ({"x": None}, InvalidInputError, "A network needs the examples x"),
        ({"learning_rate": "a"}, InvalidInputError, "learning_rate must be a positive number, but 'a' came"),
        ({"learning_rate": 0.0}, InvalidInputError, "learning_rate must be a positive number"),
        ({"learning_rate": float("nan")}, InvalidInputError, "learning_rate must be a positive number"),
        ({"loss": "quadratics"}, InvalidInputError, "Did you mean 'quadratic'"),
        ({"loss": "poisson"}, LossActivationError, "'poisson' is defined"),
        ({"output_names": ["a"]}, ShapeError, "output_names must hold 3 names"),
        ({"target_scale": ([1.0, 2.0], 1.0)}, ShapeError, "The mean of target_scale"),
        ({"example_names": ["a", "b"]}, ShapeError, "example_names must hold 1 names"),
        ({"encodings": []}, ShapeError, "encodings must describe 1 examples"),
        ({"encodings": [[("a", "a", "1", "1", 0.0)]]}, ShapeError, "encoding must describe 3 inputs"),
        ({"encodings": [[("a", "a", "1", "1", 9.0)] * 3]}, InvalidInputError, "Both must be of the same row"),
    ],
)
def test_refuses_what_does_not_fit(arguments, error, message):
    network = Network.initialize([3, 4, 3], ["sigmoid", "identity"], seed=0)
    arguments = {"x": [0.1, 0.2, 0.3], "y": [0.0, 1.0, 0.0]} | arguments
    with pytest.raises(error, match=message):
        explain(network, **arguments)


def test_one_output_takes_a_plain_number():
    network = Network.initialize([2, 1], "identity", seed=0)
    assert explain(network, [1.0, 2.0], 3.0).examples[0].y.tolist() == [3.0]
    batch = [[1.0, 2.0], [0.0, 1.0]]
    for y in ([3.0, 4.0], np.array([3.0, 4.0]), [[3.0], [4.0]]):
        assert [example.y.tolist() for example in explain(network, batch, y).examples] == [[3.0], [4.0]]
    with pytest.raises(ShapeError, match="y must hold 2 numbers, one for each example, but holds 3"):
        explain(network, batch, [3.0, 4.0, 5.0])


@every("dtype", ["float32", "float64"])
@every(("loss", "output"), fitting_pairs())
def test_batch_is_its_examples_and_their_mean(loss, output, dtype):
    network, x, y, _ = worked(loss, output, dtype)
    xs, ys = np.stack([x, -0.5 * x, 0.25 * x]), np.stack([y, np.roll(y, 1), y])
    explanation = explain(network, xs, ys, loss=loss, learning_rate=0.3, example_names="abc")
    truth = backpropagate(network, xs, ys, loss=loss)
    assert [example.name for example in explanation.examples] == ["a", "b", "c"]
    for e, example in enumerate(explanation.examples):
        alone = explain(network, xs[e], ys[e], loss=loss, learning_rate=0.3)
        assert example.cost == pytest.approx(alone.cost, rel=1e-5 if dtype == "float32" else 1e-12)
        for i, layer in enumerate(example.layers):
            assert_same_bits(layer.z, truth.z[i][e])
            assert_same_bits(layer.error.delta, truth.delta[i][e])
            tolerance = {"rtol": 2e-5, "atol": 2e-6} if dtype == "float32" else {"rtol": 1e-10, "atol": 1e-12}
            assert np.allclose(explanation.nabla_w(i + 2, e), alone.parameters[i].step.nabla_w, **tolerance)
    for i, parameters in enumerate(explanation.parameters):
        assert_same_bits(parameters.step.nabla_w, truth.nabla_w[i])
        assert_same_bits(parameters.step.nabla_b, truth.nabla_b[i])
    assert explanation.cost == truth.cost == pytest.approx(np.mean([example.cost for example in explanation.examples]))
    stepped = [parameters.step for parameters in explanation.parameters]
    new = Network(tuple(s.w_after for s in stepped), tuple(s.b_after for s in stepped), network.activations)
    assert explanation.cost_after == float(cost(new, xs, ys, loss=loss))


@pytest.mark.needs("torch")
def test_network_in_another_array_library():
    torch = needs.imported("torch")

    network, x, y, explanation = worked()
    as_tensors = Network(
        tuple(map(torch.asarray, network.weights)), tuple(map(torch.asarray, network.biases)), network.activations
    )
    found = explain(as_tensors, x, y).examples[0].layer(2)
    assert isinstance(found.z, np.ndarray)
    assert np.allclose(found.error.delta, explanation.examples[0].layer(2).error.delta, rtol=1e-12)


def test_hidden_layer_that_couples_its_neurons():
    network = Network.initialize([3, 4, 2], ["softmax", "identity"], seed=1)
    explanation = explain(network, [0.1, 0.2, 0.3], [1.0, 0.0])
    hidden = explanation.examples[0].layer(2)
    assert hidden.error.sigma_prime is None
    assert hidden.error.mean_nabla_a == float((hidden.a * hidden.error.nabla_a).sum())
    assert hidden.sum_exp == pytest.approx(np.exp(hidden.z).sum())
