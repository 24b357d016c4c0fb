"""What training tells whoever listens: a progress bar, a callback, the lab.

docs/callbacks.md describes the protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Reason = Literal["all epochs done", "no improvement", "stopped by a listener", "interrupted"]


@dataclass(frozen=True)
class EpochRecord:
    """One line of the history. Epochs count from 1.

    Attributes
    ----------
    cost : float
        Mean of the batches' costs, each as it was met; the penalty included.
    validation_cost, validation_metric : float or None
        At the end of the epoch, where there is validation data; without the penalty.
    learning_rate : float
        At the last step.
    """

    epoch: int
    cost: float
    learning_rate: float
    validation_cost: float | None = None
    validation_metric: float | None = None


@dataclass(frozen=True)
class TrainingStarted:
    """Training begins.

    Attributes
    ----------
    n_epochs, n_rows, n_steps : int
        Epochs planned in all, training rows, steps an epoch.
    first_epoch : int
        More than 1 where training goes on.
    metric : str
        What the validation metric is called.
    """

    n_epochs: int
    n_rows: int
    n_steps: int
    first_epoch: int = 1
    metric: str = "score"


@dataclass(frozen=True)
class StepsDone:
    """A part of an epoch is done. Sent a few times a second at most."""

    epoch: int
    rows_done: int
    n_rows: int


@dataclass(frozen=True)
class EpochEnded:
    """An epoch is done."""

    record: EpochRecord
    is_best: bool
    rows_per_second: float


@dataclass(frozen=True)
class TrainingEnded:
    """Training is over.

    Attributes
    ----------
    n_epochs : int
        Epochs done in all.
    best_epoch : int
        Epoch whose weights the network has, where early stopping restored the best; else the last.
    """

    reason: Reason
    n_epochs: int
    best_epoch: int


Event = TrainingStarted | StepsDone | EpochEnded | TrainingEnded

Listener = Callable[[Event], object]
"""Called with every event; returning True asks training to stop after the current epoch."""
