"""A layer's gradient is handed out while others are computed: the last one first, whole, and the same as in the end."""

from __future__ import annotations

import numpy as np
import pytest
from test_native import PENALTIES, examples

from backlit.core.network import Network
from backlit.engine import Objective
from backlit.engine.native import NativeEngine

SIZES = [11, 300, 130, 40, 3]  # more than one thread has something to do


def opened(n_threads, penalty="none", sizes=SIZES):
    network = Network.initialize(sizes, ["tanh"] * (len(sizes) - 2) + ["identity"], seed=3)
    session = NativeEngine().open(network, Objective("quadratic", PENALTIES[penalty]), n_threads=n_threads)
    return network, session


def room(network):
    return [np.full_like(w, np.nan) for w in network.weights], [np.full_like(b, np.nan) for b in network.biases]


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("n_rows", [37, 2048 + 300])  # the gradient of more than 2,048 rows is summed up in parts
def test_each_layer_is_whole_when_it_is_told(n_threads, n_rows):
    network, session = opened(n_threads)
    x, y, s = examples(network, "quadratic", n_rows)
    whole = session.cost_and_gradient(x, y, s)
    out, told = room(network), []

    def finished(layer):
        assert all(np.isnan(out[0][each]).all() for each in range(layer))
        told.append((layer, out[0][layer].copy(), out[1][layer].copy()))
        out[0][layer][:] = 7.0  # whoever hears of it may change it: nobody writes there again

    found = session.cost_and_gradient(x, y, s, out=out, finished=finished)
    assert found.cost == whole.cost
    assert [layer for layer, *_ in told] == [3, 2, 1, 0]
    for layer, nabla_w, nabla_b in told:
        np.testing.assert_array_equal(nabla_w, whole.nabla_w[layer])
        np.testing.assert_array_equal(nabla_b, whole.nabla_b[layer])
        np.testing.assert_array_equal(found.nabla_w[layer], 7.0)
        np.testing.assert_array_equal(found.nabla_b[layer], whole.nabla_b[layer])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_of_who_is_told_comes_through(n_threads):
    network, session = opened(n_threads)
    x, y, s = examples(network, "quadratic", 37)

    def finished(layer):
        raise ConnectionError(layer)

    with pytest.raises(ConnectionError, match="3"):  # the first one
        session.cost_and_gradient(x, y, s, out=room(network), finished=finished)
    assert np.isfinite(session.cost_and_gradient(x, y, s).cost)


def test_with_a_penalty_nothing_is_told_before_it_is_added():
    penalty = next(name for name in PENALTIES if name != "none")
    network, session = opened(1, penalty)
    x, y, s = examples(network, "quadratic", 37)
    found = session.cost_and_gradient(x, y, s, out=room(network), finished=lambda layer: pytest.fail("too early"))
    np.testing.assert_array_equal(found.nabla_w[0], session.cost_and_gradient(x, y, s).nabla_w[0])
