"""Custom activations and losses: a function and its derivative, checked against one another when they are made.

Each is a name, a string that carries its functions: it can be used wherever an activation or a loss is named, in a
network, an estimator or `check_gradient`. They run on the reference engine. A model file cannot hold them, because
nothing in a model file is ever executed.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core import activations, losses
from backlit.core.definitions import REALS, Activation, Interval, Loss
from backlit.core.namespace import Array, namespace
from backlit.core.slopes import check_slopes
from backlit.errors import InvalidInputError

Numbers = NDArray[np.float64]

_FAR = (10.0, 20.0, 50.0, 100.0, 500.0, 1000.0)
GRID = np.round(np.concatenate([-np.array(_FAR[::-1]), np.linspace(-8.0, 8.0, 161), _FAR]), 10)
"""Where derivatives are checked."""


class CustomActivation(str):
    """A custom activation function: σ and σ′, applied to each neuron on its own.

    σ′ is compared with difference quotients of σ from −1000 to 1000. Kinks that are found there become its `kinks`.

    Parameters
    ----------
    name : str
        What it is called; not the name of a built-in activation.
    value, derivative : callable
        σ and σ′, ``(n_examples, n_neurons) → (n_examples, n_neurons)``, neuron by neuron; NaN must stay NaN.
        Written for NumPy they work in training; written against the array API, with other libraries' arrays too.
    range : Interval, default all numbers
        The values σ can take. Losses such as cross-entropy ask for it in an output layer.
    initialization : str, default "glorot_uniform"
        Of `backlit.core.initialization.INITIALIZATIONS`.

    Raises
    ------
    InvalidInputError
        Where the derivative is wrong, saying at which z, what was expected and what was found.

    Examples
    --------
    >>> import backlit as bl
    >>> import numpy as np
    >>> square_root = bl.CustomActivation(
    ...     "soft_root", lambda z: z / np.sqrt(1 + z * z), lambda z: (1 + z * z) ** -1.5
    ... )
    >>> bl.Network.initialize([2, 3, 1], [square_root, "identity"])
    Network(sizes=[2, 3, 1], activations=[soft_root, identity], dtype=float64)
    """

    definition: Activation
    _arguments: tuple[Any, ...]

    def __new__(
        cls,
        name: str,
        value: Callable[[Array], Array],
        derivative: Callable[[Array], Array],
        range: Interval = REALS,
        initialization: str = "glorot_uniform",
    ) -> CustomActivation:
        """Check the functions; see the class."""
        self = super().__new__(cls, _checked_name("activation", name, [*activations.ACTIVATIONS, *activations.ALIASES]))
        who = f"the activation {name!r}"
        sigma, sigma_prime = _like(value, f"The value of {who}"), _like(derivative, f"The derivative of {who}")
        kinks = check_slopes(who, "z", _on_rows(sigma), _on_rows(sigma_prime), GRID)
        _check_nan(sigma(np.array([[np.nan]])), f"{who} maps z = NaN")
        self.definition = Activation(self, sigma, sigma_prime, range, initialization, kinks=kinks)
        self._arguments = (name, value, derivative, range, initialization)
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CustomActivation) and self._arguments == other._arguments

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    @property
    def fingerprint(self) -> str:
        """A digest of its values, by which checkpoints tell one function of a name from another."""
        return _fingerprint(_on_rows(self.definition.value)(GRID))


class CustomLoss(str):
    """A custom loss: what each output adds to C_x, and ∂C_x/∂a.

    ∂C_x/∂a is compared with difference quotients of C_x for several targets. Kinks in a − y that are found become its
    `kinks`.

    Parameters
    ----------
    name : str
        What it is called; not the name of a built-in loss.
    value, nabla_a : callable
        ``(a, y) →`` what each output adds to C_x, and its derivative by a; all arrays are ``(n_examples, n_out)``. NaN
        must stay NaN.
    domain, target : Interval, default all numbers
        The outputs a and the targets y for which it is defined.

    Raises
    ------
    InvalidInputError
        Where the derivative is wrong, saying at which a and y, what was expected and what was found.

    Examples
    --------
    >>> import backlit as bl
    >>> quartic = bl.CustomLoss("quartic", lambda a, y: (a - y) ** 4, lambda a, y: 4 * (a - y) ** 3)
    >>> bl.MLPRegressor(quartic).loss
    'quartic'
    """

    definition: Loss
    _arguments: tuple[Any, ...]

    def __new__(
        cls,
        name: str,
        value: Callable[[Array, Array], Array],
        nabla_a: Callable[[Array, Array], Array],
        domain: Interval = REALS,
        target: Interval = REALS,
    ) -> CustomLoss:
        """Check the functions; see the class."""
        self = super().__new__(cls, _checked_name("loss", name, [*losses.LOSSES, *losses.ALIASES]))
        who = f"the loss {name!r}"
        cost, slope = _like(value, f"The value of {who}"), _like(nabla_a, f"The derivative of {who}")
        kinks: set[float] = set()
        for y in _some_of(target):
            a = _grid_of(domain, y)
            found = check_slopes(f"{who} for y = {y:g}", "a", _on_rows(cost, y), _on_rows(slope, y), a)
            kinks |= {round(point - y, 9) for point in found}
        _check_nan(cost(np.array([[np.nan]]), np.array([[_some_of(target)[0]]])), f"{who} maps a = NaN")
        self.definition = Loss(self, cost, slope, domain, target, kinks=tuple(sorted(kinks)))
        self._arguments = (name, value, nabla_a, domain, target)
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CustomLoss) and self._arguments == other._arguments

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    @property
    def fingerprint(self) -> str:
        """A digest of its values, by which checkpoints tell one function of a name from another."""
        domain, target = self.definition.domain, self.definition.target
        return _fingerprint(*(_on_rows(self.definition.value, y)(_grid_of(domain, y)) for y in _some_of(target)))


def is_custom(name: object) -> bool:
    """Whether a name carries custom functions, which only the reference engine can call."""
    return isinstance(name, CustomActivation | CustomLoss)


def _checked_name(kind: str, name: object, taken: Sequence[str]) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[^\W\d]\w*", name):
        raise InvalidInputError(f"The name of a custom {kind} must be a word such as 'my_{kind}', but {name!r} came.")
    if name in taken:
        raise InvalidInputError(f"{name!r} is the name of a built-in {kind}. Give yours another name.")
    return str(name)


def _like(function: Callable[..., Array], who: str) -> Callable[..., Array]:
    """Return the function with its result in the dtype that it was given, and its shape checked."""

    def checked(argument: Array, *others: Array) -> Array:
        result = namespace(argument).asarray(function(argument, *others), dtype=argument.dtype)
        if tuple(result.shape) != tuple(argument.shape):
            raise InvalidInputError(
                f"{who} must have the shape of what it is given, {tuple(argument.shape)}, but has "
                f"{tuple(result.shape)}. It is called with whole batches and must work number by number."
            )
        return result

    return checked


def _on_rows(function: Callable[..., Array], y: float | None = None) -> Callable[[Numbers], Numbers]:
    def called(points: Numbers) -> Numbers:
        column = points.reshape(-1, 1)
        arguments = (column,) if y is None else (column, np.full_like(column, y))
        return np.asarray(function(*arguments), dtype=np.float64).ravel()

    return called


def _check_nan(result: Array, who: str) -> None:
    if not np.isnan(np.asarray(result)).all():
        raise InvalidInputError(
            f"{who[0].upper()}{who[1:]} to {float(np.asarray(result).ravel()[0]):g}, but NaN must stay NaN, so that "
            "divergence is noticed. Write where(z <= 0, 0, z) rather than where(z > 0, z, 0)."
        )


def _grid_of(domain: Interval, y: float) -> Numbers:
    if math.isinf(domain.low) and math.isinf(domain.high):
        return y + GRID
    if math.isinf(domain.high):
        return domain.low + np.geomspace(0.01, 1000.0, 60)
    if math.isinf(domain.low):
        return domain.high - np.geomspace(0.01, 1000.0, 60)
    return domain.low + (domain.high - domain.low) * np.linspace(0.01, 0.99, 99)


def _some_of(target: Interval) -> list[float]:
    if math.isinf(target.low) and math.isinf(target.high):
        return [-2.5, -1.0, 0.0, 0.75, 3.0]
    if math.isinf(target.high):
        return [target.low + step for step in (0.25, 1.0, 4.0)]
    if math.isinf(target.low):
        return [target.high - step for step in (0.25, 1.0, 4.0)]
    return [target.low + (target.high - target.low) * share for share in (0.125, 0.5, 0.75)]


def _fingerprint(*arrays: Numbers) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.astype("<f8").tobytes())
    return digest.hexdigest()[:16]
