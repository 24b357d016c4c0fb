"""Random networks for hypothesis to draw, which every engine and library has to agree on."""

import math

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from backlit.core.activations import ACTIVATIONS, get_activation
from backlit.core.backpropagation import bp3, bp4, shares
from backlit.core.losses import fitting_pairs, get_loss
from backlit.core.network import Network, weighted_input
from backlit.core.penalty import NO_PENALTY, Penalty

NAMES = list(ACTIVATIONS)


def flat(nabla_w, nabla_b):
    return np.concatenate([np.asarray(array).ravel() for array in (*nabla_w, *nabla_b)])


def targets(loss, a, rng):
    if loss == "cross_entropy":
        y = rng.random(a.shape)
        return np.where(rng.random(a.shape) < 0.5, np.round(y), y)  # also exactly 0 and 1
    if loss == "poisson":
        return rng.poisson(1.5, a.shape).astype(float)
    noise = rng.standard_normal(a.shape)
    y = a + noise + 0.1 * np.sign(noise) * np.abs(a)  # a − y keeps its digits
    for kink in get_loss(loss, "identity").kinks:
        y = np.where(np.abs(a - y - kink) < 1e-3, y + 0.1, y)
    return y


@st.composite
def problems(draw):
    """A network, a batch, and the rest of the arguments; |z| ≤ 4 and at least 1e-3 from every kink."""
    loss, output = draw(st.sampled_from(fitting_pairs()))
    hidden = draw(st.lists(st.sampled_from(NAMES), max_size=3))
    sizes = draw(st.lists(st.integers(1, 7), min_size=len(hidden) + 2, max_size=len(hidden) + 2))
    n_examples = draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = rng.standard_normal((n_examples, sizes[0]))
    weights, biases, a = [], [], x
    for n_in, n_out, name in zip(sizes[:-1], sizes[1:], [*hidden, output], strict=True):
        for _ in range(50):
            w, b = rng.standard_normal((n_out, n_in)) / math.sqrt(n_in), rng.standard_normal(n_out)
            shrink = min(1.0, 4.0 / np.abs(weighted_input(w, a, b)).max())
            w, b = shrink * w, shrink * b
            z = weighted_input(w, a, b)
            if all((np.abs(z - kink) > 1e-3).all() for kink in get_activation(name).kinks):
                break
        else:
            assume(False)
        weights.append(w)
        biases.append(b)
        a = get_activation(name).value(z)
    sample_weight = draw(st.sampled_from([None, rng.random(n_examples) + 0.1, rng.integers(1, 5, n_examples)]))
    penalty = draw(st.sampled_from([NO_PENALTY, Penalty(l2=0.1), Penalty(l1=0.05), Penalty(0.1, 0.05, 0.2)]))
    network = Network(weights, biases, [*hidden, output])
    return network, x, targets(loss, a, rng), {"loss": loss, "sample_weight": sample_weight, "penalty": penalty}


def has_enough_digits(network, at, sample_weight):
    """Whether a gradient is not tiny against its terms: what cancels to almost nothing has lost its digits."""
    share = shares(at.a[0], sample_weight)[0]
    nabla_w = [bp4(np.abs(a), np.abs(delta), share) for a, delta in zip(at.a[:-1], at.delta, strict=True)]
    had_all_the_same_sign = flat(nabla_w, [bp3(np.abs(delta), share) for delta in at.delta])
    return np.linalg.norm(flat(at.nabla_w, at.nabla_b)) > 0.03 * np.linalg.norm(had_all_the_same_sign)
