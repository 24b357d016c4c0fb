"""The training loop: epochs of steps, patience, history. It yields events and knows nothing of who watches."""

from __future__ import annotations

import time
import warnings
from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backlit.engine.protocol import Session
from backlit.errors import DivergenceError, InvalidInputError
from backlit.training.events import (
    EpochEnded,
    EpochSettled,
    EpochsPlanned,
    Event,
    PartSettled,
    Reason,
    StepsDone,
    TrainingEnded,
    TrainingStarted,
)
from backlit.training.examples import Source, Validation
from backlit.training.schedules import Constant, Position, Schedule
from backlit.training.state import EpochRecord, TrainingState, WithinEpoch
from backlit.training.stopping import EarlyStopping
from backlit.training.time_limit import TimeLimit
from backlit.training.weight_average import EVERY, asked_with, taken_in

_SECONDS_BETWEEN_EVENTS = 0.2


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes
    ----------
    n_epochs : int
        Epochs in all, and the horizon of the schedule.
    batch_size : int
        Examples per step; more than there are is as many as there are, with a warning.
    schedule : Schedule, default Constant()
    stopping : EarlyStopping or None, default None
    shuffle : bool, default True
        Whether each epoch draws its own order of the examples.
    weight_average : float, default 0
        Decay of the moving average of the weights; see `backlit.training.weight_average`.
    decay_schedule : Schedule, default Constant()
        Of the optimizer's decay of the weights.
    """

    n_epochs: int
    batch_size: int
    schedule: Schedule = Constant()
    stopping: EarlyStopping | None = None
    shuffle: bool = True
    weight_average: float = 0.0
    decay_schedule: Schedule = Constant()

    def __post_init__(self) -> None:
        for name in ("n_epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise InvalidInputError(f"{name} must be at least 1, but {getattr(self, name)!r} came.")


def train(
    session: Session,
    examples: Source,
    plan: Plan,
    state: TrainingState,
    validation: Validation | None = None,
    limit: TimeLimit | None = None,
) -> Generator[Event, bool | None, None]:
    """Train until the plan is done, nothing improves, the time is over, or a watcher asks to stop.

    Parameters
    ----------
    session : Session
        The network being trained; it holds the result.
    examples : Source
    plan : Plan
    state : TrainingState
        Where to begin; brought forward epoch by epoch.
    validation : Validation, optional
    limit : TimeLimit, optional
        Within the first epoch it ends training at the next `StepsDone`.

    Yields
    ------
    Event
        Sending True back asks for a stop after the epoch.

    Raises
    ------
    DivergenceError
        When a value is no longer finite; names epoch and layer.
    """
    if plan.stopping is not None and plan.stopping.monitor != "cost" and validation is None:
        raise InvalidInputError(f"Early stopping watches the {plan.stopping.monitor}, but there is no validation data.")
    n_rows = len(examples)
    batch_size = clip_batch_size(plan.batch_size, n_rows)
    n_steps = -(-n_rows // batch_size)
    metric_name = "score" if validation is None else validation.name
    yield TrainingStarted(plan.n_epochs, n_rows, n_steps, state.epoch + 1, metric_name, session, examples)

    asked_to_stop: bool | None = False
    wanted = plan.n_epochs
    if limit is not None:
        limit.begin(state.epoch)
    while _goes_on(state, plan) and not asked_to_stop:
        began = time.perf_counter()
        position = Position(state.epoch, plan.n_epochs, n_steps, state.rows_seen)
        rates, decays = plan.schedule.rates(state.rate, position), plan.decay_schedule.rates(1.0, position)
        cost = yield from _epoch(session, examples, plan, batch_size, rates, decays, state, limit)
        if isinstance(cost, str):
            asked_to_stop = cost == "stopped by a listener"
            break
        state.epoch += 1
        state.rows_seen += n_rows
        with asked_with(session, state.average):
            validated = (None, None) if validation is None else validate(session, validation)
            record = EpochRecord(state.epoch, cost, float(rates[-1]), *validated)
            state.history.append(record)
            is_best = look_at_epoch(session, plan.stopping, state, record, validation)
        asked_to_stop = yield EpochEnded(record, is_best, n_rows / (time.perf_counter() - began), session)
        if limit is not None and (n_epochs := limit.epochs(state.epoch, wanted)) != plan.n_epochs:
            plan = replace(plan, n_epochs=n_epochs)
            yield EpochsPlanned(state.epoch, n_epochs, wanted)
        if plan.stopping is not None and state.stopping.waited > plan.stopping.patience:
            rate = plan.schedule.on_plateau(state.rate)
            state.stopping.gave_up = rate is None
            if rate is not None:
                state.rate, state.stopping.waited = rate, 0
        yield EpochSettled(state, session, bool(asked_to_stop) or not _goes_on(state, plan))
    reason: Reason = "all epochs done"
    if state.stopping.gave_up:
        reason = "no improvement"
    elif asked_to_stop:
        reason = "stopped by a listener"
    elif state.epoch < wanted:
        reason = "time limit"
    restore_best(session, state)
    yield TrainingEnded(reason, state.epoch, state.stopping.best_epoch if state.best is not None else state.epoch)


def validate(session: Session, validation: Validation) -> tuple[float, float]:
    """Return the cost of a session's network on validation examples, the penalty not included, and its metric."""
    held_out = validation.examples
    # far from the training rows outputs may overflow: that is a bad score, not a warning
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        outputs, cost = held_out.evaluate(session)
        if validation.scorer is None:
            return cost, validation.metric(outputs)
        return cost, validation.scorer(session.network()) if np.isfinite(outputs).all() else float("nan")


