"""The workloads: what every contestant trains, from the same weights, on the same rows in the same order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    """One network and how it is trained; float32 throughout."""

    name: str
    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    batch_size: int
    optimizer: str
    rate: float
    n_rows: int

    @property
    def n_steps(self) -> int:
        return self.n_rows // self.batch_size

    @property
    def flops_a_step(self) -> float:
        """2·n_in·n_out·batch for the forward pass, the weight gradient and, but for the first layer, BP2."""
        pairs = zip(self.sizes[:-1], self.sizes[1:], strict=True)
        return sum(2.0 * n_in * n_out * self.batch_size * (3 if i else 2) for i, (n_in, n_out) in enumerate(pairs))

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        x = rng.random((self.n_rows, self.sizes[0]), dtype=np.float32)
        if self.sizes[-1] == 1:
            return x, (3.0 * x[:, :1] * x[:, 1:2]).astype(np.float32)
        hidden = rng.normal(size=(self.sizes[0], self.sizes[-1])).astype(np.float32)
        return x, np.eye(self.sizes[-1], dtype=np.float32)[((x - 0.5) @ hidden).argmax(axis=1)]

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Weights ``(n_out, n_in)`` and biases."""
        rng = np.random.default_rng(1)
        pairs = list(zip(self.sizes[:-1], self.sizes[1:], strict=True))
        weights = [(rng.normal(size=(n_out, n_in)) / np.sqrt(n_in)).astype(np.float32) for n_in, n_out in pairs]
        return weights, [np.zeros(n_out, dtype=np.float32) for _, n_out in pairs]

    def order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng(100 + epoch).permutation(self.n_rows)


CASES = {
    case.name: case
    for case in [
        Case("W1", (784, 30, 10), ("sigmoid", "sigmoid"), "quadratic", 10, "sgd", 0.1, 10_000),
        Case("W2", (784, 100, 10), ("relu", "softmax"), "cross_entropy", 200, "adam", 1e-3, 20_000),
        Case("W3", (784, 512, 512, 10), ("relu", "relu", "softmax"), "cross_entropy", 512, "adam", 1e-3, 10_240),
        Case("W4", (20, 64, 64, 1), ("relu", "relu", "identity"), "quadratic", 32, "adam", 1e-3, 20_000),
    ]
}
