"""Members: several networks of one shape, asked together. What they say is averaged before the last σ.

``z^L = (1/k) Σ_m z^L_m`` and ``a^L = σ(z^L)``. The mean of z and not of a, because then the ensemble is again a
feed-forward network of the lecture (`Ensemble.joined`): hidden layers side by side, with no weights from one member to
another, and one output layer. Of numbers, whose σ is the identity, it is the mean of the predictions; of classes with
softmax, the geometric mean of the members' probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.namespace import Array
from backlit.core.network import Network
from backlit.errors import InvalidInputError, ShapeError


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks of the same sizes and activations.

    Attributes
    ----------
    weights, biases : tuple of ndarray
        Those of the first member, layer by layer as in `Network`, then of the second, and so on.
    activations : tuple of str
        σ of each layer but the input, the same in all.
    n_members : int
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activations: tuple[str, ...]
    n_members: int

    def __post_init__(self) -> None:
        n_layers = len(self.activations)
        if self.n_members < 1 or not len(self.weights) == len(self.biases) == self.n_members * n_layers:
            raise ShapeError(
                f"{self.n_members} members with {n_layers} layers each, the input not counted, need weights and biases "
                f"for every one of them, but {len(self.weights)} weights and {len(self.biases)} biases came."
            )
        if len({(member.sizes, member.dtype) for member in self.members}) > 1:
            raise ShapeError("All members must have the same sizes and the same dtype.")

    @classmethod
    def of(cls, networks: Sequence[Network]) -> Self:
        """Return the ensemble of some networks, in their order."""
        if len({network.activations for network in networks}) != 1:
            raise InvalidInputError("An ensemble needs networks, at least one and all of the same activations.")
        return cls(
            tuple(w for network in networks for w in network.weights),
            tuple(b for network in networks for b in network.biases),
            networks[0].activations,
            len(networks),
        )

    def member(self, m: int) -> Network:
        """Return a member, counted from 0."""
        n_layers = len(self.activations)
        part = slice(m * n_layers, (m + 1) * n_layers)
        return Network(self.weights[part], self.biases[part], self.activations)

    @property
    def members(self) -> tuple[Network, ...]:
        """The networks."""
        return tuple(self.member(m) for m in range(self.n_members))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer of a member, the input included."""
        return self.member(0).sizes

    @property
    def dtype(self) -> str:
        """Of all parameters."""
        return self.member(0).dtype

    def joined(self) -> Network:
        """Return the one network that says the same: k times as wide in its hidden layers, and zeros between members.

        Raises
        ------
        InvalidInputError
            If a hidden layer's σ couples its neurons, as softmax does: it would couple members, too.
        """
        for name in self.activations[:-1]:
            if get_activation(name).couples:
                raise InvalidInputError(f"Members with {name} in a hidden layer cannot be joined into one network.")
        members, last = self.members, len(self.activations) - 1
        weights, biases = [], []
        for i in range(last + 1):
            each_w, each_b = [member.weights[i] for member in members], [member.biases[i] for member in members]
            if i == last:
                w = np.hstack(each_w) if last > 0 else sum(each_w)
                weights.append(w / self.n_members)
                biases.append(sum(each_b) / self.n_members)
            else:
                weights.append(np.vstack(each_w) if i == 0 else _side_by_side(each_w))
                biases.append(np.concatenate(each_b))
        return Network(tuple(weights), tuple(biases), self.activations)


def _side_by_side(blocks: Sequence[Array]) -> Array:
    n_out, n_in = blocks[0].shape
    joined = np.zeros((len(blocks) * n_out, len(blocks) * n_in), dtype=blocks[0].dtype)
    for m, block in enumerate(blocks):
        joined[m * n_out : (m + 1) * n_out, m * n_in : (m + 1) * n_in] = block
    return joined
