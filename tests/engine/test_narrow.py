"""Steps of narrow networks, whose vectors run along the examples of a batch: batches of at least a vector's lanes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_native import (
    ENGINES,
    OPTIMIZER_CASES,
    PARAMETRIC_LOSSES,
    PENALTIES,
    examples,
    parameters,
    relative_error,
    run_for_bits,
    tamed,
    to_dtype,
)

from backlit.core.activations import ACTIVATIONS
from backlit.core.dropout import Dropout
from backlit.core.losses import fitting_pairs
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.engine import Objective
from backlit.engine.native import NativeEngine
from every import every, in_turn

# rows of a batch, and of the last one: groups that are full and groups that are not, for lanes from 2 to 16
BATCH, LAST = 37, 19

# name → (dropout, clip_norm): what is left to steps along neurons
OPTIONS = {"plain": (None, None), "dropout": (Dropout(0.3), None), "clipped": (None, 0.1)}


def after_steps(engine, network, arrays, objective, optimizer=SGD(), n_epochs=1):
    """What two steps an epoch find: costs and parameters."""
    order = np.random.default_rng(1).permutation(BATCH + LAST)
    session = ENGINES[engine].open(network, objective, optimizer)
    x, y, s = arrays
    costs = [session.run_steps(x, y, order, BATCH, np.array([0.02, 0.01]), s).costs for _ in range(n_epochs)]
    return np.concatenate([*costs, parameters(session.network())])


@every(("pair", "hidden"), in_turn([*fitting_pairs(), *PARAMETRIC_LOSSES], ACTIVATIONS))
def test_steps_of_the_registry_agree_with_the_reference(pair, hidden):
    loss, output = pair
    # as many columns as one vector and more, and neurons that fill no tile
    network = Network.initialize([19, 13, 6, 3], [hidden, hidden, output], seed=3)
    arrays = examples(network, loss, BATCH + LAST)
    network = tamed(network, arrays[0])
    truth = after_steps("reference", network, arrays, Objective(loss))
    assert relative_error(after_steps("native", network, arrays, Objective(loss)), truth) <= 1e-12

    single, arrays = to_dtype(network, "float32"), [np.float32(array) for array in arrays]
    exact = [np.float64(array) for array in arrays]
    truth = after_steps("reference", to_dtype(single, "float64"), exact, Objective(loss))
    assert relative_error(after_steps("native", single, arrays, Objective(loss)), truth) <= 1e-5


@every("options", OPTIONS)
@every("penalty", PENALTIES)
@every("name", OPTIMIZER_CASES)
def test_steps_of_every_rule_agree_with_the_reference(name, penalty, options):
    # layers of one neuron, whose weights are a row, inside and at the end; and the widest that is narrow
    network = Network.initialize([5, 16, 1, 9, 1], ["tanh", "sigmoid", "tanh", "identity"], seed=4)
    dropout, clip_norm = OPTIONS[options]
    objective = Objective("quadratic", PENALTIES[penalty], dropout, dropout_seed=3)
    optimizer = replace(OPTIMIZER_CASES[name], clip_norm=clip_norm)
    arrays = examples(network, "quadratic", BATCH + LAST)
    found, truth = (after_steps(engine, network, arrays, objective, optimizer, 3) for engine in ("native", "reference"))
    assert relative_error(found, truth) <= 1e-10


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_of_narrow_steps_do_not_depend_on_threads(dtype):
    network = Network.initialize([16] * 9, ["relu"] * 7 + ["softmax"], seed=2, dtype=dtype)
    size = {"n_rows": 6200, "batch_size": 1000}
    session = NativeEngine().open(network, Objective("cross_entropy"), n_threads=3)
    assert session._session.threads_for_steps(1000, 6200) == 3
    bits = {run_for_bits(network, "cross_entropy", Adam(), n_threads, **size) for n_threads in (1, 2, 3)}
    assert len(bits) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_nan_and_divergence_name_the_layer_of_a_narrow_network(engine):
    network = Network.initialize([4, 6, 5, 2], ["relu", "exp", "identity"], seed=0)
    x, y, _ = examples(network, "quadratic", BATCH)

    def diverged_layer(x, rate=0.01):
        session = ENGINES[engine].open(network, Objective())
        return session.run_steps(x, y, np.arange(BATCH), BATCH, np.array([rate])).diverged_layer

    only_the_last = x.copy()
    only_the_last[-1] = np.nan
    assert diverged_layer(x) is None
    assert diverged_layer(only_the_last) == 2
    assert diverged_layer(1e5 * np.abs(x)) == 3  # exp overflows
    assert diverged_layer(x, np.inf) == 2  # only the update did it


def test_lanes_without_an_example_bring_no_nan():
    # σ of a row of zeros would overflow
    network = Network((np.array([[100.0]]),), (np.array([800.0]),), ("exp",))
    x, y = np.full((BATCH, 1), -8.0), np.ones((BATCH, 1))
    session = ENGINES["native"].open(network, Objective())
    steps = session.run_steps(x, y, np.arange(BATCH), BATCH, np.array([0.1]))
    assert steps.diverged_layer is None
    np.testing.assert_array_equal(parameters(session.network()), parameters(network))
