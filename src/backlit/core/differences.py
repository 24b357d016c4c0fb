"""What the cost does when weighted inputs move: C(z + Δz), the kinks on the way, and how exact C is.

Moving z^l_j changes nothing before z^l, so every layer up to l is computed once, and many moves of a layer are computed
together. The gradient check moves z a little to both sides; the demon of the lecture moves it as far as he likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import get_activation
from backlit.core.backpropagation import Backpass
from backlit.core.losses import cost_of_each, get_loss
from backlit.core.network import Network, weighted_input

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch, and every number of it before anything moves.

    Attributes
    ----------
    network : Network
        In float64.
    y : array, ``(n_examples, n_out)``
    share : array, ``(n_examples,)``
        Share of each example in the mean; they sum to 1.
    loss : str
    at : Backpass
        Before anything moves.
    """

    network: Network
    y: Numbers
    share: Numbers
    loss: str
    at: Backpass


@dataclass(frozen=True, eq=False)
class Stage:
    """One layer on the way forward from a move, or the loss at the end.

    Attributes
    ----------
    layer : int
        l, counted from 1.
    name : str
        Of the activation, or of the loss.
    values : array, ``(n_steps, n_moves, n_examples, n_l)``
        z^l; a − y for the loss.
    before : array, ``(n_examples, n_l)``
        The same before the move.
    kinks, bends : tuple of float
        Values that have a kink, or a bend.
    """

    layer: int
    name: str
    values: Numbers
    before: Numbers
    kinks: tuple[float, ...]
    bends: tuple[float, ...]


def moved(batch: Batch, i: int, j: Places, steps: Numbers) -> tuple[Numbers, Iterator[Stage]]:
    """Move weighted inputs of layer i + 2 and feed forward from there.

    Parameters
    ----------
    j : array, ``(n_moves,)``
        The neuron of each move, counted from 0.
    steps : array, ``(n_steps, n_moves, n_examples)``
        How far each move goes, several lengths of it.

    Returns
    -------
    array, ``(n_steps, n_moves, n_examples)``
        C_x; filled in once the iterator is exhausted.
    iterator of Stage
        The layers from i + 2 on, and the loss.
    """
    costs = np.empty(steps.shape)
    return costs, _feed(batch, i, j, steps, costs)


def _feed(batch: Batch, i: int, j: Places, steps: Numbers, costs: Numbers) -> Iterator[Stage]:
    network, at = batch.network, batch.at
    z = np.broadcast_to(at.z[i], (*steps.shape[:2], *at.z[i].shape)).copy()
    moves = np.arange(j.size)
    for length, step in enumerate(steps):
        z[length, moves, :, j] += step
    a: Numbers = at.a[i]
    for later, name in enumerate(network.activations[i:], start=i):
        if later > i:
            z = weighted_input(network.weights[later], a, network.biases[later])
        activation = get_activation(name)
        yield Stage(later + 2, name, z, at.z[later], activation.kinks, activation.bends)
        a = activation.value(z)
    loss = get_loss(batch.loss, network.activations[-1])
    yield Stage(len(network.sizes), loss.name, a - batch.y, at.a[-1] - batch.y, loss.kinks, loss.bends)
    costs[...] = cost_of_each(batch.loss, network.activations[-1], z, a, batch.y)


def lie_apart(left: Numbers, right: Numbers, at: float) -> Flags:
    """Whether two numbers lie on opposite sides of a third, elementwise."""
    return ((left > at) & (right < at)) | ((left < at) & (right > at))


def rounding_noise(batch: Batch) -> float:
    """Return about how far rounding moves C.

    Every z^l_j is a sum that is off by up to about eps (|w^l| |a^{l−1}| + |b^l|)_j, and δ^l_j says what that does to C.
    How well the loss itself is rounded is measured: its spread over a few numbers next to z^L.
    """
    network, at = batch.network, batch.at
    z_last, activation = at.z[-1], get_activation(network.activations[-1])
    near = [z_last * (1.0 + r * EPS) for r in range(-3, 4)]
    costs = np.array([cost_of_each(batch.loss, activation.name, z, activation.value(z), batch.y) for z in near])
    noise = np.abs(costs).max(axis=0) * EPS + np.ptp(costs, axis=0)
    for w, b, a_previous, delta in zip(network.weights, network.biases, at.a[:-1], at.delta, strict=True):
        size = np.abs(a_previous) @ np.abs(w).T + np.abs(b)
        noise = noise + EPS * np.sum(np.abs(delta) * size, axis=1)
    return float(batch.share @ noise)
