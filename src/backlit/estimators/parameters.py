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
from backlit.core.optimizers import OPTIMIZERS
from backlit.core.precision import PRECISIONS
from backlit.core.residual_losses import Huber, Quantile
from backlit.engine import ENGINES
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.estimators.initial_network import SCIKIT_LEARN
from backlit.training.checkpoint import Checkpoint
from backlit.training.options import GRADIENT_DESCENT, LBFGS, FitOptions
from backlit.training.schedules import SCHEDULES, Constant, InverseScaling, Position, Schedule, get_schedule
from backlit.training.stopping import EarlyStopping

STOCHASTIC_SOLVERS = (*OPTIMIZERS, "gd")
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
    "solver": [StrOptions({LBFGS, *STOCHASTIC_SOLVERS})],
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


def fit_options(estimator: Any, *, seed: int = 0, fit_began: int = 0) -> FitOptions:
    """Return how an estimator's parameters say to train.

    Parameters
    ----------
    estimator : BaseMLP
    seed : int
        Source of all that is random, drawn from `random_state`.
    fit_began : int
        Epochs done before the fit, which schedules count from.
    """
    dropout = estimator.dropout
    return FitOptions(
        solver=estimator.solver,
        learning_rate=float(estimator.learning_rate_init),
        schedule=make_schedule(estimator, fit_began),
        epochs=int(estimator.max_iter),
        batch_size=None if estimator.batch_size == "auto" else int(estimator.batch_size),
        usual_batch_size=200,
        shuffle=bool(estimator.shuffle),
        # scikit-learn's lbfgs takes no notice of patience either
        stopping=None if estimator.solver == LBFGS else make_stopping(estimator),
        momentum=estimator.momentum,
        nesterov=bool(estimator.nesterovs_momentum),
        rate_in_velocity=True,
        beta_1=estimator.beta_1,
        beta_2=estimator.beta_2,
        epsilon=estimator.epsilon,
        max_fun=int(estimator.max_fun),
        gradient_tolerance=float(estimator.tol),
        clip_norm=None if estimator.clip_norm is None else float(estimator.clip_norm),
        alpha=float(estimator.alpha),
        l2=float(estimator.l2),
        l1=float(estimator.l1),
        dropout=dropout if dropout is None or isinstance(dropout, Dropout) else float(dropout),
        seed=seed,
        engine=estimator.engine,
        n_threads=estimator.n_threads,
        precision=estimator.precision,
    )


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
