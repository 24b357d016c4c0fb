"""What both estimators share: fitting, and feeding forward.

`coefs_` and `intercepts_` are the truth: whoever assigns or changes them changes the model, as in scikit-learn. A fit
works on a `Network` made from them, and all fitted attributes are set together when it has succeeded, so that a fit
that fails leaves the model of the one before.
"""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.optimize import _check_optimize_result
from sklearn.utils.validation import check_is_fitted

from backlit.core.dropout import Dropout
from backlit.core.losses import LossLike
from backlit.core.network import Network
from backlit.data import TableEncoder
from backlit.data.class_weights import ClassWeights
from backlit.data.labels import Targets
from backlit.engine.predictor import Predictor
from backlit.engine.protocol import Floats
from backlit.errors import DivergenceError, InvalidInputError
from backlit.estimators.going_on import Continuation, Fitted
from backlit.estimators.held_out import check_given, hold_out, make_validation
from backlit.estimators.hidden_layers import HiddenLayers
from backlit.estimators.inputs import takes_tables
from backlit.estimators.option_objects import WithOptionObjects
from backlit.estimators.parameters import STOCHASTIC_SOLVERS, fit_options, make_stopping
from backlit.estimators.prediction import KeptSessions, WeightArrays, outputs, outputs_of
from backlit.estimators.printing import Printer
from backlit.estimators.start import Start, start_of
from backlit.export.onnx import to_onnx
from backlit.persistence.checkpointing import keeping
from backlit.training.checkpoint import Checkpoint
from backlit.training.examples import Examples, Validation
from backlit.training.options import LBFGS
from backlit.training.plots import plot_confusion, plot_history, plot_weights
from backlit.training.run import Run
from backlit.training.state import EpochRecord
from backlit.training.stopping import EarlyStopping
from backlit.training.watch import Watcher

if TYPE_CHECKING:
    from backlit.explanation.trace.network_with_examples import NetworkWithExamples


def store_parameters(estimator: Any, given: dict[str, Any]) -> None:
    """Store a constructor's arguments, unchanged and by their names, as scikit-learn wants it."""
    for name, value in given.items():
        if name != "self":
            setattr(estimator, name, value)


def solver_is_stochastic(estimator: Any) -> bool:
    """Whether `partial_fit` exists for the solver; else the error that says so."""
    if estimator.solver not in STOCHASTIC_SOLVERS:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


