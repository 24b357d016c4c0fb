"""What the constructor's parameters may be and what they mean, and what a fit leaves: names, ranges and words.

A parameter that both estimators have stands here once, its range in `CONSTRAINTS` and its words below. Besides, it is
in both constructors, where scikit-learn looks for it, and in `FitOptions`, which says what it does.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from backlit.core import activations, losses
from backlit.core.custom import CustomActivation
from backlit.core.dropout import Dropout
from backlit.core.initialization import INITIALIZATIONS
from backlit.core.network import Network
from backlit.core.precision import PRECISIONS
from backlit.core.residual_losses import Huber, Quantile
from backlit.engine import ENGINES
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.estimators.fit_options import STOCHASTIC_SOLVERS
from backlit.estimators.initial_network import SCIKIT_LEARN
from backlit.estimators.scikit_learn import HasMethods, Interval, Options, StrOptions
from backlit.training.checkpoint import Checkpoint
from backlit.training.options import LBFGS
from backlit.training.schedules import SCHEDULES
from backlit.training.stopping import EarlyStopping

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
    "weight_average": [Interval(Real, 0, 1, closed="left")],
    "callbacks": [list, tuple, None],
    "checkpoint": [Checkpoint, None],
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "missing_values": [StrOptions({"refuse", "encode"})],
    "scoring": [str, callable, None],
}

COMMON_PARAMETERS = """\
hidden_layer_sizes : int or sequence of int, default (100,)
        Neurons of each hidden layer.
    activation : str or list of str, default "relu"
        σ of the hidden layers: any name of `backlit.core.activations.ACTIVATIONS`, or scikit-learn's "logistic", or a
        `CustomActivation`. One for all layers, or a list with one for each.
    solver : {"adam", "sgd", "gd", "adamw", "rmsprop", "lbfgs"}, default "adam"
        "sgd" has `momentum`; "gd" is the lecture's plain descent on all rows. "adamw" is PyTorch's Adam with decoupled
        weight decay of 0.01, and ignores `alpha`. "lbfgs" is SciPy's L-BFGS-B, which uses all rows in every step.
    alpha : float, default 0.0001
        scikit-learn's penalty, ``alpha / (2 · batch weight) · Σ w²``. It weakens as batches grow; prefer `l2`.
    batch_size : int or "auto", default "auto"
        Examples per step. "auto" is ``min(200, n_examples)``.
    learning_rate : str or Schedule, default "constant"
        "constant"; "invscaling", ``learning_rate_init / (t + 1)^power_t`` with t the examples seen before the epoch;
        "adaptive", divided by 5 on every plateau; these three count for "sgd" and "gd" only, as in scikit-learn.
        "step", "cosine", "one_cycle", "coslog4", "flat_cos" and the objects of `backlit.training.schedules` count for
        every solver but "lbfgs"; those with a horizon span `max_iter` epochs from the beginning of `fit`.
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
        Print a line per epoch.
    warm_start : bool, default False
        Go on from the weights, the optimizer's memory and the epoch counter of the fit before. `coefs_` and
        `intercepts_` may be assigned in between, or before the first fit.
    momentum : float, default 0.9
        Of "sgd".
    nesterovs_momentum : bool, default True
        Of "sgd".
    early_stopping : bool or EarlyStopping, default False
        Set `validation_fraction` of the rows aside, stop when the score on them no longer improves, and keep the best
        epoch's weights. Without it the training loss is watched, and the last weights are kept. True takes
        `n_iter_no_change` and `tol`; an `EarlyStopping` has its own patience and tolerance, and says what is watched.
    validation_fraction : float, default 0.1
        Share of rows for validation, where `fit` gets no `X_val` and `y_val`.
    beta_1, beta_2 : float, default 0.9 and 0.999
        Of "adam" and "adamw".
    epsilon : float, default 1e-8
        Of "adam", "adamw" and "rmsprop". At least 1e-30.
    n_iter_no_change : int or inf, default 10
        Epochs without improvement that are put up with.
    max_fun : int, default 15000
        Most evaluations of the loss by "lbfgs"."""

NEW_PARAMETERS = """\
initialization : str, Network or None, default "scikit_learn"
        How weights begin: the very numbers that scikit-learn draws for the same `random_state`; a name of
        `backlit.core.initialization.INITIALIZATIONS`; None for what suits each layer's activation; or a `Network` to
        begin from, of the sizes and activations that the parameters ask for. Where a fit goes on, it has no say.
    l2, l1 : float, default 0
        Penalty ``(l2/2) Σ w² + l1 Σ |w|``, which means the same for every batch size, data size and solver.
    engine : {"auto", "native", "reference"}, default "auto"
        What computes; "auto" is the compiled engine where it is installed.
    n_threads : int, optional
        Most threads of the native engine. Results do not depend on it.
    dtype : {"float32", "float64"}, optional
        Of weights and arithmetic. Default: float32 for X of float32 or less than full `precision`, else float64.
    precision : {"full", "bfloat16", "bfloat16x3"}, default "full"
        What training rounds the operands of its products to. "bfloat16" is faster and less exact on processors that
        have AVX512_BF16; others refuse. "bfloat16x3" sums three such products and is nearly as exact as float32.
        Weights, sums and steps are float32 with either, and a fitted model predicts in float32.
    dropout : Dropout or float, optional
        Share of the hidden neurons, or with `Dropout` of each layer's and of the inputs, that is left out in each step.
        Any solver but "lbfgs".
    clip_norm : float, optional
        The largest norm of the whole gradient of a step, the penalty's part included; a longer one is shortened. Any
        solver but "lbfgs".
    weight_average : float, default 0
        Decay a step of a moving average of the weights, which is scored, and given back, in place of the last ones:
        0.99; 0 for none. A fit that goes on takes its steps from the last ones. Any solver but "lbfgs".
    callbacks : list of callable, optional
        Each is called with every event of `backlit.training.events`; returning True asks training to stop after the
        epoch. `CSVLog` is one; docs/callbacks.md has more.
    checkpoint : Checkpoint, optional
        Keep the state of `fit` in a folder. After a stop, `fit` with the same data and parameters goes on from there
        and ends with the same bits. Needs a whole number as `random_state`, and any solver but "lbfgs".
    scoring : str or callable, optional
        How the validation rows are scored after each epoch: one of scikit-learn's scorers, by name or as
        ``(estimator, X, y) → float``. Default: the accuracy, or R².
    categorical_features : "from_dtype", or array-like of str, int or bool, optional
        Take tables of any columns as X, data frames of pandas or polars above all: a `TableEncoder`, learned from the
        training rows, scales numbers and gives each value of a category, such as text, an input of its own.
        "from_dtype" tells categories by their type; names, positions from 0 or a mask choose more. Default: X holds
        numbers, which the network gets as they are.
    missing_values : {"refuse", "encode"}, default "refuse"
        "encode" takes missing values in X, also by a `TableEncoder`: a number that is missing is the median, and an
        input of its own says so where values were missing in training."""

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
    validation_loss_curve_ : list of float or None
        Cost of the validation rows after each epoch, the penalty not included; None where there were no such rows.
    validation_scores_ : list of float or None
        Score on the validation rows after each epoch.
    best_validation_score_ : float or None
        The best score of the last fit.
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
    encoder_ : TableEncoder or None
        What X goes through before the network, where `categorical_features` or `missing_values` ask for it.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, ``(n_features_in_,)``
        Only where X had names."""


def documented(cls: type) -> type:
    """Fill the parts that both classes share into a class's docstring, so that every parameter is described once."""
    assert cls.__doc__ is not None
    for part in ("COMMON_PARAMETERS", "NEW_PARAMETERS", "COMMON_ATTRIBUTES"):
        cls.__doc__ = cls.__doc__.replace("{" + part + "}", globals()[part])
    return cls
