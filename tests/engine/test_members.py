import threading

import numpy as np
import pytest
from test_native import ENGINES, examples, parameters

from backlit.core.dropout import Dropout
from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.core.optimizers import Adam
from backlit.engine import Objective, get_engine
from backlit.engine.members import seed_of_member
from backlit.engine.opening import open_session
from backlit.errors import InvalidInputError

OBJECTIVE = Objective("cross_entropy", dropout=Dropout(0.3), dropout_seed=5)


def an_ensemble(n=3, sizes=(4, 9, 3), dtype="float64"):
    return Ensemble.of([Network.initialize(sizes, ["tanh", "softmax"], seed=seed, dtype=dtype) for seed in range(n)])


def orders_of(n_rows, n_members):
    return np.stack([np.random.default_rng(m).permutation(n_rows) for m in range(n_members)])


@pytest.mark.parametrize("engine", ENGINES)
def test_each_member_is_trained_as_by_itself(engine):
    ensemble = an_ensemble()
    x, y, s = examples(ensemble.member(0), "cross_entropy", 40)
    orders, rates = orders_of(40, 3), np.full(4, 0.02)
    session = open_session(ENGINES[engine], ensemble, OBJECTIVE, Adam())
    costs = session.run_steps(x, y, orders, 10, rates, s).costs
    alone_costs = []
    for m, member in enumerate(ensemble.members):
        objective = Objective("cross_entropy", dropout=Dropout(0.3), dropout_seed=seed_of_member(5, m))
        alone = ENGINES[engine].open(member, objective, Adam())
        alone_costs.append(alone.run_steps(x, y, orders[m], 10, rates, s).costs)
        assert parameters(alone.network()).tobytes() == parameters(session.network().member(m)).tobytes()
    np.testing.assert_allclose(costs, np.mean(alone_costs, axis=0), rtol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_asked_of_all_is_what_the_joined_network_says(engine):
    ensemble = an_ensemble()
    x, y, s = examples(ensemble.member(0), "cross_entropy", 30)
    session = open_session(ENGINES[engine], ensemble, Objective("cross_entropy"))
    joined = ENGINES[engine].open(ensemble.joined(), Objective("cross_entropy"))
    for weight in (None, s):
        (found, cost), (truth, true_cost) = (each.evaluate(x, y, weight) for each in (session, joined))
        np.testing.assert_allclose(found, truth, rtol=1e-12)
        assert cost == pytest.approx(true_cost, rel=1e-12)
    costs = [each.evaluate(x, y, 0 * s)[1] for each in (session, joined)]
    assert np.isnan(costs).all()  # of rows that count nothing
    # also after steps, and after the weights were set
    session.run_steps(x, y, orders_of(30, 3), 30, np.array([0.1]))
    np.testing.assert_allclose(
        session.feedforward(x),
        ENGINES[engine].open(session.network().joined(), Objective("cross_entropy")).feedforward(x),
        rtol=1e-12,
    )
    session.set_network(ensemble)
    np.testing.assert_allclose(session.feedforward(x), joined.feedforward(x), rtol=1e-12)


def test_bits_do_not_depend_on_threads_and_going_on_changes_none():
    ensemble = an_ensemble(5, dtype="float32")
    x, y, _ = examples(ensemble.member(0), "cross_entropy", 64)
    orders, rates, bits = orders_of(64, 5), np.full(8, 0.01), set()
    for n_threads in (1, 2, 5, None):
        session = open_session(get_engine(), ensemble, OBJECTIVE, Adam(), n_threads=n_threads)
        session.run_steps(x, y, orders, 8, rates)
        bits.add(b"".join(w.tobytes() for w in session.network().weights) + session.feedforward(x).tobytes())
    half = open_session(get_engine(), ensemble, OBJECTIVE, Adam())
    half.run_steps(x, y, orders[:, :32], 8, rates[:4])
    going_on = open_session(get_engine(), half.network(), OBJECTIVE, Adam(), half.optimizer_state())
    going_on.run_steps(x, y, orders[:, 32:], 8, rates[4:])
    bits.add(b"".join(w.tobytes() for w in going_on.network().weights) + going_on.feedforward(x).tobytes())
    assert len(bits) == 1


def test_a_member_that_diverges_stops_all_and_no_thread_stays():
    ensemble = an_ensemble(dtype="float32")
    x, y, _ = examples(ensemble.member(0), "cross_entropy", 20)
    x[7] = np.inf
    session = open_session(get_engine(), ensemble, Objective("cross_entropy"), Adam())
    assert session.run_steps(x, y, orders_of(20, 3), 20, np.array([0.1])).diverged_layer == 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]


def test_a_gradient_is_of_one_network():
    session = open_session(get_engine(), an_ensemble(), Objective("cross_entropy"))
    with pytest.raises(InvalidInputError, match="of one network"):
        session.cost_and_gradient(np.zeros((1, 4)), np.zeros((1, 3)))
    with pytest.raises(InvalidInputError, match="of one network"):
        session.apply_gradient(None, 0.1)


def test_seeds_of_members_begin_with_the_ensembles_own_and_differ():
    assert seed_of_member(12, 0) == 12
    assert len({seed_of_member(12, m) for m in range(1000)} | {seed_of_member(13, m) for m in range(1000)}) == 2000