class BaseMLP(HiddenLayers, TransformerMixin, WithOptionObjects, ABC):  # type: ignore[misc]
    """Fitting and feeding forward; what y means is up to the classes derived from it."""

    loss: LossLike
    hidden_layer_sizes: Any
    activation: str | Sequence[str]
    initialization: str | Network | None
    output_activation: str | None
    solver: str
    max_iter: int
    max_fun: int
    tol: float
    random_state: Any
    early_stopping: bool | EarlyStopping
    warm_start: bool
    verbose: bool
    dropout: Dropout | float | None
    clip_norm: float | None
    callbacks: list[Watcher] | None
    checkpoint: Checkpoint | None
    scoring: Any
    categorical_features: Any
    missing_values: str
    engine: str
    n_threads: int | None
    dtype: Any
    precision: str

    coefs_ = WeightArrays()
    intercepts_ = WeightArrays()
    history_: list[EpochRecord]
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    encoder_: TableEncoder | None
    _activations: tuple[str, ...]
    _continuation: Continuation
    _kept_sessions: KeptSessions

    to_onnx = to_onnx  # functions of a model that are its methods as well
    plot_history, plot_weights, plot_confusion = plot_history, plot_weights, plot_confusion

    @abstractmethod
    def _targets(self, y: Any, dtype: str, *, goes_on: bool, incremental: bool, classes: Any) -> Targets:
        """Return what to train on for y; `classes` are those that `partial_fit` was given."""

    def _class_weights(self, y: Any, sample_weight: Floats | None, targets: Targets) -> ClassWeights | None:
        """Return what the classes count, where there are any."""
        return None

    @abstractmethod
    def _check_target_type(self, y: Any) -> None:
        """Raise if y is not what this estimator learns."""

    @property
    def network_(self) -> Network:
        """The weights as a network of `backlit.core`; its arrays are views of `coefs_` and `intercepts_`."""
        check_is_fitted(self)
        self._kept_sessions.weights_are_known = True
        return self._network_of_coefs(self._activations, self._network_dtype())

    def __problem__(self, X: Any, y: Any, *, needs_y: bool = True) -> NetworkWithExamples:
        """Return the network with these examples as it sees them, for `backlit.explain`, `demon` and `diagnose`."""
        from backlit.estimators.problems import problem_of  # takes 30 ms, which a program that trains can do without

        check_is_fitted(self)
        return problem_of(self, X, y, needs_y=needs_y)

    def _network_of_coefs(self, activations: tuple[str, ...], dtype: str) -> Network:
        weights = tuple(np.asarray(coef, dtype=dtype).T for coef in vars(self)["coefs_"])
        biases = tuple(np.asarray(intercept, dtype=dtype) for intercept in vars(self)["intercepts_"])
        return Network(weights, biases, activations)

    def _weight_arrays(self) -> list[Floats]:
        """`coefs_` and `intercepts_`, of which nobody hears by this."""
        return [*vars(self)["coefs_"], *vars(self)["intercepts_"]]

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        incremental: bool = False,
        classes: Any = None,
        validation_data: tuple[Any, Any, Any] = (None, None, None),
    ) -> Self:
        if incremental and self.early_stopping:
            raise ValueError(f"partial_fit does not support early_stopping={self.early_stopping}")
        start = start_of(self, X, y, sample_weight, incremental=incremental, classes=classes)
        given = check_given(self, start, *validation_data)
        if self.solver == LBFGS:
            fitted = self._fit_lbfgs(start, make_validation(self, start, given))
        else:
            examples, held_out = hold_out(self, start, given)
            fitted = self._fit_stochastic(start, examples, make_validation(self, start, held_out), incremental)
        # the loop notices divergence itself, but not in an epoch that was interrupted
        _check_finite(fitted.network, len(fitted.history) + 1)
        self._keep(fitted, start)
        if fitted.reason == "all epochs done" and not incremental and self.solver != LBFGS:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                "hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return self

    def _initialize(self, X: Any, y: Any, classes: Any = None) -> Self:
        start = start_of(self, X, y, None, incremental=classes is not None, classes=classes, anew=True)
        self._keep(Fitted(start.network, [], "all epochs done", start.continuation, np.inf), start)
        return self

    def _fit_stochastic(
        self, start: Start, examples: Examples, validation: Validation | None, incremental: bool
    ) -> Fitted:
        continuation = start.continuation
        fit_began = continuation.next_fit_began(incremental=incremental)
        options = fit_options(self, seed=continuation.seed, fit_began=fit_began)
        state = continuation.next_state(options.rate, incremental=incremental)
        run = Run.of(
            options,
            start.network,
            self.loss,
            examples,
            validation,
            state=state,
            optimizer_state=continuation.usable_state(options.optimizer(), start.network),
            n_epochs=state.epoch + (1 if incremental else options.epochs),
        )
        watchers = self._watchers(options.stopping, fit_began)
        keeps = keeping(
            self._usable_checkpoint(incremental),
            watchers,
            say=print if self.verbose else lambda _: None,
            warn=lambda message: warnings.warn(message, stacklevel=2),
        )
        trained = run.train(watchers, keeping=keeps, ends_on_interrupt=True)
        return Fitted.of(trained, run, continuation, fit_began)

    def _watchers(self, stopping: EarlyStopping | None = None, fit_began: int = 0) -> list[Watcher]:
        return [*(self.callbacks or ()), *([Printer(stopping, fit_began)] if self.verbose else [])]

    def _usable_checkpoint(self, incremental: bool) -> Checkpoint | None:
        if self.checkpoint is None:
            return None
        if incremental:
            raise InvalidInputError(
                "partial_fit trains one epoch and keeps no checkpoints; use fit, or set checkpoint=None and pickle the "
                "estimator between the calls."
            )
        if not isinstance(self.random_state, Integral):
            raise InvalidInputError(
                f"Going on exactly from a checkpoint needs a fixed seed, but random_state is {self.random_state!r}. "
                "Give a whole number, such as random_state=0."
            )
        return self.checkpoint

    def _fit_lbfgs(self, start: Start, validation: Validation | None) -> Fitted:
        seed = start.continuation.seed
        run = Run.of(fit_options(self, seed=seed), start.network, self.loss, start.examples, validation)
        keeps = keeping(self.checkpoint, say=print, warn=print)  # which is refused
        trained = run.train(self._watchers(), keeping=keeps, ends_on_interrupt=True)
        if trained.reason in ("no improvement", "all epochs done"):
            _check_optimize_result("lbfgs", trained.search, self.max_iter)
        return Fitted(
            trained.network, trained.state.history, trained.reason, Continuation(seed), float(trained.search.fun)
        )

    def _keep(self, trained: Fitted, start: Start) -> None:
        """Set the fitted attributes."""
        self._set_network(trained.network, start)
        training = trained.continuation.training
        self._continuation = trained.continuation
        if not start.goes_on or not hasattr(self, "history_"):
            self.history_, self.loss_curve_ = [], []
            self.validation_loss_curve_, self.validation_scores_ = None, None
        self.history_ += trained.history
        self.loss_curve_ += [record.cost for record in trained.history]
        self.loss_ = trained.history[-1].cost if trained.history else trained.best
        self.n_iter_ = len(trained.history) if training is None else training.epoch - trained.continuation.fit_began
        self.t_ = 0 if training is None else training.rows_seen
        watches_cost = make_stopping(self).monitor == "cost" or training is None
        self.best_loss_: float | None = trained.best if watches_cost else None
        costs = [record.validation_cost for record in trained.history if record.validation_cost is not None]
        scores = [record.validation_metric for record in trained.history if record.validation_metric is not None]
        self.best_validation_score_: float | None = float(np.fmax.reduce(scores)) if scores else None
        if scores:
            self.validation_loss_curve_ = (self.validation_loss_curve_ or []) + costs
            self.validation_scores_ = (self.validation_scores_ or []) + scores

    def _set_network(self, network: Network, start: Start) -> None:
        self.coefs_ = [w.T for w in network.weights]
        self.intercepts_ = list(network.biases)
        self._activations = network.activations
        self.encoder_ = start.encoder
        self._kept_sessions = KeptSessions()  # after the weights, which nobody knows yet
        self.n_layers_, self.n_outputs_ = len(network.sizes), network.sizes[-1]
        self.out_activation_ = {"sigmoid": "logistic"}.get(network.activations[-1], network.activations[-1])
        for name, value in start.targets.fitted.items():
            setattr(self, name, value)

    def _as_fitted(self, network: Network, start: Start) -> Self:
        """Return this estimator as if training had ended with a network, for scorers."""
        fitted = copy.copy(self)
        fitted._set_network(network, start)
        return fitted

    def _outputs(self, X: Any, last_activation: str | None = None) -> Floats:
        """Return a^L, ``(n_examples, n_out)``, or with "identity" as the last activation z^L."""
        self._check_fitted()
        activations = self._activations
        if last_activation is not None:
            activations = (*activations[:-1], last_activation)
        return outputs(self, X, activations, self._network_dtype(), self._kept_sessions)

    def _feedforward(self, X: Any, network: Network) -> Floats:
        return outputs_of(self, X, network)

    def predictor(self) -> Predictor:
        """Return the network as it is now, ready to be asked again and again: a row takes a few microseconds.

        It gives outputs a^L: of a classifier, what each class is given, or the second of two. See `backlit.Predictor`.
        """
        return Predictor(self.network_, engine=self.engine, n_threads=self.n_threads)

    def _network_dtype(self) -> str:
        return "float32" if vars(self)["coefs_"][0].dtype == np.float32 else "float64"

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():  # asked first, because check_is_fitted takes its time
            check_is_fitted(self)

    def __sklearn_is_fitted__(self) -> bool:
        # coefs_ alone may have been put there by hand, to begin from
        return hasattr(self, "_activations")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tables = takes_tables(self)
        tags.input_tags.sparse = not tables and self.precision == "full"
        tags.input_tags.string = tags.input_tags.categorical = tables
        tags.input_tags.allow_nan = self.missing_values == "encode"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"] if self.dtype is None else []
        return tags


def _check_finite(network: Network, epoch: int) -> None:
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True), start=2):
        if not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise DivergenceError(epoch, layer)
