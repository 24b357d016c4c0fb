"""What is measured, and at which sizes: everything that a reader may want to change is in this file."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Case:
    """One network and how it is trained. Every contestant begins with the same weights and sees the same rows."""

    name: str
    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    batch_size: int
    optimizer: str
    rate: float
    n_rows: int
    dtype: str = "float32"
    precision: str = "full"  # of the products

    @property
    def n_steps(self) -> int:
        return self.n_rows // self.batch_size

    @property
    def flops_per_row(self) -> float:
        """2·n_in·n_out for the forward pass, the weight gradient and, but for the first layer, BP2."""
        return sum(
            2.0 * n_in * n_out * (3 if i else 2) for i, (n_in, n_out) in enumerate(itertools.pairwise(self.sizes))
        )

    @property
    def flops_per_step(self) -> float:
        return self.flops_per_row * self.batch_size

    @property
    def flops_per_prediction(self) -> float:
        return sum(2.0 * n_in * n_out for n_in, n_out in itertools.pairwise(self.sizes))

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        x = rng.random((self.n_rows, self.sizes[0]), dtype=np.float32)
        if self.sizes[-1] == 1:
            y = 3.0 * x[:, :1] * x[:, 1:2]
        else:
            hidden = rng.normal(size=(self.sizes[0], self.sizes[-1])).astype(np.float32)
            y = np.eye(self.sizes[-1])[((x - 0.5) @ hidden).argmax(axis=1)]
        return x.astype(self.dtype, copy=False), y.astype(self.dtype)

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Weights ``(n_out, n_in)`` and biases."""
        rng = np.random.default_rng(1)
        pairs = list(itertools.pairwise(self.sizes))
        weights = [(rng.normal(size=(n_out, n_in)) / np.sqrt(n_in)).astype(self.dtype) for n_in, n_out in pairs]
        return weights, [np.zeros(n_out, dtype=self.dtype) for _, n_out in pairs]

    def order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng(100 + epoch).permutation(self.n_rows)


# W1: the lecture's network on digits, in steps so small that all but the arithmetic counts. W2: what scikit-learn's
# classifier trains by default. W3: a large network, nearly all products of matrices. W4: regression on a narrow table.
CASES = {
    case.name: case
    for case in [
        Case("W1", (784, 30, 10), ("sigmoid", "sigmoid"), "quadratic", 10, "sgd", 0.1, 10_000),
        Case("W2", (784, 100, 10), ("relu", "softmax"), "cross_entropy", 200, "adam", 1e-3, 20_000),
        Case("W3", (784, 512, 512, 10), ("relu", "relu", "softmax"), "cross_entropy", 512, "adam", 1e-3, 10_240),
        Case("W4", (20, 64, 64, 1), ("relu", "relu", "identity"), "quadratic", 32, "adam", 1e-3, 20_000),
    ]
}
FLOAT64 = {case.name: replace(case, dtype="float64") for case in CASES.values()}
INSTRUCTION_SETS = ("avx2", "baseline")
ROUNDS, QUICK_ROUNDS = 5, 3
OTHER_ROUNDS = 4  # of variants, predictions and fits

# Prediction: the networks of these workloads, on so many rows.
PREDICTED = ("W1", "W3", "W4")
PREDICTED_ROWS = (1, 100_000)

# Fitting an estimator to W1 to W4 for so many epochs.
FITTED_EPOCHS = 10

# The map of shapes, beside peers: `depth` layers of weights, all of one width but for the last, ReLU before it.
WIDTHS = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
BATCHES = (1, 8, 16, 64, 256, 1024)
MAP_DEPTH, MAP_OUTPUTS = 3, 10
VARIED = ((8, 32), (16, 256), (128, 32), (512, 256))  # width and batch, at every other depth, output and optimizer
QUICK_WIDTHS, QUICK_BATCHES, QUICK_VARIED = (4, 16, 128, 1024), (8, 64, 512), ((16, 256), (128, 32))
MAP_ROUNDS, QUICK_MAP_ROUNDS = 4, 2
MOST_FLOPS_PER_STEP = 3e10  # shapes beyond take so long per step that a map of them would take hours
FLOPS_PER_RUN, MOST_STEPS = 1e9, 256


def shape(width: int, batch: int, depth: int, n_out: int, optimizer: str) -> Case:
    """One shape of the map: regression where it ends in one neuron, else classification."""
    sizes = (width,) * depth + (n_out,)
    last, loss = ("identity", "quadratic") if n_out == 1 else ("softmax", "cross_entropy")
    name = f"{'-'.join(map(str, sizes))}, {batch}, {'Adam' if optimizer == 'adam' else 'SGD'}"
    rate = 1e-3 if optimizer == "adam" else 0.3 / width
    case = Case(name, sizes, ("relu",) * (depth - 1) + (last,), loss, batch, optimizer, rate, batch)
    n_steps = min(max(int(FLOPS_PER_RUN / case.flops_per_step), 5), MOST_STEPS)
    return replace(case, n_rows=batch * n_steps)


def shapes(quick: bool) -> list[Case]:
    """Every shape of the map: width by batch first, then what the variations make of some of them."""
    widths, batches, varied = (QUICK_WIDTHS, QUICK_BATCHES, QUICK_VARIED) if quick else (WIDTHS, BATCHES, VARIED)
    drawn = [shape(w, b, MAP_DEPTH, MAP_OUTPUTS, "adam") for w, b in itertools.product(widths, batches)]
    variations = [(1, 10, "adam"), (2, 10, "adam"), (8, 10, "adam"), (3, 1, "adam"), (3, 100, "adam"), (3, 10, "sgd")]
    drawn += [shape(w, b, *variation) for variation in variations for w, b in varied]
    return [case for case in drawn if case.flops_per_step <= MOST_FLOPS_PER_STEP]


# W5: a grid search on the census data: 12 settings, 5 folds.
GRID = {
    "hidden_layer_sizes": [(32,), (64, 32)],
    "alpha": [1e-4, 1e-2, 1.0],
    "learning_rate_init": [1e-3, 1e-2],
}
GRID_FOLDS = 5
GRID_SETTINGS = {"batch_size": 32, "max_iter": 3, "tol": 0.0, "random_state": 0}
QUICK_GRID_ROWS = 4_000
