"""Losses that are negative log-likelihoods, each C_x beside its ∇_a C: classes, labels and counts."""

from __future__ import annotations

from collections.abc import Callable

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
