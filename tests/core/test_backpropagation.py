"""BP1–BP4 against loops, automatic differentiation of our own C, the demon, and on every array library.

Difference quotients are in test_gradient_check.py.
"""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings

import needs
from backlit.core.activations import get_activation
from backlit.core.backpropagation import backpropagate, bp1, bp2, bp3, bp4, check_loss_fits, cost
from backlit.core.losses import LOSSES, cost_of_each, fitting_pairs
from backlit.core.network import Network, feedforward, weighted_input
from backlit.core.penalty import NO_PENALTY, Penalty
from backlit.errors import InvalidInputError, LossActivationError, ShapeError
from every import every
from random_networks import NAMES, flat, has_enough_digits, problems


@settings(max_examples=300)
@given(problems())
def test_gradient_equals_torch_autograd(problem):
    torch = needs.imported("torch")

    network, x, y, options = problem
    at = backpropagate(network, x, y, **options)
    gradient = flat(at.nabla_w, at.nabla_b)
    assume(has_enough_digits(network, at, options["sample_weight"]))

    parameters = [torch.tensor(array, requires_grad=True) for array in (*network.weights, *network.biases)]
    layers = len(network.weights)
    c = cost(Network(parameters[:layers], parameters[layers:], network.activations), x, y, **options)
    assert float(c.detach()) == pytest.approx(at.cost, rel=1e-13)
    automatic = torch.autograd.grad(c, parameters, allow_unused=True, materialize_grads=True)
    automatic = flat(automatic[:layers], automatic[layers:])
    assert np.linalg.norm(gradient - automatic) <= 1e-12 * np.linalg.norm(automatic)


CASES = [
    (["sigmoid", "sigmoid"], "quadratic", NO_PENALTY),
    (["relu", "softmax"], "cross_entropy", Penalty(l2=0.1, alpha=0.3)),
    (["tanh", "gelu", "identity"], "huber", Penalty(l1=0.02)),
    (["softmax", "selu", "exp"], "poisson", NO_PENALTY),
    (["silu", "elu", "sigmoid"], "cross_entropy", NO_PENALTY),
    (["mish", "leaky_relu", "softplus"], "poisson", NO_PENALTY),
]


def case(activations, loss, xp=np, seed=7):
    sizes = [*[3, 4, 4][: len(activations)], 2]  # few shapes, because JAX compiles every operation for each
    network = Network.initialize(sizes, activations, initialization="standard_normal", seed=seed, xp=xp)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((6, sizes[0])) / 2
    y = np.eye(sizes[-1])[rng.integers(sizes[-1], size=6)] + (loss in ("huber", "quadratic")) * 0.3
    return network, x, y


# JAX takes a second to compile each
@pytest.mark.parametrize(
    ("activations", "loss", "penalty"),
    [pytest.param(*case, marks=[pytest.mark.thorough] if i != 1 else []) for i, case in enumerate(CASES)],
)
def test_gradient_equals_jitted_jax_grad(activations, loss, penalty):
    import jax
    import jax.numpy as jnp

    network, x, y = case(activations, loss, xp=jnp)

    @jax.jit
    @jax.grad
    def gradient(parameters):
        return cost(Network(*parameters, network.activations), x, y, loss=loss, penalty=penalty)

    automatic = flat(*gradient((network.weights, network.biases)))
    at = backpropagate(network, x, y, loss=loss, penalty=penalty)
    ours = flat(at.nabla_w, at.nabla_b)
    assert ours.dtype == np.float64
    assert np.linalg.norm(ours - automatic) <= 1e-12 * np.linalg.norm(automatic)


