"""What a fit leaves, and what is asked of it: the weights, what the network gives for X, the network itself.

`coefs_` and `intercepts_` are the truth: whoever assigns or changes them changes the model, as in scikit-learn.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from backlit.core.losses import LossLike, loss_name
from backlit.core.network import Network
from backlit.data.labels import Targets
from backlit.engine import get_engine
from backlit.engine.predictor import Predictor
from backlit.engine.protocol import Floats, Objective
from backlit.errors import InvalidInputError, NotFiniteError
from backlit.estimators.going_on import Continuation, Fitted, Start
from backlit.estimators.inputs import TakesInputs, as_matrix
from backlit.estimators.prediction import KeptSessions, WeightArrays, Weights, as_it_is, in_chunks
from backlit.export.onnx import to_onnx
from backlit.training.events import Watcher
from backlit.training.options import LBFGS
from backlit.training.plots import plot_confusion, plot_history, plot_weights
from backlit.training.recording import Recorder
from backlit.training.state import EpochRecord

if TYPE_CHECKING:
    from backlit.explanation.trace.network_with_examples import NetworkWithExamples


class FittedNetwork(TakesInputs):
    """The fitted attributes of both estimators."""

    loss: LossLike
    solver: str
    learning_rate_init: float
    callbacks: Sequence[Watcher] | None
    engine: str
    n_threads: int | None

    coefs_ = WeightArrays()
    intercepts_ = WeightArrays()
    history_: list[EpochRecord]
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    best_loss_: float | None
    best_validation_score_: float | None
    _activations: tuple[str, ...]
    _continuation: Continuation
    _kept_sessions: KeptSessions

    to_onnx = to_onnx  # functions of a model that are its methods as well
    plot_history, plot_weights, plot_confusion = plot_history, plot_weights, plot_confusion

    @abstractmethod
    def _targets(self, y: Any, dtype: str, *, goes_on: bool, incremental: bool, classes: Any) -> Targets:
        """Return what to train on for y; `classes` are those that `partial_fit` was given."""

    @property
    def network_(self) -> Network:
        """The weights as a network of `backlit.core`; its arrays are views of `coefs_` and `intercepts_`."""
        check_is_fitted(self)
        self._kept_sessions.weights_are_known = True
        return self._weights().network(self._activations)

    def predictor(self) -> Predictor:
        """Return the network as it is now, ready to be asked again and again: a row takes a few microseconds.

        It gives outputs a^L: of a classifier, what each class is given, or the second of two. See `backlit.Predictor`.
        """
        return Predictor(self.network_, engine=self.engine, n_threads=self.n_threads)

    def __network_with_examples__(self, X: Any, y: Any, *, needs_y: bool = True) -> NetworkWithExamples:
        """Return the network with these examples as it sees them, for `backlit.explain`, `demon` and `diagnose`.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``; or one example, ``(n_features,)``
        y : array-like, ``(n_examples,)`` or ``(n_examples, n_out)``; for one example its label or number; or None
        needs_y : bool
            Whether to raise where y is None.
        """
        # takes 30 ms, which a program that trains can do without
        from backlit.explanation.trace.network_with_examples import ModelFacts, NetworkWithExamples

        check_is_fitted(self)
        X, y = _as_rows(X, y, needs_y=needs_y)
        network, encoder, table, targets = self.network_, getattr(self, "encoder_", None), X, None
        if y is None:
            X = self._check_rows(X)
        else:
            X, y = self._check_examples(X, y, encoder, reset=False)
            targets = self._targets(y, network.dtype, goes_on=True, incremental=True, classes=None).values
        x = as_matrix(X, network.dtype)
        # one output for two classes stands for the second
        classes = [str(label) for label in getattr(self, "classes_", ())][-network.sizes[-1] :]
        rate = None if self.solver == LBFGS else float(self.learning_rate_init)
        facts = ModelFacts(learning_rate=rate, output_names=classes or None)
        if encoder is not None:
            encodings = lambda: [encoder.describe_row(table, i) for i in range(len(x))]  # noqa: E731
            facts = replace(facts, encodings=encodings)
        recorder = next((each for each in self.callbacks or () if isinstance(each, Recorder)), None)
        history = () if recorder is None else recorder.history
        return NetworkWithExamples(network, x, targets, loss_name(self.loss), history, facts)

    def _outputs(self, X: Any, last_activation: str | None = None) -> Floats:
        """Return a^L, ``(n_examples, n_out)``, or with "identity" as the last activation z^L."""
        self._check_fitted()
        activations = self._activations
        if last_activation is not None:
            activations = (*activations[:-1], last_activation)
        weights = self._weights()
        as_it_came = self._is_plain(X) and X.dtype == weights.dtype and X.flags.c_contiguous
        if not as_it_came:
            X = self._check_rows(X)
        with self._kept_sessions.session(weights, activations, self.engine, self.n_threads) as session:
            if as_it_came:
                with suppress(NotFiniteError):
                    return as_it_is(session, X)
                self._check_rows(X)  # which says where
            return in_chunks(session, X, weights.dtype)

    def _outputs_of(self, network: Network, X: Any) -> Floats:
        """Return the outputs of another network than this estimator's own, ``(n_examples, n_out)``."""
        X = self._check_rows(X)
        session = get_engine(self.engine).open(network, Objective(), n_threads=self.n_threads)
        return in_chunks(session, X, network.dtype)

    def _weights(self) -> Weights:
        return Weights(vars(self)["coefs_"], vars(self)["intercepts_"])

    def _keep(self, fitted: Fitted, start: Start) -> None:
        """Set the fitted attributes."""
        self._set_network(fitted.network, start)
        training = fitted.continuation.training
        self._continuation = fitted.continuation
        if not start.goes_on or not hasattr(self, "history_"):
            self.history_, self.loss_curve_ = [], []
            self.validation_loss_curve_, self.validation_scores_ = None, None
        self.history_ += fitted.history
        self.loss_curve_ += [record.cost for record in fitted.history]
        self.loss_ = fitted.history[-1].cost if fitted.history else fitted.best
        self.n_iter_ = len(fitted.history) if training is None else training.epoch - fitted.continuation.fit_began
        self.t_ = 0 if training is None else training.rows_seen
        self.best_loss_ = fitted.best if fitted.watched_cost else None
        costs = [record.validation_cost for record in fitted.history if record.validation_cost is not None]
        scores = [record.validation_metric for record in fitted.history if record.validation_metric is not None]
        self.best_validation_score_ = float(np.fmax.reduce(scores)) if scores else None
        if scores:
            self.validation_loss_curve_ = (self.validation_loss_curve_ or []) + costs
            self.validation_scores_ = (self.validation_scores_ or []) + scores

    def _set_network(self, network: Network, start: Start) -> None:
        self.coefs_ = [w.T for w in network.weights]
        self.intercepts_ = list(network.biases)
        self._activations = network.activations
        self.encoder_ = start.encoder
        self._kept_sessions = KeptSessions()  # after the weights, which are known to no caller yet
        self.n_layers_, self.n_outputs_ = len(network.sizes), network.sizes[-1]
        self.out_activation_ = {"sigmoid": "logistic"}.get(network.activations[-1], network.activations[-1])
        for name, value in start.targets.fitted.items():
            setattr(self, name, value)

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():  # asked first, because check_is_fitted takes its time
            check_is_fitted(self)

    def __sklearn_is_fitted__(self) -> bool:
        # coefs_ alone may have been put there by hand, to begin from
        return hasattr(self, "_activations")


def _as_rows(X: Any, y: Any, *, needs_y: bool) -> tuple[Any, Any]:
    # a single example is a batch of one
    if X is None:
        raise InvalidInputError("An estimator needs the examples X to look at, but none came. Give X, and y with it.")
    if isinstance(X, list | np.ndarray) and np.ndim(X) == 1:
        X = np.reshape(X, (1, -1))
        y = None if y is None else np.reshape(y, (1, -1)) if np.size(y) > 1 else np.ravel(y)
    if y is None and needs_y:
        raise InvalidInputError("An estimator needs the targets y, or there is no cost to look at. Give them.")
    return X, y
