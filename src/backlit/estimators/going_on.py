"""What a fit begins with, what it leaves, and how the next one goes on from there: `partial_fit`, and `warm_start`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.core.network import Network
from backlit.core.optimizers import Optimizer
from backlit.data import TableEncoder
from backlit.data.class_weights import ClassWeights
from backlit.data.labels import Targets
from backlit.engine.protocol import OptimizerState
from backlit.training.events import Reason
from backlit.training.examples import Examples
from backlit.training.run import Run, Trained
from backlit.training.state import EpochRecord, TrainingState
from backlit.training.stopping import StoppingState


@dataclass(frozen=True, eq=False)
class Continuation:
    """All that the next `partial_fit`, or a `fit` with `warm_start`, goes on from, but for the weights.

    Attributes
    ----------
    seed : int
        Source of all that is random.
    training : TrainingState or None
        None before the first epoch. Its history is always empty; the estimator keeps the whole.
    optimizer : Optimizer or None
    optimizer_state : OptimizerState or None
    fit_began : int
        Epochs done when the last `fit` began.
    """

    seed: int
    training: TrainingState | None = None
    optimizer: Optimizer | None = None
    optimizer_state: OptimizerState | None = None
    fit_began: int = 0

    def next_fit_began(self, *, incremental: bool) -> int:
        """Return the epochs done when the fit that comes next began; `partial_fit` belongs to the one before."""
        if self.training is None:
            return 0
        return self.fit_began if incremental else self.training.epoch

    def next_state(self, rate: float, *, incremental: bool) -> TrainingState:
        """Return a state that may be changed; a `fit` begins with new patience and its own learning rate."""
        if self.training is None:
            return TrainingState(self.seed, rate)
        if incremental:
            stopping = dataclasses.replace(self.training.stopping, gave_up=False)
            return dataclasses.replace(self.training, stopping=stopping, history=[])
        return dataclasses.replace(self.training, rate=rate, stopping=StoppingState(), history=[])

    def from_where_it_left(self, network: Network) -> tuple[Network, Continuation]:
        """Return what the next step is taken from, and what else to go on from.

        Where a moving average of the weights predicts, steps go on from the weights themselves; unless the estimator's
        weights are others by now, of which there is no average.
        """
        before = self.training
        if before is None or before.average is None or before.left_off is None:
            return network, self
        if _are_same(network, before.average):
            return before.left_off, self
        return network, dataclasses.replace(self, training=dataclasses.replace(before, average=None, left_off=None))

    def usable_state(self, optimizer: Optimizer, network: Network) -> OptimizerState | None:
        """Return the optimizer's state; None where another solver, or weights of other shapes, cannot go on with it."""
        before, state = self.optimizer, self.optimizer_state
        if before is None or state is None or (before.name, before.slots) != (optimizer.name, optimizer.slots):
            return None
        fits = all(
            slot.shape == w.shape for slots, w in zip(state.weights, network.weights, strict=False) for slot in slots
        )
        return state if fits and len(state.weights) == len(network.weights) else None


def _are_same(one: Network, other: Network) -> bool:
    arrays = zip((*one.weights, *one.biases), (*other.weights, *other.biases), strict=True)
    return one.dtype == other.dtype and all(np.array_equal(a, b) for a, b in arrays)


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


@dataclass(frozen=True, eq=False)
class Fitted:
    """What came of a fit.

    Attributes
    ----------
    network : Network
    history : list of EpochRecord
        Of this fit alone.
    reason : Reason
        Why it ended.
    continuation : Continuation
    best : float
        Best of what was watched: a cost, or the negative of a validation score.
    watched_cost : bool
        Whether that is the cost of the training rows.
    """

    network: Network
    history: list[EpochRecord]
    reason: Reason
    continuation: Continuation
    best: float
    watched_cost: bool = True

    @classmethod
    def of(cls, trained: Trained, run: Run, continuation: Continuation, fit_began: int) -> Fitted:
        """Return what a run left, and what the next fit goes on from."""
        state, stopping = trained.state, run.plan.stopping
        if trained.search is not None:  # SciPy's solver leaves nothing to go on from but the weights
            reached = Continuation(continuation.seed)
            return cls(trained.network, state.history, trained.reason, reached, float(trained.search.fun))
        if state.best is not None:  # which the next fit goes on from
            state.average = state.left_off = None
        history, state.history, state.best = state.history, [], None
        reached = Continuation(continuation.seed, state, run.optimizer, trained.optimizer_state, fit_began)
        watched_cost = stopping is None or stopping.monitor == "cost"
        return cls(trained.network, history, trained.reason, reached, state.stopping.best, watched_cost)
