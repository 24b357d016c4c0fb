"""Losses of the residual r = a − y, each C_x beside its ∇_a C. Two take a parameter.

`Huber` and `Quantile` stand for their loss wherever a loss is named; so do their names, ``"huber(2.0)"`` and
``"quantile(0.9)"``, which are what model files hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from backlit.core.namespace import Array, namespace
from backlit.errors import InvalidInputError


def quadratic(a: Array, y: Array) -> Array:
    """``C_x = ½ ‖y − a‖²``, the lecture's cost."""
    return 0.5 * (y - a) ** 2


def quadratic_nabla_a(a: Array, y: Array) -> Array:
    """``a − y``."""
    return a - y


@dataclass(frozen=True)
class Huber:
    """``½ r²`` for |r| ≤ δ, else ``δ (|r| − ½ δ)``, with r = a − y (Huber 1964).

    Attributes
    ----------
    delta : float, default 1
        Where the square ends; positive.
    """

    delta: float = 1.0
    family: ClassVar[str] = "huber"

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", _number("Huber(delta=)", self.delta, math.inf))

    @property
    def parameter(self) -> float:
        """δ."""
        return self.delta

    def value(self, a: Array, y: Array) -> Array:
        """C_x's summand of each output."""
        xp = namespace(a, y)
        r = xp.abs(a - y)
        return xp.where(r > self.delta, self.delta * (r - 0.5 * self.delta), 0.5 * r * r)

    def nabla_a(self, a: Array, y: Array) -> Array:
        """``a − y``, cut off at ±δ."""
        xp = namespace(a, y)
        r = a - y
        return xp.where(xp.abs(r) > self.delta, self.delta * xp.sign(r), r)


@dataclass(frozen=True)
class Quantile:
    """``(1 − q) r`` for r > 0, else ``−q r``, with r = a − y: its mean is least where a is the q-quantile of y.

    Also known as the pinball loss (Koenker and Bassett 1978). For q = ½ it is half the absolute loss.

    Attributes
    ----------
    q : float, default 0.5
        Between 0 and 1.
    """

    q: float = 0.5
    family: ClassVar[str] = "quantile"

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", _number("Quantile(q=)", self.q, 1.0))

    @property
    def parameter(self) -> float:
        """The share of targets that are to lie below a."""
        return self.q

    def value(self, a: Array, y: Array) -> Array:
        """C_x's summand of each output."""
        xp = namespace(a, y)
        r = a - y
        size = xp.abs(r)  # whose derivative at 0 is 0 in every library
        return xp.where(r > 0, (1.0 - self.q) * size, self.q * size)

    def nabla_a(self, a: Array, y: Array) -> Array:
        """``1 − q`` for a > y, ``−q`` for a < y; 0 at the kink."""
        xp = namespace(a, y)
        r = a - y
        sign = xp.sign(r)
        return xp.where(r > 0, (1.0 - self.q) * sign, self.q * sign)


ParametricLoss: TypeAlias = Huber | Quantile

FAMILIES: dict[str, type[Huber] | type[Quantile]] = {family.family: family for family in (Huber, Quantile)}
"""The losses that take a parameter, by name."""


def absolute(a: Array, y: Array) -> Array:
    """``|a − y|``."""
    return namespace(a, y).abs(a - y)


def absolute_nabla_a(a: Array, y: Array) -> Array:
    """``sign(a − y)``; 0 at the kink."""
    return namespace(a, y).sign(a - y)


def log_cosh(a: Array, y: Array) -> Array:
    """``log cosh(a − y)``: half the square of a small r, ``|r| − log 2`` of a large one."""
    xp = namespace(a, y)
    r = xp.abs(a - y)
    # cosh r − 1 = 2 sinh²(r/2) keeps the digits of a small r; a large one must not reach cosh, which overflows
    sinh_half = xp.sinh(0.5 * xp.where(r < 1.0, r, xp.zeros_like(r)))
    return xp.where(r < 1.0, xp.log1p(2.0 * sinh_half * sinh_half), r + xp.log1p(xp.exp(-2.0 * r)) - math.log(2.0))


def log_cosh_nabla_a(a: Array, y: Array) -> Array:
    """``tanh(a − y)``."""
    return namespace(a, y).tanh(a - y)


def _number(name: str, value: float, below: float) -> float:
    if not isinstance(value, bool | str) and 0.0 < value < below:
        return float(value)
    limits = "be a positive number" if math.isinf(below) else f"lie between 0 and {below:g}"
    raise InvalidInputError(f"{name} must {limits}, but {value!r} came.")
