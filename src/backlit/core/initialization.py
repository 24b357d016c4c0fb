"""The initial weights and biases.

Every draw comes from one seed through a counter-based generator (`stream`), so that both engines, and a run that is
resumed, see the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import get_activation
from backlit.errors import InvalidInputError, UnknownNameError


class Purpose(IntEnum):
    """What a stream of random numbers is for; each purpose has its own stream of a seed."""

    INITIALIZATION = 0
    SHUFFLE = 1
    SPLIT = 2
    EMBEDDING = 3
    SHARING = 4


def stream(seed: int, purpose: Purpose, index: int = 0) -> np.random.Generator:
    """Return the generator for one purpose of a seed.

    The generator is Philox, a function of a key and a counter (Salmon et al. 2011), so stream number `index` can be had
    without drawing the ones before it. For shuffles, `index` is the epoch.

    Parameters
    ----------
    seed : int
        From 0 to 2⁶⁴ − 1.
    purpose : Purpose
    index : int, default 0
    """
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise InvalidInputError(f"A seed is an integer from 0 to 2**64 - 1, but {seed!r} came.")
    key = np.array([seed, int(purpose)], dtype=np.uint64)  # as a list, seeds above 2⁶³ would pass through float64
    counter = np.array([0, 0, 0, index], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


Parameters = tuple[NDArray[np.float64], NDArray[np.float64]]
Draw = Callable[[np.random.Generator, int, int], Parameters]


def _standard_normal(rng: np.random.Generator, n_in: int, n_out: int) -> Parameters:
    # Nielsen's first network: weights and biases from N(0, 1)
    return rng.standard_normal((n_out, n_in)), rng.standard_normal(n_out)


def _normal(variance: Callable[[int, int], float]) -> Draw:
    def draw(rng: np.random.Generator, n_in: int, n_out: int) -> Parameters:
        return math.sqrt(variance(n_in, n_out)) * rng.standard_normal((n_out, n_in)), np.zeros(n_out)

    return draw


def _uniform(variance: Callable[[int, int], float]) -> Draw:
    def draw(rng: np.random.Generator, n_in: int, n_out: int) -> Parameters:
        bound = math.sqrt(3.0 * variance(n_in, n_out))
        return rng.uniform(-bound, bound, (n_out, n_in)), np.zeros(n_out)

    return draw


def _neural_tangent(rng: np.random.Generator, n_in: int, n_out: int) -> Parameters:
    # weights of size 1 that are divided by √n_in, beside biases of size 1
    return rng.standard_normal((n_out, n_in)) / math.sqrt(n_in), rng.standard_normal(n_out)


def _inverse_in(n_in: int, n_out: int) -> float:
    return 1.0 / n_in


def _glorot(n_in: int, n_out: int) -> float:
    return 2.0 / (n_in + n_out)


def _he(n_in: int, n_out: int) -> float:
    return 2.0 / n_in


INITIALIZATIONS: dict[str, Draw] = {
    "standard_normal": _standard_normal,
    "inverse_sqrt": _normal(_inverse_in),
    "ntp": _neural_tangent,
    "glorot_normal": _normal(_glorot),
    "glorot_uniform": _uniform(_glorot),
    "he_normal": _normal(_he),
    "he_uniform": _uniform(_he),
}
"""Name → a function that draws ``w`` of shape ``(n_out, n_in)`` and ``b`` of shape ``(n_out,)``.

Variances of a weight: 1 for ``standard_normal`` (the lecture's), 1/n_in for ``inverse_sqrt`` (Nielsen's chapter 3,
LeCun et al. 1998) and ``ntp`` (that of the neural tangent parametrization), 2/(n_in + n_out) for Glorot and Bengio
2010, 2/n_in for He et al. 2015. Biases are zero, but for ``standard_normal`` and ``ntp`` from N(0, 1)."""


def draw_parameters(
    sizes: Sequence[int], activations: Sequence[str], *, initialization: str | None, seed: int
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Draw the weights and biases of all layers in float64.

    Parameters
    ----------
    sizes : sequence of int
        Neurons per layer, input included.
    activations : sequence of str
        One per layer but the input.
    initialization : str or None
        A name in `INITIALIZATIONS`; None takes for each layer the one that suits its activation.
    seed : int
    """
    if initialization is not None and initialization not in INITIALIZATIONS:
        raise UnknownNameError("initialization", initialization, INITIALIZATIONS)
    rng = stream(seed, Purpose.INITIALIZATION)
    weights, biases = [], []
    for n_in, n_out, activation in zip(sizes[:-1], sizes[1:], activations, strict=True):
        w, b = INITIALIZATIONS[initialization or get_activation(activation).initialization](rng, n_in, n_out)
        weights.append(w)
        biases.append(b)
    return weights, biases
