"""Fitting, which both estimators share.

A fit works on a `Network` of its own, and all fitted attributes are set together when it has succeeded, so that a fit
that fails leaves the model of the one before. What the parameters say of training becomes `FitOptions`, and a `Run`
does the rest.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from backlit.core.network import Network
from backlit.data.class_weights import ClassWeights
from backlit.data.labels import Targets
from backlit.engine.protocol import Floats
from backlit.errors import DivergenceError, InvalidInputError
from backlit.estimators import fit_tasks
from backlit.estimators.fit_options import STOCHASTIC_SOLVERS, Printer, fit_options, make_stopping
from backlit.estimators.going_on import Continuation, Fitted, Start
from backlit.estimators.held_out import HeldOut, hold_out
from backlit.estimators.hidden_layers import HiddenLayers
from backlit.estimators.initial_network import (
    Shape,
    check_shapes_to_go_on,
    first_network,
    hidden_activations,
    hidden_sizes,
    seed_of,
)
from backlit.estimators.inputs import as_input, check_weight, for_scorers
from backlit.estimators.scikit_learn import warn_if_not_converged
from backlit.persistence.checkpointing import keeping
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import Watcher
from backlit.training.examples import Examples, Validation
from backlit.training.options import LBFGS
from backlit.training.run import Run
from backlit.training.stopping import EarlyStopping


class BaseMLP(CallbackSupportMixin, HiddenLayers):  # type: ignore[misc]
    """Fitting; what y means is up to the classes derived from it."""

    hidden_layer_sizes: Any
    activation: str | Sequence[str]
    initialization: str | Network | None
    output_activation: str | None
    max_iter: int
    random_state: Any
    early_stopping: bool | EarlyStopping
    validation_fraction: float
    warm_start: bool
    verbose: bool
    checkpoint: Checkpoint | None
    scoring: Any
    precision: str
    _parameter_constraints: ClassVar[dict[str, list[Any]]]

    def _class_weights(self, y: Any, sample_weight: Floats | None, targets: Targets) -> ClassWeights | None:
        """Return what the classes count, where there are any."""
        return None

    def _store_parameters(self, given: dict[str, Any]) -> None:
        """Store a constructor's arguments, unchanged and by their names, as scikit-learn wants it."""
        for name, value in given.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    def _parameters(self) -> dict[str, Any]:
        # what get_params(deep=False) gives, which takes 0.3 ms: too much for the partial_fit of a few rows
        return {name: getattr(self, name) for name in self._parameter_constraints}

    def _has_partial_fit(self) -> bool:
        """Whether `partial_fit` exists for the solver; else the error that says so."""
        if self.solver not in STOCHASTIC_SOLVERS:
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        return True

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
        start = self._start(X, y, sample_weight, incremental=incremental, classes=classes)
        examples, held_out = start.examples, self._given_rows(start, *validation_data)
        splits = self.solver != LBFGS and make_stopping(self._parameters()).monitor != "cost"
        if held_out is None and splits:
            examples, held_out = hold_out(start, float(self.validation_fraction))
        fitted = self._train(start, examples, self._validation(start, held_out), incremental)
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
        start = self._start(X, y, None, incremental=classes is not None, classes=classes, anew=True)
        self._keep(Fitted(start.network, [], "all epochs done", start.continuation, np.inf), start)
        return self

    def _start(
        self, X: Any, y: Any, sample_weight: Any, *, incremental: bool, classes: Any, anew: bool = False
    ) -> Start:
        """Return what a training begins with; nothing is changed but what is known of X's columns.

        Parameters
        ----------
        X, y, sample_weight, classes
            See `MLPClassifier.partial_fit`.
        incremental : bool
            Whether this is `partial_fit`.
        anew : bool, default False
            Whether to begin anew in any case.
        """
        hidden = hidden_sizes(self.hidden_layer_sizes)
        goes_on = not anew and hasattr(self, "coefs_") and (incremental or self.warm_start)
        came, columns_are_known = X, goes_on and hasattr(self, "n_features_in_")
        encoder = getattr(self, "encoder_", None) if columns_are_known else self._learn_encoder(X)
        X, y = self._check_examples(X, y, encoder, reset=not columns_are_known)
        dtype = self._dtype_of_training(str(X.dtype), goes_on=goes_on)
        x = as_input(X, dtype)
        targets = self._targets(y, dtype, goes_on=goes_on, incremental=incremental, classes=classes)
        weight = check_weight(sample_weight, x, dtype)
        class_weights = self._class_weights(y, weight, targets)
        if class_weights is not None:
            weight = class_weights.times(y, weight, dtype)

        activations = (*hidden_activations(self.activation, len(hidden)), targets.output_activation)
        shape = Shape([x.shape[1], *hidden, targets.values.shape[1]], activations, dtype)
        continuation = getattr(self, "_continuation", None) if goes_on else None
        rng = check_random_state(self.random_state)
        if goes_on:
            check_shapes_to_go_on(self.coefs_, shape.sizes)
            network = self._weights().network(activations, dtype)
        else:
            network = first_network(shape, self.initialization, self.activation, self.random_state, rng)
        if continuation is None:
            continuation = Continuation(seed_of(self.random_state, rng))
        network, continuation = continuation.from_where_it_left(network)
        examples = Examples(x, targets.values, weight)
        rows = for_scorers(came, X, encoder)
        return Start(network, rows, y, encoder, targets, examples, class_weights, continuation, goes_on)

    def _dtype_of_training(self, dtype_of_X: str, *, goes_on: bool) -> str:
        if self.dtype is not None:
            return str(np.dtype(self.dtype))
        if self.precision != "full":
            return "float32"
        # weights that are gone on from decide, so that one batch of another type does not round them
        return self._weights().dtype if goes_on else "float64" if dtype_of_X == "uint8" else dtype_of_X

    def _given_rows(self, start: Start, X_val: Any, y_val: Any, sample_weight_val: Any) -> HeldOut | None:
        """Return the validation rows that the user gave, with the columns and classes of the training rows, or None."""
        if X_val is None and y_val is None and sample_weight_val is None:
            return None
        if X_val is None or y_val is None:
            raise InvalidInputError(
                f"Validation data need both X_val and y_val, but {'X_val' if X_val is None else 'y_val'} did not come."
            )
        X, y = self._check_examples(X_val, y_val, start.encoder, reset=False)
        dtype = start.network.dtype
        x = as_input(X, dtype)
        targets = start.targets.others(y)
        weight = check_weight(sample_weight_val, x, dtype)
        if start.class_weights is not None:
            weight = start.class_weights.times(y, weight, dtype)
        return HeldOut(
            lambda: (for_scorers(X_val, X, start.encoder), y),
            Examples(x, targets.values, weight),
            lambda outputs: targets.score(outputs, slice(None), weight),
        )

    def _validation(self, start: Start, held_out: HeldOut | None) -> Validation | None:
        """Return how to validate: by the estimator's own measure, or by the scorer that it was given."""
        if self.scoring is None:
            return None if held_out is None else Validation(held_out.examples, held_out.score)
        from sklearn.metrics import check_scoring  # takes 50 ms, which most programs can do without

        scorer = check_scoring(self, self.scoring)  # an unknown one is refused also where none is needed
        if held_out is None:
            return None
        return held_out.scored_by(self.scoring, scorer, lambda network: self._as_fitted(network, start))

    def _as_fitted(self, network: Network, start: Start) -> Self:
        fitted = copy.copy(self)
        fitted._set_network(network, start)
        return fitted

    def _train(self, start: Start, examples: Examples, validation: Validation | None, incremental: bool) -> Fitted:
        # SciPy's solver goes on from the weights alone
        continuation = Continuation(start.continuation.seed) if self.solver == LBFGS else start.continuation
        fit_began = continuation.next_fit_began(incremental=incremental)
        options = fit_options(self._parameters(), seed=continuation.seed, fit_began=fit_began)
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
        watchers: list[Watcher] = [*(self.callbacks or ())]
        if self.verbose:
            watchers.append(Printer(options.stopping, fit_began))
        keeps = keeping(
            self._usable_checkpoint(incremental),
            watchers,
            say=print if self.verbose else lambda _: None,
            warn=lambda message: warnings.warn(message, stacklevel=2),
        )
        if fit_tasks.are_asked_for(self) and not incremental:
            watchers.append(fit_tasks.FitTasks(self, start.X, start.y, lambda network: self._as_fitted(network, start)))
        trained = with_callbacks(lambda _: run.train(watchers, keeping=keeps, ends_on_interrupt=True))(self)
        if trained.search is not None and trained.reason in ("no improvement", "all epochs done"):
            warn_if_not_converged(self.solver, trained.search, self.max_iter)
        return Fitted.of(trained, run, continuation, fit_began)

    def _usable_checkpoint(self, incremental: bool) -> Checkpoint | None:
        if self.checkpoint is None:
            return None
        if incremental:
            raise InvalidInputError(
                "partial_fit trains one epoch and keeps no checkpoints; use fit, or set checkpoint=None and pickle the "
                "estimator between the calls."
            )
        if not isinstance(self.random_state, Integral) and self.solver != LBFGS:
            raise InvalidInputError(
                f"Going on exactly from a checkpoint needs a fixed seed, but random_state is {self.random_state!r}. "
                "Give a whole number, such as random_state=0."
            )
        return self.checkpoint

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tables = self._takes_tables()
        tags.input_tags.sparse = not tables and self.precision == "full"
        tags.input_tags.string = tags.input_tags.categorical = tables
        tags.input_tags.allow_nan = self.missing_values == "encode"
        return tags


def _check_finite(network: Network, epoch: int) -> None:
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True), start=2):
        if not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise DivergenceError(epoch, layer)
