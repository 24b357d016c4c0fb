"""How ranks take a step together, by the mean of their gradients: there are two ways, and one place that chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.penalty import Penalty
from backlit.distributed.by_share import TOLD, StepsByShare
from backlit.distributed.flat import FlatGradients, Shard, flat_size, layer_ends
from backlit.distributed.group import Group
from backlit.distributed.mean import ByMessage, InMemory, Mean
from backlit.distributed.same_machine import seen_by_all
from backlit.engine.packed import PackedGradients
from backlit.engine.protocol import Session


class Stepping(Protocol):
    """Takes steps with some networks of one shape. All ranks call the same in the same order."""

    def put(self, m: int, shard: Shard | None, first_row: int) -> None:
        """Put the gradient of a rank's shard for one of the networks.

        Parameters
        ----------
        m : int
        shard : Shard or None
            None where it has no rows.
        first_row : int
            Where the shard begins in its batch.
        """
        ...

    def add_up(self, *, check: bool) -> None:
        """Take the mean over all ranks.

        Parameters
        ----------
        check : bool
            Whether the cost is to be NaN wherever one of the gradient's numbers is not finite.
        """
        ...

    def weight(self, m: int) -> float:
        """Return ``Σ s_x`` of the whole batch."""
        ...

    def cost(self, m: int) -> float:
        """Return the mean cost of the whole batch, without the penalty."""
        ...

    def step(self, m: int, penalty: Penalty, rate: float, decay: float) -> float:
        """Take the step of the whole batch with one of the networks, and return what the penalty cost."""
        ...

    def hand_round(self, *, all_of_it: bool) -> None:
        """Once every network has taken its step, let all ranks have the same parameters.

        Parameters
        ----------
        all_of_it : bool
            Whether also what the optimizer remembers.
        """
        ...


def stepping_of(sessions: Sequence[Session], group: Group) -> Stepping:
    """Return how these ranks step: where all see the same memory and the engine allows it, each takes a share."""
    session, n = sessions[0], len(sessions)
    network = session.network()
    dtype = np.dtype(network.dtype)
    if isinstance(session, PackedGradients) and not isinstance(network, EmbeddedNetwork):  # of layers alone
        shape = group.size + 1, n, session.packed_size + TOLD
        memory = seen_by_all(group, shape, dtype, session.layout)
        if memory is not None:
            return StepsByShare(sessions, (group.rank, group.size), memory)
    return FlatGradients(sessions, _mean(group, sessions, dtype))


def _mean(group: Group, sessions: Sequence[Session], dtype: np.dtype[Any]) -> Mean:
    shape = len(sessions), flat_size(sessions[0])
    memory = seen_by_all(group, (group.size + 1, *shape), dtype, "lecture") if group.size > 1 else None
    if memory is not None:
        return InMemory(group, memory)
    own = np.zeros(shape, dtype)
    return Mean(own) if group.size == 1 else ByMessage(group, own, layer_ends(sessions[0]))
