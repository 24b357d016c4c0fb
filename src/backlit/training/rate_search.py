"""The learning-rate range test: a short training whose rate grows step by step until the cost explodes.

Smith, "Cyclical Learning Rates for Training Neural Networks" (2015), section 3.3. The exponential ramp, the smoothing,
the stop at four times the least cost and the suggestion, a tenth of the rate at the minimum, are fastai's. The other
usual suggestion, the rate at the steepest slope, is often one of the first: small batches are noisy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backlit.core.initialization import Purpose, stream
from backlit.errors import InvalidInputError
from backlit.training.examples import Examples
from backlit.training.loop import clip_batch_size
from backlit.training.plots import FAINT, TRAINING, VALIDATION, new_axes
from backlit.training.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOWEST, HIGHEST, N_STEPS = 1e-6, 10.0, 200
"""The rates that are tried where nobody asks for others."""
SMOOTHING = 0.95
EXPLODED = 4.0
LEAST_STEPS = 10


@dataclass(frozen=True, eq=False)
class RateSearch:
    """What a search for a learning rate saw.

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


def rates_between(lowest: float, highest: float, n_steps: int) -> NDArray[np.float64]:
    """Return so many rates from the lowest to the highest, each the same multiple of the one before."""
    if not 0 < lowest < highest < np.inf:
        raise InvalidInputError(f"The rates must go up from above 0, but came from {lowest!r} to {highest!r}.")
    if n_steps < LEAST_STEPS:
        raise InvalidInputError(f"n_steps must be at least {LEAST_STEPS}, but {n_steps!r} came.")
    return np.geomspace(lowest, highest, n_steps)


def search_rates(run: Run, rates: NDArray[np.float64]) -> RateSearch:
    """Take a step of a run at each rate, from its beginning, until the cost explodes.

    Parameters
    ----------
    run : Run
        As it would be trained; its own learning rate does not count.
    rates : ndarray, ``(n_steps,)``
        From low to high, as `rates_between` gives them.

    Raises
    ------
    InvalidInputError
        If the cost explodes at once, or the run's solver has no learning rate.
    """
    if run.line_search is not None:
        raise InvalidInputError("The solver 'lbfgs' has no learning rate. Use one that has, such as 'adam'.")
    session, examples, seed = run.open(), run.examples, run.state.seed
    if not isinstance(examples, Examples):
        raise InvalidInputError("Rates are tried on rows in memory. Give a part of the table.")
    batch_size = clip_batch_size(run.plan.batch_size, len(examples))
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
