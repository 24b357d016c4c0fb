"""A map of shapes: the share of the peak that training reaches over batch, width and depth, so that holes show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import machine
import numpy as np
from cases import BATCHES, DEPTHS, MOST_FLOPS_PER_STEP, QUICK_SHAPES, WIDTHS, Case, shape
from interleaved import repeated

from backlit.core.network import Network
from backlit.engine import Objective
from backlit.engine.native import NativeEngine

SECONDS_PER_SHAPE = 0.02


def prepare(n_threads: int, quick: bool) -> tuple[dict[str, Any], Callable[[], float]]:
    """Measure every shape; the process then has no more to tell."""
    batches, widths, depths = QUICK_SHAPES if quick else (BATCHES, WIDTHS, DEPTHS)
    peak = machine.peak("float32", n_threads)
    shares = [[[_share(shape(b, w, d), n_threads, peak) for b in batches] for w in widths] for d in depths]
    facts = {"peak": peak, "batches": batches, "widths": widths, "depths": depths, "shares": shares}
    return facts, lambda: 0.0


def _share(case: Case, n_threads: int, peak: float) -> float | None:
    if case.flops_per_step > MOST_FLOPS_PER_STEP:
        return None
    width, depth = case.sizes[0], len(case.activations)
    # one matrix for all layers: drawing them all would take longer than training them
    w = np.random.default_rng(0).normal(size=(width, width), scale=np.sqrt(2 / width)).astype(np.float32)
    network = Network((w,) * depth, (np.zeros(width, dtype=np.float32),) * depth, case.activations)
    session = NativeEngine().open(network, Objective(case.loss), n_threads=n_threads)
    x = np.random.default_rng(1).random((case.batch_size, width), dtype=np.float32)
    y = np.zeros((case.batch_size, width), dtype=np.float32)
    n_steps = int(np.clip(2e8 / case.flops_per_step, 1, 200))
    order, rates = np.tile(np.arange(case.batch_size), n_steps), np.full(n_steps, case.rate)
    run = lambda: session.run_steps(x, y, order, case.batch_size, rates)  # noqa: E731
    run()
    return case.flops_per_step * n_steps / repeated(run, SECONDS_PER_SHAPE) / 1e9 / peak


def draw(maps: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw the maps, a row of panels for each number of threads, a panel for each depth."""
    import matplotlib.pyplot as plt

    depths = maps[0]["depths"]
    figure, panels = plt.subplots(
        len(maps), len(depths), figsize=(3.2 * len(depths), 3.3 * len(maps)), squeeze=False, layout="constrained"
    )
    for row, found in zip(panels, maps, strict=True):
        for panel, depth, shares in zip(row, depths, found["shares"], strict=True):
            values = np.array(shares, dtype=float)  # None becomes NaN, and stays white
            image = panel.imshow(values, origin="lower", aspect="auto", vmin=0, vmax=1, cmap="viridis")
            for (i, j), share in np.ndenumerate(values):
                if np.isfinite(share):
                    color = "black" if share > 0.6 else "white"
                    panel.text(j, i, f"{100 * share:.0f}", ha="center", va="center", fontsize=6, color=color)
            panel.set_xticks(range(len(found["batches"])), found["batches"], rotation=90, fontsize=7)
            panel.set_yticks(range(len(found["widths"])), found["widths"], fontsize=7)
            panel.set_xlabel("batch")
            panel.set_ylabel("width")
            threads = f"{found['n_threads']} thread{'s' if found['n_threads'] > 1 else ''}"
            panel.set_title(f"{depth} layer{'s' if depth > 1 else ''} of weights, {threads}", fontsize=9)
    figure.colorbar(image, ax=panels, label="share of the FMA peak", shrink=0.6)
    figure.savefig(file, dpi=130)
    plt.close(figure)
