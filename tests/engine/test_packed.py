"""Gradients in the engine's own layout give the step that those in the lecture's give."""

from __future__ import annotations

import numpy as np
from test_native import OPTIMIZER_CASES, PENALTIES, examples, parameters

from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.engine import Objective
from backlit.engine.native import NativeEngine
from backlit.engine.protocol import Gradient
from every import every

SIZES = [7, 19, 1], [7, 19, 9, 3]  # with a layer that is stored as a row, and with none; all leave padding


@every("penalty", PENALTIES)
@every("sizes", SIZES)
@every("optimizer", [*OPTIMIZER_CASES.values(), SGD(clip_norm=0.01), Adam(clip_norm=0.01)])
def test_the_step_is_that_of_the_lectures_layout(optimizer, sizes, penalty):
    network = Network.initialize(sizes, ["tanh"] * (len(sizes) - 2) + ["identity"], seed=3)
    x, y, s = examples(network, "quadratic", 37)
    objective = Objective("quadratic")
    packed, whole = (NativeEngine().open(network, objective, optimizer) for _ in range(2))
    shards = slice(0, 15), slice(15, 37)
    for _ in range(3):
        out = [np.empty(packed.packed_size) for _ in shards]
        of_shards = [
            packed.packed_gradient(x[rows], y[rows], s[rows], out=room) for rows, room in zip(shards, out, strict=True)
        ]
        weight = sum(each for _, each in of_shards)
        shares = [each / weight for _, each in of_shards]
        found = sum(share * cost for share, (cost, _) in zip(shares, of_shards, strict=True))
        found += packed.apply_packed(out, shares, weight, PENALTIES[penalty], 0.05, 0.5)

        gradient, w = whole.cost_and_gradient(x, y, s), whole.network().weights
        of_penalty = PENALTIES[penalty]
        nabla_w = [of_penalty.add_gradient(*both, weight) for both in zip(gradient.nabla_w, w, strict=True)]
        np.testing.assert_allclose(found, gradient.cost + of_penalty.cost(w, weight), rtol=1e-12)
        whole.apply_gradient(Gradient(0.0, nabla_w, gradient.nabla_b, weight), 0.05, 0.5)
    np.testing.assert_allclose(parameters(packed.network()), parameters(whole.network()), rtol=1e-11, atol=1e-14)
