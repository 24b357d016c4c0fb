"""A limit of time: how many epochs there is room for, and when to end.

The rates of a schedule that has a horizon fall towards the last epoch, and in a run that is simply cut off never do. So
after each epoch the number of epochs is planned anew: as many as the time that is left has room for, going by what the
epochs so far took. Results then depend on the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from backlit.errors import InvalidInputError
from backlit.training.events import EpochsPlanned, Event, StepsDone, TrainingEnded, TrainingStarted

_SLACK = 1.05
"""An epoch may take a little longer than those before it."""


@dataclass
class TimeLimit:
    """Seconds that a training may take, from when this is made.

    Attributes
    ----------
    seconds : float
    clock : callable, default time.monotonic
        Returns the time in seconds, from whenever.
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _first_epoch_began: float = field(init=False)
    _epochs_before: int = 0

    def __post_init__(self) -> None:
        self._began = self._first_epoch_began = self.clock()

    @classmethod
    def of(cls, seconds: float | None) -> TimeLimit | None:
        """Return a limit that begins now, or None for none."""
        return None if seconds is None else cls(seconds)

    def begin(self, epoch: int) -> None:
        """Take in that the first epoch begins, after so many that were done before."""
        self._first_epoch_began, self._epochs_before = self.clock(), epoch

    @property
    def left(self) -> float:
        """Seconds that are left; negative where the time is up."""
        return self.seconds - (self.clock() - self._began)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.left <= 0

    def epochs(self, epoch: int, wanted: int) -> int:
        """Return how many epochs there is time for in all, at most `wanted`, after so many are done."""
        now = self.clock()
        left = self.left
        each = (now - self._first_epoch_began) / (epoch - self._epochs_before)
        if left <= 0:
            return epoch
        return wanted if left >= (wanted - epoch) * each * _SLACK else epoch + int(left / (each * _SLACK))


def check_time(seconds: float | None) -> None:
    """Raise unless it is None or a number of seconds above 0."""
    if seconds is not None and not seconds > 0:
        raise InvalidInputError(f"max_time must be a number of seconds above 0, or None, but {seconds!r} came.")


@dataclass
class TimeRemarks:
    """A watcher that says what a limit of time does to a training.

    Attributes
    ----------
    say : callable
    seconds : float
        The limit.
    """

    say: Callable[[str], object]
    seconds: float
    _wanted: int = 0
    _has_planned: bool = False
    _rows: tuple[int, int] = (0, 0)

    def __call__(self, event: Event) -> None:
        """Say what is new in an event."""
        limit = f"{self.seconds:g} s"
        match event:
            case TrainingStarted():
                self._wanted = event.n_epochs
            case EpochsPlanned():
                if not self._has_planned and event.epoch < event.n_epochs:
                    self.say(
                        f"In {limit} there is time for about {event.n_epochs} of {event.wanted} epochs: "
                        "planned for those."
                    )
                self._has_planned = True
            case StepsDone():
                self._rows = event.rows_done, event.n_rows
            case TrainingEnded(reason="time limit"):
                self.say(self._ending(event.n_epochs, limit))

    def _ending(self, n_epochs: int, limit: str) -> str:
        if n_epochs == 0:
            done, n_rows = self._rows
            return (
                f"The time limit of {limit} came before the first epoch was done: the model has learned from "
                f"{done:,} of {n_rows:,} rows. Give more time, or fewer rows."
            )
        return f"The time limit of {limit} ended training after {n_epochs} of {self._wanted} epochs."
