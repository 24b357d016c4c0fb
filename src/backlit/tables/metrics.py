"""Scores that the user names, to tell which epoch was best: as scikit-learn defines them.

Computed from the outputs of the held-out rows after each epoch. To import scikit-learn's own takes longer than most
trainings of small tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import softmax
from backlit.data.probabilities import probabilities
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.tables.calibration import best_temperature
from backlit.tables.table_target import TableTarget, Task


@dataclass(frozen=True)
class Metric:
    """A score.

    Attributes
    ----------
    task : {"classification", "regression"}
    falls : bool
        Whether less is better.
    score : callable
        For classes: (codes of the true ones ``(n_rows,)``, probabilities ``(n_rows, n_classes)``) → float. For numbers:
        (true ones, predicted ones) on the target's own scale.
    """

    task: Task
    falls: bool
    score: Callable[[NDArray[Any], Floats], float]


def named_metric(
    target: TableTarget, name: str, y: Floats, *, calibrate: bool = False
) -> tuple[Callable[[Floats], float], str, bool]:
    """Return the function that scores outputs a^L, what it is called, and whether less is better.

    Parameters
    ----------
    target : TableTarget
    name : str
        Of `METRICS`.
    y : ndarray, ``(n_rows, n_outputs)``
        As the network sees it.
    calibrate : bool, default False
        Whether probabilities are calibrated on these rows before they are scored by log_loss, as they will be once
        training is over: how sure an epoch is of itself then says nothing against it.

    Raises
    ------
    InvalidInputError
        If it is for another task.
    """
    metric = METRICS[name]
    if metric.task != target.task:
        what = "classes" if metric.task == "classification" else "numbers"
        others = ", ".join(other for other, each in METRICS.items() if each.task == target.task)
        raise InvalidInputError(f"The metric {name!r} is for {what}, which {target.name!r} is not. Use {others}.")
    if target.classes is None:
        scaler = target.scaler
        truth = y[:, 0].astype(np.float64)
        truth = truth if scaler is None else scaler.inverse(truth).astype(np.float64)
        return lambda outputs: metric.score(truth, target.numbers(outputs)), name, metric.falls
    codes, labels = target.codes(y), target.labels()
    shown = f"{name} of {target.classes[1]!r}" if name == "f1" and len(target.classes) == 2 else name
    score = calibrated_log_loss if calibrate and name == "log_loss" else metric.score
    return lambda outputs: score(codes, probabilities(labels, outputs)), shown, metric.falls


def accuracy(codes: NDArray[np.intp], shares: Floats) -> float:
    """Return the share of rows whose most probable class is the true one."""
    return float(np.mean(shares.argmax(axis=1) == codes))


def balanced_accuracy(codes: NDArray[np.intp], shares: Floats) -> float:
    """Return the mean over the classes that occur of the share of their rows that is found."""
    hit = shares.argmax(axis=1) == codes
    rows = np.bincount(codes)
    return float(np.mean(np.bincount(codes, weights=hit)[rows > 0] / rows[rows > 0]))


def f1(codes: NDArray[np.intp], shares: Floats) -> float:
    """Return F₁ of the second of two classes, or the mean over more classes that occur or are predicted."""
    told, n = shares.argmax(axis=1), shares.shape[1]
    hits = np.bincount(codes[told == codes], minlength=n)
    sizes = np.bincount(codes, minlength=n) + np.bincount(told, minlength=n)
    each = 2 * hits / np.maximum(sizes, 1)
    return float(each[1] if n == 2 else each[sizes > 0].mean())


def log_loss(codes: NDArray[np.intp], shares: Floats) -> float:
    """Return the mean of −ln of the true class's probability, held above the smallest step from 0 to 1."""
    told = shares[np.arange(len(codes)), codes].astype(np.float64)
    return float(-np.mean(np.log(np.maximum(told, np.finfo(shares.dtype).eps))))


def calibrated_log_loss(codes: NDArray[np.intp], shares: Floats) -> float:
    """Return `log_loss` at the temperature where it is least."""
    # what σ(z / T) says can be had without z: softmax(ln p / T) is the same
    logs = np.log(np.maximum(shares, np.finfo(shares.dtype).tiny)).astype(np.float64)
    cooled = np.asarray(softmax(logs / best_temperature(logs, codes)))
    return log_loss(codes, cooled.astype(shares.dtype))


def auc(codes: NDArray[np.intp], shares: Floats) -> float:
    """Return the area under the ROC curve; of more than two classes the mean, each against all others; NaN for one."""
    n = shares.shape[1]
    classes = [1] if n == 2 else range(n)
    areas = [_area(codes == c, shares[:, c]) for c in classes if 0 < np.sum(codes == c) < len(codes)]
    return float(np.mean(areas)) if areas else float("nan")


def _area(is_it: NDArray[np.bool_], share: Floats) -> float:
    # how often a row of the class has more than one of the others; equal ones count half
    _, place, counts = np.unique(share, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    n = int(is_it.sum())
    return float((rank[is_it].sum() - n * (n + 1) / 2) / (n * (len(is_it) - n)))


@dataclass
class NumberSums:
    """Sums from which the scores of numbers come.

    Attributes
    ----------
    n : int
    squares, absolute : float
        Σ of the squared, and of the absolute errors.
    mean, spread : float
        Of the truth: its mean, and Σ of squared deviations from it.
    """

    n: int = 0
    squares: float = 0.0
    absolute: float = 0.0
    mean: float = 0.0
    spread: float = 0.0

    def add(self, truth: Floats, values: Floats) -> None:
        """Take in numbers of shape ``(n_rows,)``."""
        n, mean = len(truth), float(truth.mean())
        self.squares += float(np.sum((truth - values) ** 2))
        self.absolute += float(np.sum(np.abs(truth - values)))
        # Chan, Golub and LeVeque 1979
        apart, both = mean - self.mean, self.n + n
        self.spread += float(np.sum((truth - mean) ** 2)) + (apart**2 * self.n * n / both if self.n else 0.0)
        self.mean = mean if self.n == 0 else self.mean + apart * n / both
        self.n = both

    def scores(self) -> dict[str, float]:
        """Return R², and the root of the mean squared and the mean absolute error, as scikit-learn defines them."""
        # to import its own takes longer than all else here
        r2 = 1 - self.squares / self.spread if self.spread else float(self.squares == 0)
        return {
            "r2": r2 if self.n > 1 else float("nan"),
            "rmse": float(np.sqrt(self.squares / self.n)),
            "mae": self.absolute / self.n,
        }


def score_numbers(truth: Floats, values: Floats) -> dict[str, float]:
    """Return R², and the root of the mean squared and the mean absolute error, of numbers of shape ``(n_rows,)``."""
    sums = NumberSums()
    sums.add(truth, values)
    return sums.scores()


def _of_numbers(name: str) -> Callable[[Floats, Floats], float]:
    return lambda truth, values: score_numbers(truth, values)[name]


METRICS = {
    "accuracy": Metric("classification", False, accuracy),
    "balanced_accuracy": Metric("classification", False, balanced_accuracy),
    "f1": Metric("classification", False, f1),
    "auc": Metric("classification", False, auc),
    "log_loss": Metric("classification", True, log_loss),
    "r2": Metric("regression", False, _of_numbers("r2")),
    "rmse": Metric("regression", True, _of_numbers("rmse")),
    "mae": Metric("regression", True, _of_numbers("mae")),
}
"""Name → score."""
WORDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "auc": "AUC",
    "log_loss": "log-loss",
    "r2": "R²",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
}
"""Name → what people call it."""
