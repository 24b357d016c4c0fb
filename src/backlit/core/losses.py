"""Every cost C_x of one example beside its gradient ∇_a C, and the short cuts for canonical pairs.

The general form is the definition: a loss gives ``C_x(a, y)`` and ``∇_a C``, and BP1 multiplies by σ′(z^L). For some
pairs of loss and output activation a formula in z is also exact where a saturates (log-sum-exp, softplus) or is
cheaper (``a − y``). Those stand in `FROM_Z` and `SHORT_CUTS`, and tests check them against the general form.

The formulas are in `residual_losses` and `likelihood_losses`. To add one, write it there, enter it in `LOSSES`, and
write its twin in ``native/losses.hpp``. Each loss sums over the outputs of an example; averaging over examples is done
by `backlit.core.backpropagation`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import array_api_compat

from backlit.core.activations import ACTIVATIONS, SOFTPLUS_IS_EXP_BELOW, get_activation, sigmoid, softplus
from backlit.core.definitions import REALS, UNIT, Activation, Interval, Loss
from backlit.core.likelihood_losses import (
    binary_cross_entropy,
    binary_cross_entropy_nabla_a,
    categorical_cross_entropy,
    categorical_cross_entropy_nabla_a,
    deviance_constant,
    poisson,
    poisson_nabla_a,
)
from backlit.core.namespace import Array, namespace
from backlit.core.residual_losses import (
    FAMILIES,
    Huber,
    ParametricLoss,
    Quantile,
    absolute,
    absolute_nabla_a,
    log_cosh,
    log_cosh_nabla_a,
    quadratic,
    quadratic_nabla_a,
)
from backlit.errors import InvalidInputError, LossActivationError, UnknownNameError

NOT_NEGATIVE = Interval(0.0, math.inf, low_open=False)
PROBABILITY = Interval(0.0, 1.0, low_open=False, high_open=False)


QUADRATIC = Loss("quadratic", quadratic, quadratic_nabla_a, REALS, REALS)
BINARY_CROSS_ENTROPY = Loss("cross_entropy", binary_cross_entropy, binary_cross_entropy_nabla_a, UNIT, PROBABILITY)
CATEGORICAL_CROSS_ENTROPY = Loss(
    "cross_entropy", categorical_cross_entropy, categorical_cross_entropy_nabla_a, UNIT, PROBABILITY
)
ABSOLUTE = Loss("absolute", absolute, absolute_nabla_a, REALS, REALS, kinks=(0.0,))
LOG_COSH = Loss("log_cosh", log_cosh, log_cosh_nabla_a, REALS, REALS)
POISSON = Loss("poisson", poisson, poisson_nabla_a, Interval(0.0, math.inf), NOT_NEGATIVE)


def _huber(loss: Huber) -> Loss:
    bends = (-loss.delta, loss.delta)
    return Loss(_full_name(loss), loss.value, loss.nabla_a, REALS, REALS, (), bends, loss.family, loss.delta)


def _quantile(loss: Quantile) -> Loss:
    return Loss(_full_name(loss), loss.value, loss.nabla_a, REALS, REALS, (0.0,), (), loss.family, loss.q)


def _full_name(loss: ParametricLoss) -> str:
    return loss.family if loss == type(loss)() else f"{loss.family}({loss.parameter!r})"


HUBER, QUANTILE = _huber(Huber()), _quantile(Quantile())

LOSSES: dict[str, Loss] = {
    loss.name: loss for loss in (QUADRATIC, BINARY_CROSS_ENTROPY, HUBER, ABSOLUTE, LOG_COSH, QUANTILE, POISSON)
}
"""Name → loss; those that take a parameter have its default here."""
ALIASES = {"squared_error": "quadratic", "log_loss": "cross_entropy"}

LossLike: TypeAlias = str | ParametricLoss
"""A loss as people name it: ``"huber"``, ``"quantile(0.9)"``, ``Quantile(0.9)``."""


def loss_name(loss: LossLike) -> str:
    """Return the full name of a loss: registered, with the parameter in brackets where it is not the default.

    Raises
    ------
    UnknownNameError
        If there is no such loss.
    InvalidInputError
        If a parameter is out of its range.
    """
    return definition(loss).name


def definition(loss: LossLike) -> Loss:
    """Return a loss whatever way it is named. Cross-entropy is that of each output on its own; see `get_loss`."""
    carried = getattr(loss, "definition", None)  # by a `backlit.core.custom.CustomLoss`
    if isinstance(carried, Loss):
        return carried
    if isinstance(loss, Huber):
        return _huber(loss)
    if isinstance(loss, Quantile):
        return _quantile(loss)
    resolved = ALIASES.get(loss, loss) if isinstance(loss, str) else loss
    if isinstance(resolved, str):
        found = LOSSES.get(resolved) or _with_parameter(resolved)
        if found is not None:
            return found
    raise UnknownNameError("loss", loss, [*LOSSES, *ALIASES])


@lru_cache(maxsize=64)
def _with_parameter(name: str) -> Loss | None:
    parts = re.fullmatch(r"(\w+)\(([^()]+)\)", name)
    if parts is None or parts[1] not in FAMILIES:
        return None
    try:
        parameter = float(parts[2])
    except ValueError:
        raise InvalidInputError(f"The parameter of the loss {name!r} must be a number.") from None
    return definition(FAMILIES[parts[1]](parameter))


def get_loss(name: LossLike, output_activation: str) -> Loss:
    """Return the loss of this name for a network with this output activation.

    Cross-entropy is one name for two costs: with softmax, which couples the outputs, that of several classes; otherwise
    that of each output on its own.

    Raises
    ------
    UnknownNameError
        If there is no such loss or activation.
    LossActivationError
        If the activation leaves the domain of the loss.
    """
    activation = get_activation(output_activation)
    loss = definition(name)
    if not loss.domain.contains(activation.range):
        fitting = [other.name for other in _fitting(loss)]
        raise LossActivationError(
            f"The loss {loss.name!r} is defined for activations in {loss.domain}, but {activation.name!r} gives values "
            f"in {activation.range}. Use another loss, or one of these output activations: {', '.join(fitting)}."
        )
    return CATEGORICAL_CROSS_ENTROPY if loss is BINARY_CROSS_ENTROPY and activation.couples else loss


def _fitting(loss: Loss) -> list[Activation]:
    return [activation for activation in ACTIVATIONS.values() if loss.domain.contains(activation.range)]


def check_targets(loss: LossLike, y: Array) -> None:
    """Raise if targets lie outside those on which a loss is defined."""
    target = definition(loss).target
    # JAX cannot look at numbers while it traces a function
    if target == REALS or array_api_compat.is_jax_array(y):
        return
    xp = namespace(y)
    low, high = float(xp.min(y)), float(xp.max(y))
    if not target.low <= low <= high <= target.high:
        raise InvalidInputError(
            f"The loss {loss_name(loss)!r} is defined for targets in {target}, but y lies in [{low:g}, {high:g}]. "
            "Use another loss, or transform the targets."
        )


def fitting_pairs() -> list[tuple[str, str]]:
    """Every pair (loss, output activation) that fits, by name; the registries' product less what is refused."""
    return [(loss.name, activation.name) for loss in LOSSES.values() for activation in _fitting(loss)]


