"""Presets: options that suit tables without tuning, by the task and the number of rows.

Their parts are RealMLP's (Holzmüller, Grinsztajn, Steinwart: "Better by Default", arXiv 2407.04491): the neural tangent
parametrization with an output layer that begins at zero, a scale for each input, SELU with an α for classes and a
smooth ReLU for numbers, Adam with β₂ = 0.95, the schedule coslog4, smoothed labels, and the best epoch of all. Numbers
are laid out over quantile bins (arXiv 2203.05556) in place of embeddings that are trained, so that a half to an eighth
of the epochs do.
"tabular-best" has finer bins, and the mean of several networks, which is better than the best of them and needs fewer
epochs of each. Each leaves out another part of the rows, so that they differ by more than how they begin, and all rows
are trained on. Where that cannot be, they are members on the same rows, which for numbers share layers, as TabM has it
(arXiv 2410.24210).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TableFacts:
    """What a preset goes by.

    Attributes
    ----------
    task : {"classification", "regression"}
    n_rows : int
    n_numbers : int
        Columns that bins are for: numbers, dates and durations.
    n_categories : int
        Columns of categories.
    may_fold : bool
        Whether each row may be left out by one network and trained on by the others: rows are in memory, and neither
        rows to stop by nor what takes the place of folds was given.
    """

    task: str
    n_rows: int
    n_numbers: int = 0
    n_categories: int = 0
    may_fold: bool = False


Preset = Callable[[TableFacts], dict[str, Any]]

WITH_BINS = ("number", "date", "duration")
"""Kinds of columns that bins are for."""

FEW = 20
"""Different values of a column that bins do not help; chosen on validation rows, of Letter above all."""

ROWS_OF_A_BIN = 30
"""At least, beyond eight bins: what few rows say of a bin is learned by heart."""

MOST_BINS = 2_048
"""Of all columns together. A network of thousands of inputs has its time in the first layer, and bins of few rows."""

MOST_CATEGORIES = 256
"""Values of a column with an input each; scikit-learn's histogram boosting tells about as many apart."""

FOLDS = 8
"""Parts of the rows, of which each network leaves one out."""

LEAST_OF_A_FOLD = 10
"""Rows. Of fewer, folds say little of new rows."""

MOST_BYTES = 1 << 30
"""Of the bins of all rows, and of their categories beyond those that all presets have."""


def plain(table: TableFacts) -> dict[str, Any]:
    """Return nothing: the defaults of `TableTraining`."""
    return {}


def tabular(table: TableFacts) -> dict[str, Any]:
    """Return the options of one network."""
    epochs = epochs_for(table.n_rows)
    options: dict[str, Any] = bins_for(table, 32) | {
        "max_categories": categories_for(table),
        "hidden": (256, 256, 256),
        "parametrization": "ntp",
        "initialization": "ntp",
        "zero_output": True,
        "input_scales": 6.0,
        "beta_2": 0.95,
        "alpha": 0.0,
        "dropout": 0.1,
        "batch_size": batch_size_for(table.n_rows),
        "epochs": epochs,
        "schedule": "coslog4",
        "patience": epochs,  # the schedule's waves look like a standstill
        "monitor": "validation_metric",
    }
    if table.task == "classification":
        of_classes = {"label_smoothing": 0.1, "calibrate": True}
        return options | {"activation": "selu", "parametric_activation": True, "learning_rate": 0.04} | of_classes
    return options | {"activation": "silu", "learning_rate": 0.05, "dropout": 0.2, "clip": True}


def tabular_best(table: TableFacts) -> dict[str, Any]:
    """Return the options of several networks, and of finer bins."""
    epochs = best_epochs_for(table.n_rows)
    options = tabular(table) | bins_for(table, 64) | {"epochs": epochs, "patience": epochs}
    if table.may_fold and table.n_rows >= LEAST_OF_A_FOLD * FOLDS:
        return options | {"folds": FOLDS}
    options |= {"members": 8}
    return options if table.task == "classification" else options | {"sharing": "mini"}


