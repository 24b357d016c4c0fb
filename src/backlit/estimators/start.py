"""What a training begins with: checked examples, targets, weights, and what it goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from backlit.core.network import Network
from backlit.data import TableEncoder
from backlit.data.class_weights import ClassWeights
from backlit.data.labels import Targets
from backlit.engine.protocol import Floats, Inputs
from backlit.estimators.going_on import Continuation
from backlit.estimators.initial_network import check_shapes_to_go_on, first_network, hidden_activations, seed_of
from backlit.estimators.inputs import as_input, check_examples, for_scorers, learn_encoder
from backlit.estimators.parameters import hidden_sizes
from backlit.training.examples import Examples


@dataclass(frozen=True, eq=False)
class Start:
    """What a training begins with.

    Attributes
    ----------
    network : Network
    X, y : array-like
        The rows as scorers are to see them.
    encoder : TableEncoder or None
        What X goes through before the network.
    targets : Targets
    examples : Examples
        The rows as the network sees them.
    class_weights : ClassWeights or None
        They are in the weights of `examples` already.
    continuation : Continuation
        What to go on from; not changed.
    goes_on : bool
        Whether it goes on from the estimator's weights.
    """

    network: Network
    X: Any
    y: Any
    encoder: TableEncoder | None
    targets: Targets
    examples: Examples
    class_weights: ClassWeights | None
    continuation: Continuation
    goes_on: bool


def start_of(
    estimator: Any, X: Any, y: Any, sample_weight: Any, *, incremental: bool, classes: Any, anew: bool = False
) -> Start:
    """Return what a training begins with.

    Of the estimator nothing is changed but what is known of X's columns.

    Parameters
    ----------
    estimator : BaseMLP
    X, y, sample_weight, classes
        See `MLPClassifier.partial_fit`.
    incremental : bool
        Whether this is `partial_fit`.
    anew : bool, default False
        Whether to begin anew in any case.
    """
    sizes = hidden_sizes(estimator.hidden_layer_sizes)
    goes_on = not anew and hasattr(estimator, "coefs_") and (incremental or estimator.warm_start)
    came, columns_are_known = X, goes_on and hasattr(estimator, "n_features_in_")
    encoder = getattr(estimator, "encoder_", None) if columns_are_known else learn_encoder(estimator, X)
    X, y = check_examples(estimator, X, y, encoder, reset=not columns_are_known)
    dtype = _dtype(estimator, X, goes_on)
    x = as_input(X, dtype)
    targets = estimator._targets(y, dtype, goes_on=goes_on, incremental=incremental, classes=classes)
    weight = check_weight(sample_weight, x)
    class_weights = estimator._class_weights(y, weight, targets)
    if class_weights is not None:
        weight = class_weights.times(y, weight, dtype)

    activations = (*hidden_activations(estimator.activation, len(sizes)), targets.output_activation)
    all_sizes = [x.shape[1], *sizes, targets.values.shape[1]]
    continuation = getattr(estimator, "_continuation", None) if goes_on else None
    rng = check_random_state(estimator.random_state)
    if goes_on:
        check_shapes_to_go_on(estimator.coefs_, all_sizes)
        network = estimator._network_of_coefs(activations, dtype)
    else:
        network = first_network(estimator, all_sizes, activations, dtype, rng)
    if continuation is None:
        continuation = Continuation(seed_of(estimator.random_state, rng))
    examples = Examples(x, targets.values, weight)
    rows = for_scorers(came, X, encoder)
    return Start(network, rows, y, encoder, targets, examples, class_weights, continuation, goes_on)


def check_weight(sample_weight: Any, x: Inputs) -> Floats | None:
    """Return sample weights as an array, ``(n_examples,)``, or None."""
    if sample_weight is None:
        return None
    checked: Floats = _check_sample_weight(sample_weight, x, dtype=x.dtype, ensure_non_negative=True)
    return checked


def _dtype(estimator: Any, X: Any, goes_on: bool) -> str:
    if estimator.dtype is not None:
        return str(np.dtype(estimator.dtype))
    if estimator.precision != "full":
        return "float32"
    # weights that are gone on from decide, so that one batch of another type does not round them
    dtype: str = estimator._network_dtype() if goes_on else str(X.dtype)
    return dtype