@every("sample_weight", [None, np.array([1.0, 2.0, 0.0, 0.5, 3.0, 1.0])])
@every(("activations", "loss", "penalty"), CASES)
def test_every_library_gives_the_same_numbers(activations, loss, penalty, sample_weight, xp):
    network, x, y = case(activations, loss, xp=xp)
    options = {"loss": loss, "penalty": penalty, "sample_weight": sample_weight}
    at = backpropagate(network, xp.asarray(x), xp.asarray(y), **options)
    reference = backpropagate(case(activations, loss)[0], x, y, **options)
    assert at.cost == pytest.approx(reference.cost, rel=1e-14)
    for field in ("z", "a", "delta", "nabla_w", "nabla_b"):
        for array, true in zip(getattr(at, field), getattr(reference, field), strict=True):
            assert type(array) is type(network.weights[0])
            np.testing.assert_allclose(np.asarray(array), true, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_array_api_strict_accepts_every_formula(name, dtype):
    """It refuses mixed dtypes, NumPy functions, and what the standard lacks."""
    import array_api_strict as strict

    for loss in [loss for loss, output in fitting_pairs() if output == name]:
        network = Network.initialize([2, 3, 2], name, dtype=dtype, xp=strict, seed=1)
        options = {"loss": loss, "sample_weight": [1.0, 3.0], "penalty": Penalty(0.1, 0.1, 0.1)}
        at = backpropagate(network, [[0.5, 1.0], [-1.0, 2.0]], [[0.0, 1.0], [1.0, 0.0]], **options)
        for arrays in (at.z, at.a, at.delta, at.nabla_w, at.nabla_b):
            assert {array.dtype for array in arrays} == {network.weights[0].dtype}
        c = cost(network, [[0.5, 1.0], [-1.0, 2.0]], [[0.0, 1.0], [1.0, 0.0]], **options)
        assert float(c) == pytest.approx(at.cost, rel=1e-6 if dtype == "float32" else 1e-14)


# the four equations, by hand


def sigma(z):
    return 1.0 / (1.0 + math.exp(-z))


def sigma_prime(z):
    return sigma(z) * (1.0 - sigma(z))


def test_the_lectures_algorithm_in_components():
    """Steps 1 to 5 on a 2-2-1 network of sigmoids with the quadratic cost, every index written out."""
    w2, b2 = [[0.15, -0.2], [0.25, 0.3]], [0.35, -0.4]
    w3, b3 = [[0.4, -0.45]], [0.6]
    examples = [([0.05, 0.1], [0.01]), ([1.0, -2.0], [0.99]), ([-0.5, 0.25], [0.3])]
    n = len(examples)
    nabla_b2, nabla_b3 = [0.0, 0.0], [0.0]
    nabla_w2, nabla_w3, c = [[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0]], 0.0
    deltas2, deltas3 = [], []
    for x, y in examples:
        z2 = [sum(w2[j][k] * x[k] for k in range(2)) + b2[j] for j in range(2)]
        a2 = [sigma(z) for z in z2]
        z3 = [sum(w3[j][k] * a2[k] for k in range(2)) + b3[j] for j in range(1)]
        a3 = [sigma(z) for z in z3]
        c += sum((y[j] - a3[j]) ** 2 for j in range(1)) / 2 / n
        delta3 = [(a3[j] - y[j]) * sigma_prime(z3[j]) for j in range(1)]  # BP1
        delta2 = [sum(w3[k][j] * delta3[k] for k in range(1)) * sigma_prime(z2[j]) for j in range(2)]  # BP2
        for j in range(1):
            nabla_b3[j] += delta3[j] / n  # BP3
            for k in range(2):
                nabla_w3[j][k] += a2[k] * delta3[j] / n  # BP4
        for j in range(2):
            nabla_b2[j] += delta2[j] / n
            for k in range(2):
                nabla_w2[j][k] += x[k] * delta2[j] / n
        deltas2.append(delta2)
        deltas3.append(delta3)

    network = Network(tuple(map(np.array, (w2, w3))), tuple(map(np.array, (b2, b3))), "sigmoid")
    at = backpropagate(network, [x for x, _ in examples], [y for _, y in examples])
    assert at.cost == pytest.approx(c, rel=1e-14)
    for ours, by_hand in [
        (at.delta[0], deltas2),
        (at.delta[1], deltas3),
        (at.nabla_b[0], nabla_b2),
        (at.nabla_b[1], nabla_b3),
        (at.nabla_w[0], nabla_w2),
        (at.nabla_w[1], nabla_w3),
    ]:
        np.testing.assert_allclose(ours, by_hand, rtol=1e-13)


def test_each_equation_alone():
    rng = np.random.default_rng(0)
    z, nabla_a = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    w_next, delta_next, a_previous = (
        rng.standard_normal((4, 3)),
        rng.standard_normal((2, 4)),
        rng.standard_normal((2, 5)),
    )
    share = np.array([[0.25], [0.75]])
    for x in range(2):
        for j in range(3):
            slope = sigma_prime(z[x, j])
            assert bp1(nabla_a, z, "sigmoid")[x, j] == pytest.approx(nabla_a[x, j] * slope, rel=1e-14)
            moved_back = sum(w_next[k, j] * delta_next[x, k] for k in range(4))
            assert bp2(w_next, delta_next, z, "sigmoid")[x, j] == pytest.approx(moved_back * slope, rel=1e-13)
    delta = z
    for j in range(3):
        assert bp3(delta, share)[j] == pytest.approx(0.25 * delta[0, j] + 0.75 * delta[1, j], rel=1e-14)
        for k in range(5):
            expected = 0.25 * delta[0, j] * a_previous[0, k] + 0.75 * delta[1, j] * a_previous[1, k]
            assert bp4(a_previous, delta, share)[j, k] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("activations", "loss", "penalty"), CASES)
