"""Local SGD: ranks take some steps by themselves, then their weights are averaged, and what their optimizers remember.

A message every k steps in place of one a step, for networks that are slow. The result is not that of one process: each
rank's steps go by its own share of the batches (Stich 2019, "Local SGD converges fast and communicates little").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.network import Network
from backlit.distributed.group import Group
from backlit.engine.protocol import Objective, OptimizerState, Session
from backlit.errors import InvalidInputError
from backlit.training.options import FitOptions

Reopen = Callable[[Network, Objective, OptimizerState], Session]


class Averaging:
    """When weights are averaged, and how.

    Parameters
    ----------
    every : int
        Steps between two times; 1: each step is that of all ranks, and there is nothing to average.
    group : Group
    reopen : callable
        Opens a session on a network, for an objective, from a state of the optimizer.
    """

    def __init__(self, every: int, group: Group, reopen: Reopen) -> None:
        self.every, self._group, self._reopen = every, group, reopen
        self._left_of_part = self._since = 0
        self._totals = np.zeros(2)

    def begin_part(self, n_steps: int) -> None:
        """Take in that so many steps come before others look at the network, for which all must have the same."""
        self._left_of_part, self._totals[:] = n_steps, 0

    def count(self, cost: float, weight: float) -> None:
        """Take in a step of this rank's own: its cost, and the weight of its rows."""
        self._since += 1
        self._left_of_part -= 1
        self._totals += (cost * weight if weight else 0.0), weight

    @property
    def is_due(self) -> bool:
        """Whether to average now."""
        return self._since >= self.every or self._left_of_part <= 0

    def average(self, sessions: list[Session], objectives: Sequence[Objective]) -> tuple[bool, float, float]:
        """Put in place of each session one with the mean of all ranks.

        Returns
        -------
        is_finite : bool
        cost, weight : float
            Mean cost of the part's rows, and their weight, at the end of a part; before it 0.
        """
        states = [session.optimizer_state() for session in sessions]
        networks = [session.network() for session in sessions]
        arrays = [arrays_of(network, state) for network, state in zip(networks, states, strict=True)]
        flat: NDArray[Any] = np.concatenate([array.ravel() for each in arrays for array in each])
        # a rank that had no row took no step
        steps = np.array([float(state.t) for state in states])
        self._group.add_up(flat)
        flat /= self._group.size
        self._group.add_up(steps)
        at = 0
        for m, (network, state) in enumerate(zip(networks, states, strict=True)):
            taken = []
            for array in arrays[m]:
                taken.append(flat[at : at + array.size].reshape(array.shape))
                at += array.size
            t = round(steps[m] / self._group.size)
            sessions[m] = self._reopen(*_put_together(network, objectives[m], state, t, taken))
        self._since = 0
        cost = weight = 0.0
        if self._left_of_part <= 0:
            self._group.add_up(self._totals)
            cost, weight = self._totals.tolist()
            cost = cost / weight if weight else 0.0
        return bool(np.isfinite(flat.sum())) and bool(np.isfinite(cost)), cost, weight


def arrays_of(network: Network, state: OptimizerState) -> list[NDArray[Any]]:
    """Return all numbers of a network and of what its optimizer remembers."""
    slots = [array for each in (*state.weights, *state.biases, *state.scales) for array in each]
    return [*network.weights, *network.biases, *slots]


def _put_together(
    network: Network, objective: Objective, state: OptimizerState, t: int, arrays: Sequence[NDArray[Any]]
) -> tuple[Network, Objective, OptimizerState]:
    rest = iter(arrays)
    weights = tuple(next(rest) for _ in network.weights)
    biases = tuple(next(rest) for _ in network.biases)
    of_weights = [tuple(next(rest) for _ in each) for each in state.weights]
    of_biases = [tuple(next(rest) for _ in each) for each in state.biases]
    scales = tuple(tuple(next(rest) for _ in each) for each in state.scales)
    whole = replace(network, weights=weights, biases=biases)
    return whole, objective, OptimizerState(t, of_weights, of_biases, scales)


def check_averaging(every: int, options: FitOptions) -> None:
    """Raise if an option does not go with ranks that take steps by themselves."""
    if every > 1 and options.weight_average:
        raise InvalidInputError(
            f"average_every={every} does not go with weight_average={options.weight_average}, which looks at the "
            "weights in between. Leave out one of them."
        )
