"""Training by stochastic gradient descent: an estimator's parameters become a plan for `backlit.training.loop`."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from backlit.core.network import Network
from backlit.core.optimizers import Optimizer
from backlit.engine.protocol import Engine, Objective, OptimizerState
from backlit.errors import InvalidInputError
from backlit.estimators.checkpointing import checkpointed
from backlit.estimators.parameters import batch_rows, make_optimizer, make_schedule, make_stopping
from backlit.estimators.printing import Printer
from backlit.estimators.run_description import Run
from backlit.estimators.start import Continuation, Start
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochRecord, Event, Listener, Reason, TrainingEnded
from backlit.training.examples import Examples, Validation
from backlit.training.loop import Plan, TrainingState, drive, restore_best, train
from backlit.training.recording import Recorder
from backlit.training.stopping import StoppingState


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of a training.

    Attributes
    ----------
    network : Network
    history : list of EpochRecord
        Of this training alone.
    reason : Reason
        Why it ended.
    continuation : Continuation
    best : float
        Best monitored cost of this fit, or the negative of the best validation score.
    """

    network: Network
    history: list[EpochRecord]
    reason: Reason
    continuation: Continuation
    best: float


@dataclass
class _LastReason:
    reason: Reason = "interrupted"

    def __call__(self, event: Event) -> None:
        if isinstance(event, TrainingEnded):
            self.reason = event.reason


def train_stochastic(
    estimator: Any,
    engine: Engine,
    objective: Objective,
    start: Start,
    examples: Examples,
    validation: Validation | None,
    *,
    incremental: bool,
) -> Trained:
    """Train a network for up to `max_iter` epochs, or for one if `incremental`.

    Ctrl-C ends training with a warning and keeps what was reached.

    Parameters
    ----------
    estimator : BaseMLP
        Gives the parameters.
    engine : Engine
    objective : Objective
    start : Start
    examples : Examples
        The rows to train on.
    validation : Validation or None
    incremental : bool
        Whether this is `partial_fit`, which goes on with patience and learning rate where a `fit` begins anew.
    """
    network, continuation = start.network, start.continuation
    state, fit_began = _next_state(estimator, continuation, incremental)
    optimizer = make_optimizer(estimator)
    optimizer_state = _usable_state(continuation, optimizer, network)
    plan = Plan(
        n_epochs=state.epoch + (1 if incremental else int(estimator.max_iter)),
        batch_size=batch_rows(estimator, len(examples)),
        schedule=make_schedule(estimator, fit_began),
        stopping=make_stopping(estimator),
        shuffle=bool(estimator.shuffle),
    )
    ended = _LastReason()
    listeners: list[Listener] = [ended, *(estimator.callbacks or ())]
    if estimator.verbose:
        listeners.append(Printer(plan.stopping, fit_began))
    clip_norm = None if estimator.clip_norm is None else float(estimator.clip_norm)
    run = Run(engine, network, objective, optimizer, optimizer_state, examples, plan, state, validation, clip_norm)
    recorder = next((each for each in listeners if isinstance(each, Recorder)), None)
    checkpoint = _checkpoint(estimator, incremental)
    with checkpointed(run, checkpoint, recorder, say=_speaker(estimator), warn=_warn) as (run, keeper):
        state = run.state
        session = engine.open(
            run.network, objective, optimizer, run.optimizer_state, estimator.n_threads, clip_norm=clip_norm
        )
        try:
            drive(train(session, examples, plan, state, validation, keeper, recorder), listeners)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
            restore_best(session, state)
            for listener in listeners:
                listener(TrainingEnded("interrupted", state.epoch, state.stopping.best_epoch or state.epoch))
    history, state.history, state.best = state.history, [], None
    reached = Continuation(continuation.seed, state, optimizer, session.optimizer_state(), fit_began)
    return Trained(session.network(), history, ended.reason, reached, state.stopping.best)


def _checkpoint(estimator: Any, incremental: bool) -> Checkpoint | None:
    checkpoint: Checkpoint | None = estimator.checkpoint
    if checkpoint is None:
        return None
    if incremental:
        raise InvalidInputError(
            "partial_fit trains one epoch and keeps no checkpoints; use fit, or set checkpoint=None and pickle the "
            "estimator between the calls."
        )
    if not isinstance(estimator.random_state, Integral):
        raise InvalidInputError(
            f"Going on exactly from a checkpoint needs a fixed seed, but random_state is {estimator.random_state!r}. "
            "Give a whole number, such as random_state=0."
        )
    return checkpoint


def _speaker(estimator: Any) -> Callable[[str], object]:
    return print if estimator.verbose else lambda _: None


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=2)


def _next_state(estimator: Any, continuation: Continuation, incremental: bool) -> tuple[TrainingState, int]:
    """Return a state that may be changed, and the epochs done when the fit it belongs to began."""
    rate = float(estimator.learning_rate_init)
    before = continuation.training
    if before is None:
        return TrainingState(continuation.seed, rate), 0
    if incremental:
        stopping = dataclasses.replace(before.stopping, gave_up=False)
        state = dataclasses.replace(before, stopping=stopping, history=[])
        return state, continuation.fit_began
    return dataclasses.replace(before, rate=rate, stopping=StoppingState(), history=[]), before.epoch


def _usable_state(continuation: Continuation, optimizer: Optimizer, network: Network) -> OptimizerState | None:
    # Another solver, or weights of other shapes put in by hand, cannot go on with the old moments.
    before, state = continuation.optimizer, continuation.optimizer_state
    if before is None or state is None or (before.name, before.slots) != (optimizer.name, optimizer.slots):
        return None
    fits = all(
        slot.shape == w.shape for slots, w in zip(state.weights, network.weights, strict=False) for slot in slots
    )
    return state if fits and len(state.weights) == len(network.weights) else None
