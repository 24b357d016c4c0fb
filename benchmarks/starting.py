"""From the call to the first step, on a cluster of Ray that is there: ours beside a Ray Train whose workers do nothing.

Both are asked for two workers with PyTorch's gloo, by turns, on one cluster of this machine; of what is measured the
median counts. Ours reads a table of Parquet twice and writes its cache first, as ever.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

N_ROWS, N_COLUMNS, N_WORKERS = 20_000, 20, 2


def bare(folder: Path) -> float:
    """Return the seconds until a worker of Ray Train could begin."""
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    def begin(config: dict[str, str]) -> None:  # in here, it goes to workers as it is: they have not this file
        Path(config["begun"]).write_text(str(time.time()))

    called, begun = time.time(), folder / "begun"
    TorchTrainer(
        begin,
        train_loop_config={"begun": str(begun)},
        torch_config=TorchConfig(backend="gloo"),
        scaling_config=ScalingConfig(num_workers=N_WORKERS),
        run_config=RunConfig(name="bare", storage_path=str(folder)),
    ).fit()
    return float(begun.read_text()) - called


def ours(folder: Path) -> float:
    """Return the seconds until whoever called hears that steps have been taken."""
    import backlit as bl
    from backlit.tables.options import TableTraining
    from backlit.training.events import EpochEnded, PartSettled, StepsDone

    heard: list[float] = []

    def listen(event: object) -> None:
        if isinstance(event, StepsDone | PartSettled | EpochEnded):
            heard.append(time.time())

    called = time.time()
    training = TableTraining(hidden=(64, 64), epochs=1)
    bl.DistributedTrainer(workers=N_WORKERS).fit(folder / "table.parquet", "y", training, listeners=[listen])
    return heard[0] - called


def measured(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each round; one before is not counted."""
    import polars as pl

    from backlit.distributed.ray_cluster import cluster

    each: dict[str, Callable[[Path], float]] = {"Ray alone": bare, "ours": ours}
    found: dict[str, list[float]] = {name: [] for name in each}
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N_ROWS, N_COLUMNS)).astype(np.float32)
    table: dict[str, Any] = {f"x{k}": x[:, k] for k in range(N_COLUMNS)} | {"y": x[:, 0] - np.sin(x[:, 1])}
    with cluster(None, N_WORKERS):
        for _ in range(1 + rounds):
            for name, start in each.items():
                with tempfile.TemporaryDirectory() as folder:
                    pl.DataFrame(table).write_parquet(Path(folder) / "table.parquet")
                    found[name].append(start(Path(folder)))
                    print(f"  {name}: {found[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return {name: seconds[1:] for name, seconds in found.items()}


def report(rounds: int = 3) -> None:
    """Print what a start takes."""
    found = measured(rounds)
    took = {name: median(seconds) for name, seconds in found.items()}
    print(f"from the call to the first step of {N_WORKERS} workers on a started cluster:")
    for name, seconds in found.items():
        print(f"  {name + ':':10} {took[name]:6.2f} s  ({', '.join(f'{s:.2f}' for s in seconds)})")
    print(f"  ours takes {took['ours'] - took['Ray alone']:+.2f} s")


if __name__ == "__main__":
    report(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