def test_the_demon(activations, loss, penalty):
    """(C(z + Δz) − C(z)) / Δz → δ^l_j for every layer and neuron, for any Δz that gets small."""
    network, x, y = case(activations, loss)
    x, y = x[:1], y[:1]
    at = backpropagate(network, x, y, loss=loss, penalty=penalty)

    def cost_with_demon(i, j, dz):
        z, a = at.z[i].copy(), None
        z[0, j] += dz
        for later in range(i, len(network.weights)):
            if later > i:
                z = weighted_input(network.weights[later], a, network.biases[later])
            a = get_activation(network.activations[later]).value(z)
        return cost_of_each(loss, network.activations[-1], z, a, y)[0]

    for i, delta in enumerate(at.delta):
        for j in range(delta.shape[1]):
            quotients = [(cost_with_demon(i, j, dz) - cost_with_demon(i, j, 0.0)) / dz for dz in (2e-3, 1e-3)]
            # the error of a quotient is proportional to Δz, so this combination is better by one order
            assert 2 * quotients[1] - quotients[0] == pytest.approx(delta[0, j], rel=1e-4, abs=1e-5)
            if abs(quotients[1] - delta[0, j]) > 1e-8:
                ratio = (quotients[0] - delta[0, j]) / (quotients[1] - delta[0, j])
                assert ratio == pytest.approx(2, abs=0.02)


# what is in a Backpass


def test_shapes():
    network, x, y = case(["tanh", "relu", "sigmoid"], "quadratic")
    at = backpropagate(network, x, y)
    assert [z.shape for z in at.z] == [delta.shape for delta in at.delta] == [(6, 4), (6, 4), (6, 2)]
    assert [a.shape for a in at.a] == [(6, 3), (6, 4), (6, 4), (6, 2)]
    assert [w.shape for w in at.nabla_w] == [w.shape for w in network.weights]
    assert [b.shape for b in at.nabla_b] == [b.shape for b in network.biases]
    assert type(at.cost) is float
    z, a = feedforward(network, x)
    for ours, true in zip([*at.z, *at.a], [*z, *a], strict=True):
        np.testing.assert_array_equal(ours, true)


def test_delta_belongs_to_each_example_alone():
    network, x, y = case(["tanh", "softmax"], "cross_entropy")
    weights = np.array([1.0, 2.0, 0.0, 0.5, 3.0, 1.0])
    at = backpropagate(network, x, y, loss="cross_entropy", sample_weight=weights, penalty=Penalty(l2=1.0))
    for i in range(6):
        one = backpropagate(network, x[i], y[i], loss="cross_entropy")  # a single example, 1-D
        for ours, alone in zip(at.delta, one.delta, strict=True):
            np.testing.assert_allclose(ours[i : i + 1], alone, rtol=1e-12)


@pytest.mark.parametrize("sample_weight", [None, np.array([1.0, 2.0, 0.0, 0.5, 3.0, 1.0])])
def test_gradient_and_cost_are_weighted_means(sample_weight):
    network, x, y = case(["tanh", "sigmoid"], "cross_entropy")
    at = backpropagate(network, x, y, loss="cross_entropy", sample_weight=sample_weight)
    alone = [backpropagate(network, x[i], y[i], loss="cross_entropy") for i in range(6)]
    mean = lambda values: np.average(values, axis=0, weights=sample_weight)  # noqa: E731
    assert at.cost == pytest.approx(mean([one.cost for one in alone]), rel=1e-14)
    for i in range(2):
        np.testing.assert_allclose(at.nabla_w[i], mean([one.nabla_w[i] for one in alone]), rtol=1e-12)
        np.testing.assert_allclose(at.nabla_b[i], mean([one.nabla_b[i] for one in alone]), rtol=1e-12)


