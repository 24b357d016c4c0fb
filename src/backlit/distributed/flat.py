"""Gradients of a step behind one another in one array, each as the lecture has it; every rank takes the whole step.

∇w of the last layer stands first, for backpropagation comes to it first: where the mean is taken by messages, it is on
its way while earlier layers are computed.

Beside each stand the cost and the weight of its shard, ``Σ s_x``, which is what it counts in the mean: the gradient of
the whole batch is ``∇C = (Σ_r S_r ∇C_r) / (Σ_r S_r)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backlit.core.embedded_network import apart
from backlit.core.penalty import NO_PENALTY, Penalty
from backlit.distributed.mean import Mean
from backlit.engine.protocol import Floats, Gradient, Inputs, Session

Numbers = NDArray[Any]


class Shard(NamedTuple):
    """A rank's rows of a batch: those of x, y and the weights that `rows` names."""

    x: Inputs
    y: Floats
    sample_weight: Floats | None
    rows: NDArray[np.int64]

    def picked(self) -> tuple[Inputs, Floats, Floats | None]:
        """Return x, y and the weights of these rows alone."""
        rows = self.rows
        # rows of a cache often stand next to each other, and are then not copied
        is_run = rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all())
        these: Any = slice(int(rows[0]), int(rows[-1]) + 1) if is_run else rows
        s = self.sample_weight
        return self.x[these], self.y[these], None if s is None else s[these]


class FlatGradients:
    """Steps with some networks of one shape, by the mean of all ranks' gradients; see `backlit.distributed.stepping`.

    Parameters
    ----------
    sessions : sequence of Session
        Opened without a penalty.
    mean : Mean, of ``(n_networks, flat_size(session))``
    """

    def __init__(self, sessions: Sequence[Session], mean: Mean) -> None:
        self._sessions, self._mean = sessions, mean
        self._is_finite = [True] * len(sessions)
        self._places = _places(sessions[0])

    def put(self, m: int, shard: Shard | None, first_row: int) -> None:
        """See `backlit.distributed.stepping.Stepping`."""
        own = self._mean.own[m]
        if shard is None:
            own[:] = 0
            return
        room = self._cut(own)
        s = shard.sample_weight
        counted = float(len(shard.rows) if s is None else s[shard.rows].sum(dtype=np.float64))

        def finished(layer: int) -> None:
            self._mean.there(m, self._places[0][layer].end, counted)

        found = self._sessions[m].cost_and_gradient(
            *shard.picked(), first_row=first_row, out=room, finished=finished if self._mean.is_sent_early else None
        )
        for views, nablas in zip(room, (found.nabla_w, found.nabla_b), strict=True):
            for view, nabla in zip(views, nablas, strict=True):
                if nabla is not view:  # an engine that did not write into `room`
                    view[...] = nabla
        own[-2:] = found.cost, found.batch_weight

    def add_up(self, *, check: bool) -> None:
        """See `backlit.distributed.stepping.Stepping`."""
        self._mean.take()
        self._is_finite = [not check or bool(np.isfinite(mean[:-1].sum())) for mean in self._mean.mean]

    def weight(self, m: int) -> float:
        """See `backlit.distributed.stepping.Stepping`."""
        return float(self._mean.weights[m])

    def cost(self, m: int) -> float:
        """See `backlit.distributed.stepping.Stepping`."""
        return float(self._mean.mean[m, -2]) if self._is_finite[m] else float("nan")

    def step(self, m: int, penalty: Penalty, rate: float, decay: float) -> float:
        """See `backlit.distributed.stepping.Stepping`."""
        session, weight = self._sessions[m], self.weight(m)
        nabla_w, nabla_b = self._cut(self._mean.mean[m])
        cost = 0.0
        if penalty != NO_PENALTY:
            weights = apart(session.network())[0].weights  # embeddings are not penalized
            penalized = [penalty.add_gradient(nabla, w, weight) for nabla, w in zip(nabla_w, weights, strict=False)]
            nabla_w = [*penalized, *nabla_w[len(weights) :]]
            cost = penalty.cost(weights, weight)
        session.apply_gradient(Gradient(cost, nabla_w, nabla_b, weight), rate, decay)
        return cost

    def hand_round(self, *, all_of_it: bool) -> None:
        """See `backlit.distributed.stepping.Stepping`: there is nothing that others do not know."""

    def _cut(self, numbers: Numbers) -> tuple[list[Numbers], list[Numbers]]:
        weights, biases = ([numbers[at.begin : at.end].reshape(at.shape) for at in places] for places in self._places)
        return weights, biases


class Place(NamedTuple):
    """Where an array stands among the numbers of a gradient."""

    begin: int
    end: int
    shape: tuple[int, ...]


def _places(session: Session) -> tuple[list[Place], list[Place]]:
    """Return where ∇w of each layer stands, and ∇b of each; behind them those of embeddings."""
    network = session.network()
    n, end = len(apart(network)[0].weights), 0
    arrays = [*network.weights, *network.biases]
    places: dict[int, Place] = {}
    for k in (*reversed(range(n)), *range(n, len(arrays))):
        begin, end = end, end + arrays[k].size
        places[k] = Place(begin, end, arrays[k].shape)
    found = [places[k] for k in range(len(arrays))]
    return found[: len(network.weights)], found[len(network.weights) :]


def flat_size(session: Session) -> int:
    """Return how many numbers ∇w of each layer, ∇b of each, a cost and a weight are."""
    return sum(place.end - place.begin for places in _places(session) for place in places) + 2


def layer_ends(session: Session) -> list[int]:
    """Return where ∇w of each layer ends, the last layer first."""
    return [place.end for place in reversed(_places(session)[0][: len(apart(session.network())[0].weights)])]
