"""A session keeps its buffers; what a call computes must not depend on the calls before it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from test_native import gradient_vector, parameters

from backlit.core.dropout import Dropout
from backlit.core.network import Network
from backlit.core.optimizers import Adam
from backlit.engine import Objective
from backlit.engine.native import NativeEngine

N_ROWS = 700
RNG = np.random.default_rng(0)
DENSE = np.where(RNG.random((N_ROWS, 40)) < 0.2, RNG.random((N_ROWS, 40)), 0).astype("float32")
SPARSE = scipy.sparse.csr_array(DENSE)
ORDER = RNG.permutation(N_ROWS)
BFLOAT16 = pytest.mark.needs("bfloat16")
Y = np.eye(3, dtype="float32")[RNG.integers(0, 3, N_ROWS)]


def steps(session, x, batch_size):
    n_steps = -(-N_ROWS // batch_size)
    return session.run_steps(x, Y, ORDER, batch_size, np.full(n_steps, 1e-3)).costs


def gradient(session, x, n_rows):
    return gradient_vector(session.cost_and_gradient(x[:n_rows], Y[:n_rows]))


def outputs(session, x, n_rows):
    return session.feedforward(x[:n_rows])


CALLS = [
    (steps, SPARSE, 10),
    (steps, DENSE, 64),
    (gradient, DENSE, 20),
    (gradient, SPARSE, N_ROWS),
    (outputs, DENSE, N_ROWS),
    (outputs, SPARSE, 3),
    (steps, DENSE, 7),
    (gradient, DENSE, 500),
    (steps, SPARSE, 300),
    (outputs, DENSE, 1),
    (steps, DENSE, N_ROWS),
]


@pytest.mark.parametrize(
    "precision", ["full", pytest.param("bfloat16", marks=BFLOAT16), pytest.param("bfloat16x3", marks=BFLOAT16)]
)
@pytest.mark.parametrize("dropout", [None, Dropout(0.3, input=0.2)], ids=["whole", "dropped"])
def test_every_call_is_as_in_a_new_session(dropout, precision):
    network = Network.initialize([40, 70, 20, 3], ["relu", "tanh", "softmax"], seed=0, dtype="float32")
    engine, objective = NativeEngine(precision), Objective("cross_entropy", dropout=dropout)
    kept = engine.open(network, objective, Adam(), n_threads=2)
    for call, x, n in CALLS:
        if x is SPARSE and precision != "full":
            continue  # is refused
        new = engine.open(kept.network(), objective, Adam(), kept.optimizer_state(), n_threads=2)
        assert np.array_equal(call(kept, x, n), call(new, x, n)), (call.__name__, n)
        assert np.array_equal(parameters(kept.network()), parameters(new.network())), (call.__name__, n)
