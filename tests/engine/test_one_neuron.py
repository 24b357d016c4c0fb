"""Layers of one neuron, whose weights the native engine keeps as a row: at the output, and inside a network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from replay import native_engine
from test_native import (
    ENGINES,
    OPTIMIZER_CASES,
    PENALTIES,
    examples,
    gradient_vector,
    parameters,
    relative_error,
    run_for_bits,
    to_dtype,
)
from test_sparse_input import sparse_examples

from backlit.core.dropout import Dropout
from backlit.core.network import Network
from backlit.core.optimizers import Adam, AdamW, RMSprop
from backlit.engine import Objective
from every import every

# vectors of every instruction set whole, one more and one less; and some panels of four vectors
WIDTHS = [*range(1, 10), 15, 16, 17, 31, 33, 63, 64, 65, 100, 129, 200]

# name → (dropout, clip_norm)
OPTIONS = {"plain": (None, None), "dropout": (Dropout(0.4, input=0.1), None), "both": (Dropout(0.25), 0.2)}


def narrow(hidden="sigmoid", output="identity", dtype="float64"):
    """A network with a neck of one neuron and one output. σ(0) of its padding is not 0."""
    return Network.initialize([6, 37, 1, 21, 1], [hidden, hidden, hidden, output], seed=4, dtype=dtype)


def session(engine, network, options, optimizer, penalty="all"):
    dropout, clip_norm = OPTIONS[options]
    objective = Objective("quadratic", PENALTIES[penalty], dropout, dropout_seed=3)
    return ENGINES[engine].open(network, objective, replace(optimizer, clip_norm=clip_norm))


@every("dtype", ["float32", "float64"])
@every("width", WIDTHS)
def test_every_width_agrees_with_the_reference(width, dtype):
    network = Network.initialize([5, width, 1], ["tanh", "identity"], seed=width, dtype=dtype)
    x, y, s = examples(network, "quadratic", 37)
    exact = [np.float64(array) for array in (x, y, s)]
    truth = ENGINES["reference"].open(to_dtype(network, "float64"), Objective(), Adam())
    found = native_engine().open(network, Objective(), Adam())
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    gradients = found.cost_and_gradient(x, y, s), truth.cost_and_gradient(*exact)
    assert relative_error(*map(gradient_vector, gradients)) <= tolerance
    assert relative_error(found.feedforward(x), truth.feedforward(exact[0])) <= tolerance
    for each, arrays in ((truth, exact), (found, (x, y, s))):
        each.run_steps(*arrays[:2], np.arange(37), 37, np.array([0.01]), arrays[2])
    moved = parameters(truth.network()) - parameters(network)
    assert relative_error(parameters(found.network()) - parameters(network), moved) <= 10 * tolerance


@every("penalty", PENALTIES)
@every("options", OPTIONS)
@every("name", OPTIMIZER_CASES)
def test_steps_agree_with_the_reference(name, options, penalty):
    network = narrow()
    x, y, s = examples(network, "quadratic", 61)
    rates, order = np.linspace(0.02, 0.005, 6), np.random.default_rng(5).permutation(61)
    native, reference = (
        session(engine, network, options, OPTIMIZER_CASES[name], penalty) for engine in ("native", "reference")
    )
    for _ in range(3):
        found, truth = (each.run_steps(x, y, order, 11, rates, s) for each in (native, reference))
        np.testing.assert_allclose(found.costs, truth.costs, rtol=1e-11)
    assert relative_error(parameters(native.network()), parameters(reference.network())) < 1e-10
    assert np.abs(parameters(native.network()) - parameters(network)).max() > 1e-3


@pytest.mark.parametrize(
    ("loss", "output"), [("cross_entropy", "sigmoid"), ("cross_entropy", "softmax"), ("poisson", "exp")]
)
@pytest.mark.parametrize("hidden", ["relu", "gelu", "softmax"])
def test_every_kind_of_output_agrees_with_the_reference(hidden, loss, output):
    network = narrow(hidden, output)
    x, y, s = examples(network, loss, 50)
    found, truth = (ENGINES[engine].open(network, Objective(loss)) for engine in ("native", "reference"))
    gradients = found.cost_and_gradient(x, y, s), truth.cost_and_gradient(x, y, s)
    assert np.linalg.norm(np.subtract(*map(gradient_vector, gradients))) <= 1e-12
    assert gradients[0].cost == pytest.approx(gradients[1].cost, rel=1e-12)
    np.testing.assert_allclose(found.feedforward(x), truth.feedforward(x), rtol=1e-12)


def test_infinite_inputs_leave_padding_out_and_agrees_with_the_reference():
    # neurons saturate and stay finite, but their padding is ∞·0
    network = Network.initialize([6, 37, 1], ["sigmoid", "identity"], seed=1)
    x, y, s = examples(network, "quadratic", 40)
    x[3, 2], x[17, 5] = np.inf, -np.inf
    found, truth = (each.open(network, Objective()) for each in (native_engine(), ENGINES["reference"]))
    np.testing.assert_allclose(found.feedforward(x), truth.feedforward(x), rtol=1e-12)
    with np.errstate(invalid="ignore"):  # in the first layer, ∞·0
        gradients = [each.cost_and_gradient(x, y, s) for each in (found, truth)]
    np.testing.assert_allclose(gradients[0].nabla_w[-1], gradients[1].nabla_w[-1], rtol=1e-10)


@pytest.mark.parametrize("optimizer", [RMSprop(epsilon=1e-30), AdamW(epsilon=1e-30)], ids=["rmsprop", "adamw"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_padding_stays_a_number_beside_the_least_epsilon_and_agrees_with_the_reference(dtype, optimizer):
    # padding has no gradient: its step is 0 / (√0 + ε)
    network = narrow(dtype=dtype)
    x, y, _ = examples(network, "quadratic", 20)
    found, truth = (
        engine.open(network, Objective("quadratic", PENALTIES["all"]), optimizer)
        for engine in (native_engine(), ENGINES["reference"])
    )
    steps = [each.run_steps(x, y, np.arange(20), 10, np.full(2, 1e-3)) for each in (found, truth)]
    np.testing.assert_allclose(steps[0].costs, steps[1].costs, rtol=1e-5 if dtype == "float32" else 1e-12)
    assert steps[0].diverged_layer is None


@pytest.mark.parametrize("clip_norm", [None, 0.2])
@pytest.mark.parametrize("name", OPTIMIZER_CASES)
def test_steps_on_a_sparse_input_equal_the_dense_ones(name, clip_norm):
    network = Network.initialize([40, 17, 1], ["tanh", "sigmoid"], seed=1)
    x, y, s = sparse_examples(network, "cross_entropy", 61)
    objective, order = Objective("cross_entropy", PENALTIES["all"]), np.random.default_rng(5).permutation(61)
    dense, sparse = (
        native_engine().open(network, objective, replace(OPTIMIZER_CASES[name], clip_norm=clip_norm)) for _ in range(2)
    )
    for _ in range(3):
        truth = dense.run_steps(x.toarray(), y, order, 11, np.linspace(0.02, 0.005, 6), s)
        found = sparse.run_steps(x, y, order, 11, np.linspace(0.02, 0.005, 6), s)
        np.testing.assert_allclose(found.costs, truth.costs, rtol=1e-11)
    assert relative_error(parameters(sparse.network()), parameters(dense.network())) < 1e-10


@pytest.mark.parametrize("name", OPTIMIZER_CASES)
def test_session_goes_on_from_its_state_bit_for_bit(name):
    network = narrow()
    x, y, _ = examples(network, "quadratic", 40)
    order, rates = np.random.default_rng(0).permutation(40), np.full(4, 0.01)
    whole, part = (native_engine().open(network, Objective(), OPTIMIZER_CASES[name]) for _ in range(2))
    whole.run_steps(x, y, order, 10, rates)
    part.run_steps(x, y, order[:10], 10, rates[:1])
    resumed = native_engine().open(part.network(), Objective(), OPTIMIZER_CASES[name], part.optimizer_state())
    resumed.run_steps(x, y, order[10:], 10, rates[1:])
    assert parameters(resumed.network()).tobytes() == parameters(whole.network()).tobytes()


@pytest.mark.parametrize("options", OPTIONS)
def test_gradient_and_step_apart_equal_both_together(options):
    network = narrow()
    x, y, _ = examples(network, "quadratic", 12)
    together, apart = (session("native", network, options, Adam()) for _ in range(2))
    for rate in (0.1, 0.05, 0.02):
        together.run_steps(x, y, np.arange(12), 12, np.array([rate]))
        apart.apply_gradient(apart.cost_and_gradient(x, y), rate)
    assert relative_error(parameters(apart.network()), parameters(together.network())) < 1e-12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_do_not_depend_on_threads(dtype):
    network = Network.initialize([64, 130, 1, 90, 1], ["relu", "gelu", "relu", "sigmoid"], seed=2, dtype=dtype)
    bits = {run_for_bits(network, "cross_entropy", Adam(), n_threads) for n_threads in (1, 2, 3, 4)}
    assert len(bits) == 1


def test_a_row_alone_gives_the_bits_it_gives_in_company():
    network = Network.initialize([33, 50, 1], ["gelu", "sigmoid"], seed=2, dtype="float32")
    x = examples(network, "cross_entropy", 300)[0]
    each = ENGINES["native"].open(network, Objective("cross_entropy"))
    together = each.feedforward(x)
    for n_rows in (1, 2, 15, 17, 255, 257):
        assert each.feedforward(x[:n_rows]).tobytes() == together[:n_rows].tobytes()
    for row in (0, 150, 299):
        assert each.feedforward(x[row : row + 1]).tobytes() == together[row : row + 1].tobytes()
