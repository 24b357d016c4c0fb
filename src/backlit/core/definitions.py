"""What an activation and a loss are: their functions, where those are defined, and where they have kinks.

The functions themselves, and the registries of them, are in `backlit.core.activations` and `backlit.core.losses`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from backlit.core.namespace import Array


@dataclass(frozen=True)
class Interval:
    """A range of numbers; a round bracket excludes its end."""

    low: float
    high: float
    low_open: bool = True
    high_open: bool = True

    def contains(self, other: Interval) -> bool:
        """Whether every number of `other` lies in this interval."""
        low_fits = other.low > self.low or (other.low == self.low and (other.low_open or not self.low_open))
        high_fits = other.high < self.high or (other.high == self.high and (other.high_open or not self.high_open))
        return low_fits and high_fits

    def __str__(self) -> str:
        left, right = "(" if self.low_open else "[", ")" if self.high_open else "]"
        return f"{left}{_number(self.low)}, {_number(self.high)}{right}"


def _number(value: float) -> str:
    return ("∞" if value > 0 else "−∞") if math.isinf(value) else f"{value:.6g}".replace("-", "−")


REALS = Interval(-math.inf, math.inf)
POSITIVE = Interval(0.0, math.inf)
UNIT = Interval(0.0, 1.0)


@dataclass(frozen=True)
class Activation:
    """One activation function.

    Attributes
    ----------
    name : str
        Name in the registry.
    value : callable
        σ: ``(n_examples, n_neurons) → (n_examples, n_neurons)``.
    derivative : callable or None
        σ′ with the same shapes; None where the neurons of a layer are coupled.
    range : Interval
        The values σ can take.
    initialization : str
        Name of the initializer that suits it (see `backlit.core.initialization`).
    kinks : tuple of float
        Values of z where σ has no derivative; `derivative` states what is taken there.
    bends : tuple of float
        Values of z where σ′ has no derivative. Difference quotients are less exact across a bend.
    log_value : callable or None
        log σ(z) computed stably from z, for activations that are positive.
    increasing : bool
        Whether a larger z gives a larger a, so that outputs can be compared by z where their difference is too small
        for a float. Softmax is not marked so and need not be: no two of its outputs are near 1 together.
    transposed_jacobian : callable or None
        ``(z, ∇_a C) → Jᵀ ∇_a C``, which takes the place of ``⊙ σ′(z)`` where the neurons of a layer are coupled.
    """

    name: str
    value: Callable[[Array], Array]
    derivative: Callable[[Array], Array] | None
    range: Interval
    initialization: str
    kinks: tuple[float, ...] = ()
    bends: tuple[float, ...] = ()
    log_value: Callable[[Array], Array] | None = None
    increasing: bool = False
    transposed_jacobian: Callable[[Array, Array], Array] | None = None

    @property
    def couples(self) -> bool:
        """Whether a neuron's activation depends on the other neurons of its layer (softmax)."""
        return self.transposed_jacobian is not None

    def pull_back(self, z: Array, nabla_a: Array) -> Array:
        """Turn ∂C/∂a into ∂C/∂z: ``∇_a C ⊙ σ′(z)``, or the transposed Jacobian times ∇_a C where σ couples neurons.

        Parameters
        ----------
        z, nabla_a : array, ``(n_examples, n_neurons)``

        Returns
        -------
        array, ``(n_examples, n_neurons)``
        """
        if self.transposed_jacobian is not None:
            return self.transposed_jacobian(z, nabla_a)
        assert self.derivative is not None
        return nabla_a * self.derivative(z)


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes
    ----------
    name : str
        Name in the registry.
    value : callable
        ``(a, y) → C_x`` summand of each output, ``(n_examples, n_out)``; its sum over outputs is C_x.
    nabla_a : callable
        ``(a, y) → ∇_a C``, ``(n_examples, n_out)``.
    domain : Interval
        The output activations on which it is defined.
    target : Interval
        The targets y on which it is defined.
    kinks : tuple of float
        Values of a − y where C_x has no derivative; `nabla_a` states what is taken there.
    bends : tuple of float
        Values of a − y where ∇_a C has no derivative.
    family : str
        Name without the parameter; the name itself where there is none.
    parameter : float
        Of a loss that takes one; 0 for the others.
    """

    name: str
    value: Callable[[Array, Array], Array]
    nabla_a: Callable[[Array, Array], Array]
    domain: Interval
    target: Interval
    kinks: tuple[float, ...] = ()
    bends: tuple[float, ...] = ()
    family: str = ""
    parameter: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", self.family or self.name)
