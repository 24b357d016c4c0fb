"""Presets: options that suit tables without tuning, by the task and the number of rows.

Their parts are RealMLP's (Holzmüller, Grinsztajn, Steinwart: "Better by Default", arXiv 2407.04491): the neural tangent
parametrization with an output layer that begins at zero, SELU for classes and a smooth ReLU for numbers, Adam with
β₂ = 0.95, the schedule coslog4, smoothed labels, and the best epoch of all. Numbers are laid out over quantile bins
(arXiv 2203.05556) in place of embeddings that are trained, so that a half to an eighth of the epochs do.
"tabular-best" adds members and finer bins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Preset = Callable[[str, int], dict[str, Any]]


def plain(task: str, n_rows: int) -> dict[str, Any]:
    """Return nothing: the defaults of `TableTraining`."""
    return {}


def tabular(task: str, n_rows: int) -> dict[str, Any]:
    """Return the options of one network."""
    epochs = epochs_for(n_rows)
    options: dict[str, Any] = {
        "numbers": "piecewise",
        "hidden": (256, 256, 256),
        "parametrization": "ntp",
        "initialization": "ntp",
        "zero_output": True,
        "beta_2": 0.95,
        "alpha": 0.0,
        "dropout": 0.1,
        "batch_size": batch_size_for(n_rows),
        "epochs": epochs,
        "schedule": "coslog4",
        "patience": epochs,  # the schedule's waves look like a standstill
        "monitor": "validation_metric",
    }
    if task == "classification":
        return options | {"activation": "selu", "learning_rate": 0.04, "label_smoothing": 0.1}
    return options | {"activation": "silu", "learning_rate": 0.05, "dropout": 0.2}


def tabular_best(task: str, n_rows: int) -> dict[str, Any]:
    """Return the options of eight networks, and of finer bins."""
    return tabular(task, n_rows) | {"members": 8, "n_bins": 64}


def epochs_for(n_rows: int) -> int:
    """Return how many epochs so many rows are worth: few for many, but enough for all waves of coslog4."""
    return min(128, max(32, 800_000 // n_rows))


def batch_size_for(n_rows: int) -> int:
    """Return a batch size that leaves an epoch some steps, also of a small table of which some rows are held out."""
    return 256 if n_rows >= 5_000 else min(64, max(1, n_rows // 4))


PRESETS: dict[str, Preset] = {"plain": plain, "tabular": tabular, "tabular-best": tabular_best}
"""Name → task and number of rows → what the options are that are not given."""
