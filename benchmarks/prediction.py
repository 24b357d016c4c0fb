"""Prediction: of one row, where the way there is most of the time, and of 100,000."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from cases import CASES, Case
from contestants import CONTESTANTS
from interleaved import repeated

from backlit import MLPClassifier, MLPRegressor
from backlit.core.network import Network
from backlit.engine import Objective
from backlit.engine.predictor import Predictor
from backlit.engine.reference import ReferenceEngine

SECONDS_PER_ROUND = 0.1
ENTRIES = ("backlit, prepared", "backlit", "JAX", "PyTorch eager", "scikit-learn")
Predict = Callable[[np.ndarray], np.ndarray]


def prepare(entry: str, case: str, n_rows: int, n_threads: int) -> tuple[dict[str, Any], Callable[[], float]]:
    workload = CASES[case]
    predict = _predict(entry, workload, n_threads)
    x = np.random.default_rng(2).random((n_rows, workload.sizes[0]), dtype=np.float32)
    _check(entry, workload, predict, x[:1000])
    return {}, lambda: repeated(lambda: predict(x), SECONDS_PER_ROUND)


def _predict(entry: str, case: Case, n_threads: int) -> Predict:
    if entry == "backlit, prepared":
        return Predictor(_network(case), n_threads=n_threads)
    if entry == "backlit":
        return _estimator(case, n_threads).predict
    return CONTESTANTS[entry].load().predict(case, n_threads)


def _network(case: Case) -> Network:
    weights, biases = case.parameters()
    return Network(tuple(weights), tuple(biases), case.activations)


def _estimator(case: Case, n_threads: int) -> MLPClassifier | MLPRegressor:
    """Return an estimator with the workload's weights."""
    warnings.filterwarnings("ignore")
    kind = MLPRegressor if case.sizes[-1] == 1 else MLPClassifier
    loss = {"quadratic": "quadratic", "cross_entropy": "log_loss"}[case.loss]
    model = kind(hidden_layer_sizes=case.sizes[1:-1], activation=case.activations[0], loss=loss, n_threads=n_threads)
    x, y = replace(case, n_rows=100).data()
    model.set_params(initialization=_network(case))
    return model.initialize(x, y[:, 0] if case.sizes[-1] == 1 else y.argmax(axis=1))


def _check(entry: str, case: Case, predict: Predict, x: np.ndarray) -> None:
    """Raise unless the outputs, or the labels, are the reference engine's."""
    session = ReferenceEngine().open(_network(case), Objective())
    expected, came = session.feedforward(x), np.asarray(predict(x))
    if case.sizes[-1] == 1:
        right = np.allclose(came.ravel(), expected.ravel(), rtol=1e-3, atol=1e-4)
    else:
        labels = came.argmax(axis=1) if came.ndim == 2 else came
        right = (labels == expected.argmax(axis=1)).mean() > 0.999  # rounding may decide between two near outputs
    if not right:
        raise AssertionError(f"{entry} predicts something else than the reference engine on {case.name}")
