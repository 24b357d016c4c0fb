"""Every width of a panel and every height of a tile: layers whose widths leave all there can be in the last vector, and
batches that leave all there can be in the last tile."""

from __future__ import annotations

import numpy as np
import pytest
from replay import native_engine
from test_native import ENGINES, examples, gradient_vector, parameters, relative_error, to_dtype

from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.core.penalty import Penalty
from backlit.engine import Objective
from every import every

# halves of vectors of every instruction set, one more and one less; up to some panels
WIDTHS = [
    *range(1, 10),
    12,
    15,
    16,
    17,
    23,
    24,
    25,
    32,
    33,
    40,
    41,
    48,
    49,
    56,
    57,
    63,
    64,
    65,
    72,
    80,
    96,
    97,
    112,
    130,
]


@every("dtype", ["float32", "float64"])
@every("width", WIDTHS)
def test_every_width_agrees_with_the_reference(width, dtype):
    network = to_dtype(Network.initialize([width, 131 - width, width], "tanh", seed=width), dtype)
    x, y, s = examples(network, "quadratic", 70)
    objective = Objective("quadratic", Penalty(l2=0.02, l1=0.01, alpha=0.3))
    truth = ENGINES["reference"].open(to_dtype(network, "float64"), objective, Adam())
    found = native_engine().open(network, objective, Adam())
    exact = [np.float64(array) for array in (x, y, s)]
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    assert (
        relative_error(
            gradient_vector(found.cost_and_gradient(x, y, s)), gradient_vector(truth.cost_and_gradient(*exact))
        )
        <= tolerance
    )
    for session, arrays in ((truth, exact), (found, (x, y, s))):
        session.run_steps(*arrays[:2], np.arange(70), 70, np.array([0.01]), arrays[2])
    moved = parameters(truth.network()) - parameters(network)
    assert relative_error(parameters(found.network()) - parameters(network), moved) <= 10 * tolerance


@every("n_rows", range(1, 31))
def test_every_height_agrees_with_the_reference(n_rows):
    network = Network.initialize([n_rows, 70, 9], ["relu", "softmax"], seed=1)
    x, y, s = examples(network, "cross_entropy", n_rows)
    sessions = [
        engine.open(network, Objective("cross_entropy"), SGD(0.9)) for engine in (ENGINES["reference"], native_engine())
    ]
    for session in sessions:
        session.run_steps(x, y, np.arange(n_rows), n_rows, np.array([0.1]), s)
    truth, found = (parameters(session.network()) - parameters(network) for session in sessions)
    assert relative_error(found, truth) <= 1e-12


def test_blocks_of_many_rows_agree_with_the_reference_on_any_number_of_threads():
    # layers and batches beyond the second cache, whose rows lie a power of two apart; the last batch is another length
    network = Network.initialize([256, 256, 250], ["tanh", "identity"], seed=3)
    x, y, s = examples(network, "quadratic", 2000)
    found = []
    for engine, n_threads in ((ENGINES["reference"], None), (native_engine(), 1), (native_engine(), 2)):
        session = engine.open(network, Objective("quadratic"), SGD(0.9), n_threads=n_threads)
        session.run_steps(x, y, np.arange(2000), 1100, np.array([0.1, 0.1]), s)
        found.append(parameters(session.network()) - parameters(network))
    truth, one, two = found
    assert relative_error(one, truth) <= 1e-12
    assert one.tobytes() == two.tobytes()


def test_many_outputs_of_softmax_agree_with_the_reference():
    network = Network.initialize([5, 300], ["softmax"], seed=0)
    x, y, s = examples(network, "cross_entropy", 40)
    x *= 20  # so that some outputs underflow
    truth, found = (
        engine.open(network, Objective("cross_entropy")).cost_and_gradient(x, y, s)
        for engine in (ENGINES["reference"], native_engine())
    )
    assert relative_error(gradient_vector(found), gradient_vector(truth)) <= 1e-12
    assert found.cost == pytest.approx(truth.cost, rel=1e-12)


@pytest.mark.parametrize("clip_norm", [None, 0.01])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_inside_a_network_keeps_to_its_columns_and_agrees_with_the_reference(dtype, clip_norm):
    network = Network.initialize([6, 9, 5, 2], ["softmax", "softmax", "sigmoid"], seed=1, dtype=dtype)
    # e⁹⁰⁰ and e³⁰⁰ of what stands in the padding are beyond either dtype's largest number
    biases = (network.biases[0] - (900 if dtype == "float64" else 300), *network.biases[1:])
    network = Network(network.weights, biases, network.activations)
    x, y, s = examples(network, "quadratic", 40)
    objective = Objective("quadratic", Penalty(l2=0.02, l1=0.01, alpha=0.3))
    truth, found = (
        engine.open(to_dtype(network, kind), objective, SGD(0.9, clip_norm=clip_norm))
        for engine, kind in ((ENGINES["reference"], "float64"), (native_engine(), dtype))
    )
    rates = np.full(4, 0.05)
    exact = [np.float64(array) for array in (x, y, s)]
    costs = truth.run_steps(*exact[:2], np.arange(40), 10, rates, exact[2]).costs
    steps = found.run_steps(x, y, np.arange(40), 10, rates, s)
    tolerance = 1e-11 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(steps.costs, costs, rtol=tolerance)
    assert relative_error(parameters(found.network()), parameters(truth.network())) <= tolerance
