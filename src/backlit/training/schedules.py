"""How the learning rate changes during training.

A schedule is a frozen description. `rates` gives the learning rate of every step of an epoch at once, because a whole
epoch is one call of the engine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from backlit.errors import InvalidInputError, UnknownNameError


@dataclass(frozen=True)
class Position:
    """Where training stands at the start of an epoch.

    Attributes
    ----------
    epoch : int
        Epochs finished.
    n_epochs : int
        Epochs planned; the horizon of schedules that have one.
    n_steps : int
        Steps in an epoch.
    rows_seen : int
        Examples used so far, over all epochs.
    """

    epoch: int
    n_epochs: int
    n_steps: int
    rows_seen: int

    def progress(self) -> NDArray[np.float64]:
        """Share of all planned steps done before each step of this epoch, in [0, 1), ``(n_steps,)``."""
        steps = np.arange(self.n_steps) + self.epoch * self.n_steps
        return np.minimum(steps / max(1, self.n_epochs * self.n_steps), 1.0)


class Schedule(Protocol):
    """Gives the learning rates of an epoch.

    One whose rates depend on how many epochs are planned says so with an attribute ``has_horizon``; where none says
    otherwise, it is taken to be so.
    """

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """Return the learning rate of each step of an epoch, ``(n_steps,)``, for the base rate given."""
        ...

    def on_plateau(self, rate: float) -> float | None:
        """Return the base rate to go on with when nothing improves any more, or None to stop."""
        ...


def has_horizon(schedule: Schedule) -> bool:
    """Whether the rates of a schedule depend on how many epochs are planned."""
    return bool(getattr(schedule, "has_horizon", True))


class _StopsOnPlateau:
    has_horizon: ClassVar[bool] = False

    def on_plateau(self, rate: float) -> float | None:
        """Stop."""
        return None


@dataclass(frozen=True)
class Constant(_StopsOnPlateau):
    """The base rate throughout."""

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        return np.full(position.n_steps, rate)


@dataclass(frozen=True)
class InverseScaling(_StopsOnPlateau):
    """``rate / (t + 1)^power`` with t the examples seen before the epoch, as in scikit-learn."""

    power: float = 0.5

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        return np.full(position.n_steps, rate / (position.rows_seen + 1) ** self.power)


@dataclass(frozen=True)
class Adaptive:
    """The base rate, divided by `factor` on every plateau until it is at most `minimum`, as in scikit-learn."""

    factor: float = 5.0
    minimum: float = 1e-6
    has_horizon: ClassVar[bool] = False

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        return np.full(position.n_steps, rate)

    def on_plateau(self, rate: float) -> float | None:
        """Divide, or stop where the rate is small already."""
        return None if rate <= self.minimum else rate / self.factor


@dataclass(frozen=True)
class Step(_StopsOnPlateau):
    """The base rate times `factor` after every `every` epochs."""

    every: int = 10
    factor: float = 0.1

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InvalidInputError(f"Step(every=) must be at least 1 epoch, but {self.every!r} came.")

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        return np.full(position.n_steps, rate * self.factor ** (position.epoch // self.every))


@dataclass(frozen=True)
class Cosine(_StopsOnPlateau):
    """From the base rate to `final` times it along half a cosine (Loshchilov and Hutter 2017)."""

    final: float = 0.0
    has_horizon: ClassVar[bool] = True

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        return rate * _cosine(1.0, self.final, position.progress())


@dataclass(frozen=True)
class OneCycle(_StopsOnPlateau):
    """Up from ``rate / start`` to the base rate, then down to ``rate / end``, both along cosines (Smith 2018).

    Attributes
    ----------
    warmup : float, default 0.3
        Share of the steps spent going up.
    start, end : float, default 25 and 1e4
        Divisors of the base rate.
    """

    warmup: float = 0.3
    start: float = 25.0
    end: float = 1e4
    has_horizon: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 < self.warmup < 1:
            raise InvalidInputError(f"OneCycle(warmup=) must lie between 0 and 1, but {self.warmup!r} came.")

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        progress = position.progress()
        up = _cosine(1.0 / self.start, 1.0, progress / self.warmup)
        down = _cosine(1.0, 1.0 / self.end, (progress - self.warmup) / (1.0 - self.warmup))
        return rate * np.where(progress < self.warmup, up, down)


@dataclass(frozen=True)
class CosLog4(_StopsOnPlateau):
    """Four waves from 0 to the base rate and back, each twice as long as the last (RealMLP, arXiv 2407.04491).

    ``rate · ½ (1 − cos(2π log₂(1 + 15 t)))`` with t the share of training that is done. It ends at 0, and passes by 0
    three times before, so that an early epoch may be as good as the last.
    """

    has_horizon: ClassVar[bool] = True

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        return rate * 0.5 * (1.0 - np.cos(2 * math.pi * np.log2(1.0 + 15.0 * position.progress())))


@dataclass(frozen=True)
class FlatCos(_StopsOnPlateau):
    """The base rate for half of training, then down to 0 along half a cosine (RealMLP, arXiv 2407.04491)."""

    has_horizon: ClassVar[bool] = True

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        return rate * _cosine(1.0, 0.0, np.maximum(0.0, 2.0 * position.progress() - 1.0))


def _cosine(first: float, last: float, progress: NDArray[np.float64]) -> NDArray[np.float64]:
    return last + (first - last) * 0.5 * (1.0 + np.cos(math.pi * progress))


SCHEDULES: dict[str, type[Any]] = {
    "constant": Constant,
    "invscaling": InverseScaling,
    "adaptive": Adaptive,
    "step": Step,
    "cosine": Cosine,
    "one_cycle": OneCycle,
    "coslog4": CosLog4,
    "flat_cos": FlatCos,
}
"""Schedules by the names that estimators and the command line take."""


def get_schedule(schedule: str | Schedule, **options: float) -> Schedule:
    """Return a schedule by name with the given options, or the schedule itself."""
    if not isinstance(schedule, str):
        return schedule
    if schedule not in SCHEDULES:
        raise UnknownNameError("learning-rate schedule", schedule, SCHEDULES)
    result: Schedule = SCHEDULES[schedule](**options)
    return result
