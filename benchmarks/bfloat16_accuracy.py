"""What bfloat16 costs in accuracy: 784-512-512-10 on MNIST, ReLU, softmax, Adam, batches of 128, 5 seeds.

    python benchmarks/bfloat16_accuracy.py path/to/mnist

where the folder holds the four gzipped IDX files. Prints each precision's accuracy on the 10,000 test images after the
last epoch: mean and spread over the seeds, and the difference to full precision.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np

import backlit as bl
from backlit.core.optimizers import Adam
from backlit.core.precision import PRECISIONS
from backlit.engine import Objective
from backlit.training.events import drive
from backlit.training.examples import Examples
from backlit.training.loop import Plan, train
from backlit.training.state import TrainingState

SEEDS = range(5)
EPOCHS = 10


def load(folder: Path, images: str, labels: str) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels in [0, 1] and digits."""
    table = bl.read_table(folder / images, labels=folder / labels)
    return (table.drop("label").to_numpy() / 255).astype(np.float32), table["label"].to_numpy().astype(int)


def main(folder: Path) -> None:
    x, digits = load(folder, "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    x_test, test_digits = load(folder, "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    examples = Examples(np.ascontiguousarray(x), np.eye(10, dtype=np.float32)[digits])
    full = 0.0
    for precision in PRECISIONS:
        accuracies, began = [], time.perf_counter()
        for seed in SEEDS:
            network = bl.Network.initialize(
                [784, 512, 512, 10], ["relu", "relu", "softmax"], seed=seed, dtype="float32"
            )
            session = bl.get_engine("native", precision).open(network, Objective("cross_entropy"), Adam())
            drive(train(session, examples, Plan(EPOCHS, 128), TrainingState(seed, rate=1e-3)))
            outputs = session.network().feedforward(x_test)
            accuracies.append(100 * float(np.mean(outputs.argmax(axis=1) == test_digits)))
        mean, spread = statistics.mean(accuracies), statistics.stdev(accuracies)
        full = full or mean
        seconds = (time.perf_counter() - began) / len(SEEDS)
        print(
            f"{precision:10} {mean:.3f} % ± {spread:.3f} ({mean - full:+.3f} points), {seconds:.1f} s a run", flush=True
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