def _goes_on(state: TrainingState, plan: Plan) -> bool:
    return state.epoch < plan.n_epochs and not state.stopping.gave_up


def clip_batch_size(batch_size: int, n_rows: int) -> int:
    """Return the batch size, or the number of rows, with a warning, where that is less."""
    if batch_size > n_rows:
        warnings.warn(
            f"The batch size of {batch_size} is larger than the {n_rows} training rows and was clipped to {n_rows}.",
            stacklevel=3,
        )
    return min(batch_size, n_rows)


def restore_best(session: Session, state: TrainingState) -> None:
    """Give the network the weights of the best epoch, where they were kept, or else their average, if there is one."""
    network = state.average if state.best is None else state.best
    if network is None:
        return
    if state.best is None:
        state.left_off = session.network()
    session.set_network(network)


def look_at_epoch(
    session: Session,
    stopping: EarlyStopping | None,
    state: TrainingState,
    record: EpochRecord,
    validation: Validation | None,
) -> bool:
    """Return whether an epoch is the best so far; count the patience, and keep the best network where it is wanted."""
    if stopping is None:
        return False
    value = getattr(record, stopping.monitor)
    if stopping.monitor == "validation_metric" and not (validation is not None and validation.falls):
        value = -value
    is_best = state.stopping.see(value, record.epoch, stopping.tolerance)
    if is_best and stopping.restore_best:
        state.best = session.network()
    return is_best


def _epoch(
    session: Session,
    examples: Source,
    plan: Plan,
    batch_size: int,
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    state: TrainingState,
    limit: TimeLimit | None,
) -> Generator[Event, bool | None, float | Reason]:
    """Run one epoch, or the rest of one, and return its mean cost, or why it was left before its end.

    Long ones are cut between steps, so that there is progress to report. Rows that come in parts can be left, and gone
    on with, between two parts.
    """
    n_rows, n_steps = len(examples), len(rates)
    length = EVERY if plan.weight_average else _first_length(n_steps, state)
    told = time.perf_counter()
    for part in examples.parts(session, batch_size, state, shuffle=plan.shuffle):
        n_of_part = -(-part.order.shape[-1] // batch_size)
        costs, weights = np.zeros(n_of_part), np.zeros(n_of_part)
        before = state.within.steps
        own_rates, own_decays = rates[before : before + n_of_part], decays[before : before + n_of_part]
        done = 0
        while done < n_of_part:
            began = time.perf_counter()
            these = slice(done, done + length)
            order = part.order[..., done * batch_size : (done + length) * batch_size]
            steps = session.run_steps(
                part.x, part.y, order, batch_size, own_rates[these], part.sample_weight, own_decays[these]
            )
            if steps.diverged_layer is not None:
                raise DivergenceError(state.epoch + 1, steps.diverged_layer)
            costs[these], weights[these] = steps.costs, steps.batch_weights
            n_now = len(steps.costs)
            done += n_now
            if plan.weight_average:
                state.average = taken_in(state.average, session.network(), plan.weight_average, n_now)
            now = time.perf_counter()
            if not plan.weight_average:
                length = max(1, int(n_now * _SECONDS_BETWEEN_EVENTS / max(now - began, 1e-9)))
            elif now - told < _SECONDS_BETWEEN_EVENTS:
                continue
            told = now
            if before + done < n_steps:
                yield StepsDone(state.epoch + 1, (before + done) * batch_size, n_rows)
                if limit is not None and limit.is_over:
                    return "time limit"
        # summed at the end of a part, so that where it was cut does not show in the last bits
        state.within = state.within.plus(n_of_part, float(np.multiply(costs, weights).sum()), float(weights.sum()))
        if state.within.steps < n_steps and (yield PartSettled(state, session, False)):
            yield PartSettled(state, session, True)
            return "stopped by a listener"
    within, state.within = state.within, WithinEpoch()
    cost = within.cost / within.weight if within.weight else 0.0
    return cost


def _first_length(n_steps: int, state: TrainingState) -> int:
    # All steps of a first epoch in one call would leave a long one without any sign of life.
    return min(n_steps, 512) if state.epoch == 0 else n_steps