def bins_for(table: TableFacts, most: int) -> dict[str, Any]:
    """Return how numbers are laid out: in bins, fewer where columns or rows are many, or rows few; or without."""
    columns = max(1, table.n_numbers)
    n_bins = min(
        most,
        max(8, table.n_rows // ROWS_OF_A_BIN),
        MOST_BINS // columns,
        MOST_BYTES // (4 * columns * max(1, table.n_rows)),
    )
    return {"numbers": "piecewise", "n_bins": n_bins, "bins_above": FEW} if n_bins >= 4 else {"numbers": "scaled"}


def categories_for(table: TableFacts) -> int:
    """Return how many values of a category have an input of their own: fewer where rows and columns are many."""
    fit_in = MOST_BYTES // (4 * max(1, table.n_categories) * max(1, table.n_rows))
    return max(50, min(MOST_CATEGORIES, fit_in))


def epochs_for(n_rows: int) -> int:
    """Return how many epochs so many rows are worth: few for many, but enough for all waves of coslog4."""
    return min(128, max(32, 800_000 // n_rows))


def best_epochs_for(n_rows: int) -> int:
    """Return how many epochs a member is worth, which is one of several."""
    return min(128, max(24, 400_000 // n_rows))


def batch_size_for(n_rows: int) -> int:
    """Return a batch size that leaves an epoch some steps, also of a small table of which some rows are held out."""
    return 256 if n_rows >= 5_000 else min(64, max(1, n_rows // 4))


PRESETS: dict[str, Preset] = {"plain": plain, "tabular": tabular, "tabular-best": tabular_best}
"""Name → what is known of the table → what the options are that are not given."""

CHOSEN = frozenset(
    name
    for task in ("classification", "regression")
    for may_fold in (True, False)
    for name in tabular_best(TableFacts(task, n_rows=1_000, may_fold=may_fold))
)
"""Options that presets choose."""


def around(chosen: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a preset chose without that which does not go with what was given.

    Parameters
    ----------
    chosen, given : mapping of str to object
        Options.
    """
    chosen = {name: value for name, value in chosen.items() if name not in given}
    solver = given.get("solver", "adam")
    if solver in ("sgd", "gd", "lbfgs") or given.get("parametrization") == "standard":
        # its rates are those of Adam's steps in the neural tangent parametrization
        _leave_out(chosen, "parametrization", "initialization", "zero_output", "input_scales")
        _leave_out(chosen, "learning_rate", "schedule", "patience")
    if solver in ("sgd", "gd", "lbfgs") or "softmax" in (given.get("activation") or ()):
        chosen.pop("parametric_activation", None)  # by steps of Adam's kind, of neurons that act alone
    if solver in ("sgd", "gd") or given.get("members") == 1 or given.get("hidden") == ():
        chosen.pop("sharing", None)  # of hidden layers, by steps of Adam's kind
    if solver == "lbfgs":  # which trains one network, and would not know one step's cost from the next one's
        _leave_out(chosen, "dropout", "members", "sharing", "folds")
    if given.get("loss") is not None:
        chosen.pop("label_smoothing", None)  # it is for cross-entropy
    layers = [each for each in map(_n_layers, (given.get("activation"), given.get("dropout"))) if each]
    if "hidden" in chosen and layers:
        chosen["hidden"] = chosen["hidden"][:1] * layers[0]
        chosen.pop("calibrate", None)
    if given.get("metric") is not None and "monitor" not in given:
        chosen["monitor"] = "validation_metric"
    if given.get("metric") in ("log_loss", "auc"):
        chosen.pop("label_smoothing", None)  # it makes more predictions right, and shares worse
    if "patience" in chosen and "epochs" in given:
        chosen["patience"] = given["epochs"]  # as the preset has it: no epoch is waited for in vain
    return chosen


def _leave_out(chosen: dict[str, Any], *names: str) -> None:
    for name in names:
        chosen.pop(name, None)


def _n_layers(value: Any) -> int:
    # of an option with a value for each hidden layer
    value = getattr(value, "rate", value)
    return len(value) if isinstance(value, tuple) else 0
