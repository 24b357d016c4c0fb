"""Gradients of a step behind one another in one array, so that one message adds them up over all ranks.

Each is multiplied by the weight of its shard, ``Σ s_x``, and has that weight and the cost beside it. Divided by the sum
of the weights it is the gradient of the whole batch: ``∇C = (Σ_r S_r ∇C_r) / (Σ_r S_r)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.network import Network
from backlit.core.penalty import Penalty
from backlit.engine.protocol import Gradient, NablaArrays


class FlatGradients:
    """Room for the gradients of some networks of one shape.

    Parameters
    ----------
    network : Network
    n : int
        Networks.

    Attributes
    ----------
    numbers : ndarray, ``(n * (n_parameters + 2),)``
        Of the network's dtype: of each network its gradient, its cost and its weight.
    """

    def __init__(self, network: Network, n: int) -> None:
        shapes = [array.shape for array in (*network.weights, *network.biases)]
        counts = [int(np.prod(shape)) for shape in shapes]
        self._length, self._n_layers = sum(counts) + 2, len(network.weights)
        self.numbers: NDArray[Any] = np.zeros(n * self._length, dtype=network.dtype)
        self._own = [self.numbers[m * self._length : (m + 1) * self._length] for m in range(n)]
        places = np.cumsum([0, *counts]).tolist()
        self._views = [
            [
                own[begin : begin + count].reshape(shape)
                for begin, count, shape in zip(places[:-1], counts, shapes, strict=True)
            ]
            for own in self._own
        ]

    def room(self, m: int) -> NablaArrays:
        """Return the arrays of a network's ∇w and ∇b."""
        return self._views[m][: self._n_layers], self._views[m][self._n_layers :]

    def put(self, m: int, gradient: Gradient | None) -> None:
        """Take in the gradient of a rank's shard for one of the networks; None for a shard without rows."""
        if gradient is None:
            self._own[m][:] = 0
            return
        for view, nabla in zip(self._views[m], [*gradient.nabla_w, *gradient.nabla_b], strict=True):
            if nabla is not view:  # an engine that did not write into `room`
                view[...] = nabla
        self._own[m][:-2] *= self._own[m].dtype.type(gradient.batch_weight)
        self._own[m][-2:] = gradient.cost * gradient.batch_weight, gradient.batch_weight

    def weight(self, m: int) -> float:
        """Return ``Σ s_x`` of the whole batch, once all is added up."""
        return float(self._own[m][-1])

    def is_finite(self, m: int) -> bool:
        """Return whether all numbers of a network are finite; the same on every rank, for each has the same."""
        return bool(np.isfinite(self._own[m].sum()))

    def mean(self, m: int, penalty: Penalty, weights: Sequence[NDArray[Any]]) -> Gradient:
        """Return the gradient of the whole batch, once all is added up, with that of a penalty.

        Parameters
        ----------
        m : int
        penalty : Penalty
        weights : sequence of ndarray
            Of the network's layers; of no meaning without a penalty. What embeddings have behind them is not penalized.
        """
        own, weight = self._own[m], self.weight(m)
        own[:-1] *= own.dtype.type(1 / weight)
        (nabla_w, nabla_b), cost = self.room(m), float(own[-2])
        if weights:
            with_penalty = [penalty.add_gradient(n, w, weight) for n, w in zip(nabla_w, weights, strict=False)]
            nabla_w = [*with_penalty, *nabla_w[len(weights) :]]
            cost += penalty.cost(weights, weight)
        return Gradient(cost, nabla_w, nabla_b, weight)
