"""How far the native engine's σ and σ′ are from the truth in float32, in units in the last place.

A dense sample here; with BACKLIT_EVERY_FLOAT=1, as `make soak` sets it, every float32 there is for the functions that
are made of one elementary function alone.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from backlit.core.activations import ACTIVATIONS
from backlit.core.network import Network
from backlit.engine import Objective
from backlit.engine.native import NativeEngine

SAMPLE_STRIDE = 4099  # a prime, so that all mantissas are met: a million of the 2³² numbers
ELEMENTARY = ("exp", "elu", "sigmoid", "tanh", "relu", "leaky_relu", "identity")
COUPLED = "softmax"
HALF_ULP_OF_ONE = 2.0**-24
# σ(z) of these is a product with a factor that cancels to 0 on one side; there the error is bounded absolutely.
CANCELLING = ("gelu", "silu", "mish")


def floats(first, last, stride):
    """The finite float32 numbers whose bits are first, first + stride, … below last."""
    values = np.arange(first, last, stride, dtype=np.int64).astype(np.uint32).view(np.float32)
    return values[np.isfinite(values)]


def sample():
    yield floats(0, 2**32, SAMPLE_STRIDE)
    yield np.linspace(-20, 20, 2**18, dtype=np.float32)


def every_float():
    chunk = 2**22
    for first in range(0, 2**32, chunk):
        if len(values := floats(first, first + chunk, 1)):  # some chunks hold nothing but NaN
            yield values


def sigma(name, z):
    network = Network((np.ones((1, 1), "float32"),), (np.zeros(1, "float32"),), (name,))
    return NativeEngine().open(network, Objective("quadratic")).feedforward(z[:, None])[:, 0]


def sigma_prime(name, z):
    """δ of a layer of neurons with weighted inputs z and ∇_a C = 1: an output of weights 1 follows."""
    weights = (z[:, None].copy(), np.ones((1, len(z)), "float32"))
    biases = (np.zeros(len(z), "float32"), np.zeros(1, "float32"))
    session = NativeEngine().open(Network(weights, biases, (name, "identity")), Objective("absolute"))
    far_below = np.full((1, 1), -np.inf, "float32")
    return session.cost_and_gradient(np.ones((1, 1), "float32"), far_below).nabla_b[0]


def truth_and_ulps(function, z, found):
    with np.errstate(all="ignore"):
        truth = function(z.astype(np.float64))
    counts = (np.abs(truth) >= np.finfo(np.float32).tiny) & (np.abs(truth) <= np.finfo(np.float32).max)
    error = np.abs(found.astype(np.float64) - truth)
    with np.errstate(all="ignore"):
        return truth, error, np.where(counts, error / np.spacing(np.abs(truth).astype(np.float32)), 0.0)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {COUPLED}))
def test_sigma_is_within_four_units_in_the_last_place(name):
    everything = os.environ.get("BACKLIT_EVERY_FLOAT") == "1" and name in ELEMENTARY
    for z in every_float() if everything else sample():
        found = sigma(name, z)
        truth, error, ulps = truth_and_ulps(ACTIVATIONS[name].value, z, found)
        if name in CANCELLING:
            ulps = np.where((truth <= 0) & (error <= 4 * HALF_ULP_OF_ONE), 0.0, ulps)
        worst = ulps.argmax()
        assert ulps[worst] <= 4, f"{name}({z[worst]!r}) = {found[worst]!r}, which is {ulps[worst]:.1f} ulp off"


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {COUPLED, "exp"}))
def test_sigma_prime_is_within_four_half_units_of_one(name):
    z = np.concatenate([np.linspace(-30, 30, 2**16, dtype=np.float32), floats(0, 2**32, 2**18 + 1)])
    z = z[np.abs(z) < 1e15]  # the cost of the output that follows must not overflow
    _, error, _ = truth_and_ulps(ACTIVATIONS[name].derivative, z, sigma_prime(name, z))
    worst = error.argmax()
    assert error[worst] <= 4 * HALF_ULP_OF_ONE, (
        f"{name}′({z[worst]!r}) is {error[worst] / HALF_ULP_OF_ONE:.1f}·2⁻²⁴ off"
    )
