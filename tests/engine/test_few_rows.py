"""BP2 of batches of few rows, which reads the weights as they are stored, and together with their step."""

from __future__ import annotations

import numpy as np
import pytest
from test_native import ENGINES, examples, parameters, relative_error, run_for_bits

from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam, AdamW, RMSprop
from backlit.engine import Objective

# widths that leave some of a block of weights empty along each side, one panel and several
SIZES = [20, 37, 150, 53, 3]


@pytest.mark.parametrize(("dtype", "near"), [("float32", 1e-5), ("float64", 1e-13)])
@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_steps_of_few_rows_agree_with_the_reference(n_rows, dtype, near):
    network = Network.initialize(SIZES, ["tanh", "relu", "softmax", "softmax"], seed=1, dtype=dtype)
    x, y, s = examples(network, "cross_entropy", 2 * n_rows)
    found, truth = (
        ENGINES[name].open(network, Objective("cross_entropy"), SGD(0.9)) for name in ("native", "reference")
    )
    for session in (found, truth):
        session.run_steps(x, y, np.arange(2 * n_rows), n_rows, np.full(2, 0.5), s)
    moved = parameters(truth.network()) - parameters(network)
    assert relative_error(parameters(found.network()) - parameters(network), moved) <= near


@pytest.mark.parametrize(("sizes", "few"), [(SIZES, 4), ([9, 600, 600, 2], 8)])  # of large layers, rows may be more
def test_a_row_that_counts_nothing_changes_no_bit(sizes, few):
    network = Network.initialize(sizes, ["tanh"] * (len(sizes) - 2) + ["softmax"], seed=1, dtype="float32")
    x, y, _ = examples(network, "cross_entropy", few + 1)
    weights = np.float32([1] * few + [0])
    bits = set()
    for n_rows in (few, few + 1):
        session = ENGINES["native"].open(network, Objective("cross_entropy"))
        session.run_steps(x, y, np.tile(np.arange(n_rows), 3), n_rows, np.full(3, 0.5), weights)
        bits.add(parameters(session.network()).tobytes())
    assert len(bits) == 1


# On one thread BP2 and the step go through the weights once; several have other neurons in the one than in the other.
@pytest.mark.parametrize(
    "optimizer", [SGD(), SGD(0.9), RMSprop(), Adam(), AdamW()], ids=["sgd", "momentum", "rmsprop", "adam", "adamw"]
)
@pytest.mark.parametrize(("n_rows", "dtype"), [(1, "float32"), (8, "float32"), (6, "float64")])
def test_bits_of_few_rows_do_not_depend_on_threads(optimizer, n_rows, dtype):
    network = Network.initialize([40, 570, 530, 600, 3], ["tanh", "relu", "gelu", "softmax"], seed=2, dtype=dtype)
    bits = {run_for_bits(network, "cross_entropy", optimizer, n, n_rows=17, batch_size=n_rows) for n in (1, 2, 3)}
    assert len(bits) == 1


@pytest.mark.parametrize(("n_rows", "sizes"), [(4, SIZES), (8, [9, 600, 600, 2]), (5, [9, 600, 600, 600, 1])])
def test_many_steps_of_few_rows_agree_with_the_reference(n_rows, sizes):
    network = Network.initialize(sizes, ["tanh"] * (len(sizes) - 2) + ["identity"], seed=1, dtype="float64")
    x, y, s = examples(network, "quadratic", 3 * n_rows + 1)  # and a last batch of one row
    order = np.tile(np.arange(len(x)), 3)
    for optimizer in (SGD(), Adam()):
        found, truth = (
            ENGINES[name].open(network, Objective("quadratic"), optimizer, n_threads=1)
            for name in ("native", "reference")
        )
        for session in (found, truth):
            session.run_steps(x, y, order, n_rows, np.full(-(-len(order) // n_rows), 1e-2), s)
        moved = parameters(truth.network()) - parameters(network)
        assert relative_error(parameters(found.network()) - parameters(network), moved) <= 1e-9
