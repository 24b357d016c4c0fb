"""The algorithm without mistakes is core's; and each mistake changes something."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backlit.core.backpropagation import backpropagate
from backlit.core.losses import fitting_pairs
from backlit.core.network import Network
from backlit.grading.judge.algorithm import run
from backlit.grading.judge.catalogue import singles
from backlit.grading.judge.matching import NO_MISTAKES, numbers_of
from backlit.grading.reading.cases import Task, draw_cases
from every import every


@given(st.integers(0, 2**32), st.sampled_from(fitting_pairs()))
def test_without_mistakes_it_is_core(seed, pair):
    loss, output = pair
    for case in draw_cases(seed, Task("tanh", output, loss), batches=True):
        names = ["tanh"] * (case.n_layers - 2) + [output]
        network = Network(tuple(case.w.values()), tuple(b[:, 0] for b in case.b.values()), tuple(names))
        truth = backpropagate(network, case.x.T, case.y.T, loss=loss)
        p = run(case)
        for i, layer in enumerate(case.w):
            np.testing.assert_allclose(p.z[layer].T, truth.z[i], rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(p.delta[layer].T, truth.delta[i], rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(p.nabla_b[layer][:, 0], truth.nabla_b[i], rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(p.nabla_w[layer], truth.nabla_w[i], rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(p.w_new[layer], case.w[layer] - case.eta * truth.nabla_w[i], rtol=1e-12)


# what these put there is what is asked for, when sigmoid and the quadratic cost are
NO_MISTAKE_FOR_SIGMOID = {
    ("a", "wrong_sigma:sigmoid"),
    ("a", "wrong_sigma:sigmoid+prime"),
    *((equation, "wrong_sigma_prime:sigma_one_minus_sigma") for equation in ("sigma_prime", "BP1", "BP2")),
    *((equation, "wrong_sigma_prime:of_sigmoid") for equation in ("sigma_prime", "BP1", "BP2")),
    ("BP1", "gradient_of_wrong_loss:quadratic"),
    ("BP1", "softmax_jacobian_diagonal"),
    # these are of softmax
    ("a", "wrong_sigma:over_all"),
    ("a", "wrong_sigma:over_all+prime"),
    ("a", "wrong_sigma:over_examples"),
    ("a", "wrong_sigma:over_examples+prime"),
}


@every("switch", singles())
def test_every_mistake_changes_a_number_or_a_shape(switch):
    cases = draw_cases(0, Task("sigmoid", "sigmoid", "quadratic"), batches=True)
    changed = False
    for case in cases:
        right, wrong = numbers_of(case, NO_MISTAKES), numbers_of(case, frozenset([switch]))
        if wrong is None or right.keys() != wrong.keys():
            changed = True
        else:
            changed |= any(
                right[key].shape != wrong[key].shape or not np.allclose(right[key], wrong[key], rtol=1e-6, atol=1e-9)
                for key in right
            )
    assert changed != (switch in NO_MISTAKE_FOR_SIGMOID)
