"""Steps of processes of one machine, each of which takes its share of every step, as threads would.

All see each other's gradients, as the engine stores them. A rank adds up a share of the numbers over all ranks, steps
the parameters that they belong to, and shows these to the others. So the optimizer's work is shared out too; what it
remembers of a parameter is with the rank that steps it, until the end of a part, when others may look at it.

Ranks meet twice in a step, and once more where the gradient is clipped, for the norm is that of all of it:

    gradients are written | MEET | shares are added up, stepped and shown | MEET | the others' are taken …
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from backlit.core.penalty import Penalty
from backlit.distributed.flat import Shard
from backlit.distributed.mean import shares_of
from backlit.distributed.same_machine import CommonMemory
from backlit.engine.packed import PackedGradients, Process
from backlit.engine.protocol import Session

TOLD = 16
"""Numbers of a rank behind its gradient, of which three are used: so many that a row ends with a line of memory."""
_COST, _WEIGHT, _SQUARES = range(3)


class StepsByShare:
    """Steps with some networks of one shape, of which each rank takes a share; see `backlit.distributed.stepping`.

    Parameters
    ----------
    sessions : sequence of Session
        Of the native engine, opened without a penalty.
    process : (int, int)
        This rank, and how many there are.
    memory : CommonMemory, ``(n_ranks + 1, n_networks, packed_size + TOLD)``
        The gradients of each rank, and last what ranks show each other.
    """

    def __init__(self, sessions: Sequence[Session], process: Process, memory: CommonMemory) -> None:
        self._sessions, self._process, self._memory = sessions, process, memory
        self._gradients, self._shown = memory.numbers[:-1, :, :-TOLD], memory.numbers[-1, :, :-TOLD]
        self._told = memory.numbers[:-1, :, -TOLD:]
        self._weights: NDArray[np.float64] = np.zeros(self._told.shape[:2])
        self._shares = self._costs = self._weights
        self._stepped: list[int] = []

    def put(self, m: int, shard: Shard | None, first_row: int) -> None:
        """See `backlit.distributed.stepping.Stepping`."""
        own, told = self._gradients[self._process[0], m], self._told[self._process[0], m]
        if shard is None:
            own[:] = told[:] = 0
        else:
            told[:2] = self._session(m).packed_gradient(*shard, first_row=first_row, out=own)

    def add_up(self, *, check: bool) -> None:
        """See `backlit.distributed.stepping.Stepping`."""
        which = self._process[0]
        for own, told in zip(self._gradients[which], self._told[which], strict=True):
            if check and not np.isfinite(own.sum()):
                told[_COST] = np.nan
        self._memory.meet()
        told = self._told.astype(np.float64)
        self._costs, self._weights = told[:, :, _COST], told[:, :, _WEIGHT]
        self._shares = shares_of(self._weights)
        self._stepped = []

    def weight(self, m: int) -> float:
        """See `backlit.distributed.stepping.Stepping`."""
        return float(self._weights[:, m].sum())

    def cost(self, m: int) -> float:
        """See `backlit.distributed.stepping.Stepping`."""
        return float(self._shares[:, m] @ self._costs[:, m])

    def step(self, m: int, penalty: Penalty, rate: float, decay: float) -> float:
        """See `backlit.distributed.stepping.Stepping`."""
        session, which, weight = self._session(m), self._process[0], self.weight(m)
        gradients = list(self._gradients[:, m])
        cost = session.penalty_cost(penalty, weight)
        squares = session.add_up_share(self._process, gradients, self._shares[:, m].tolist(), weight, penalty)
        if session.clips:
            self._told[which, m, _SQUARES] = squares
            self._memory.meet()
            squares = float(self._told[:, m, _SQUARES].sum(dtype=np.float64))
        session.step_share(self._process, gradients[which], squares, rate, decay)
        session.show_share(self._process, self._shown[m])
        self._stepped.append(m)
        return cost

    def hand_round(self, *, all_of_it: bool) -> None:
        """See `backlit.distributed.stepping.Stepping`."""
        if self._process[1] == 1:
            return
        self._memory.meet()
        for m in self._stepped:
            self._session(m).take_shares(self._process, self._shown[m])
        for slot in self._session(0).slots if all_of_it else ():
            self._memory.meet()  # all have taken what was shown before
            for m, shown in enumerate(self._shown):
                self._session(m).show_share(self._process, shown, slot)
            self._memory.meet()
            for m, shown in enumerate(self._shown):
                self._session(m).take_shares(self._process, shown, slot)

    def _session(self, m: int) -> PackedGradients:
        return cast(PackedGradients, self._sessions[m])
