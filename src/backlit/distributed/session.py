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
from backlit.distributed.flat import Shard
from backlit.distributed.group import Alone, Group
from backlit.distributed.shares import share_of
from backlit.distributed.stepping import stepping_of
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
        self._stepping = stepping_of(sessions, together)
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
                        self._stepping.put(m, _shard(x, y, sample_weight, batch[m, begin:end]), begin)
                decay = 1.0 if decays is None else float(decays[i])
                is_finite, costs[i], weights[i] = take(rate, decay)
                if not is_finite:
                    return Steps(costs, weights, self._diverged_layer(x, batch[:, begin:end]))
        return Steps(costs, weights)

    def _step(self, rate: float, decay: float) -> tuple[bool, float, float]:
        """Take the step of all ranks; return whether all numbers are finite, and the members' mean cost and weight."""
        steps, is_last = self._stepping, self._left_of_part <= 1
        with self._watch("reduce"):
            # what is not finite shows in the next cost; after the last step of a part there is none
            steps.add_up(check=is_last)
        costs, weights = np.zeros(len(self.sessions)), np.zeros(len(self.sessions))
        with self._watch("step"):
            for m in range(len(self.sessions)):
                if steps.weight(m) == 0:
                    continue
                costs[m], weights[m] = steps.cost(m), steps.weight(m)
                if np.isfinite(costs[m]):
                    costs[m] += steps.step(m, self._penalty, rate, decay)
                if not np.isfinite(costs[m]):
                    return False, float(costs.mean()), float(weights.mean())
        with self._watch("reduce"):
            steps.hand_round(all_of_it=is_last)
        self._left_of_part -= 1
        return True, float(costs.mean()), float(weights.mean())

    def _step_alone(self, rate: float, decay: float) -> tuple[bool, float, float]:
        """Take a step of this rank's own, and average where that is due."""
        cost = weight = 0.0
        with self._watch("step"):
            self._stepping.add_up(check=False)
            for m in range(len(self.sessions)):
                if self._stepping.weight(m) == 0:
                    continue
                own = self._stepping.cost(m) + self._stepping.step(m, self._penalty, rate, decay)
                cost, weight = cost + own / len(self.sessions), self._stepping.weight(m)
        self._averaging.count(cost, weight)
        if not self._averaging.is_due:
            return True, 0.0, 0.0
        with self._watch("reduce"):
            return self._averaging.average(self.sessions, self._objectives)

    def _diverged_layer(self, x: Inputs, own: Order) -> int:
        return min(
            _first_not_finite(session.network(), x, rows) for session, rows in zip(self.sessions, own, strict=True)
        )


def _shard(x: Inputs, y: Floats, sample_weight: Floats | None, rows: Order) -> Shard | None:
    """Return a rank's rows of a batch, or None where they count nothing."""
    if not len(rows) or (sample_weight is not None and not sample_weight[rows].any()):
        return None
    return Shard(x, y, sample_weight, rows)


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
