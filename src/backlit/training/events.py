"""What training tells whoever watches it, and the one protocol for that: `Watcher`.

Progress bars, callbacks, logs, recorders and checkpoints are all called with these events. docs/callbacks.md describes
them for those who write their own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from backlit.errors import DivergenceError
from backlit.training.state import EpochRecord as EpochRecord  # it has always been found here
from backlit.training.state import TrainingState

if TYPE_CHECKING:
    from backlit.engine.protocol import Session
    from backlit.training.examples import Source


Reason = Literal["all epochs done", "no improvement", "stopped by a listener", "time limit", "interrupted"]


class _PointsIntoTraining:
    """An event that points into the training: what is copied or pickled does without, for it ends with the training."""

    def __getstate__(self) -> dict[str, object]:
        without = {"session": None, "examples": None, "state": None}
        return {name: without.get(name, value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class TrainingStarted(_PointsIntoTraining):
    """Training begins.

    Attributes
    ----------
    n_epochs, n_rows, n_steps : int
        Epochs planned in all, training rows, steps per epoch.
    first_epoch : int
        More than 1 where training goes on.
    metric : str
        What the validation metric is called.
    session : Session or None
        Holds the network; to be looked at, not changed.
    examples : Source or None
        The training rows.
    """

    n_epochs: int
    n_rows: int
    n_steps: int
    first_epoch: int = 1
    metric: str = "score"
    session: Session | None = field(default=None, repr=False, compare=False)
    examples: Source | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class StepsDone:
    """A part of an epoch is done. Sent a few times a second at most."""

    epoch: int
    rows_done: int
    n_rows: int


@dataclass(frozen=True)
class PartSettled(_PointsIntoTraining):
    """A part of an epoch is done, after which a run can go on later: of rows that are read from a cache.

    Returning True asks training to stop here. Where it does, the event comes once more, with `is_last`.
    """

    state: TrainingState = field(repr=False, compare=False)
    session: Session = field(repr=False, compare=False)
    is_last: bool


@dataclass(frozen=True)
class EpochEnded(_PointsIntoTraining):
    """An epoch is done. `session` is that of `TrainingStarted`."""

    record: EpochRecord
    is_best: bool
    rows_per_second: float
    session: Session | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class EpochsPlanned:
    """The time limit has room for another number of epochs than was planned. Sent after the end of an epoch.

    Attributes
    ----------
    epoch : int
        Epochs done.
    n_epochs : int
        Epochs in all that there is time for.
    wanted : int
        Epochs that were asked for.
    """

    epoch: int
    n_epochs: int
    wanted: int


@dataclass(frozen=True)
class EpochSettled(_PointsIntoTraining):
    """All that the end of an epoch decides is decided: patience, an adaptive rate, whether another epoch follows.

    What is kept now is where a run that did not stop would be, too; checkpoints are written here.

    Attributes
    ----------
    state : TrainingState
        Brought forward by the next epoch; copy what is to be kept.
    session : Session
        Holds the network and the optimizer's state.
    is_last : bool
        Whether training ends here, for whatever reason.
    """

    state: TrainingState = field(repr=False, compare=False)
    session: Session = field(repr=False, compare=False)
    is_last: bool


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


Event = TrainingStarted | StepsDone | PartSettled | EpochEnded | EpochsPlanned | EpochSettled | TrainingEnded


Watcher: TypeAlias = Callable[[Event], object]
"""Called with every event; returning True at the end of an epoch, or of a part, asks training to stop there."""


def asks_to_stop(answer: object) -> bool:
    """Whether what a watcher returned is True, or NumPy's own True; other values, such as a number, ask for nothing."""
    return isinstance(answer, bool | np.bool_) and bool(answer)


def drive(events: Generator[Event, bool | None, None], watchers: Sequence[Watcher] = ()) -> None:
    """Run a training to its end, telling each watcher of each event.

    Raises
    ------
    DivergenceError
        With what a watcher that writes a history had seen till then.
    """
    try:
        event = next(events)
        while True:
            wants_stop = [asks_to_stop(watcher(event)) for watcher in watchers]
            event = events.send(any(wants_stop))
    except StopIteration:
        return
    except DivergenceError as error:
        tell_history(error, watchers)
        raise


def tell_history(error: DivergenceError, watchers: Sequence[Watcher]) -> None:
    """Give an error what a watcher that writes a history had seen till then."""
    error.history = next((watcher.history for watcher in watchers if hasattr(watcher, "history")), ())
