"""The learning-rate range test: a short training whose rate grows step by step until the cost explodes.

Smith, "Cyclical Learning Rates for Training Neural Networks" (2015), section 3.3. The exponential ramp, the smoothing,
the stop at four times the least cost and the suggestion, a tenth of the rate at the minimum, are fastai's. The other
usual suggestion, the rate at the steepest slope, is often one of the first: small batches are noisy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from backlit.core.initialization import Purpose, stream
from backlit.engine import Session, get_engine
from backlit.errors import InvalidInputError
from backlit.estimators.base import BaseMLP
from backlit.estimators.parameters import STOCHASTIC_SOLVERS, batch_rows, make_objective, make_optimizer
from backlit.estimators.plots import FAINT, TRAINING, VALIDATION, new_axes
from backlit.estimators.start import start_of
from backlit.estimators.table_start import TableStart
from backlit.estimators.table_target import Task
from backlit.estimators.table_training import TableTraining
from backlit.training.examples import Examples
from backlit.training.loop import clip_batch_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMOOTHING = 0.95
EXPLODED = 4.0
LEAST_STEPS = 10


@dataclass(frozen=True, eq=False)
class RateSearch:
    """What `find_learning_rate` saw.

    Attributes
    ----------
    rates : ndarray, ``(n_steps,)``
        Learning rate of each step that was taken.
    batch_costs : ndarray, ``(n_steps,)``
        Cost of each step's batch after the step before; the penalty included.
    costs : ndarray, ``(n_steps,)``
        The same, smoothed.
    exploded : bool
        Whether the cost grew to four times its least, or was no longer finite, before the highest rate was reached.
    """

    rates: NDArray[np.float64]
    batch_costs: NDArray[np.float64]
    costs: NDArray[np.float64]
    exploded: bool

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the smoothed cost is least."""
        return float(self.rates[np.argmin(self.costs)]) / 10.0

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the costs over the rates, and the suggestion.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw. Default: a new figure.
        """
        ax = new_axes((6.8, 4.2)) if ax is None else ax
        ax.plot(self.rates, self.batch_costs, color=TRAINING, alpha=0.25, linewidth=1, label="cost of the batch")
        ax.plot(self.rates, self.costs, color=TRAINING, linewidth=2.2, label="smoothed")
        ax.axvline(self.suggestion, color=VALIDATION, linestyle="--", label=f"suggestion: {self.suggestion:.2g}")
        low, high = float(min(self.costs.min(), self.batch_costs.min())), float(self.costs.max())
        air = 0.1 * (high - low) or 1.0
        ax.set(xscale="log", ylim=(low - air, high + air), xlabel="learning rate μ", ylabel="C", title="Rates tried")
        ax.grid(color=FAINT)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="lower left")
        return ax


def find_learning_rate(
    estimator: BaseMLP,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    n_steps: int = 200,
) -> RateSearch:
    """Try learning rates from low to high, and suggest one for `learning_rate_init`.

    A copy of the estimator takes one step a mini-batch from its initial weights, each at a higher rate, until the cost
    explodes. The estimator is left as it is.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its solver, penalty, batch size and so on are those that the suggestion is for.
    X, y, sample_weight
        See ``estimator.fit``.
    lowest, highest : float, default 1e-6 and 10
        The first and the last rate.
    n_steps : int, default 200
        Rates to try, each the same multiple of the one before.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = MLPClassifier((50,), batch_size=64, random_state=0)
    >>> found = find_learning_rate(classifier, X / 16.0, y)
    >>> 0.005 < found.suggestion < 0.05
    True
    """
    if not isinstance(estimator, BaseMLP):
        raise InvalidInputError(
            f"An MLPClassifier or MLPRegressor is needed, but a {type(estimator).__name__} came. "
            "Of a pipeline give its last step, and X as the steps before make it."
        )
    if estimator.solver not in STOCHASTIC_SOLVERS:
        raise InvalidInputError(
            f"The solver {estimator.solver!r} has no learning rate. Use one of {', '.join(STOCHASTIC_SOLVERS)}."
        )
    copy = clone(estimator)
    copy._validate_params()
    start = start_of(copy, X, y, sample_weight, incremental=False, classes=None, anew=True)
    session = get_engine(copy.engine, copy.precision).open(
        start.network,
        make_objective(copy, start.continuation.seed),
        make_optimizer(copy),
        n_threads=copy.n_threads,
        clip_norm=copy.clip_norm,
    )
    n_rows = len(start.examples)
    batch_size = clip_batch_size(batch_rows(copy, n_rows), n_rows)
    return _ramp(session, start.examples, batch_size, start.continuation.seed, _rates(lowest, highest, n_steps))


def find_table_rate(
    table: Any,
    target: str,
    training: TableTraining = TableTraining(),
    *,
    task: Task | None = None,
    engine: str = "auto",
    n_threads: int | None = None,
    say: Callable[[str], object] = lambda _: None,
    lowest: float = 1e-6,
    highest: float = 10.0,
    n_steps: int = 200,
) -> RateSearch:
    """Try learning rates for a model of tables, and suggest one for `TableTraining.learning_rate`.

    Parameters
    ----------
    table, target, training, task, engine, n_threads, say
        See `TableModel.train`.
    lowest, highest, n_steps
        See `find_learning_rate`.
    """
    start = TableStart.of(table, target, training, task, say)
    opened = get_engine(engine, training.precision)
    session = opened.open(start.network, start.objective, training.optimizer(), n_threads=n_threads)
    batch_size = training.rows_a_step(len(start.examples), say)
    return _ramp(session, start.examples, batch_size, training.seed, _rates(lowest, highest, n_steps))


def _rates(lowest: float, highest: float, n_steps: int) -> NDArray[np.float64]:
    if not 0 < lowest < highest < np.inf:
        raise InvalidInputError(f"The rates must go up from above 0, but came from {lowest!r} to {highest!r}.")
    if n_steps < LEAST_STEPS:
        raise InvalidInputError(f"n_steps must be at least {LEAST_STEPS}, but {n_steps!r} came.")
    return np.geomspace(lowest, highest, n_steps)


def _ramp(session: Session, examples: Examples, batch_size: int, seed: int, rates: NDArray[np.float64]) -> RateSearch:
    batch_costs: list[float] = []
    costs: list[float] = []
    average, exploded = 0.0, False
    for rate, batch in zip(rates, _batches(len(examples), batch_size, seed), strict=False):
        steps = session.run_steps(
            examples.x, examples.y, examples.located(batch), batch_size, np.array([rate]), examples.sample_weight
        )
        cost = float(steps.costs[0])
        if steps.diverged_layer is not None or not np.isfinite(cost):
            exploded = True
            break
        average = SMOOTHING * average + (1.0 - SMOOTHING) * cost
        batch_costs.append(cost)
        costs.append(average / (1.0 - SMOOTHING ** len(batch_costs)))  # as if the average had not begun with 0
        if len(costs) >= LEAST_STEPS and costs[-1] > EXPLODED * min(costs):
            exploded = True
            break
    if len(costs) < LEAST_STEPS:
        raise InvalidInputError(
            f"The cost exploded at a rate of {rates[len(costs)]:.2g} already, after {len(costs)} steps. "
            "Search from a lower rate, or scale X and y (mean 0, deviation 1)."
        )
    return RateSearch(rates[: len(costs)], np.array(batch_costs), np.array(costs), exploded)


def _batches(n_rows: int, batch_size: int, seed: int) -> Iterator[NDArray[np.int64]]:
    # as training draws them, epoch after epoch without end
    epoch = 0
    while True:
        order = stream(seed, Purpose.SHUFFLE, epoch).permutation(n_rows)
        yield from (order[first : first + batch_size] for first in range(0, n_rows, batch_size))
        epoch += 1
