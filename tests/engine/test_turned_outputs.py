"""Softmax of few outputs, which many rows take with vectors along examples, and what is left of them row by row."""

from __future__ import annotations

import numpy as np
import pytest
from replay import native_engine
from test_native import ENGINES, examples, gradient_vector, relative_error, run_for_bits

from backlit.core.network import Network
from backlit.core.optimizers import Adam
from backlit.engine import Objective
from every import every

# one more and one less than one or two vectors of every instruction set; wider layers than narrow networks have
OUTPUTS = [2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 20, 31, 32, 33]
N_ROWS = 67  # whole vectors of examples, and some rows


def case(n_out, dtype):
    network = Network.initialize([20, 24, n_out], ["tanh", "softmax"], seed=n_out, dtype=dtype)
    return network, *examples(network, "cross_entropy", N_ROWS)


@every("dtype", ["float32", "float64"])
@every("n_out", OUTPUTS)
def test_outputs_and_costs_of_rows_alone_are_those_in_company(n_out, dtype):
    network, x, y, _ = case(n_out, dtype)
    session = ENGINES["native"].open(network, Objective("cross_entropy"))
    together, cost = session.evaluate(x, y)
    alone = [session.evaluate(x[i : i + 1], y[i : i + 1]) for i in range(N_ROWS)]
    assert np.concatenate([outputs for outputs, _ in alone]).tobytes() == together.tobytes()
    # each cost is of the dtype, and their mean of float64: one that was rounded otherwise would be seen
    assert cost == pytest.approx(np.mean([cost for _, cost in alone]), rel=1e-14)


@every("n_out", OUTPUTS)
def test_the_gradient_agrees_with_the_reference(n_out):
    network, x, y, s = case(n_out, "float64")
    found, truth = (
        engine.open(network, Objective("cross_entropy")).cost_and_gradient(x, y, s)
        for engine in (native_engine(), ENGINES["reference"])
    )
    assert relative_error(gradient_vector(found), gradient_vector(truth)) <= 1e-12
    assert found.cost == pytest.approx(truth.cost, rel=1e-12)


@every("n_out", OUTPUTS)
def test_nan_stays_in_its_row(n_out):
    network, x, y, _ = case(n_out, "float32")
    session = ENGINES["native"].open(network, Objective("cross_entropy"))
    sound = session.feedforward(x)
    x[5] = np.nan
    spoiled = session.feedforward(x)
    assert np.isnan(spoiled[5]).all()
    others = np.arange(N_ROWS) != 5
    assert spoiled[others].tobytes() == sound[others].tobytes()
    assert np.isnan(session.evaluate(x, y)[1])


@pytest.mark.parametrize("n_out", [10, 20])
def test_bits_do_not_depend_on_threads(n_out):
    # threads have other rows each, and so leave other rows to be taken one by one
    network = Network.initialize([130, 130, n_out], ["relu", "softmax"], seed=2, dtype="float32")
    assert len({run_for_bits(network, "cross_entropy", Adam(), n_threads) for n_threads in (1, 2, 3)}) == 1
