"""What the constructor's parameters may be, what they mean, and the objects of `core` and `training` they stand for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from backlit.core import activations, losses
from backlit.core.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from backlit.core.penalty import Penalty
from backlit.engine import ENGINES
from backlit.errors import InvalidInputError
from backlit.training.checkpoint import Checkpoint
from backlit.training.schedules import SCHEDULES, Constant, InverseScaling, Position, Schedule, get_schedule
from backlit.training.stopping import EarlyStopping

GRADIENT_DESCENT = ("sgd", "gd")
STOCHASTIC_SOLVERS = (*GRADIENT_DESCENT, "adam", "adamw", "rmsprop")
SCIKIT_LEARN_SCHEDULES = ("constant", "invscaling", "adaptive")
"""These apply to `GRADIENT_DESCENT` only, as in scikit-learn; the other solvers then keep their rate constant."""

_ACTIVATION_NAMES = {*activations.ACTIVATIONS, *activations.ALIASES}

CONSTRAINTS: dict[str, list[Any]] = {
    # zero and less are refused in fit, in the words of scikit-learn's
    "hidden_layer_sizes": ["array-like", Integral],
    "activation": [StrOptions(_ACTIVATION_NAMES)],
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
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "loss": [StrOptions({*losses.LOSSES, *losses.ALIASES})],
    "output_activation": [StrOptions(_ACTIVATION_NAMES), None],
    "l2": [Interval(Real, 0, None, closed="left")],
    "l1": [Interval(Real, 0, None, closed="left")],
    "engine": [StrOptions(set(ENGINES))],
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    "dtype": [StrOptions({"float32", "float64"}), Options(type, {np.float32, np.float64}), None],
    "callbacks": [list, tuple, None],
    "checkpoint": [Checkpoint, None],
}

COMMON_PARAMETERS = """\
hidden_layer_sizes : int or sequence of int, default (100,)
        Neurons of each hidden layer.
    activation : str, default "relu"
        σ of the hidden layers: any name of `backlit.core.activations.ACTIVATIONS`, or scikit-learn's "logistic".
    solver : {"adam", "sgd", "gd", "adamw", "rmsprop", "lbfgs"}, default "adam"
        "sgd" has `momentum`; "gd" is the same with all rows in one batch. "adamw" is PyTorch's Adam with decoupled
        weight decay of 0.01, and ignores `alpha`. "lbfgs" is SciPy's L-BFGS-B, which uses all rows in every step.
    alpha : float, default 0.0001
        scikit-learn's penalty, ``alpha / (2 · batch weight) · Σ w²``. It weakens as batches grow; prefer `l2`.
    batch_size : int or "auto", default "auto"
        Examples a step. "auto" is ``min(200, n_examples)``.
    learning_rate : str or Schedule, default "constant"
        "constant"; "invscaling", ``learning_rate_init / (t + 1)^power_t`` with t the examples seen before the epoch;
        "adaptive", divided by 5 on every plateau; these three count for "sgd" and "gd" only, as in scikit-learn.
        "step", "cosine", "one_cycle" and the objects of `backlit.training.schedules` count for every solver but
        "lbfgs"; those with a horizon span `max_iter` epochs from the beginning of `fit`.
    learning_rate_init : float, default 0.001
        Base learning rate.
    power_t : float, default 0.5
        Exponent of "invscaling".
    max_iter : int, default 200
        Most epochs of a fit; for "lbfgs", most iterations.
    shuffle : bool, default True
        Whether each epoch draws its own order of the examples.
    random_state : int, RandomState instance or None, default None
        Source of initial weights, shuffles and the validation split. An int fixes them all.
    tol : float, default 1e-4
        A smaller improvement of the training loss, or with `early_stopping` of the validation score, counts as none.
        For "lbfgs", the largest component of the gradient at which it stops.
    verbose : bool, default False
        Print a line an epoch.
    warm_start : bool, default False
        Go on from the weights, the optimizer's memory and the epoch counter of the fit before. `coefs_` and
        `intercepts_` may be assigned in between, or before the first fit.
    momentum : float, default 0.9
        Of "sgd" and "gd".
    nesterovs_momentum : bool, default True
        Of "sgd" and "gd".
    early_stopping : bool, default False
        Set `validation_fraction` of the rows aside, stop when the score on them no longer improves, and keep the best
        epoch's weights. Without it the training loss is watched, and the last weights are kept.
    validation_fraction : float, default 0.1
        Share of rows for validation.
    beta_1, beta_2 : float, default 0.9 and 0.999
        Of "adam" and "adamw".
    epsilon : float, default 1e-8
        Of "adam", "adamw" and "rmsprop".
    n_iter_no_change : int or inf, default 10
        Epochs without improvement that are put up with.
    max_fun : int, default 15000
        Most evaluations of the loss by "lbfgs"."""

NEW_PARAMETERS = """\
l2, l1 : float, default 0
        Penalty ``(l2/2) Σ w² + l1 Σ |w|``, which means the same for every batch size, data size and solver.
    engine : {"auto", "native", "reference"}, default "auto"
        What computes; "auto" is the compiled engine where it is installed.
    n_threads : int, optional
        Most threads of the native engine. Results do not depend on it.
    dtype : {"float32", "float64"}, optional
        Precision of weights and arithmetic. Default: float32 for X of float32, else float64.
    callbacks : list of callable, optional
        Each is called with every event of `backlit.training.events`; returning True asks training to stop after the
        epoch.
    checkpoint : Checkpoint, optional
        Keep the state of `fit` in a folder. After a stop, `fit` with the same data and parameters goes on from there
        and ends with the same bits. Needs a whole number as `random_state`, and any solver but "lbfgs"."""

COMMON_ATTRIBUTES = """\
coefs_ : list of ndarray, ``(n_in, n_out)``
        Weights of each layer, in scikit-learn's layout (transposed from the lecture's).
    intercepts_ : list of ndarray, ``(n_out,)``
    network_ : Network
        The same weights as a `backlit.core.network.Network`.
    loss_ : float
        Cost of the last epoch, the penalty included.
    loss_curve_ : list of float
        Cost of each epoch (for "lbfgs": iteration), over all fits that went on from one another.
    best_loss_ : float or None
        Least cost of the last fit; None with early stopping.
    validation_scores_ : list of float or None
        Score on the validation rows after each epoch.
    best_validation_score_ : float or None
        The best of the last fit.
    history_ : list of EpochRecord
        What is known of each epoch.
    n_iter_ : int
        Epochs of the last `fit` and of the `partial_fit` calls after it.
    t_ : int
        Examples used, over all epochs.
    n_layers_, n_outputs_ : int
        Layers, input and output included, and output neurons.
    out_activation_ : str
        σ of the output layer, by scikit-learn's name.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, ``(n_features_in_,)``
        Only where X had names."""


def documented(cls: type) -> type:
    """Fill the parts that both classes share into a class's docstring, so that every option is described once."""
    assert cls.__doc__ is not None
    for part in ("COMMON_PARAMETERS", "NEW_PARAMETERS", "COMMON_ATTRIBUTES"):
        cls.__doc__ = cls.__doc__.replace("{" + part + "}", globals()[part])
    return cls


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


def make_stopping(estimator: Any) -> EarlyStopping:
    """Return the stopping rule that an estimator's parameters describe."""
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
