"""Training by SciPy's L-BFGS-B: all rows in every step, and the length of a step found by a line search.

An iteration of SciPy's counts as an epoch. It has no learning rate, and what makes a step's cost random or bends its
gradient, dropout and clipping, cannot go with it: the line search compares the costs of steps that it tries.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # scikit-learn brings it along

from backlit.core.network import Network
from backlit.engine.protocol import Floats, Session
from backlit.errors import DivergenceError
from backlit.training.events import (
    EpochEnded,
    Event,
    Reason,
    TrainingEnded,
    TrainingStarted,
    Watcher,
    asks_to_stop,
    tell_history,
)
from backlit.training.examples import Examples, Validation
from backlit.training.loop import look_at_epoch, restore_best, validate
from backlit.training.options import LineSearchLimits
from backlit.training.state import EpochRecord, TrainingState
from backlit.training.stopping import EarlyStopping
from backlit.training.time_limit import TimeLimit

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult


def train_lbfgs(
    session: Session,
    examples: Examples,
    limits: LineSearchLimits,
    state: TrainingState,
    validation: Validation | None = None,
    *,
    stopping: EarlyStopping | None = None,
    watchers: Sequence[Watcher] = (),
    ends_on_interrupt: bool = True,
    limit: TimeLimit | None = None,
) -> tuple[OptimizeResult, Reason]:
    """Train a session's network and tell watchers of each iteration as of an epoch.

    SciPy works on one float64 vector; the network keeps its dtype, so in float32 the cost is a step function of the
    vector and the line search ends earlier.

    Parameters
    ----------
    session : Session
    examples : Examples
    limits : LineSearchLimits
    state : TrainingState
        Brought forward iteration by iteration; the learning rate of each is given as 1.
    validation : Validation, optional
        Looked at after each iteration.
    stopping : EarlyStopping, optional
    watchers : sequence of Watcher
    ends_on_interrupt : bool, default True
        Whether Ctrl-C ends training with a warning at the last whole iteration.
    limit : TimeLimit, optional
        Looked at after each iteration.

    Returns
    -------
    result : OptimizeResult
        SciPy's; `x` is where it ended, whatever network is restored.
    reason : str
        Why it ended.

    Raises
    ------
    DivergenceError
        If cost or weights are not finite.
    """
    n_rows = len(examples)
    if examples.rows is not None:
        examples = examples.copy(np.arange(n_rows))  # every step looks at all of them
    start = session.network()
    began, timed_out = [time.perf_counter()], [False]

    def tell(event: Event) -> bool:
        return any([asks_to_stop(watcher(event)) for watcher in watchers])  # noqa: C419 - every watcher is told, whatever the first one answers

    def cost_and_gradient(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        session.set_network(unpack(theta, start))
        # a line search may try steps that are far too long, and shortens them when the cost is infinite
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            gradient = session.cost_and_gradient(examples.x, examples.y, examples.sample_weight)
        return gradient.cost, pack([*gradient.nabla_w, *gradient.nabla_b])

    def after_iteration(intermediate_result: Any) -> None:
        seconds, began[0] = time.perf_counter() - began[0], time.perf_counter()
        # SciPy does not promise that this is the point it asked for last
        session.set_network(unpack(intermediate_result.x, start))
        validated = () if validation is None else validate(session, validation)
        state.epoch += 1
        record = EpochRecord(state.epoch, float(intermediate_result.fun), 1.0, *validated)
        state.history.append(record)
        reached.update(x=intermediate_result.x.copy(), fun=intermediate_result.fun, nit=state.epoch)
        is_best = look_at_epoch(session, stopping, state, record, validation) or stopping is None
        asked_to_stop = tell(EpochEnded(record, is_best, n_rows / max(seconds, 1e-9), session))
        state.stopping.gave_up = stopping is not None and state.stopping.waited > stopping.patience
        timed_out[0] = limit is not None and limit.is_over
        if asked_to_stop or state.stopping.gave_up or timed_out[0]:
            raise StopIteration

    theta = pack([*start.weights, *start.biases])
    from scipy.optimize import OptimizeResult, minimize  # which other solvers need not wait for

    reached: Any = OptimizeResult()
    reached.update(x=theta, fun=0.0, nit=0)
    metric = "score" if validation is None else validation.name
    tell(TrainingStarted(limits.iterations, n_rows, 1, state.epoch + 1, metric, session, examples))
    reason: Reason
    try:
        # SciPy's own share is short vectors: more BLAS threads only wait for one another, up to ten times as long
        with _thread_pools().limit(limits=1, user_api="blas"):
            result: Any = minimize(
                cost_and_gradient,
                theta,
                method="L-BFGS-B",
                jac=True,
                callback=after_iteration,
                options={"maxfun": limits.evaluations, "maxiter": limits.iterations, "gtol": limits.gradient},
            )
        reason = "no improvement" if state.stopping.gave_up else "time limit" if timed_out[0] else _reason(result)
    except KeyboardInterrupt:
        if not ends_on_interrupt:
            raise
        warnings.warn("Training interrupted by user.", stacklevel=6)
        result, reason = reached, "interrupted"
    network = unpack(result.x, start)
    if not np.isfinite(result.fun):
        error = DivergenceError(max(1, state.epoch), len(network.sizes))
        tell_history(error, watchers)
        raise error
    session.set_network(network)
    restore_best(session, state)
    tell(TrainingEnded(reason, state.epoch, state.stopping.best_epoch if state.best is not None else state.epoch))
    return result, reason


def pack(arrays: list[Floats]) -> NDArray[np.float64]:
    """Return arrays end to end as one float64 vector."""
    return np.concatenate([array.ravel() for array in arrays], dtype=np.float64)


def unpack(theta: NDArray[np.float64], like: Network) -> Network:
    """Return the network whose weights, then biases, are in a vector; shapes, activations and dtype are `like`'s."""

    def parts() -> Iterator[Floats]:
        begin = 0
        for array in (*like.weights, *like.biases):
            yield theta[begin : begin + array.size].reshape(array.shape).astype(array.dtype)
            begin += array.size

    arrays = tuple(parts())
    return Network(arrays[: len(like.weights)], arrays[len(like.weights) :], like.activations)


@functools.cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()  # looking for the libraries takes a millisecond


def _reason(result: Any) -> Reason:
    # SciPy's status: 0 converged, 1 limit of iterations or evaluations, 2 line search, 99 stopped by the callback
    if result.status == 99:
        return "stopped by a listener"
    return "no improvement" if result.status in (0, 2) else "all epochs done"
