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
from backlit.engine.reference import ReferenceEngine

TINY = np.float32(2.0**-140)
SMALLEST_NORMAL = np.finfo(np.float32).smallest_normal


def keeps_subnormals():
    return bool((np.full(64, TINY) * np.float32(0.5) > 0).all())


def has_subnormals(arrays):
    return any(((array != 0) & (np.abs(array) < SMALLEST_NORMAL)).any() for array in arrays)


def long_training(engine, n_threads=1, n_steps=3000, width=8):
    """Train where the first input is zero but in the first row, so that its weights' gradients stay zero."""
    network = Network.initialize([4, width, 2], ["relu", "identity"], seed=0, dtype="float32")
    rng = np.random.default_rng(0)
    x = rng.random((n_steps, 4), dtype="float32")
    x[1:, 0] = 0
    y = rng.random((n_steps, 2), dtype="float32")
    session = engine.open(network, Objective(), Adam(beta_1=0.9, beta_2=0.9), n_threads=n_threads)
    session.run_steps(x, y, np.arange(n_steps), 1, np.full(n_steps, 1e-3))
    return session


def test_moments_that_fade_away_become_zero():
    by_engine = {engine.name: long_training(engine) for engine in (ReferenceEngine(), native_engine())}
    slots = {name: list(chain(*session.optimizer_state().weights)) for name, session in by_engine.items()}
    assert has_subnormals(slots["reference"])  # or the case would show nothing
    assert not has_subnormals(slots["native"])
    assert (slots["native"][0][:, 0] == 0).all()
    weights = [session.network().weights for session in by_engine.values()]
    for theirs, ours in zip(*weights, strict=True):
        assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_process_keeps_its_own(n_threads):
    assert keeps_subnormals()
    long_training(native_engine(), n_threads, n_steps=50, width=1000)
    assert keeps_subnormals()


def test_a_signal_handler_keeps_its_own():
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(keeps_subnormals()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        long_training(native_engine(), n_steps=20_000, width=300)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen == [True]


def test_predictions_and_gradients_keep_theirs():
    weight = np.array([[0.5, 0.25]], dtype="float32")
    network = Network((weight,), (np.zeros(1, dtype="float32"),), ("identity",))
    x, far = np.array([[TINY, TINY]]), np.array([[1.0]], dtype="float32")
    session = native_engine().open(network, Objective(), SGD())
    assert session.feedforward(x)[0, 0] == TINY * np.float32(0.75)
    nabla = session.cost_and_gradient(x, far).nabla_w[0]
    assert np.array_equal(nabla, [[-TINY, -TINY]])
