"""What a constructor's parameters mean in the room of training: `FitOptions`, and what `verbose=True` prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.optimizers import OPTIMIZERS
from backlit.training.events import EpochEnded, Event, TrainingEnded
from backlit.training.options import GRADIENT_DESCENT, LBFGS, FitOptions
from backlit.training.schedules import Constant, InverseScaling, Position, Schedule, get_schedule, has_horizon
from backlit.training.stopping import EarlyStopping

STOCHASTIC_SOLVERS = (*OPTIMIZERS, "gd")
SCIKIT_LEARN_SCHEDULES = ("constant", "invscaling", "adaptive")
"""These apply to `GRADIENT_DESCENT` only, as in scikit-learn; the other solvers then keep their rate constant."""


def fit_options(parameters: Mapping[str, Any], *, seed: int = 0, fit_began: int = 0) -> FitOptions:
    """Return how an estimator's parameters say to train.

    Parameters
    ----------
    parameters : dict
        By their names. Those that are named as a field of `FitOptions` mean the same.
    seed : int
        Source of all that is random, drawn from `random_state`.
    fit_began : int
        Epochs done before the fit, which schedules count from.
    """
    fields = {field.name for field in dataclasses.fields(FitOptions)}
    options = {name: _plain(value) for name, value in parameters.items() if name in fields}
    options |= {
        "learning_rate": float(parameters["learning_rate_init"]),
        "schedule": make_schedule(parameters, fit_began),
        "epochs": int(parameters["max_iter"]),
        "batch_size": None if parameters["batch_size"] == "auto" else int(parameters["batch_size"]),
        "usual_batch_size": 200,
        # scikit-learn's lbfgs takes no notice of patience either
        "stopping": None if parameters["solver"] == LBFGS else make_stopping(parameters),
        "gradient_tolerance": float(parameters["tol"]),
        "nesterov": bool(parameters["nesterovs_momentum"]),
        "rate_in_velocity": True,
        "seed": seed,
    }
    return FitOptions(**options)


def _plain(value: Any) -> Any:
    # NumPy's numbers come out of grids of settings
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def make_stopping(parameters: Mapping[str, Any]) -> EarlyStopping:
    """Return the stopping rule that an estimator's parameters describe."""
    early = parameters["early_stopping"]
    if isinstance(early, EarlyStopping):
        return early
    return EarlyStopping(
        monitor="validation_metric" if early else "cost",
        patience=float(parameters["n_iter_no_change"]),
        tolerance=float(parameters["tol"]),
        restore_best=bool(early),
    )


def make_schedule(parameters: Mapping[str, Any], first_epoch: int) -> Schedule:
    """Return the schedule that an estimator's parameters describe, for a fit that begins after `first_epoch` epochs."""
    schedule, descends = parameters["learning_rate"], parameters["solver"] in GRADIENT_DESCENT
    if isinstance(schedule, str):
        if schedule == "invscaling" and descends:
            return InverseScaling(float(parameters["power_t"]))
        if schedule in SCIKIT_LEARN_SCHEDULES and not descends:
            return Constant()
        schedule = get_schedule(schedule)
    return SpanningFit(schedule, first_epoch, int(parameters["max_iter"]))


@dataclass(frozen=True)
class SpanningFit:
    """A schedule that counts its epochs from the beginning of a fit and has `max_iter` as its horizon.

    Without it a fit that goes on (`warm_start`) would begin where the schedule of the one before had ended, and
    `partial_fit`, which plans one epoch at a time, would be at the end of its schedule each time.
    """

    schedule: Schedule
    first_epoch: int
    max_iter: int

    @property
    def has_horizon(self) -> bool:
        """See `Schedule`."""
        return has_horizon(self.schedule)

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        inner = dataclasses.replace(position, epoch=position.epoch - self.first_epoch, n_epochs=self.max_iter)
        return self.schedule.rates(rate, inner)

    def on_plateau(self, rate: float) -> float | None:
        """See `Schedule.on_plateau`."""
        return self.schedule.on_plateau(rate)


_WATCHED = {"cost": "Training loss", "validation_cost": "Validation loss", "validation_metric": "Validation score"}


@dataclass
class Printer:
    """A listener that prints a line per epoch, in scikit-learn's words.

    Attributes
    ----------
    stopping : EarlyStopping or None
        What is watched.
    first_epoch : int
        Epochs done before this fit, which counts its own.
    """

    stopping: EarlyStopping | None = None
    first_epoch: int = 0

    def __call__(self, event: Event) -> None:
        """Print what an event says."""
        if isinstance(event, EpochEnded):
            record = event.record
            print(f"Iteration {record.epoch - self.first_epoch}, loss = {record.cost:.8f}")
            if record.validation_metric is not None:
                print(f"Validation score: {record.validation_metric:f}")
        elif isinstance(event, TrainingEnded) and event.reason == "no improvement" and self.stopping is not None:
            watched = _WATCHED[self.stopping.monitor]
            print(
                f"{watched} did not improve more than tol={self.stopping.tolerance:f} "
                f"for {self.stopping.patience:g} consecutive epochs. Stopping."
            )
