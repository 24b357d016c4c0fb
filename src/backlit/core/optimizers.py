"""How a gradient becomes a step: the lecture's ``w ← w − μ ∂C/∂w`` and its descendants.

An optimizer is a frozen description. Its `step` is a pure function of one parameter array, its gradient, and the state
arrays it keeps for that parameter (`slots`), so the two engines, a checkpoint, and a step taken on several machines all
share it. ``t`` counts steps from 1. Before the step a gradient that is too long is shortened (`clip_factor`): the same
for all optimizers, and it takes the gradients by all parameters at once.

`OPTIMIZERS` is the only table of them. What a class says of itself is what the command line, the engines and the pages
read: its `summary`, and its fields, each with a default, words and the range it must lie in (`arguments`). NumPy is
imported where it is used, so that the command line need not wait for it to print this.

Its twin is ``native/optimizers.hpp``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from backlit.errors import InvalidInputError

if TYPE_CHECKING:
    from backlit.core.namespace import Array


class Optimizer(Protocol):
    """One update rule."""

    @property
    def name(self) -> str:
        """Name in the registry."""
        ...

    @property
    def summary(self) -> str:
        """What it is, in one line."""
        ...

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the state arrays kept for each parameter, all zero at the start."""
        ...

    def clip_factor(self, nabla: Iterable[Array]) -> float:
        """Return what the gradients by all parameters are multiplied by before the step; 1 for nothing."""
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
            One array per slot, shaped as theta.
        rate : float
            Learning rate μ of this step.
        t : int
            Number of this step, counted from 1.
        is_weight : bool
            False for biases, which do not decay.
        """
        ...


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`: the upper end included where `is_closed`, the lower one unless `is_open`."""

    low: float
    high: float
    is_closed: bool = False
    is_open: bool = False

    def __contains__(self, value: float) -> bool:
        if value in (self.low, self.high):
            return self.is_closed if value == self.high else not self.is_open
        return self.low < value < self.high

    def __str__(self) -> str:
        return f"{'(' if self.is_open else '['}{self.low:g}, {self.high:g}{']' if self.is_closed else ')'}"


@dataclass(frozen=True)
class Argument:
    """One argument of an optimizer.

    Attributes
    ----------
    name : str
    default : float, bool or None
        None turns it off.
    help : str
        What it is, in one line.
    range : Range or None
        The allowed values; None for a switch.
    """

    name: str
    default: float | bool | None
    help: str
    range: Range | None


def arguments(optimizer: Optimizer | type[Optimizer]) -> tuple[Argument, ...]:
    """Return the arguments of an optimizer, or of a class of `OPTIMIZERS`, in their order."""
    described: Any = optimizer  # a dataclass, which the protocol cannot say
    return tuple(Argument(name=f.name, **f.metadata) for f in fields(described))


def argument_values(optimizer: Optimizer) -> dict[str, float]:
    """Return the value of each argument by its name; a switch is 0 or 1, and None is 0."""
    return {argument.name: float(getattr(optimizer, argument.name) or 0) for argument in arguments(optimizer)}


def with_decay(optimizer: Optimizer, factor: float) -> Optimizer:
    """Return an optimizer whose decay of the weights, where it has any, is multiplied by a factor."""
    if factor == 1 or not isinstance(optimizer, AdamW):
        return optimizer
    return replace(optimizer, weight_decay=factor * optimizer.weight_decay)


def _argument(default: float | bool | None, help: str, range: Range | None = None) -> Any:
    return field(default=default, metadata={"default": default, "help": help, "range": range})


@dataclass(frozen=True, kw_only=True)
class _Clipping:
    """What all optimizers have: arguments that are checked, and a gradient that is shortened where it is too long."""

    clip_norm: float | None = _argument(
        None,
        "Largest norm of a step's whole gradient; a longer one is shortened to it (Pascanu et al. 2013).",
        Range(0.0, math.inf, is_open=True),
    )

    def __post_init__(self) -> None:
        for argument in arguments(self):  # type: ignore[arg-type]
            value = getattr(self, argument.name)
            if value is None and argument.default is None:
                continue
            if argument.range is not None and value not in argument.range:
                or_none = ", or be None" if argument.default is None else ""
                raise InvalidInputError(f"{argument.name} must lie in {argument.range}{or_none}, but {value!r} came.")

    def clip_factor(self, nabla: Iterable[Array]) -> float:
        """Return what a gradient is multiplied by, so that its norm is at most `clip_norm`.

        The norm is that of all weights' and biases' gradients as one vector, the penalty's part included: of what the
        optimizer would see. This is PyTorch's ``clip_grad_norm_``, its 1e-6 included.

        Parameters
        ----------
        nabla : iterable of ndarray
            The gradient by each parameter.

        Returns
        -------
        float
            At most 1; NaN where the gradient holds NaN.
        """
        if self.clip_norm is None:
            return 1.0
        import numpy as np

        squares = sum(float(np.sum(np.square(array, dtype=np.float64))) for array in nabla)
        factor = self.clip_norm / (math.sqrt(squares) + 1e-6)
        return 1.0 if factor >= 1 else factor


