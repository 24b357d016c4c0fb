"""backlit's native engine."""

from __future__ import annotations

import numpy as np
from cases import Case

from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.engine import Objective, get_engine
from contestants import Setting, Training


def settings(case: Case) -> list[Setting]:
    return [{}]


def train(case: Case, n_threads: int) -> Training:
    x, y = case.data()
    weights, biases = case.parameters()
    network = Network(tuple(weights), tuple(biases), case.activations)
    optimizer = Adam() if case.optimizer == "adam" else SGD()
    engine = get_engine("native", case.precision)
    session = engine.open(network, Objective(case.loss), optimizer, n_threads=n_threads)

    def epoch(order: np.ndarray) -> None:
        session.run_steps(x, y, order, case.batch_size, np.full(len(order) // case.batch_size, case.rate))

    return epoch, lambda: (list(session.network().weights), list(session.network().biases))
