"""Bytes give the bits that the same numbers give as floats, whichever kernels serve the network."""

import numpy as np
import pytest
from test_native import ENGINES, parameters
from test_picked import SIZES, a_network
from test_shared_members import BATCH, K, an_ensemble, opened

from backlit.core.dropout import Dropout
from backlit.core.network import Network
from backlit.core.optimizers import Adam
from backlit.engine import Objective
from backlit.engine.native import NativeEngine
from backlit.engine.opening import open_session
from backlit.engine.picked import Picked
from backlit.engine.whole_bytes import WholeBytes, as_bytes, widened
from backlit.errors import ShapeError
from every import every

N, N_ALL = 50, 70
DIVISORS = [1.0, 255.0]


def numbers(network, dtype, divisor):
    """Return bytes, the floats that they stand for, and targets and weights of as many rows."""
    rng = np.random.default_rng(7)
    values = rng.integers(0, 256, (N, network.sizes[0]), dtype=np.uint8)
    floats = values.astype(dtype) / np.dtype(dtype).type(divisor)
    y = rng.normal(size=(N, network.sizes[-1])).astype(dtype)
    return WholeBytes(values, divisor), floats, y, rng.uniform(0.5, 2, N).astype(dtype)


def picked_from(x):
    """Return rows that are x, each in another place of a matrix with more."""
    rows = np.random.default_rng(5).permutation(N_ALL)[:N]
    whole = np.full((N_ALL, x.shape[1]), 99, dtype=np.uint8)
    whole[rows] = x.values
    return Picked(WholeBytes(whole, x.divisor), rows)


@every("engine", sorted(ENGINES))
@every("kind", [*SIZES, "embedded"])
@every(("dtype", "divisor"), [("float32", 255.0), ("float64", 1.0)])
@every("n_threads", [1, 2])
def test_steps_have_the_bits_of_floats(engine, kind, dtype, divisor, n_threads):
    network = a_network(kind, "float64" if kind == "embedded" else dtype)
    x, floats, y, s = numbers(network, network.dtype, divisor)
    order, batch = np.random.default_rng(0).permutation(N)[:45], 4 if kind.endswith("by neurons") else 16
    rates, found = np.full(-(-len(order) // batch), 0.001), []
    for rows in (floats, x, picked_from(x)):
        session = ENGINES[engine].open(network, Objective(), Adam(), n_threads=n_threads)
        steps = session.run_steps(rows, y, order, batch, rates, s)
        found.append((steps.costs.tolist(), parameters(session.network()).tolist()))
    assert found[0] == found[1] == found[2]
    assert np.isfinite(found[0][1]).all()


@every("engine", sorted(ENGINES))
@every("divisor", DIVISORS)
def test_gradients_and_outputs_have_the_bits_of_floats(engine, divisor):
    network = a_network("wide")
    x, floats, y, s = numbers(network, "float64", divisor)
    found = []
    for rows in (floats, x, picked_from(x)):
        session = ENGINES[engine].open(network, Objective(dropout=Dropout(0.25, 0.5)), Adam())
        gradient = session.cost_and_gradient(rows, y, s)
        outputs, cost = session.evaluate(rows, y, s)
        a = session.feedforward(rows, finite=True)
        found.append([cost, gradient.cost, *map(np.ndarray.tolist, (*gradient.nabla_w, outputs, a))])
    assert found[0] == found[1] == found[2]


@every("engine", sorted(ENGINES))
@every("dtype", ["float32", "float64"])
def test_all_bytes_are_those_of_an_encoder(engine, dtype):
    # the identity, so that what comes out is what went in
    network = Network((np.eye(256, dtype=dtype),), (np.zeros(256, dtype),), ("identity",))
    x = WholeBytes(np.arange(256, dtype=np.uint8)[None], 255.0)
    session = ENGINES[engine].open(network, Objective())
    assert session.feedforward(x)[0].tolist() == (np.arange(256) / 255).astype(dtype).tolist()


@every("engine", sorted(ENGINES))
def test_an_array_of_bytes_is_what_it_counts(engine):
    network = a_network("wide")
    x, floats, y, _ = numbers(network, "float64", 1.0)
    found = []
    for rows in (floats, x.values, x.values[:, ::-1][:, ::-1], Picked(x.values, np.arange(N))):
        session = ENGINES[engine].open(network, Objective(), Adam())
        session.run_steps(rows, y, np.arange(N), 10, np.full(5, 0.001))
        found.append(parameters(session.network()).tolist())
    assert found[0] == found[1] == found[2] == found[3]


def test_processes_take_their_rows_of_them():
    network = a_network("wide")
    x, floats, y, s = numbers(network, "float64", 255.0)
    session, found = NativeEngine().open(network, Objective(), Adam()), []
    for rows in (floats, x, picked_from(x)):
        out = np.zeros(session.packed_size)
        session.packed_gradient(rows, y, s, np.array([3, 1, 41]), out=out)
        found.append(out.tolist())
    assert found[0] == found[1] == found[2]


@every("engine", sorted(ENGINES))
@every("shared", [False, True])
def test_members_take_steps_with_them(engine, shared):
    from backlit.core.ensemble import Ensemble

    ensemble = an_ensemble() if shared else Ensemble.of([a_network("wide")] * K)
    x, floats, y, s = numbers(ensemble.member(0) if shared else ensemble.members[0], "float64", 255.0)
    orders, found = np.stack([np.random.default_rng(m).permutation(N) for m in range(K)]), []
    for rows in (floats, x):
        session = (
            opened(engine, ensemble)
            if shared
            else open_session(ENGINES[engine], ensemble, Objective(), Adam(), None, 1)
        )
        session.run_steps(rows, y, orders, BATCH, np.full(N // BATCH, 0.01), s)
        found.append((parameters(session.network()).tolist(), session.feedforward(rows, finite=True).tolist()))
    assert found[0] == found[1]


@every("engine", sorted(ENGINES))
def test_what_does_not_fit_is_refused(engine):
    network = a_network("wide")
    x, _, y, _ = numbers(network, "float64", 1.0)
    session = ENGINES[engine].open(network, Objective(), Adam())
    with pytest.raises(ShapeError, match="must match row by row"):
        session.evaluate(x[:40], y)
    with pytest.raises(ShapeError, match=r"x must have the shape"):
        session.evaluate(WholeBytes(x.values[:, :3]), y)
    beyond = Picked(x, np.array([0, N] * (N // 2)))
    with pytest.raises((IndexError, ValueError)):
        session.run_steps(beyond, y, np.arange(40), 10, np.full(4, 0.01))


def test_only_bytes_are_taken_for_bytes():
    floats = np.zeros((2, 3))
    assert as_bytes(floats) is None
    assert widened(floats, "float32") is floats
    x = WholeBytes(np.full((2, 3), 51, np.uint8), 255.0)
    assert widened(Picked(x, np.array([1])), "float32").tolist() == [[np.float32(0.2)] * 3]
    assert np.asarray(x).tolist() == [[0.2] * 3] * 2