def _root(v: Array) -> Array:
    from backlit.core.namespace import namespace

    return namespace(v).sqrt(v)


_SHARE = Range(0.0, 1.0)
# Where a weight never had a gradient, m / (√v + ε) must be 0 in float32, too, and not 0/0.
_EPSILON = Range(1e-30, math.inf)


@dataclass(frozen=True)
class SGD(_Clipping):
    """Gradient descent with momentum, in PyTorch's form.

    ``v ← m v + ∇``, ``θ ← θ − μ v``, or with Nesterov's momentum ``θ ← θ − μ (∇ + m v)``. With the rate in the velocity
    it is scikit-learn's form: ``v ← m v − μ ∇``, ``θ ← θ + v``, which differs only when μ changes between steps.
    """

    momentum: float = _argument(
        0.0,
        "Share of the velocity that each step keeps; 0 is the lecture's gradient descent.",
        Range(0.0, 1.0, True),
    )
    nesterov: bool = _argument(False, "Whether a step looks ahead along the velocity (Nesterov's momentum).")
    rate_in_velocity: bool = _argument(False, "Whether the velocity holds the learning rate, as in scikit-learn.")
    name: ClassVar[str] = "sgd"
    summary: ClassVar[str] = "Gradient descent, with momentum or without."

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
class RMSprop(_Clipping):
    """``v ← ρ v + (1 − ρ) ∇²``, ``θ ← θ − μ ∇ / (√v + ε)`` (Tieleman and Hinton 2012, in PyTorch's form)."""

    rho: float = _argument(0.99, "ρ: decay of the running mean of squared gradients.", _SHARE)
    epsilon: float = _argument(1e-8, "ε: added to the root, so that nothing is divided by 0.", _EPSILON)
    name: ClassVar[str] = "rmsprop"
    summary: ClassVar[str] = "RMSprop: gradients over the root of their mean square."
    slots: ClassVar[tuple[str, ...]] = ("v",)

    def step(
        self, theta: Array, nabla: Array, state: Sequence[Array], *, rate: float, t: int, is_weight: bool
    ) -> tuple[Array, tuple[Array, ...]]:
        """Take one step; see `Optimizer.step`."""
        v = self.rho * state[0] + (1.0 - self.rho) * nabla * nabla
        return theta - rate * nabla / (_root(v) + self.epsilon), (v,)


@dataclass(frozen=True)
class Adam(_Clipping):
    """Adam with the bias correction folded into the step size (Kingma and Ba 2015, end of section 2).

    ``m ← β₁ m + (1 − β₁) ∇``, ``v ← β₂ v + (1 − β₂) ∇²``, ``θ ← θ − μ √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)``. This is
    the form of scikit-learn and Keras; `AdamW` has PyTorch's.
    """

    beta_1: float = _argument(0.9, "β₁: decay of the running mean of gradients.", _SHARE)
    beta_2: float = _argument(0.999, "β₂: decay of the running mean of squared gradients.", _SHARE)
    epsilon: float = _argument(1e-8, "ε: added to the root, so that nothing is divided by 0.", _EPSILON)
    name: ClassVar[str] = "adam"
    summary: ClassVar[str] = "Adam, as in scikit-learn and Keras: the bias correction is part of the step size."
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def step(
        self, theta: Array, nabla: Array, state: Sequence[Array], *, rate: float, t: int, is_weight: bool
    ) -> tuple[Array, tuple[Array, ...]]:
        """Take one step; see `Optimizer.step`."""
        m = self.beta_1 * state[0] + (1.0 - self.beta_1) * nabla
        v = self.beta_2 * state[1] + (1.0 - self.beta_2) * nabla * nabla
        corrected_rate = rate * math.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        return theta - corrected_rate * m / (_root(v) + self.epsilon), (m, v)


@dataclass(frozen=True)
class AdamW(_Clipping):
    """Adam with decoupled weight decay, in PyTorch's form (Loshchilov and Hutter 2019).

    ``w ← w − μ λ w``, then as Adam, with the bias corrections applied before ε is added:
    ``θ ← θ − μ m̂ / (√v̂ + ε)``, ``m̂ = m/(1 − β₁ᵗ)``, ``v̂ = v/(1 − β₂ᵗ)``.
    """

    beta_1: float = _argument(0.9, "β₁: decay of the running mean of gradients.", _SHARE)
    beta_2: float = _argument(0.999, "β₂: decay of the running mean of squared gradients.", _SHARE)
    epsilon: float = _argument(1e-8, "ε: added to the root, so that nothing is divided by 0.", _EPSILON)
    weight_decay: float = _argument(0.01, "λ: decoupled decay; biases do not decay.", Range(0.0, math.inf))
    name: ClassVar[str] = "adamw"
    summary: ClassVar[str] = "Adam with decoupled weight decay, as in PyTorch: the bias correction comes first."
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

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
        return theta - rate * m_hat / (_root(v_hat) + self.epsilon), (m, v)


OPTIMIZERS: dict[str, type[SGD] | type[RMSprop] | type[Adam] | type[AdamW]] = {
    optimizer.name: optimizer for optimizer in (SGD, RMSprop, Adam, AdamW)
}
