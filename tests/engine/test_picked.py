"""Rows that stay where they are give the bits that their copy gives, whichever kernels serve the network."""

import numpy as np
import pytest
from test_native import ENGINES, examples, parameters
from test_shared_members import BATCH, K, an_ensemble, opened

from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.embedding import Embedded, Embedding
from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.core.optimizers import Adam
from backlit.engine import Objective
from backlit.engine.native import NativeEngine
from backlit.engine.opening import open_session
from backlit.engine.picked import Picked
from backlit.errors import ShapeError
from every import every

SIZES = {
    "narrow": [5, 7, 3],
    "wide": [20, 40, 3],
    "by neurons": [60, 700, 700, 3],
    "one neuron": [6, 33, 1],
    "long rows": [300, 20, 3],
    "very long rows": [16_000, 12, 3],  # enough work for two threads
    "long rows by neurons": [300, 700, 3],
}
N, N_ALL = 50, 70


def a_network(kind, dtype="float64"):
    if kind != "embedded":
        return Network.initialize(SIZES[kind], ["tanh"] * (len(SIZES[kind]) - 2) + ["identity"], seed=3, dtype=dtype)
    network = Network.initialize([5 + (embedded := Embedded((1, 3))).n_added, 9, 3], ["tanh", "identity"], seed=3)
    return EmbeddedNetwork.of(network, Embedding.initialize(embedded, seed=0, dtype=dtype))


def picked_from(x):
    """Return rows that are x, each in another place of a matrix with more."""
    rows = np.random.default_rng(5).permutation(N_ALL)[: len(x)]
    whole = np.full((N_ALL, x.shape[1]), np.nan, dtype=x.dtype)
    whole[rows] = x
    return Picked(whole, rows)


@every("engine", sorted(ENGINES))
@every("kind", [*SIZES, "embedded"])
@every("weighted", [False, True])
@every("n_threads", [1, 2])
def test_steps_have_the_bits_of_a_copy(engine, kind, weighted, n_threads):
    network = a_network(kind)
    x, y, s = examples(network, "quadratic", N)
    order, batch = np.random.default_rng(0).permutation(N)[:45], 4 if kind.endswith("by neurons") else 16
    rates, found = np.full(-(-len(order) // batch), 0.01), []
    for rows in (x, picked_from(x)):
        session = ENGINES[engine].open(network, Objective(), Adam(), n_threads=n_threads)
        steps = session.run_steps(rows, y, order, batch, rates, s if weighted else None)
        found.append((steps.costs.tolist(), parameters(session.network()).tolist()))
    assert found[0] == found[1]
    assert np.isfinite(found[0][1]).all()


@every("engine", sorted(ENGINES))
def test_gradients_and_outputs_have_the_bits_of_a_copy(engine):
    network = a_network("wide")
    x, y, s = examples(network, "quadratic", N)
    found = []
    for rows in (x, picked_from(x)):
        session = ENGINES[engine].open(network, Objective(), Adam())
        gradient = session.cost_and_gradient(rows, y, s)
        outputs, cost = session.evaluate(rows, y, s)
        a = session.feedforward(rows, finite=True)
        found.append([cost, gradient.cost, *map(np.ndarray.tolist, (*gradient.nabla_w, outputs, a))])
    assert found[0] == found[1]


def test_processes_take_their_rows_of_them():
    network = a_network("wide")
    x, y, s = examples(network, "quadratic", N)
    session, found = NativeEngine().open(network, Objective(), Adam()), []
    for rows in (x, picked_from(x)):
        out = np.zeros(session.packed_size)
        session.packed_gradient(rows, y, s, np.array([3, 1, 41]), out=out)
        found.append(out.tolist())
    assert found[0] == found[1]


@every("engine", sorted(ENGINES))
@every("shared", [False, True])
def test_members_take_steps_with_them(engine, shared):
    ensemble = an_ensemble() if shared else Ensemble.of([a_network("wide")] * K)
    x, y, s = examples(ensemble.member(0) if shared else ensemble.members[0], "quadratic", N)
    orders, found = np.stack([np.random.default_rng(m).permutation(N) for m in range(K)]), []
    for rows in (x, picked_from(x)):
        session = (
            opened(engine, ensemble)
            if shared
            else open_session(ENGINES[engine], ensemble, Objective(), Adam(), None, 1)
        )
        session.run_steps(rows, y, orders, BATCH, np.full(N // BATCH, 0.05), s)
        found.append(parameters(session.network()).tolist())
    assert found[0] == found[1]


def test_numbers_of_another_type_are_converted():
    network = a_network("wide", "float32")
    x, y, _ = examples(a_network("wide"), "quadratic", N)
    found = []
    for rows in (x, picked_from(x)):
        session = NativeEngine().open(network, Objective(), Adam())
        session.run_steps(rows, y, np.arange(N), 10, np.full(5, 0.01))
        found.append(parameters(session.network()).tolist())
    assert found[0] == found[1]


@every("engine", sorted(ENGINES))
def test_what_does_not_fit_is_refused(engine):
    network = a_network("wide")
    x, y, _ = examples(network, "quadratic", N)
    session = ENGINES[engine].open(network, Objective(), Adam())
    with pytest.raises(ShapeError, match="must match row by row"):
        session.evaluate(picked_from(x[:40]), y)
    with pytest.raises(ShapeError, match=r"x must have the shape"):
        session.evaluate(picked_from(x[:, :3]), y)
    beyond = Picked(x, np.array([0, N] * (N // 2)))
    with pytest.raises((IndexError, ValueError)):
        session.run_steps(beyond, y, np.arange(40), 10, np.full(4, 0.01))
