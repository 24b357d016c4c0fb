"""Functions that people put in the place of σ, σ′ and ∇_a C."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.losses import BINARY_CROSS_ENTROPY, CATEGORICAL_CROSS_ENTROPY
from backlit.grading.reading.cases import Array


def named_sigma(name: str, z: Array) -> Array:
    """σ by name, on columns."""
    return np.asarray(get_activation(name).value(z.T)).T  # core keeps examples as rows


def _other_sigma(other: str, name: str, z: Array) -> Array:
    return named_sigma(other, z)


def _other_prime(other: str, name: str, z: Array) -> Array:
    derivative = get_activation(other).derivative
    return np.ones_like(z) if derivative is None else np.asarray(derivative(z))


OTHER_ACTIVATIONS = ("sigmoid", "tanh", "relu")


WRONG_SIGMA: dict[str, Callable[[str, Array], Array]] = {
    "negated": lambda name, z: named_sigma(name, -z),
    "minus": lambda name, z: -named_sigma(name, z),
    "one_minus_exp": lambda name, z: 1.0 / (1.0 - np.exp(-z)),
    "doubled": lambda name, z: named_sigma(name, 2.0 * z),
    "unnormalized": lambda name, z: np.exp(-z),
    "over_all": lambda name, z: np.exp(z) / np.sum(np.exp(z)),
    "over_examples": lambda name, z: np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True),
    **{other: partial(_other_sigma, other) for other in OTHER_ACTIVATIONS},
}


def prime_from_value(name: str, a: Array) -> Array:
    """σ′ as it is written in terms of a = σ(z)."""
    if name == "tanh":
        return 1.0 - a * a
    if name in ("relu", "identity"):
        return np.where(a > 0, 1.0, 0.0) if name == "relu" else np.ones_like(a)
    return a * (1.0 - a)


WRONG_PRIME: dict[str, Callable[[str, Array], Array]] = {
    "plus": lambda name, z: named_sigma(name, z) * (1.0 + named_sigma(name, z)),
    "sigma": named_sigma,
    "one_minus_sigma": lambda name, z: 1.0 - named_sigma(name, z),
    "minus": lambda name, z: -_other_prime(name, name, z),
    "squared": lambda name, z: named_sigma(name, z) ** 2,
    "sigma_one_minus_sigma": lambda name, z: named_sigma(name, z) * (1.0 - named_sigma(name, z)),
    "one_minus_square": lambda name, z: 1.0 - named_sigma(name, z) ** 2,
    "one_plus_square": lambda name, z: 1.0 + named_sigma(name, z) ** 2,
    "sigma_one_minus_z": lambda name, z: named_sigma(name, z) * (1.0 - z),
    "z_one_minus_sigma": lambda name, z: z * (1.0 - named_sigma(name, z)),
    "z": lambda name, z: z,
    "opposite_step": lambda name, z: np.where(z > 0, 0.0, 1.0),
    "clipped": lambda name, z: np.maximum(z, 0.0),
    **{f"of_{other}": partial(_other_prime, other) for other in OTHER_ACTIVATIONS},
}


WRONG_NABLA_A: dict[str, Callable[[Array, Array], Array]] = {
    "quadratic": lambda a, y: a - y,
    "doubled": lambda a, y: 2.0 * (a - y),
    "mean_over_outputs": lambda a, y: (a - y) / a.shape[0],
    "doubled_mean_over_outputs": lambda a, y: 2.0 * (a - y) / a.shape[0],
    "cross_entropy": BINARY_CROSS_ENTROPY.nabla_a,
    "cross_entropy_mean": lambda a, y: BINARY_CROSS_ENTROPY.nabla_a(a, y) / a.shape[0],
    "categorical": CATEGORICAL_CROSS_ENTROPY.nabla_a,
    "squared": lambda a, y: 0.5 * (a - y) ** 2,
    "absolute": lambda a, y: np.sign(a - y),
}
