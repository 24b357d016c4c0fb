"""What the constructor's parameters may be, and the objects of `core` and `training` they stand for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from backlit.core import activations, losses
from backlit.core.custom import CustomActivation
from backlit.core.dropout import Dropout
from backlit.core.initialization import INITIALIZATIONS
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from backlit.core.penalty import Penalty
from backlit.core.precision import PRECISIONS
from backlit.core.residual_losses import Huber, Quantile
from backlit.engine import ENGINES, Objective
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.estimators.initial_network import SCIKIT_LEARN
from backlit.training.checkpoint import Checkpoint
from backlit.training.schedules import SCHEDULES, Constant, InverseScaling, Position, Schedule, get_schedule
from backlit.training.stopping import EarlyStopping

GRADIENT_DESCENT = ("sgd", "gd")
STOCHASTIC_SOLVERS = (*GRADIENT_DESCENT, "adam", "adamw", "rmsprop")
SCIKIT_LEARN_SCHEDULES = ("constant", "invscaling", "adaptive")
"""These apply to `GRADIENT_DESCENT` only, as in scikit-learn; the other solvers then keep their rate constant."""

_ACTIVATION_NAMES = {*activations.ACTIVATIONS, *activations.ALIASES}


class LossNames(StrOptions):  # type: ignore[misc]
    """The names of losses, also with a parameter in brackets; `fit` says what is wrong with a parameter."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether a value names a loss."""
        try:
            losses.loss_name(val)
        except UnknownNameError:
            return False
        except InvalidInputError:
            return True
        return isinstance(val, str)


CONSTRAINTS: dict[str, list[Any]] = {
    # zero and less are refused in fit, in the words of scikit-learn's
    "hidden_layer_sizes": ["array-like", Integral],
    "activation": [StrOptions(_ACTIVATION_NAMES), CustomActivation, list, tuple],
    "solver": [StrOptions({"lbfgs", *STOCHASTIC_SOLVERS})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions(set(SCHEDULES)), HasMethods(["rates", "on_plateau"])],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean", EarlyStopping],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "loss": [LossNames({*losses.LOSSES, *losses.ALIASES}), Huber, Quantile],
    "output_activation": [StrOptions(_ACTIVATION_NAMES), CustomActivation, None],
    "initialization": [StrOptions({SCIKIT_LEARN, *INITIALIZATIONS}), Network, None],
    "l2": [Interval(Real, 0, None, closed="left")],
    "l1": [Interval(Real, 0, None, closed="left")],
    "engine": [StrOptions(set(ENGINES))],
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    "dtype": [StrOptions({"float32", "float64"}), Options(type, {np.float32, np.float64}), None],
    "precision": [StrOptions(set(PRECISIONS))],
    "dropout": [Dropout, Interval(Real, 0, 1, closed="left"), None],
    "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
    "callbacks": [list, tuple, None],
    "checkpoint": [Checkpoint, None],
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "missing_values": [StrOptions({"refuse", "encode"})],
    "scoring": [str, callable, None],
}


def hidden_sizes(hidden_layer_sizes: Any) -> list[int]:
    """Return the hidden layers' sizes as a list, or raise where one is not positive."""
    sizes = list(hidden_layer_sizes) if hasattr(hidden_layer_sizes, "__iter__") else [hidden_layer_sizes]
    if not all(isinstance(size, Integral) for size in sizes):
        raise InvalidInputError(f"hidden_layer_sizes must hold a positive whole number a hidden layer, got {sizes}.")
    if any(size <= 0 for size in sizes):
        raise InvalidInputError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return sizes


def make_optimizer(estimator: Any) -> Optimizer:
    """Return the optimizer that an estimator's parameters describe."""
    match estimator.solver:
        case "sgd" | "gd":
            return SGD(estimator.momentum, bool(estimator.nesterovs_momentum), rate_in_velocity=True)
        case "rmsprop":
            return RMSprop(epsilon=estimator.epsilon)
        case "adamw":
            return AdamW(estimator.beta_1, estimator.beta_2, estimator.epsilon)
        case _:
            return Adam(estimator.beta_1, estimator.beta_2, estimator.epsilon)


def make_penalty(estimator: Any) -> Penalty:
    """Return the penalty that an estimator's parameters describe."""
    alpha = 0.0 if estimator.solver == "adamw" else float(estimator.alpha)
    return Penalty(l2=float(estimator.l2), l1=float(estimator.l1), alpha=alpha)


def make_objective(estimator: Any, seed: int) -> Objective:
    """Return what an estimator's parameters ask to minimize."""
    return Objective(losses.loss_name(estimator.loss), make_penalty(estimator), make_dropout(estimator), seed)


def make_dropout(estimator: Any) -> Dropout | None:
    """Return the dropout that an estimator's parameters describe."""
    dropout = estimator.dropout
    return dropout if dropout is None or isinstance(dropout, Dropout) else Dropout(float(dropout))


def make_stopping(estimator: Any) -> EarlyStopping:
    """Return the stopping rule that an estimator's parameters describe."""
    if isinstance(estimator.early_stopping, EarlyStopping):
        return estimator.early_stopping
    return EarlyStopping(
        monitor="validation_metric" if estimator.early_stopping else "cost",
        patience=float(estimator.n_iter_no_change),
        tolerance=float(estimator.tol),
        restore_best=bool(estimator.early_stopping),
    )


def make_schedule(estimator: Any, first_epoch: int) -> Schedule:
    """Return the schedule that an estimator's parameters describe, for a fit that begins after `first_epoch` epochs."""
    schedule = estimator.learning_rate
    if isinstance(schedule, str):
        if schedule == "invscaling" and estimator.solver in GRADIENT_DESCENT:
            return InverseScaling(float(estimator.power_t))
        if schedule in SCIKIT_LEARN_SCHEDULES and estimator.solver not in GRADIENT_DESCENT:
            return Constant()
        schedule = get_schedule(schedule)
    return SpanningFit(schedule, first_epoch, int(estimator.max_iter))


@dataclass(frozen=True)
class SpanningFit:
    """A schedule that counts its epochs from the beginning of a fit and has `max_iter` as its horizon.

    Without it a fit that goes on (`warm_start`) would begin where the schedule of the one before had ended, and
    `partial_fit`, which plans one epoch at a time, would be at the end of its schedule each time.
    """

    schedule: Schedule
    first_epoch: int
    max_iter: int

    def rates(self, rate: float, position: Position) -> NDArray[np.float64]:
        """See `Schedule.rates`."""
        inner = dataclasses.replace(position, epoch=position.epoch - self.first_epoch, n_epochs=self.max_iter)
        return self.schedule.rates(rate, inner)

    def on_plateau(self, rate: float) -> float | None:
        """See `Schedule.on_plateau`."""
        return self.schedule.on_plateau(rate)


def batch_rows(estimator: Any, n_rows: int) -> int:
    """Return the examples a step that an estimator's parameters ask for."""
    if estimator.solver == "gd":
        return n_rows
    return min(200, n_rows) if estimator.batch_size == "auto" else int(estimator.batch_size)
