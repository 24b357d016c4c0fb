"""What can be done to the network of a lab, and a moment of its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backlit.core.network import Network
from backlit.errors import ShapeError
from backlit.lab.talk.replies import Move

if TYPE_CHECKING:
    from backlit.engine.protocol import OptimizerState
    from backlit.training.state import TrainingState


@dataclass(frozen=True)
class StepBy:
    """A step of gradient descent on a batch; `rows` count from 0."""

    rows: tuple[int, ...]
    rate: float


@dataclass(frozen=True)
class EditOf:
    """A weight or bias set by hand; all counted from 1."""

    layer: int
    neuron: int
    k: int | None
    value: float


@dataclass(frozen=True)
class EpochWith:
    """An epoch of training with these options."""

    solver: str
    rate: float
    batch_size: int | None
    l2: float
    seed: int


Deed = StepBy | EditOf | EpochWith


@dataclass(frozen=True, eq=False)
class Moment:
    """The network after some of the history, and what the next epoch depends on.

    Attributes
    ----------
    network : Network
    epochs : int
        Epochs done until then.
    by : EpochWith or None
        The epoch that led here; None where it was something else, after which an optimizer begins anew.
    training : TrainingState or None
    optimizer : OptimizerState or None
    """

    network: Network
    epochs: int = 0
    by: EpochWith | None = None
    training: TrainingState | None = None
    optimizer: OptimizerState | None = None


def edited(network: Network, edit: EditOf) -> Network:
    """Return a network with one weight or bias set by hand."""
    check_place(network.sizes, edit.layer, edit.neuron, edit.k)
    i, j = edit.layer - 2, edit.neuron - 1
    weights, biases = [np.array(w) for w in network.weights], [np.array(b) for b in network.biases]
    if edit.k is None:
        biases[i][j] = edit.value
    else:
        weights[i][j, edit.k - 1] = edit.value
    return Network(tuple(weights), tuple(biases), network.activations)


def check_place(sizes: tuple[int, ...], layer: int, neuron: int, k: int | None) -> None:
    """Raise unless there is such a neuron, or with k such a weight; all count from 1."""
    if not 2 <= layer <= len(sizes):
        raise ShapeError(f"Layers with weights and biases are 2 to {len(sizes)}, but layer {layer} was asked for.")
    if not 1 <= neuron <= sizes[layer - 1]:
        raise ShapeError(f"Layer {layer} has neurons 1 to {sizes[layer - 1]}, but neuron {neuron} was asked for.")
    if k is not None and not 1 <= k <= sizes[layer - 2]:
        raise ShapeError(f"Layer {layer - 1} has neurons 1 to {sizes[layer - 2]}, but neuron {k} was asked for.")


def move_of(deed: Deed, count: int) -> Move:
    """Say what was done, and how many times in a row."""
    if isinstance(deed, EditOf):
        name = f"b^{deed.layer}_{deed.neuron}" if deed.k is None else f"w^{deed.layer}_{deed.neuron},{deed.k}"
        return Move("edit", count, f"{name} set to {deed.value:.6g}")
    if isinstance(deed, StepBy):
        rows = ", ".join(str(row + 1) for row in deed.rows[:4]) + (", …" if len(deed.rows) > 4 else "")
        return Move("step", count, f"step on row{'s' * (len(deed.rows) > 1)} {rows}, μ = {deed.rate:.6g}")
    return Move("epoch", count, f"epoch of {deed.solver}, μ = {deed.rate:.6g}")
