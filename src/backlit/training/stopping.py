"""When to stop: patience with a cost or a metric that no longer improves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from backlit.errors import InvalidInputError, UnknownNameError

Monitor = Literal["cost", "validation_cost", "validation_metric"]


@dataclass(frozen=True)
class EarlyStopping:
    """Stop after more than `patience` epochs in a row without an improvement of `tolerance`.

    Attributes
    ----------
    monitor : {"cost", "validation_cost", "validation_metric"}, default "validation_metric"
        What to watch. Costs are to fall, a metric is to rise.
    patience : float, default 10
        Whole number of epochs, or infinity for never.
    tolerance : float, default 1e-4
    restore_best : bool, default True
        Give back the weights of the best epoch rather than the last.

    Examples
    --------
    >>> import backlit as bl
    >>> model = bl.MLPRegressor(early_stopping=bl.EarlyStopping("validation_cost"))
    >>> model.set_params(early_stopping__patience=5).early_stopping.patience
    5
    """

    monitor: Monitor = "validation_metric"
    patience: float = 10
    tolerance: float = 1e-4
    restore_best: bool = True

    def __post_init__(self) -> None:
        if self.monitor not in get_args(Monitor):
            raise UnknownNameError("quantity to monitor", self.monitor, get_args(Monitor))
        if self.patience < 0:
            raise InvalidInputError(f"patience must be a number of epochs, 0 or more, but {self.patience!r} came.")
        if not self.tolerance >= 0:
            raise InvalidInputError(f"tolerance must not be negative, but {self.tolerance!r} came.")


@dataclass
class StoppingState:
    """What patience remembers from epoch to epoch.

    Attributes
    ----------
    best : float
        Best value so far; for a metric that rises its negative, so that less is better. Infinite at the start.
    best_epoch : int
        Its epoch, counted from 1; 0 before the first.
    waited : int
        Epochs since the last improvement by more than the tolerance.
    gave_up : bool
        Whether training ended because nothing improved any more.
    """

    best: float = math.inf
    best_epoch: int = 0
    waited: int = 0
    gave_up: bool = False

    def see(self, value: float, epoch: int, tolerance: float) -> bool:
        """Take in the value of an epoch (less is better) and return whether it is the best so far."""
        # scikit-learn's rule: only an improvement by the tolerance resets the patience, but any improvement is the best
        self.waited = self.waited + 1 if not value <= self.best - tolerance else 0
        if not value < self.best:
            return False
        self.best, self.best_epoch = value, epoch
        return True
