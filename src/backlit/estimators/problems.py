"""A fitted estimator as the problem that `backlit.explain`, `demon` and `diagnose` look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from backlit.core.losses import loss_name
from backlit.errors import InvalidInputError
from backlit.estimators.inputs import as_matrix, check_examples, check_rows
from backlit.explanation.trace.network_with_examples import ModelFacts, NetworkWithExamples
from backlit.training.recording import Recorder


def problem_of(estimator: Any, X: Any, y: Any, *, needs_y: bool) -> NetworkWithExamples:
    """Return an estimator's network with examples as the network sees them.

    Parameters
    ----------
    estimator : BaseMLP
        Fitted.
    X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``; or one example, ``(n_features,)``
    y : array-like, ``(n_examples,)`` or ``(n_examples, n_out)``; for one example its label or number; or None
    needs_y : bool
        Whether to raise where y is None.
    """
    if X is None:
        raise InvalidInputError("An estimator needs the examples X to look at, but none came. Give X, and y with it.")
    if isinstance(X, list | np.ndarray) and np.ndim(X) == 1:
        X = np.reshape(X, (1, -1))
        y = None if y is None else np.reshape(y, (1, -1)) if np.size(y) > 1 else np.ravel(y)
    if y is None and needs_y:
        raise InvalidInputError("An estimator needs the targets y, or there is no cost to look at. Give them.")
    network, targets, table = estimator.network_, None, X
    encoder = getattr(estimator, "encoder_", None)
    if y is None:
        X = check_rows(estimator, X)
    else:
        X, y = check_examples(estimator, X, y, encoder, reset=False)
        targets = estimator._targets(y, network.dtype, goes_on=True, incremental=True, classes=None).values
    recorders = [listener for listener in estimator.callbacks or () if isinstance(listener, Recorder)]
    history = recorders[0].history if recorders else ()
    x = as_matrix(X, network.dtype)
    setting = _setting(estimator, network.sizes[-1])
    if encoder is not None:
        encodings = lambda: [encoder.describe_row(table, i) for i in range(len(x))]  # noqa: E731
        setting = replace(setting, encodings=encodings)
    return NetworkWithExamples(network, x, targets, loss_name(estimator.loss), history, setting)


def _setting(estimator: Any, n_outputs: int) -> ModelFacts:
    names = None
    if hasattr(estimator, "classes_"):
        # one output for two classes stands for the second
        names = [str(label) for label in estimator.classes_][-n_outputs:]
    rate = None if estimator.solver == "lbfgs" else float(estimator.learning_rate_init)
    return ModelFacts(learning_rate=rate, output_names=names)