def test_a_weight_of_two_is_the_example_twice():
    network, x, y = case(["tanh", "sigmoid"], "quadratic")
    penalty = Penalty(l2=0.1, l1=0.01, alpha=0.5)  # alpha too is divided by the weight of the batch
    weighted = backpropagate(network, x[:2], y[:2], sample_weight=[1, 2], penalty=penalty)
    twice = backpropagate(network, x[[0, 1, 1]], y[[0, 1, 1]], penalty=penalty)
    assert weighted.cost == pytest.approx(twice.cost, rel=1e-14)
    for ours, true in zip(weighted.nabla_w + weighted.nabla_b, twice.nabla_w + twice.nabla_b, strict=True):
        np.testing.assert_allclose(ours, true, rtol=1e-13)


def test_penalty_is_there_only_where_given():
    network, x, y = case(["tanh", "sigmoid"], "quadratic")
    without = backpropagate(network, x, y)
    penalty = Penalty(l2=0.1, l1=0.01, alpha=0.6)
    given = backpropagate(network, x, y, penalty=penalty)
    squares, sizes = (sum(float(f(w).sum()) for w in network.weights) for f in (np.square, np.abs))
    assert given.cost - without.cost == pytest.approx(0.05 * squares + 0.01 * sizes + 0.6 / 12 * squares, rel=1e-12)
    for with_penalty, alone, w in zip(given.nabla_w, without.nabla_w, network.weights, strict=True):
        np.testing.assert_allclose(with_penalty - alone, (0.1 + 0.6 / 6) * w + 0.01 * np.sign(w), rtol=1e-10)
    for with_penalty, alone in zip(given.nabla_b, without.nabla_b, strict=True):
        np.testing.assert_array_equal(with_penalty, alone)


def test_cost_is_that_of_the_backpass():
    network, x, y = case(["tanh", "sigmoid"], "quadratic")
    options = {"sample_weight": np.arange(6), "penalty": Penalty(l2=0.1), "loss": "huber"}
    assert float(cost(network, x, y, **options)) == backpropagate(network, x, y, **options).cost


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("loss", "output"), fitting_pairs())
def test_dtype_is_kept(loss, output, dtype):
    for hidden in ("tanh", "gelu", "softmax"):
        network = Network.initialize([3, 4, 2], [hidden, output], dtype=dtype)
        at = backpropagate(
            network,
            np.ones((5, 3)),
            np.ones((5, 2), dtype="float32"),
            loss=loss,
            sample_weight=np.arange(5),
            penalty=Penalty(0.1, 0.1, 0.1),
        )
        for arrays in (at.z, at.a, at.delta, at.nabla_w, at.nabla_b):
            assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_float32_agrees_with_float64():
    network, x, y = case(["tanh", "softmax"], "cross_entropy")
    small = Network(
        [w.astype("f4") for w in network.weights], [b.astype("f4") for b in network.biases], network.activations
    )
    at, true = (backpropagate(n, x, y, loss="cross_entropy") for n in (small, network))
    error = np.linalg.norm(flat(at.nabla_w, at.nabla_b) - flat(true.nabla_w, true.nabla_b))
    assert 0 < error <= 1e-6 * np.linalg.norm(flat(true.nabla_w, true.nabla_b))


def test_arguments_are_not_changed():
    network, x, y = case(["relu", "identity"], "quadratic")
    before = [array.copy() for array in (*network.weights, *network.biases, x, y)]
    backpropagate(network, x, y, penalty=Penalty(0.1, 0.1, 0.1), sample_weight=np.ones(6))
    for array, copy in zip((*network.weights, *network.biases, x, y), before, strict=True):
        np.testing.assert_array_equal(array, copy)


# where formulas change over, or run flat


# a hidden layer multiplies what is sent back by σ′, whichever loss it comes from
FAR_OUT = [("tanh", *pair) for pair in fitting_pairs()]
FAR_OUT += [(hidden, *pair) for hidden in NAMES for pair in (("quadratic", "sigmoid"), ("poisson", "exp"))]


