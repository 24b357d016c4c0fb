"""What a training begins with: checked examples, targets, weights, and what it goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backlit.core.network import Network
from backlit.data import TableEncoder
from backlit.data.class_weights import ClassWeights
from backlit.data.labels import Targets
from backlit.estimators.going_on import Continuation
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
