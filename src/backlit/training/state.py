"""Where a training stands: what the next epoch depends on, and the history so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from backlit.core.network import Network
from backlit.training.stopping import StoppingState


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


@dataclass
class TrainingState:
    """Everything but the network and the optimizer's state that the next epoch depends on.

    Attributes
    ----------
    seed : int
        Source of the shuffles: the order of epoch e is a function of (seed, e).
    rate : float
        Base learning rate; an adaptive schedule changes it.
    epoch : int
        Epochs done.
    rows_seen : int
        Examples used, over all epochs.
    stopping : StoppingState
    best : Network or None
        The network, or the ensemble, of the best epoch, where it is to be restored.
    history : list of EpochRecord
    """

    seed: int
    rate: float
    epoch: int = 0
    rows_seen: int = 0
    stopping: StoppingState = field(default_factory=StoppingState)
    best: Network | None = None
    history: list[EpochRecord] = field(default_factory=list)
