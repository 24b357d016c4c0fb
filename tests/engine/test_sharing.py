"""Threads that share the neurons of wide layers, which they do where batches are small."""

from __future__ import annotations

import pytest
from test_native import run_for_bits

from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=lambda optimizer: type(optimizer).__name__)
def test_bits_of_shared_neurons_do_not_depend_on_threads(optimizer, dtype):
    # of the second hidden layer three threads share the rows: its panels cannot be shared evenly
    network = Network.initialize([120, 256, 200, 3], ["relu", "gelu", "softmax"], seed=2, dtype=dtype)
    bits = {run_for_bits(network, "cross_entropy", optimizer, n, n_rows=230, batch_size=50) for n in (1, 2, 3)}
    assert len(bits) == 1


@pytest.mark.parametrize("sizes", [[600, 512, 1], [512, 512, 512]])
def test_bits_of_single_rows_do_not_depend_on_threads(sizes):
    network = Network.initialize(sizes, ["tanh"] * (len(sizes) - 2) + ["identity"], seed=2, dtype="float32")
    bits = {run_for_bits(network, "quadratic", SGD(0.9), n, n_rows=7, batch_size=1) for n in (1, 2)}
    assert len(bits) == 1