@every("z_of_all", [0.0, 100.0, -100.0])
@every(("hidden", "loss", "output"), FAR_OUT)
def test_torch_autograd_at_zero_and_far_out(hidden, loss, output, z_of_all):
    torch = needs.imported("torch")

    if hidden == "exp" and z_of_all > 0:
        return
    network = Network(
        [np.full((2, 1), z_of_all), np.array([[0.5, -0.25], [0.125, 1.0]])],
        [np.zeros(2), np.zeros(2)],
        [hidden, output],
    )
    x, y = np.ones((1, 1)), np.array([[0.0, 1.0]])
    at = backpropagate(network, x, y, loss=loss)
    if not np.isfinite(at.cost):
        return
    parameters = [torch.tensor(array, requires_grad=True) for array in (*network.weights, *network.biases)]
    c = cost(Network(parameters[:2], parameters[2:], network.activations), x, y, loss=loss)
    automatic = torch.autograd.grad(c, parameters)
    for ours, by_torch in zip(at.nabla_w + at.nabla_b, automatic, strict=True):
        # torch takes (e^z − 1)′ as (e^z − 1) + 1, wrong by up to eps, and multiplies that by a and ∇_a C
        scale = (1 + np.abs(at.delta[-1]).max()) * (1 + np.abs(at.a[1]).max())
        assert np.isfinite(by_torch.numpy()).all()
        np.testing.assert_allclose(ours, by_torch.numpy(), rtol=1e-14, atol=1e-15 * scale)


# what is refused


@pytest.mark.parametrize(
    ("x", "y", "sample_weight", "error", "message"),
    [
        (np.ones((4, 3)), np.ones((5, 2)), None, ShapeError, "x has 4 examples but y has 5"),
        (np.ones((0, 3)), np.ones((0, 2)), None, ShapeError, "no examples"),
        (np.ones((4, 2)), np.ones((4, 2)), None, ShapeError, r"x must have the shape \(n_examples, 3\)"),
        (np.ones((4, 3)), np.ones((4, 3)), None, ShapeError, r"y must have the shape \(n_examples, 2\)"),
        (np.ones((4, 3)), np.ones(4), None, ShapeError, "one-hot"),
        (np.ones((4, 3)), np.ones((4, 2)), np.ones(3), ShapeError, r"shape \(4,\), .* but has \(3,\)"),
        (np.ones((4, 3)), np.ones((4, 2)), np.ones((4, 1)), ShapeError, r"but has \(4, 1\)"),
        (np.ones((4, 3)), np.ones((4, 2)), [1, 1, -1, 5], InvalidInputError, "must be finite, not negative"),
        (np.ones((4, 3)), np.ones((4, 2)), np.zeros(4), InvalidInputError, "not all zero; their sum is 0"),
        (np.ones((4, 3)), np.ones((4, 2)), [1, np.nan, 1, 1], InvalidInputError, "their sum is nan"),
        (np.ones((4, 3)), np.ones((4, 2)), [1, np.inf, 1, 1], InvalidInputError, "their sum is inf"),
    ],
)
def test_batches_that_do_not_fit(x, y, sample_weight, error, message):
    network = Network.initialize([3, 4, 2])
    for function in (backpropagate, cost):
        with pytest.raises(error, match=message):
            function(network, x, y, sample_weight=sample_weight)


def test_check_loss_fits():
    assert check_loss_fits(Network.initialize([2, 1], "softmax"), "log_loss") == "cross_entropy"
    with pytest.raises(LossActivationError, match=r"'poisson'.*'relu'"):
        check_loss_fits(Network.initialize([2, 1], "relu"), "poisson")
    assert set(LOSSES) == {loss for loss, _ in fitting_pairs()}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", ["x", "y"])
def test_numbers_that_are_not_finite_are_refused(bad, which):
    network = Network.initialize([2, 3, 1])
    arrays = {"x": np.zeros((4, 2)), "y": np.zeros((4, 1))}
    arrays[which][2, 0] = bad
    with pytest.raises(InvalidInputError, match=f"^{which} must hold finite"):
        backpropagate(network, **arrays)
    if which == "x":
        with pytest.raises(InvalidInputError, match="finite"):
            network.feedforward(arrays["x"])


def test_targets_outside_the_loss_are_refused():
    network = Network.initialize([2, 2], "sigmoid")
    with pytest.raises(InvalidInputError, match=r"cross_entropy.*\[0, 1\].*\[0, 3\]"):
        backpropagate(network, np.zeros((1, 2)), np.array([[0.0, 3.0]]), loss="cross_entropy")
    with pytest.raises(InvalidInputError, match="poisson"):
        backpropagate(network, np.zeros((1, 2)), np.array([[0.0, -3.0]]), loss="poisson")
