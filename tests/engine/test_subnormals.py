"""Numbers below 2⁻¹²⁶ count as zero while the native engine takes steps, and nowhere else."""

from __future__ import annotations

import signal
from itertools import chain

import numpy as np
import pytest
from replay import native_engine

from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.engine import Objective
from backlit.engine.native import NativeEngine
from backlit.engine.reference import ReferenceEngine

TINY = np.float32(2.0**-140)
SMALLEST_NORMAL = np.finfo(np.float32).smallest_normal


def keeps_subnormals():
    return bool((np.full(64, TINY) * np.float32(0.5) > 0).all())


def has_subnormals(arrays):
    return any(((array != 0) & (np.abs(array) < SMALLEST_NORMAL)).any() for array in arrays)


def fading_case(engine, n_rows, width=8, n_threads=1):
    """A session, and rows whose first input is zero but in the first: its weights' gradients stay zero."""
    network = Network.initialize([4, width, 2], ["relu", "identity"], seed=0, dtype="float32")
    rng = np.random.default_rng(0)
    x = rng.random((n_rows, 4), dtype="float32")
    x[1:, 0] = 0
    y = rng.random((n_rows, 2), dtype="float32")
    return engine.open(network, Objective(), Adam(beta_1=0.9, beta_2=0.9), n_threads=n_threads), x, y


def by_run_steps(session, x, y):
    session.run_steps(x, y, np.arange(len(x)), 1, np.full(len(x), 1e-3))


def by_single_gradients(session, x, y):
    for i in range(len(x)):
        session.apply_gradient(session.cost_and_gradient(x[i : i + 1], y[i : i + 1]), 1e-3)


@pytest.mark.parametrize("train", [by_run_steps, by_single_gradients])
def test_moments_that_fade_away_become_zero(train):
    sessions, slots = [], []
    for engine in (native_engine(), ReferenceEngine()):
        session, x, y = fading_case(engine, 1200)
        train(session, x, y)
        sessions.append(session)
        slots.append(list(chain(*session.optimizer_state().weights)))
    assert has_subnormals(slots[1])  # or the case would show nothing
    assert not has_subnormals(slots[0])
    assert (slots[0][0][:, 0] == 0).all()
    for ours, theirs in zip(*(session.network().weights for session in sessions), strict=True):
        assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_process_keeps_its_own(n_threads):
    session, x, y = fading_case(NativeEngine(), 4000, width=1000, n_threads=n_threads)
    assert session._session.threads_for_steps(400, 4000) == n_threads
    assert keeps_subnormals()
    session.run_steps(x, y, np.arange(4000), 400, np.full(10, 1e-3))
    assert keeps_subnormals()


def test_a_signal_handler_keeps_its_own():
    class StopError(Exception):
        pass

    seen = []

    def stop(*_):
        seen.append(keeps_subnormals())
        raise StopError

    session, x, y = fading_case(NativeEngine(), 1000, width=300)
    order = np.tile(np.arange(1000), 300)
    # a timer of the process's own time: on a busy machine no more of it goes by before the first step
    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.05)
        with pytest.raises(StopError):
            session.run_steps(x, y, order, 1, np.full(len(order), 1e-3))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert 0 < session.optimizer_state().t < len(order)  # the handler ran between two steps, not afterwards
    assert seen == [True]


def test_predictions_and_gradients_keep_theirs():
    weight = np.array([[0.5, 0.25]], dtype="float32")
    network = Network((weight,), (np.zeros(1, dtype="float32"),), ("identity",))
    x, far = np.array([[TINY, TINY]]), np.array([[1.0]], dtype="float32")
    session = native_engine().open(network, Objective(), SGD())
    assert session.feedforward(x)[0, 0] == TINY * np.float32(0.75)
    nabla = session.cost_and_gradient(x, far).nabla_w[0]
    assert np.array_equal(nabla, [[-TINY, -TINY]])
