"""Fitting: what an estimator's `fit` takes beside the engine's own time, with and without held-out rows.

Early stopping holds rows out, and so trains on fewer: a fit of as many shows what it costs beside the steps it saves.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from cases import CASES, FITTED_EPOCHS, Case
from interleaved import repeated

from backlit import MLPClassifier, MLPRegressor
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.engine import Objective, get_engine

SECONDS_PER_ROUND = 0.4
EARLY, FEWER, WATCHED = "fit with early stopping", "fit of as many rows as that trains on", "fit with a callback"
ENTRIES = ("engine", "fit", WATCHED, EARLY, FEWER)
HELD_OUT = 0.1


def prepare(entry: str, case: str, n_threads: int) -> tuple[dict[str, Any], Callable[[], float]]:
    """Return how to time so many epochs of the workload."""
    warnings.filterwarnings("ignore")
    workload = CASES[case]
    run = _engine(workload, n_threads) if entry == "engine" else _estimator(workload, n_threads, entry)
    run()
    return {}, lambda: repeated(run, SECONDS_PER_ROUND)


def _engine(case: Case, n_threads: int) -> Callable[[], object]:
    """A session and its steps, from data as the engine wants them."""
    x, y = case.data()
    weights, biases = case.parameters()
    network = Network(tuple(weights), tuple(biases), case.activations)
    optimizer = Adam() if case.optimizer == "adam" else SGD()
    orders = [case.order(epoch) for epoch in range(FITTED_EPOCHS)]
    rates = np.full(case.n_steps, case.rate)

    def run() -> None:
        session = get_engine("native").open(network, Objective(case.loss), optimizer, n_threads=n_threads)
        for order in orders:
            session.run_steps(x, y, order, case.batch_size, rates)

    return run


def _estimator(case: Case, n_threads: int, entry: str) -> Callable[[], object]:
    x, y = case.data()
    if entry == FEWER:
        n_rows = round((1 - HELD_OUT) * len(x))
        x, y = x[:n_rows], y[:n_rows]
    is_regressor = case.sizes[-1] == 1
    loss = {"quadratic": "quadratic", "cross_entropy": "log_loss"}[case.loss]
    model = (MLPRegressor if is_regressor else MLPClassifier)(
        hidden_layer_sizes=case.sizes[1:-1],
        activation=case.activations[0],
        loss=loss,
        solver=case.optimizer,
        alpha=0.0,
        batch_size=case.batch_size,
        learning_rate_init=case.rate,
        momentum=0.0,
        nesterovs_momentum=False,
        max_iter=FITTED_EPOCHS,
        n_iter_no_change=FITTED_EPOCHS + 1,
        early_stopping=entry == EARLY,
        callbacks=[lambda event: None] if entry == WATCHED else None,
        validation_fraction=HELD_OUT,
        n_threads=n_threads,
        random_state=0,
    )
    target = y[:, 0] if is_regressor else y.argmax(axis=1)
    return lambda: model.fit(x, target)
