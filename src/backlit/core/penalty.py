"""What large weights cost. Biases are never penalized."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backlit.core.namespace import Array, namespace
from backlit.errors import InvalidInputError


@dataclass(frozen=True)
class Penalty:
    """``(l2/2) Σ w² + l1 Σ |w| + alpha / (2 · batch weight) · Σ w²``.

    Attributes
    ----------
    l2, l1 : float, default 0
        Mean the same for every batch size, data size and solver.
    alpha : float, default 0
        scikit-learn's, divided by the weight of each batch (its number of examples without sample weights).
    """

    l2: float = 0.0
    l1: float = 0.0
    alpha: float = 0.0

    def __post_init__(self) -> None:
        for name in ("l2", "l1", "alpha"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise InvalidInputError(f"{name} must be a number that is not negative, but {value!r} came.")

    def square_factor(self, batch_weight: float) -> float:
        """Return the factor of ``w`` in the gradient of the squared terms."""
        return self.l2 + self.alpha / batch_weight

    def cost_array(self, weights: Iterable[Array], batch_weight: float) -> Array:
        """Return the penalty as a scalar of the array library."""
        square, total = self.square_factor(batch_weight), 0.0
        for w in weights:
            xp = namespace(w)
            if square:
                total = total + 0.5 * square * xp.sum(w * w)
            if self.l1:
                total = total + self.l1 * xp.sum(xp.abs(w))
        return total

    def cost(self, weights: Iterable[Array], batch_weight: float) -> float:
        """Return the penalty as a float."""
        return float(self.cost_array(weights, batch_weight))

    def add_gradient(self, nabla_w: Array, w: Array, batch_weight: float) -> Array:
        """Return nabla_w plus the penalty's gradient; that of |w| is taken as 0 at w = 0."""
        square = self.square_factor(batch_weight)
        if square:
            nabla_w = nabla_w + square * w
        if self.l1:
            nabla_w = nabla_w + self.l1 * namespace(w).sign(w)
        return nabla_w


NO_PENALTY = Penalty()
