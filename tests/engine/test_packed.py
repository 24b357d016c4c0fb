"""Steps of which each process takes a share, by gradients in the engine's own layout, are those of the lecture's."""

from __future__ import annotations

import numpy as np
import pytest
from test_native import OPTIMIZER_CASES, PENALTIES, examples, parameters

from backlit.core.layer_rates import LayerRates
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.engine import Objective
from backlit.engine.native import NativeEngine
from backlit.engine.protocol import Gradient
from every import every

SIZES = [7, 19, 1], [7, 40, 9, 3]  # with a layer that is stored as a row, and with none; all leave padding


@every("penalty", PENALTIES)
@every("sizes", SIZES)
@every("optimizer", [*OPTIMIZER_CASES.values(), SGD(clip_norm=0.01), Adam(clip_norm=0.01)])
@every("has_scales", [False, True])
def test_the_step_is_that_of_the_lectures_layout(optimizer, sizes, penalty, has_scales):
    network = Network.initialize(sizes, ["tanh"] * (len(sizes) - 2) + ["identity"], seed=3)
    x, y, s = examples(network, "quadratic", 37)
    objective, of_penalty = Objective("quadratic"), PENALTIES[penalty]
    ones = (1.0,) * (len(sizes) - 1)
    rates = LayerRates(ones, ones, 2.0) if has_scales and not isinstance(optimizer, SGD) else None
    *each, whole = (NativeEngine().open(network, objective, optimizer, layer_rates=rates) for _ in range(4))
    order = np.random.default_rng(0).permutation(37)
    rows = order[:15], order[15:15], order[15:]  # one process has none
    gradients = [np.zeros(whole.packed_size) for _ in each]
    for _ in range(3):
        costs, weights = np.zeros(3), np.zeros(3)
        for r in (0, 2):
            costs[r], weights[r] = each[r].packed_gradient(x, y, s, rows[r], out=gradients[r])
        gradients[1][:] = 0
        weight, shown = weights.sum(), np.zeros(whole.packed_size)
        before = [session.penalty_cost(of_penalty, weight) for session in each]
        squares = [
            session.add_up_share((r, 3), gradients, weights / weight, weight, of_penalty)
            for r, session in enumerate(each)
        ]
        for r, session in enumerate(each):
            session.step_share((r, 3), gradients[r], sum(squares), 0.05, 0.5)
            session.show_share((r, 3), shown)
        for r, session in enumerate(each):
            session.take_shares((r, 3), shown)

        gradient, w = whole.cost_and_gradient(x, y, s), whole.network().weights
        nabla_w = [of_penalty.add_gradient(*both, weight) for both in zip(gradient.nabla_w, w, strict=True)]
        cost = gradient.cost + of_penalty.cost(w, weight)
        np.testing.assert_allclose([costs @ weights / weight + b for b in before], [cost] * 3, rtol=1e-12)
        whole.apply_gradient(Gradient(0.0, nabla_w, gradient.nabla_b, weight), 0.05, 0.5)
        for session in each:
            np.testing.assert_allclose(
                parameters(session.network()), parameters(whole.network()), rtol=1e-11, atol=1e-14
            )

    for slot in each[0].slots:  # of which each process knows its own share
        shown[:] = 0
        for r, session in enumerate(each):
            session.show_share((r, 3), shown, slot)
        for r, session in enumerate(each):
            session.take_shares((r, 3), shown, slot)
    state, *others = (session.optimizer_state() for session in (whole, *each))
    for other in others:
        assert other.t == state.t
        for of_each, wanted in zip([*other.weights, *other.biases], [*state.weights, *state.biases], strict=True):
            np.testing.assert_allclose(of_each, wanted, rtol=1e-10, atol=1e-14)


def test_rows_may_be_of_another_type_and_must_be_there():
    network = Network.initialize([3, 4, 2], ["tanh", "identity"], seed=3)
    x, y, _ = examples(network, "quadratic", 9)
    session, rows = NativeEngine().open(network, Objective("quadratic")), np.array([7, 2])
    out, wanted = np.empty(session.packed_size), np.empty(session.packed_size)
    session.packed_gradient(np.float32(x), y, rows=rows, out=out)
    session.packed_gradient(np.float64(np.float32(x[rows])), y[rows], out=wanted)
    np.testing.assert_array_equal(out, wanted)
    for wrong in ([0, 9], [-1, 0]):
        with pytest.raises(ValueError, match="names a row that x lacks"):
            session.packed_gradient(x, y, rows=np.array(wrong), out=out)
