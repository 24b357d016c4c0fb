"""Gradients of a step behind one another in one array, so that their mean over all ranks is taken at once.

Beside each stand the cost and the weight of its shard, ``Σ s_x``, which is what it counts in the mean: the gradient of
the whole batch is ``∇C = (Σ_r S_r ∇C_r) / (Σ_r S_r)``. Where all ranks see the same memory, numbers stand as the engine
has them (`backlit.engine.packed`); in a message, which may go to another kind of machine, as the lecture does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from backlit.core.embedded_network import EmbeddedNetwork, apart
from backlit.core.network import Network
from backlit.core.penalty import NO_PENALTY, Penalty
from backlit.distributed.group import Group
from backlit.distributed.mean import FEW_RANKS, ByMessage, Mean, OfFew, OfMany
from backlit.distributed.same_machine import seen_by_all
from backlit.engine.packed import PackedGradients
from backlit.engine.protocol import Floats, Gradient, Session

Numbers = NDArray[Any]
Shard: TypeAlias = tuple[Any, Floats, Floats | None]
"""x, y and the weights of some rows."""


class WeightedMean(NamedTuple):
    """The gradient of a whole batch, ``Σ share·gradient``, each ``(size,)``; and ``Σ s_x`` of its examples."""

    gradients: Sequence[Numbers]
    shares: Sequence[float]
    weight: float


class Layout(Protocol):
    """How the numbers of a gradient stand in an array.

    Attributes
    ----------
    size : int
        Numbers.
    name : str
        Ranks whose layouts have the same name can read each other's.
    """

    size: int
    name: str

    def gradient(self, session: Session, shard: Shard, first_row: int, out: Numbers) -> tuple[float, float]:
        """Write the gradient of some rows into an array, ``(size,)``, and return their mean cost and weight."""
        ...

    def step(self, session: Session, mean: WeightedMean, penalty: Penalty, rate: float, decay: float) -> float:
        """Take a step by the mean and a penalty, and return what the penalty cost."""
        ...


class EnginesLayout:
    """That of the native engine; see `Layout`."""

    def __init__(self, session: PackedGradients) -> None:
        self.size, self.name = session.packed_size, session.layout

    def gradient(self, session: Any, shard: Shard, first_row: int, out: Numbers) -> tuple[float, float]:
        """See `Layout`."""
        cost, weight = session.packed_gradient(*shard, first_row=first_row, out=out)
        return cost, weight

    def step(self, session: Any, mean: WeightedMean, penalty: Penalty, rate: float, decay: float) -> float:
        """See `Layout`."""
        return float(session.apply_packed(*mean, penalty, rate, decay))


class LecturesLayout:
    """∇w of each layer, then ∇b of each; see `Layout`."""

    name = "lecture"

    def __init__(self, network: Network) -> None:
        self._shapes = [array.shape for array in (*network.weights, *network.biases)]
        self._places = np.cumsum([0, *(int(np.prod(shape)) for shape in self._shapes)]).tolist()
        self.size, self._n_layers = self._places[-1], len(network.weights)

    def _cut(self, numbers: Numbers) -> tuple[list[Numbers], list[Numbers]]:
        each = zip(self._places[:-1], self._places[1:], self._shapes, strict=True)
        arrays = [numbers[begin:end].reshape(shape) for begin, end, shape in each]
        return arrays[: self._n_layers], arrays[self._n_layers :]

    def gradient(self, session: Session, shard: Shard, first_row: int, out: Numbers) -> tuple[float, float]:
        """See `Layout`."""
        room = self._cut(out)
        found = session.cost_and_gradient(*shard, first_row=first_row, out=room)
        for views, nablas in zip(room, (found.nabla_w, found.nabla_b), strict=True):
            for view, nabla in zip(views, nablas, strict=True):
                if nabla is not view:  # an engine that did not write into `room`
                    view[...] = nabla
        return found.cost, found.batch_weight

    def step(self, session: Session, mean: WeightedMean, penalty: Penalty, rate: float, decay: float) -> float:
        """See `Layout`."""
        gradients, shares, weight = mean
        total = gradients[0] * gradients[0].dtype.type(shares[0])
        for gradient, share in zip(gradients[1:], shares[1:], strict=True):
            total += gradient * gradient.dtype.type(share)
        nabla_w, nabla_b = self._cut(total)
        cost = 0.0
        if penalty != NO_PENALTY:
            weights = apart(session.network())[0].weights  # embeddings are not penalized
            penalized = [penalty.add_gradient(nabla, w, weight) for nabla, w in zip(nabla_w, weights, strict=False)]
            nabla_w = [*penalized, *nabla_w[len(weights) :]]
            cost = penalty.cost(weights, weight)
        session.apply_gradient(Gradient(cost, nabla_w, nabla_b, weight), rate, decay)
        return cost


class FlatGradients:
    """Room for the gradients of some networks of one shape. All ranks make it, and take the mean, together.

    Parameters
    ----------
    sessions : sequence of Session
        Opened without a penalty.
    group : Group
        The ranks.
    """

    def __init__(self, sessions: Sequence[Session], group: Group) -> None:
        network, n = sessions[0].network(), len(sessions)
        dtype = np.dtype(network.dtype)
        self._sessions, self._mean, self._layout = sessions, *_where(sessions[0], network, n, dtype, group)

    def put(self, m: int, shard: Shard | None, first_row: int) -> None:
        """Put the gradient of a rank's shard for one of the networks; None for a shard that has no rows.

        Parameters
        ----------
        m : int
        shard : x, y, sample_weight
        first_row : int
            Where the shard begins in its batch.
        """
        own = self._mean.own[m]
        if shard is None:
            own[:] = 0
        else:
            own[-2:] = self._layout.gradient(self._sessions[m], shard, first_row, own[:-2])

    def add_up(self) -> None:
        """Take the mean over all ranks."""
        self._mean.take()

    def weight(self, m: int) -> float:
        """Return ``Σ s_x`` of the whole batch."""
        return float(self._mean.weights[m])

    def cost(self, m: int) -> float:
        """Return the mean cost of the whole batch, without the penalty."""
        return float(
            sum(s[m] * float(array[m, -2]) for s, array in zip(self._mean.shares, self._mean.arrays, strict=True))
        )

    def is_finite(self, m: int) -> bool:
        """Return whether all numbers of a network are finite; the same on every rank, for each has the same."""
        return all(np.isfinite(array[m].sum()) for array in self._mean.arrays)

    def step(self, m: int, penalty: Penalty, rate: float, decay: float) -> float:
        """Take the step of the whole batch with one of the networks, and return what the penalty cost."""
        gradients, shares = [array[m, :-2] for array in self._mean.arrays], self._mean.shares[:, m].tolist()
        mean = WeightedMean(gradients, shares, self.weight(m))
        return self._layout.step(self._sessions[m], mean, penalty, rate, decay)


def _where(session: Session, network: Network, n: int, dtype: np.dtype[Any], group: Group) -> tuple[Mean, Layout]:
    """Return what takes the mean, and how numbers stand there."""
    is_packed = isinstance(session, PackedGradients) and not isinstance(network, EmbeddedNetwork)  # of layers alone
    layout: Layout = EnginesLayout(cast(PackedGradients, session)) if is_packed else LecturesLayout(network)
    shape = n, layout.size + 2
    if group.size == 1:
        return Mean(np.zeros(shape, dtype)), layout
    is_few = group.size <= FEW_RANKS
    memory = seen_by_all(group, ((2, group.size) if is_few else (group.size + 1,)) + shape, dtype, layout.name)
    if memory is not None:
        return OfFew(group, memory) if is_few else OfMany(group, memory), layout
    layout = LecturesLayout(network)
    return ByMessage(group, np.zeros((n, layout.size + 2), dtype)), layout
