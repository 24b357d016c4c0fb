"""Small models of every kind, for the tests of all formats."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import backlit as bl
from backlit.core.activations import ACTIVATIONS


def fitted(model, X, y):
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return model.fit(X, y)


def labels_of(kind, rng, n):
    if kind == "multilabel":
        return rng.integers(0, 2, (n, 3))
    classes = {
        "binary": [3, 7],
        "text": ["ä", "b"],
        "boolean": [False, True],
        "float": [1.0, 2.0],
        "constant": ["one"],
        "multiclass": [-1, 5, 9],
    }[kind]
    return np.array(classes)[rng.permutation(np.arange(n) % len(classes))]


KINDS = ["binary", "text", "boolean", "float", "constant", "multiclass", "multilabel"]
HEADS = [
    *itertools.product(KINDS, [{}, {"loss": "quadratic"}]),
    *itertools.product(["binary", "multiclass"], [{"output_activation": "softmax"}]),
    *itertools.product(["multiclass", "multilabel"], [{"loss": "quadratic", "output_activation": "tanh"}]),
    *itertools.product(["number", "numbers"], [{}, {"loss": "huber"}, {"loss": "poisson"}]),
]


def random_model(seed):
    """A fitted estimator of some kind, and its X."""
    rng = np.random.default_rng(seed)
    kind, options = HEADS[seed % len(HEADS)]
    dtype = ["float32", "float64"][rng.integers(2)]
    hidden, activation = (
        tuple(rng.integers(1, 12, rng.integers(3)).tolist()),
        list(ACTIVATIONS)[seed % len(ACTIVATIONS)],
    )
    # a small rate, because exp and poisson diverge easily
    options = options | {
        "activation": activation,
        "random_state": 100 + seed,
        "max_iter": 3,
        "learning_rate_init": 1e-4,
    }
    X = 0.3 * rng.standard_normal((30, int(rng.integers(1, 8)))).astype(dtype)
    if kind in ("number", "numbers"):
        y = rng.poisson(2.0, (30, 3) if kind == "numbers" else 30).astype(float)
        return fitted(bl.MLPRegressor(hidden_layer_sizes=hidden, **options), X, y), X
    return fitted(bl.MLPClassifier(hidden, **options), X, labels_of(kind, rng, 30)), X


SATURATED = np.array(
    [[-20, -24, -19.5], [-80, -84, -79], [-30, 5, 3], [20, 30, 25], [40, 39, -40], [0, 0, 0], [-17, -18, -19]]
)


def of_identity(dtype, activation):
    """A classifier whose z is its input."""
    X, y = np.eye(3, dtype=dtype), np.arange(3)
    model = fitted(bl.MLPClassifier((), loss="quadratic", output_activation=activation, max_iter=1), X, y)
    model.coefs_ = [np.eye(3, dtype=dtype)]
    model.intercepts_ = [np.zeros(3, dtype=dtype)]
    return model
