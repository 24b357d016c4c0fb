"""BP2 of batches of few rows, which reads the weights as they are stored instead of a copy."""

from __future__ import annotations

import numpy as np
import pytest
from test_native import ENGINES, examples, parameters, relative_error

from backlit.core.network import Network
from backlit.core.optimizers import SGD
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
