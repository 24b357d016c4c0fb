"""Nielsen's first network on MNIST: 784-30-10, sigmoid, quadratic cost, η = 3, batches of 10, 30 epochs.

Chapter 1 of "Neural Networks and Deep Learning" reports 95.42 % on the test images at the best epoch of a run. This
prints the last and the best epoch of nine runs, or of as many as are asked for, and explains those that got stuck.

    python examples/nielsen_mnist.py path/to/mnist [runs]

where the folder holds the four gzipped IDX files.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np

import backlit as bl
from backlit.core.optimizers import SGD
from backlit.engine import Objective
from backlit.training.events import EpochEnded, drive
from backlit.training.examples import Examples, Validation
from backlit.training.loop import Plan, train
from backlit.training.state import TrainingState

# An output that answers less than this to every image of its own class has died.
SILENT = 0.05


def load(folder: Path, images: str, labels: str) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels in [0, 1] and digits."""
    table = bl.read_table(folder / images, labels=folder / labels)
    pixels = table.drop("label").to_numpy().astype(np.float32) / 255
    return np.ascontiguousarray(pixels), table["label"].to_numpy().astype(int)


def main(folder: Path, n_runs: int = 9) -> None:
    pixels, digits = load(folder, "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    x, y = pixels[:50_000], np.eye(10, dtype=np.float32)[digits[:50_000]]
    x_test, test_digits = load(folder, "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    test = Examples(x_test, np.eye(10, dtype=np.float32)[test_digits])

    def accuracy(outputs: np.ndarray) -> float:
        return float(np.mean(outputs.argmax(axis=1) == test_digits))

    finals, bests = [], []
    began = time.perf_counter()
    for seed in range(1, n_runs + 1):
        network = bl.Network.initialize(
            [784, 30, 10], "sigmoid", initialization="standard_normal", seed=seed, dtype="float32"
        )
        session = bl.get_engine().open(network, Objective("quadratic"), SGD())
        accuracies: list[float] = []

        def listen(event: object, accuracies: list[float] = accuracies) -> None:
            if isinstance(event, EpochEnded):
                accuracies.append(event.record.validation_metric or 0.0)

        plan = Plan(n_epochs=30, batch_size=10)
        drive(train(session, Examples(x, y), plan, TrainingState(seed, 3.0), Validation(test, accuracy)), [listen])
        finals.append(accuracies[-1])
        bests.append(max(accuracies))
        remark = explain_if_stuck(session.feedforward(x_test), test_digits)
        print(f"seed {seed}: {finals[-1]:.2%} after 30 epochs, {bests[-1]:.2%} at the best{remark}", flush=True)
    seconds = (time.perf_counter() - began) / n_runs
    print(
        f"median of {n_runs} seeds: {statistics.median(finals):.2%} after 30 epochs, "
        f"{statistics.median(bests):.2%} at the best; {seconds:.1f} s a run"
    )


def explain_if_stuck(outputs: np.ndarray, digits: np.ndarray) -> str:
    """Say which output neurons never answer.

    With the quadratic cost δ^L_j = (a_j − y_j) σ′(z_j). Weights from N(0, 1) can leave z_j so far below zero that σ′ is
    nearly 0 for every image: BP1 then gives that neuron next to no error, and it stays silent however wrong it is. Each
    such digit costs about ten per cent.
    """
    silent = [str(d) for d in range(10) if np.quantile(outputs[digits == d, d], 0.95) < SILENT]
    if not silent:
        return ""
    return f"; output {', '.join(silent)} is saturated near 0 (σ′ ≈ 0), so BP1 gives it no error to learn from"


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
