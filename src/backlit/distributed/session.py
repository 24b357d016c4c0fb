"""A session whose steps are those of all ranks together; see `backlit.engine.protocol.Session`.

Each rank takes the gradient of its share of a batch, the shares are added up, and every rank takes the same step. What
is asked apart from steps, such as outputs, a rank answers by itself: all have the same network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from backlit.core.embedded_network import EmbeddedNetwork, apart
from backlit.core.ensemble import Ensemble
from backlit.core.network import Network, feedforward
from backlit.core.penalty import NO_PENALTY, Penalty
from backlit.distributed.averaging import Averaging
from backlit.distributed.flat import FlatGradients, Shard
from backlit.distributed.group import Alone, Group
from backlit.distributed.shares import share_of
from backlit.distributed.timing import Stopwatch
from backlit.engine.members import MembersSession
from backlit.engine.protocol import (
    Engine,
    Floats,
    Inputs,
    Objective,
    OptimizerState,
    Session,
    Steps,
)
from backlit.training.run import Run

Order = NDArray[np.int64]


def open_together(run: Run, group: Group, watch: Stopwatch, average_every: int = 1) -> Session:
    """Open the session of a run, whose steps are those of all ranks.

    Parameters
    ----------
    run : Run
    group : Group
    watch : Stopwatch
        Takes in what the time goes for.
    average_every : int, default 1
        See `backlit.distributed.averaging`.
    """
    # a shard's penalty would be that of a smaller batch, so it is added once shares are
    without = replace(run.objective, penalty=NO_PENALTY)

    def reopen(network: Network, objective: Objective, state: OptimizerState) -> Session:
        return run.engine.open(network, objective, run.optimizer, state, run.n_threads, run.layer_rates)

    ranks = Ranks(group, watch, Averaging(average_every, group, reopen))
    parts: Any = run.engine, run.network, without, run.optimizer, run.optimizer_state, run.n_threads, run.layer_rates
    if isinstance(run.network, Ensemble):
        return cast(Session, SharedMembers(*parts, objective_of_all=run.objective, ranks=ranks))
    engine, *rest = parts
    return cast(Session, SharedSession(engine.open(*rest), run.objective, ranks))


@dataclass(frozen=True)
class Ranks:
    """All that a session has to do with other ranks."""

    group: Group
    watch: Stopwatch
    averaging: Averaging


class Together:
    """Takes steps with some networks of one shape, each of which has its own order of the rows.

    Parameters
    ----------
    sessions : list of Session
        This rank's, opened without a penalty.
    penalty : Penalty
    ranks : Ranks
    """

    def __init__(self, sessions: list[Session], penalty: Penalty, ranks: Ranks) -> None:
        self.sessions, self._penalty = sessions, penalty
        self._group, self._watch, self._averaging = ranks.group, ranks.watch, ranks.averaging
        self._objectives = [session.objective for session in sessions]
        # where ranks step by themselves, each gradient is a rank's own
        together = self._group if self._averaging.every == 1 else Alone()
        self._flat = FlatGradients(sessions, together)
        self._left_of_part = 0

    def begin_part(self, n_steps: int) -> None:
        """Take in that so many steps come before others look at the network."""
        self._left_of_part = n_steps
        self._averaging.begin_part(n_steps)

    def run_steps(
        self,
        x: Inputs,
        y: Floats,
        orders: Order,
        batch_size: int,
        rates: NDArray[np.float64],
        sample_weight: Floats | None,
        decays: NDArray[np.float64] | None,
    ) -> Steps:
        """Take one step for each batch; `orders` is ``(n_networks, n_rows)``.

        Only a rank's own rows need to be in x: the others' places in `orders` are not looked at.
        """
        take = self._step if self._averaging.every == 1 else self._step_alone
        costs, weights = np.zeros(len(rates)), np.zeros(len(rates))
        with np.errstate(over="ignore", invalid="ignore"):  # noticed below
            for i, rate in enumerate(rates.tolist()):
                batch = orders[:, i * batch_size : (i + 1) * batch_size]
                begin, end = share_of(batch.shape[1], self._group.rank, self._group.size)
                with self._watch("compute"):
                    for m in range(len(self.sessions)):
                        self._flat.put(m, _share(x, y, batch[m, begin:end], sample_weight), begin)
                decay = 1.0 if decays is None else float(decays[i])
                is_finite, costs[i], weights[i] = take(rate, decay)
                if not is_finite:
                    return Steps(costs, weights, self._diverged_layer(x, batch[:, begin:end]))
        return Steps(costs, weights)

    def _step(self, rate: float, decay: float) -> tuple[bool, float, float]:
        """Take the step of all ranks; return whether all numbers are finite, and the members' mean cost and weight."""
        with self._watch("reduce"):
            self._flat.add_up()
        costs, weights = np.zeros(len(self.sessions)), np.zeros(len(self.sessions))
        with self._watch("step"):
            for m in range(len(self.sessions)):
                if self._flat.weight(m) == 0:
                    continue
                costs[m], weights[m] = self._flat.cost(m), self._flat.weight(m)
                # what is not finite shows in the next cost; after the last step of a part there is none
                is_finite = np.isfinite(costs[m]) and (self._left_of_part > 1 or self._flat.is_finite(m))
                if is_finite:
                    costs[m] += self._flat.step(m, self._penalty, rate, decay)
                if not is_finite or not np.isfinite(costs[m]):
                    return False, float(costs.mean()), float(weights.mean())
        self._left_of_part -= 1
        return True, float(costs.mean()), float(weights.mean())

    def _step_alone(self, rate: float, decay: float) -> tuple[bool, float, float]:
        """Take a step of this rank's own, and average where that is due."""
        cost = weight = 0.0
        with self._watch("step"):
            self._flat.add_up()
            for m in range(len(self.sessions)):
                if self._flat.weight(m) == 0:
                    continue
                own = self._flat.cost(m) + self._flat.step(m, self._penalty, rate, decay)
                cost, weight = cost + own / len(self.sessions), self._flat.weight(m)
        self._averaging.count(cost, weight)
        if not self._averaging.is_due:
            return True, 0.0, 0.0
        with self._watch("reduce"):
            return self._averaging.average(self.sessions, self._objectives)

    def _diverged_layer(self, x: Inputs, own: Order) -> int:
        return min(
            _first_not_finite(session.network(), x, rows) for session, rows in zip(self.sessions, own, strict=True)
        )


