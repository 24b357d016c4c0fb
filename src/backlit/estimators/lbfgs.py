"""Training by SciPy's L-BFGS-B: all rows in every step, and the length of a step found by a line search."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize
from sklearn.utils.parallel import _get_threadpool_controller

from backlit.core.network import Network
from backlit.engine.protocol import Floats, Session
from backlit.errors import DivergenceError
from backlit.training.events import EpochEnded, Event, Reason, TrainingEnded, TrainingStarted
from backlit.training.examples import Examples, Validation
from backlit.training.loop import validate
from backlit.training.state import EpochRecord
from backlit.training.watch import Watcher, asks_to_stop


def train_lbfgs(
    session: Session,
    examples: Examples,
    validation: Validation | None = None,
    *,
    max_iter: int,
    max_fun: int,
    tolerance: float,
    watchers: Sequence[Watcher],
) -> tuple[Any, list[EpochRecord], Reason]:
    """Train a session's network and tell watchers of each iteration as of an epoch.

    SciPy works on one float64 vector; the network keeps its dtype, so in float32 the cost is a step function of the
    vector and the line search ends earlier.

    Parameters
    ----------
    session : Session
    examples : Examples
        Without `rows`: every step looks at all of them.
    validation : Validation, optional
        Looked at after each iteration.
    max_iter, max_fun : int
        Most iterations, and most evaluations of the cost.
    tolerance : float
        Largest component of the gradient at which to stop.
    watchers : sequence of Watcher

    Returns
    -------
    result : OptimizeResult
        SciPy's.
    history : list of EpochRecord
        One record an iteration; the learning rate is given as 1.
    reason : str
        Why it ended. Ctrl-C ends it with a warning at the last whole iteration.

    Raises
    ------
    DivergenceError
        If cost or weights are not finite.
    """
    n_rows = examples.x.shape[0]
    start = session.network()
    history: list[EpochRecord] = []
    began = [time.perf_counter()]

    def tell(event: Event) -> bool:
        return any([asks_to_stop(watcher(event)) for watcher in watchers])  # noqa: C419 - all are to hear of it

    def cost_and_gradient(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        session.set_network(unpack(theta, start))
        # a line search may try steps that are far too long, and shortens them when the cost is infinite
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            gradient = session.cost_and_gradient(examples.x, examples.y, examples.sample_weight)
        return gradient.cost, pack([*gradient.nabla_w, *gradient.nabla_b])

    def after_iteration(intermediate_result: Any) -> None:
        seconds, began[0] = time.perf_counter() - began[0], time.perf_counter()
        validated: tuple[float, float] | tuple[()] = ()
        if validation is not None:
            # SciPy does not promise that this is the point it asked for last
            session.set_network(unpack(intermediate_result.x, start))
            validated = validate(session, validation)
        history.append(EpochRecord(len(history) + 1, float(intermediate_result.fun), 1.0, *validated))
        reached.update(x=intermediate_result.x.copy(), fun=intermediate_result.fun, nit=len(history))
        if tell(EpochEnded(history[-1], True, n_rows / max(seconds, 1e-9))):
            raise StopIteration

    theta = pack([*start.weights, *start.biases])
    reached: Any = OptimizeResult()
    reached.update(x=theta, fun=0.0, nit=0)
    tell(TrainingStarted(max_iter, n_rows, 1))
    reason: Reason
    try:
        # SciPy's own share is short vectors: more BLAS threads only wait for one another, up to ten times as long
        with _get_threadpool_controller().limit(limits=1, user_api="blas"):
            result: Any = minimize(
                cost_and_gradient,
                theta,
                method="L-BFGS-B",
                jac=True,
                callback=after_iteration,
                options={"maxfun": max_fun, "maxiter": max_iter, "gtol": tolerance},
            )
        reason = _reason(result)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=5)
        result, reason = reached, "interrupted"
    network = unpack(result.x, start)
    if not np.isfinite(result.fun):
        raise DivergenceError(max(1, len(history)), len(network.sizes))
    session.set_network(network)
    tell(TrainingEnded(reason, len(history), len(history)))
    return result, history, reason


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


def _reason(result: Any) -> Reason:
    # SciPy's status: 0 converged, 1 limit of iterations or evaluations, 2 line search, 99 stopped by the callback
    if result.status == 99:
        return "stopped by a listener"
    return "no improvement" if result.status in (0, 2) else "all epochs done"
