"""Learning rates that differ from layer to layer: what the rate is multiplied by, for weights and for biases.

In the standard parametrization a layer computes z = w a + b. In the neural tangent parametrization (NTP) it computes
z = w a / √n_in + b with weights of size 1. That is the same network with w / √n_in for w, whose steps Adam then takes
√n_in times shorter; so here it is two lists of factors, and the lecture's network stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from backlit.core.optimizers import OPTIMIZERS, SGD, Optimizer
from backlit.errors import InvalidInputError

PARAMETRIZATIONS = ("standard", "ntp")

BIAS_FACTOR = 0.1
"""Of the rate of biases in NTP, as in RealMLP (arXiv 2407.04491)."""


@dataclass(frozen=True)
class LayerRates:
    """Factors of the learning rate.

    Attributes
    ----------
    weights, biases : tuple of float
        One for each layer but the input.
    scales : float, default 0
        Of a scale for each input, which is trained then; 0 for none. See `backlit.core.input_scales`.
    """

    weights: tuple[float, ...]
    biases: tuple[float, ...]
    scales: float = 0.0

    @classmethod
    def standard(cls, sizes: Sequence[int], scales: float = 0.0) -> Self:
        """Return factors of 1; see `ntp`."""
        ones = (1.0,) * (len(sizes) - 1)
        return cls(ones, ones, scales)

    @classmethod
    def ntp(cls, sizes: Sequence[int], scales: float = 0.0) -> Self:
        """Return the factors of the neural tangent parametrization.

        Parameters
        ----------
        sizes : sequence of int
            Neurons per layer, the input included.
        scales : float, default 0
            Of the scales of inputs.
        """
        return cls(tuple(1 / math.sqrt(n_in) for n_in in sizes[:-1]), (BIAS_FACTOR,) * (len(sizes) - 1), scales)


def refuse_gradient_descent(optimizer: Optimizer) -> None:
    """Raise if steps grow with the gradient, as those of gradient descent: NTP would have other factors there."""
    if isinstance(optimizer, SGD):
        others = [name for name, kind in OPTIMIZERS.items() if kind is not SGD]
        raise InvalidInputError(
            "Rates that differ by layer (parametrization='ntp') or for scales of inputs (input_scales) are for "
            f"optimizers whose steps do not grow with the gradient, {', '.join(others)}, but gradient descent came. "
            "Use one of those, or the standard parametrization without scales."
        )


def check_scales(factor: float) -> None:
    """Raise if the rate of scales of inputs cannot be multiplied by this."""
    if not 0 <= factor < math.inf:
        raise InvalidInputError(
            f"input_scales, the factor of their rate, must be a number of at least 0, 0 for none, but {factor!r} came."
        )