def _share(x: Inputs, y: Floats, rows: Order, sample_weight: Floats | None) -> Shard | None:
    """Return x, y and the weights of a rank's rows of a batch, or None where they count nothing."""
    if not len(rows):
        return None
    # rows of a cache already stand next to each other, and are then not copied
    is_run = rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all())
    these: Any = slice(int(rows[0]), int(rows[-1]) + 1) if is_run else rows
    s = None if sample_weight is None else sample_weight[these]
    if s is not None and not s.any():
        return None
    return x[these], y[these], s


def _first_not_finite(whole: Network | EmbeddedNetwork, x: Inputs, rows: Order) -> int:
    network, x = apart(whole)[0], whole.expanded(x[rows]) if isinstance(whole, EmbeddedNetwork) else x[rows]
    z, a = feedforward(network, x)
    for layer, arrays in enumerate(zip(network.weights, z, a[1:], strict=True), start=2):
        if not all(np.isfinite(array).all() for array in arrays):
            return layer
    return len(network.sizes)  # it was the cost


class SharedSession:
    """One network; see `backlit.engine.protocol.Session`."""

    def __init__(self, own: Session, objective: Objective, ranks: Ranks) -> None:
        self.objective = objective
        self._together = Together([own], objective.penalty, ranks)
        self.begin_part = self._together.begin_part

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._together.sessions[0], name)

    def run_steps(
        self,
        x: Inputs,
        y: Floats,
        order: Order,
        batch_size: int,
        rates: NDArray[np.float64],
        sample_weight: Floats | None = None,
        decays: NDArray[np.float64] | None = None,
    ) -> Steps:
        """Take the steps of all ranks; of another rank's rows `order` may tell anything."""
        return self._together.run_steps(x, y, order[None], batch_size, rates, sample_weight, decays)


class SharedMembers(MembersSession):
    """Members of an ensemble, whose gradients go in one message; see `backlit.engine.members.MembersSession`."""

    def __init__(
        self,
        engine: Engine,
        ensemble: Ensemble,
        objective: Objective,
        *more: Any,
        objective_of_all: Objective,
        ranks: Ranks,
    ) -> None:
        super().__init__(engine, ensemble, objective, *more)
        self._objective = objective_of_all
        self._together = Together(self._members, objective_of_all.penalty, ranks)
        self.begin_part = self._together.begin_part

    def run_steps(
        self,
        x: Inputs,
        y: Floats,
        order: Order,
        batch_size: int,
        rates: NDArray[np.float64],
        sample_weight: Floats | None = None,
        decays: NDArray[np.float64] | None = None,
    ) -> Steps:
        """Take the steps of all ranks with each member; `order` is ``(n_members, n_rows)``."""
        self._are_current = False
        return self._together.run_steps(x, y, order, batch_size, rates, sample_weight, decays)
