"""Losses that are negative log-likelihoods, each C_x beside its ∇_a C: classes, labels and counts.

The general form is the definition: a loss gives ``C_x(a, y)`` and ``∇_a C``, and BP1 multiplies by σ′(z^L). For some
pairs of loss and output activation there is also a formula in z that stays exact where a saturates (log-sum-exp,
softplus), or one that is cheaper (``a − y``). Those stand in `FROM_Z` and `SHORT_CUTS`, and tests check them against
the general form.
"""

from __future__ import annotations

from collections.abc import Callable

from backlit.core.activations import SOFTPLUS_IS_EXP_BELOW, sigmoid, softplus
from backlit.core.definitions import Activation
from backlit.core.namespace import Array, namespace


def binary_cross_entropy(a: Array, y: Array) -> Array:
    """``−y log a − (1 − y) log(1 − a)`` for each output on its own: two classes, or several labels."""
    xp = namespace(a, y)
    return -_times_log(y, a, xp.log) - _times_log(1.0 - y, -a, xp.log1p)


def binary_cross_entropy_nabla_a(a: Array, y: Array) -> Array:
    """``(a − y) / (a (1 − a))``."""
    return (a - y) / (a * (1.0 - a))


def categorical_cross_entropy(a: Array, y: Array) -> Array:
    """``−y_j log a_j``, summed over the classes."""
    return -_times_log(y, a, namespace(a, y).log)


def categorical_cross_entropy_nabla_a(a: Array, y: Array) -> Array:
    """``−y / a``."""
    return -y / a


def poisson(a: Array, y: Array) -> Array:
    """``a − y log a + (y log y − y)``: half the Poisson deviance, 0 for a = y."""
    return a - _times_log(y, a, namespace(a, y).log) + deviance_constant(y)


def poisson_nabla_a(a: Array, y: Array) -> Array:
    """``1 − y / a``."""
    return 1.0 - y / a


def _times_log(factor: Array, argument: Array, log: Callable[[Array], Array]) -> Array:
    # factor · log(argument), 0 where the factor is 0 even if the logarithm is −∞; NaN in either stays NaN
    xp = namespace(factor, argument)
    unused = (factor == 0) & (argument == argument)
    safe = xp.where(unused, argument * 0.0 + 0.5, argument)
    return xp.where(unused, factor, factor * log(safe))


def deviance_constant(y: Array) -> Array:
    """``y log y − y``, which makes the Poisson loss 0 for a = y."""
    return _times_log(y, y, namespace(y).log) - y


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
