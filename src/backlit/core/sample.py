"""A few examples on which a network is examined, and what can be said of them before there is any network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.losses import get_loss
from backlit.core.namespace import Array

_HALVINGS = 40
_LEVEL = 1e-6
"""Where the mean slope of the cost is smaller than this, the cost is taken to be at its minimum."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Examples, and two numbers that depend on them alone.

    Attributes
    ----------
    x : ndarray, ``(n_examples, n_in)``
    y : ndarray, ``(n_examples, n_out)``
    loss : str
    constant_cost : float
        C of the best constant: the same outputs for every example, whatever its x. A network that stays above it has
        learned nothing from the inputs.
    input_size : float
        The largest root mean square of an input, over the examples. It is 1 where inputs are standardized.
    """

    x: Array
    y: Array
    loss: str
    constant_cost: float
    input_size: float

    @classmethod
    def of(cls, x: Array, y: Array, loss: str, output_activation: str) -> Sample:
        """Return the sample of these examples.

        Parameters
        ----------
        x : ndarray, ``(n_examples, n_in)``
        y : ndarray, ``(n_examples, n_out)``
        loss, output_activation : str
        """
        with np.errstate(all="ignore"):  # what is not finite is a finding, not a warning
            input_size = float(np.sqrt(np.max(np.mean(np.square(x, dtype=np.float64), axis=0))))
            return cls(x, y, loss, _constant_cost(loss, output_activation, y), input_size)


def _constant_cost(loss: str, output_activation: str, y: Array) -> float:
    definition, activation = get_loss(loss, output_activation), get_activation(output_activation)
    y = y.astype(np.float64)

    def mean_slope(constant: Array) -> Array:
        return np.mean(definition.nabla_a(np.broadcast_to(constant, y.shape), y), axis=0)

    # the mean is best for quadratic, cross-entropy and poisson; for other costs the best lies where their slope is 0
    best = np.mean(y, axis=0)
    if not activation.couples and np.any(np.abs(mean_slope(best)) > _LEVEL):
        low, high = np.min(y, axis=0), np.max(y, axis=0)
        for _ in range(_HALVINGS):
            best = 0.5 * (low + high)
            is_high = mean_slope(best) > 0
            low, high = np.where(is_high, low, best), np.where(is_high, best, high)
    best = np.clip(best, activation.range.low, activation.range.high)
    return float(np.mean(np.sum(definition.value(np.broadcast_to(best, y.shape), y), axis=1)))
