"""An example at a time on column vectors, in the manner of Nielsen's network.py."""

from __future__ import annotations

import numpy as np
from cases import Case

from contestants import Setting, Training


def settings(case: Case) -> list[Setting]:
    return [{}]


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def train(case: Case, n_threads: int) -> Training:
    x, y = case.data()
    columns = [(x_i.reshape(-1, 1), y_i.reshape(-1, 1)) for x_i, y_i in zip(x, y, strict=True)]
    weights, biases = case.parameters()
    biases = [b.reshape(-1, 1) for b in biases]

    def backprop(x_i: np.ndarray, y_i: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        a = [x_i]
        for w, b in zip(weights, biases, strict=True):
            a.append(sigmoid(w @ a[-1] + b))
        delta = (a[-1] - y_i) * a[-1] * (1 - a[-1])
        nabla_b, nabla_w = [delta], [delta @ a[-2].T]
        for layer in range(len(weights) - 2, -1, -1):
            delta = (weights[layer + 1].T @ delta) * a[layer + 1] * (1 - a[layer + 1])
            nabla_b.insert(0, delta)
            nabla_w.insert(0, delta @ a[layer].T)
        return nabla_b, nabla_w

    def epoch(order: np.ndarray) -> None:
        for batch in np.split(order, len(order) // case.batch_size):
            sum_b = [np.zeros_like(b) for b in biases]
            sum_w = [np.zeros_like(w) for w in weights]
            for i in batch:
                nabla_b, nabla_w = backprop(*columns[i])
                sum_b = [s + n for s, n in zip(sum_b, nabla_b, strict=True)]
                sum_w = [s + n for s, n in zip(sum_w, nabla_w, strict=True)]
            scale = np.asarray(case.rate / case.batch_size, dtype=case.dtype)
            for layer in range(len(weights)):
                weights[layer] = weights[layer] - scale * sum_w[layer]
                biases[layer] = biases[layer] - scale * sum_b[layer]

    return epoch, lambda: (list(weights), [b.ravel() for b in biases])
