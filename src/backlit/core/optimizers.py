"""How a gradient becomes a step: the lecture's ``w ← w − μ ∂C/∂w`` and its descendants.

An optimizer is a frozen description. Its `step` is a pure function of one parameter array, its gradient, and the state
arrays it keeps for that parameter (`slots`), so the two engines, a checkpoint, and a step taken on several machines all
share it. ``t`` counts steps from 1.

Its twin is ``native/optimizers.hpp``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from backlit.core.namespace import Array, namespace
from backlit.errors import InvalidInputError


class Optimizer(Protocol):
    """One update rule."""

    @property
    def name(self) -> str:
        """Name in the registry."""
        ...

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the state arrays kept for each parameter, all zero at the start."""
        ...

    def step(
        self, theta: Array, nabla: Array, state: Sequence[Array], *, rate: float, t: int, is_weight: bool
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return the parameter after one step, and its new state.

        Parameters
        ----------
        theta, nabla : array
            A parameter (w or b of one layer) and the gradient of the cost by it.
        state : sequence of array
            One array a slot, shaped as theta.
        rate : float
            Learning rate μ of this step.
        t : int
            Number of this step, counted from 1.
        is_weight : bool
            False for biases, which do not decay.
        """
        ...


@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum, in PyTorch's form.

    ``v ← m v + ∇``, ``θ ← θ − μ v``, or with Nesterov's momentum ``θ ← θ − μ (∇ + m v)``.

    Attributes
    ----------
    momentum : float, default 0
        In [0, 1]. 0 is the lecture's gradient descent.
    nesterov : bool, default False
    rate_in_velocity : bool, default False
        scikit-learn's form: ``v ← m v − μ ∇``, ``θ ← θ + v``. It differs only when μ changes between steps.
    """

    momentum: float = 0.0
    nesterov: bool = False
    rate_in_velocity: bool = False
    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        _check("momentum", self.momentum, 0.0, 1.0, high_open=False)

    @property
    def slots(self) -> tuple[str, ...]:
        """``v`` where there is momentum."""
        return ("v",) if self.momentum else ()

    def step(
        self, theta: Array, nabla: Array, state: Sequence[Array], *, rate: float, t: int, is_weight: bool
    ) -> tuple[Array, tuple[Array, ...]]:
        """Take one step; see `Optimizer.step`."""
        if not self.momentum:
            return theta - rate * nabla, ()
        m, (v,) = self.momentum, state
        if self.rate_in_velocity:
            v = m * v - rate * nabla
            return theta + (m * v - rate * nabla if self.nesterov else v), (v,)
        v = m * v + nabla
        return theta - rate * (nabla + m * v if self.nesterov else v), (v,)


@dataclass(frozen=True)
class RMSprop:
    """``v ← ρ v + (1 − ρ) ∇²``, ``θ ← θ − μ ∇ / (√v + ε)`` (Tieleman and Hinton 2012, in PyTorch's form).

    Attributes
    ----------
    rho : float, default 0.99
    epsilon : float, default 1e-8
        At least 1e-30.
    """

    rho: float = 0.99
    epsilon: float = 1e-8
    name: ClassVar[str] = "rmsprop"
    slots: ClassVar[tuple[str, ...]] = ("v",)

    def __post_init__(self) -> None:
        _check("rho", self.rho, 0.0, 1.0)
        _check("epsilon", self.epsilon, LEAST_EPSILON, math.inf)

    def step(
        self, theta: Array, nabla: Array, state: Sequence[Array], *, rate: float, t: int, is_weight: bool
    ) -> tuple[Array, tuple[Array, ...]]:
        """Take one step; see `Optimizer.step`."""
        v = self.rho * state[0] + (1.0 - self.rho) * nabla * nabla
        return theta - rate * nabla / (namespace(v).sqrt(v) + self.epsilon), (v,)


@dataclass(frozen=True)
class Adam:
    """Adam with the bias correction folded into the step size (Kingma and Ba 2015, end of section 2).

    ``m ← β₁ m + (1 − β₁) ∇``, ``v ← β₂ v + (1 − β₂) ∇²``, ``θ ← θ − μ √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)``. This is
    the form of scikit-learn and Keras; `AdamW` has PyTorch's.

    Attributes
    ----------
    beta_1, beta_2 : float, default 0.9 and 0.999
    epsilon : float, default 1e-8
        At least 1e-30.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    name: ClassVar[str] = "adam"
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def __post_init__(self) -> None:
        _check_adam(self.beta_1, self.beta_2, self.epsilon)

    def step(
        self, theta: Array, nabla: Array, state: Sequence[Array], *, rate: float, t: int, is_weight: bool
    ) -> tuple[Array, tuple[Array, ...]]:
        """Take one step; see `Optimizer.step`."""
        m = self.beta_1 * state[0] + (1.0 - self.beta_1) * nabla
        v = self.beta_2 * state[1] + (1.0 - self.beta_2) * nabla * nabla
        corrected_rate = rate * math.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        return theta - corrected_rate * m / (namespace(v).sqrt(v) + self.epsilon), (m, v)


@dataclass(frozen=True)
class AdamW:
    """Adam with decoupled weight decay, in PyTorch's form (Loshchilov and Hutter 2019).

    ``w ← w − μ λ w``, then as Adam, with the bias corrections applied before ε is added:
    ``θ ← θ − μ m̂ / (√v̂ + ε)``, ``m̂ = m/(1 − β₁ᵗ)``, ``v̂ = v/(1 − β₂ᵗ)``.

    Attributes
    ----------
    beta_1, beta_2 : float, default 0.9 and 0.999
    epsilon : float, default 1e-8
        At least 1e-30.
    weight_decay : float, default 0.01
        λ; on weights only.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    name: ClassVar[str] = "adamw"
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def __post_init__(self) -> None:
        _check_adam(self.beta_1, self.beta_2, self.epsilon)
        _check("weight_decay", self.weight_decay, 0.0, math.inf)

    def step(
        self, theta: Array, nabla: Array, state: Sequence[Array], *, rate: float, t: int, is_weight: bool
    ) -> tuple[Array, tuple[Array, ...]]:
        """Take one step; see `Optimizer.step`."""
        if is_weight:
            theta = theta - rate * self.weight_decay * theta
        m = self.beta_1 * state[0] + (1.0 - self.beta_1) * nabla
        v = self.beta_2 * state[1] + (1.0 - self.beta_2) * nabla * nabla
        m_hat = m / (1.0 - self.beta_1**t)
        v_hat = v / (1.0 - self.beta_2**t)
        return theta - rate * m_hat / (namespace(v).sqrt(v_hat) + self.epsilon), (m, v)


OPTIMIZERS: dict[str, type[SGD] | type[RMSprop] | type[Adam] | type[AdamW]] = {
    optimizer.name: optimizer for optimizer in (SGD, RMSprop, Adam, AdamW)
}


# Where a weight never had a gradient, m / (√v + ε) must be 0 in float32, too, and not 0/0.
LEAST_EPSILON = 1e-30


def _check(name: str, value: float, low: float, high: float, *, high_open: bool = True) -> None:
    if not (low <= value < high or (not high_open and value == high)):
        bracket = ")" if high_open else "]"
        raise InvalidInputError(f"{name} must lie in [{low:g}, {high:g}{bracket}, but {value!r} came.")


def _check_adam(beta_1: float, beta_2: float, epsilon: float) -> None:
    _check("beta_1", beta_1, 0.0, 1.0)
    _check("beta_2", beta_2, 0.0, 1.0)
    _check("epsilon", epsilon, LEAST_EPSILON, math.inf)
