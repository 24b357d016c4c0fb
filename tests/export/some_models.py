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


# z of three outputs where σ is at an end of its range, or a float of it nearly so
SATURATED = np.array(
    [
        *([-20, -24, -19.5], [-80, -84, -79], [-110, -114, -109.5], [-30, 5, 3], [40, 39, -40], [-17, -18, -19]),
        *([20, 30, 25], [16.2, 16.3, 16.4], [8.6, 9.1, 8.9], [-17.4, -17.2, -17.3], [0, 0, 0], [30, 30, -1]),
    ]
)


def of_identity(dtype, activation, loss="quadratic", y=(0, 1, 2)):
    """A model whose z is its input: a classifier of labels y, or with y=None a regressor."""
    y = np.eye(3) if y is None else np.array(y)
    n_out = y.shape[1] if y.ndim == 2 else len(set(y.tolist()))
    n_out = 1 if n_out == 2 and loss == "cross_entropy" and activation != "softmax" else n_out
    network = bl.Network([np.eye(n_out, 3, dtype=dtype)], [np.zeros(n_out, dtype=dtype)], activation)
    kind = bl.MLPRegressor if y.dtype == float else bl.MLPClassifier
    return kind(hidden_layer_sizes=(), loss=loss, output_activation=activation, initialization=network).initialize(
        np.eye(3, dtype=dtype), y
    )
