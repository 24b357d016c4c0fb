"""The losses by name: which there are, how they are named, and which outputs and targets they are defined for.

The formulas are in `residual_losses` and `likelihood_losses`, each cost C_x of one example beside its gradient ∇_a C.
To add one, write it there, enter it in `LOSSES`, and write its twin in ``native/losses.hpp``. Each loss sums over the
outputs of an example; averaging over examples is done by `backlit.core.backpropagation`.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TypeAlias

import array_api_compat

from backlit.core.activations import ACTIVATIONS, get_activation
from backlit.core.definitions import REALS, UNIT, Activation, Interval, Loss
from backlit.core.likelihood_losses import (
    FROM_Z,
    binary_cross_entropy,
    binary_cross_entropy_nabla_a,
    categorical_cross_entropy,
    categorical_cross_entropy_nabla_a,
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


def mean_cost(total: float, weight: float) -> float:
    """Return C of examples whose costs, each times what it counts, add up to `total`: NaN where none counts."""
    return total / weight if weight else float("nan")