# Costs computed from z: exact where a would round to 0 or 1.


def _binary_cross_entropy_from_z(activation: Activation, z: Array, a: Array, y: Array) -> Array:
    # −y log σ(z) − (1 − y) log(1 − σ(z)), with both logarithms as −softplus
    return y * softplus(-z) + (1.0 - y) * softplus(z)


def _categorical_cross_entropy_from_z(activation: Activation, z: Array, a: Array, y: Array) -> Array:
    assert activation.log_value is not None
    return -y * activation.log_value(z)


def _poisson_from_z(activation: Activation, z: Array, a: Array, y: Array) -> Array:
    assert activation.log_value is not None
    return a - y * activation.log_value(z) + deviance_constant(y)


FROM_Z: dict[tuple[str, str], Callable[[Activation, Array, Array, Array], Array]] = {
    ("cross_entropy", "sigmoid"): _binary_cross_entropy_from_z,
    ("cross_entropy", "softmax"): _categorical_cross_entropy_from_z,
    ("poisson", "sigmoid"): _poisson_from_z,
    ("poisson", "softplus"): _poisson_from_z,
    ("poisson", "exp"): _poisson_from_z,
    ("poisson", "softmax"): _poisson_from_z,
}
"""(loss, output activation) → the summands of C_x from (activation, z, a, y)."""


def cost_of_each(loss: LossLike, output_activation: str, z: Array, a: Array, y: Array) -> Array:
    """C_x of each example, summed over the outputs.

    Parameters
    ----------
    z, a, y : array, ``(n_examples, n_out)``
        Weighted input and activation of the output layer, and targets.

    Returns
    -------
    array, ``(n_examples,)``
    """
    chosen = get_loss(loss, output_activation)
    activation = get_activation(output_activation)
    from_z = FROM_Z.get((chosen.name, activation.name))
    summands = chosen.value(a, y) if from_z is None else from_z(activation, z, a, y)
    return namespace(z, a, y).sum(summands, axis=-1)


# Short cuts for δ^L: BP1 worked out by hand, where the general form would divide by an activation that underflows.


def _a_minus_y(z: Array, a: Array, y: Array) -> Array:
    return a - y


def _softmax_short_cut(z: Array, a: Array, y: Array) -> Array:
    # a − y when the targets of an example sum to one, as probabilities do; exact for any other targets too
    return a * namespace(a, y).sum(y, axis=-1, keepdims=True) - y


def _poisson_sigmoid(z: Array, a: Array, y: Array) -> Array:
    # σ′ (1 − y/σ) = (σ − y)(1 − σ)
    return (a - y) * sigmoid(-z)


def _poisson_softplus(z: Array, a: Array, y: Array) -> Array:
    # σ′ − y σ′/a, where σ′/a tends to 1 as both underflow
    xp = namespace(z, a, y)
    far = z < SOFTPLUS_IS_EXP_BELOW
    slope = sigmoid(z)
    return slope - y * xp.where(far, z * 0.0 + 1.0, slope / xp.where(far, a * 0.0 + 1.0, a))


SHORT_CUTS: dict[tuple[str, str], Callable[[Array, Array, Array], Array]] = {
    ("cross_entropy", "sigmoid"): _a_minus_y,
    ("cross_entropy", "softmax"): _softmax_short_cut,
    ("poisson", "exp"): _a_minus_y,
    ("poisson", "sigmoid"): _poisson_sigmoid,
    ("poisson", "softplus"): _poisson_softplus,
    ("poisson", "softmax"): _softmax_short_cut,
}
"""(loss, output activation) → δ^L from (z, a, y)."""
