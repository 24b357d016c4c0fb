"""Members: several networks of one shape, asked together. What they say is averaged before the last σ.

``z^L = (1/k) Σ_m z^L_m`` and ``a^L = σ(z^L)``. The mean of z and not of a, because then the ensemble is again a
feed-forward network of the lecture (`Ensemble.joined`): hidden layers side by side, with no weights from one member to
another, and one output layer. Of numbers, whose σ is the identity, it is the mean of the predictions; of classes with
softmax, the geometric mean of the members' probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.embedded import N_OUT, NOTHING, Embedded, embedded_of
from backlit.core.embedded_network import EmbeddedNetwork, apart, joined_embeddings, together
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
    embedded : Embedded
        Where members are `EmbeddedNetwork`, what these have beside their layers.
    shares : bool, default False
        Whether they are trained as `backlit.core.shared_members` has it, with layers in common.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activations: tuple[str, ...]
    n_members: int
    embedded: Embedded = NOTHING
    shares: bool = False

    def __post_init__(self) -> None:
        n_layers = self._arrays_of_member
        if self.n_members < 1 or not len(self.weights) == len(self.biases) == self.n_members * n_layers:
            raise ShapeError(
                f"{self.n_members} members with {n_layers} layers each, the input not counted, need weights and biases "
                f"for every one of them, but {len(self.weights)} weights and {len(self.biases)} biases came."
            )
        if len({(member.sizes, member.dtype) for member in self.members}) > 1:
            raise ShapeError("All members must have the same sizes and the same dtype.")

    @classmethod
    def of(cls, networks: Sequence[Network | EmbeddedNetwork]) -> Self:
        """Return the ensemble of some networks, in their order."""
        if len({network.activations for network in networks}) != 1:
            raise InvalidInputError("An ensemble needs networks, at least one and all of the same activations.")
        return cls(
            tuple(w for network in networks for w in network.weights),
            tuple(b for network in networks for b in network.biases),
            networks[0].activations,
            len(networks),
            embedded_of(networks[0]),
        )

    @property
    def _arrays_of_member(self) -> int:
        # of weights, and as many of biases
        return len(self.activations) + len(self.embedded.shapes()[0])

    def member(self, m: int) -> Any:
        """Return a member, counted from 0: a `Network`, or an `EmbeddedNetwork`."""
        n_layers = self._arrays_of_member
        part = slice(m * n_layers, (m + 1) * n_layers)
        arrays = self.weights[part], self.biases[part], self.activations
        return EmbeddedNetwork(*arrays, self.embedded) if self.embedded else Network(*arrays)

    @property
    def members(self) -> tuple[Any, ...]:
        """The networks."""
        return tuple(self.member(m) for m in range(self.n_members))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer of a member, the input included."""
        sizes: tuple[int, ...] = self.member(0).sizes
        return sizes

    @property
    def dtype(self) -> str:
        """Of all parameters."""
        return str(self.member(0).dtype)

    def joined(self) -> Any:
        """Return the one network that says the same: k times as wide in its hidden layers, and zeros between members.

        Of members that are `EmbeddedNetwork` it is one, too, with the embeddings of all.

        Raises
        ------
        InvalidInputError
            If a hidden layer's σ couples its neurons, as softmax does: it would couple members, too.
        """
        for name in self.activations[:-1]:
            if get_activation(name).couples:
                raise InvalidInputError(f"Members with {name} in a hidden layer cannot be joined into one network.")
        whole, last = self.members, len(self.activations) - 1
        members: list[Network] = [apart(member)[0] for member in whole]
        embeddings = [each for each in (apart(member)[1] for member in whole) if each is not None]
        weights, biases = [], []
        for i in range(last + 1):
            each_w, each_b = [member.weights[i] for member in members], [member.biases[i] for member in members]
            if i == 0 and embeddings:
                each_w = _with_room_for_all(each_w, embeddings[0].embedded)
            if i == last:
                w = np.hstack(each_w) if last > 0 else sum(each_w)
                weights.append(w / self.n_members)
                biases.append(sum(each_b) / self.n_members)
            else:
                weights.append(np.vstack(each_w) if i == 0 else _side_by_side(each_w))
                biases.append(np.concatenate(each_b))
        network = Network(tuple(weights), tuple(biases), self.activations)
        return together(network, joined_embeddings(embeddings) if embeddings else None)


def _with_room_for_all(weights: Sequence[Array], embedded: Embedded) -> list[Array]:
    # w² of each member, with zeros for what the embeddings of the others give: first of numbers, then of categories
    k, n, joined = len(weights), N_OUT * len(embedded.columns), []
    for m, w in enumerate(weights):
        parts = []
        for own in (w[:, :n], w[:, n : embedded.n_e]):
            n_own = own.shape[1]
            of_all = np.zeros((len(w), k * n_own), dtype=w.dtype)
            of_all[:, m * n_own : (m + 1) * n_own] = own
            parts.append(of_all)
        joined.append(np.hstack([*parts, w[:, embedded.n_e :]]))
    return joined


def _side_by_side(blocks: Sequence[Array]) -> Array:
    n_out, n_in = blocks[0].shape
    joined = np.zeros((len(blocks) * n_out, len(blocks) * n_in), dtype=blocks[0].dtype)
    for m, block in enumerate(blocks):
        joined[m * n_out : (m + 1) * n_out, m * n_in : (m + 1) * n_in] = block
    return joined
