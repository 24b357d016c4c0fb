"""A network that some of its inputs reach through embeddings: what is trained, kept and asked as one.

Behind the embeddings it is the lecture's `Network`, whose layer 1 are all embedded numbers and then the inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from backlit.core.embedding import N_HIDDEN, N_OUT, Embedding, embed
from backlit.core.namespace import Array
from backlit.core.network import Network
from backlit.errors import ShapeError


@dataclass(frozen=True, eq=False)
class EmbeddedNetwork:
    """Embeddings, and the network behind them.

    Attributes
    ----------
    weights, biases : tuple of array
        Those of the network's layers, and behind them of the embeddings: w₁ and W₂, b₁ and b₂. So whoever averages,
        keeps or hands on all parameters of a network does it with these.
    activations : tuple of str
        σ of the network's layers but the first.
    columns : tuple of int
        The inputs that are embedded; see `Embedding`.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activations: tuple[str, ...]
    columns: tuple[int, ...]

    def __post_init__(self) -> None:
        n = len(self.activations) + 2
        if not len(self.weights) == len(self.biases) == n:
            raise ShapeError(
                f"A network of {n - 1} layers behind embeddings has {n} weights and biases, two of the embeddings, but "
                f"{len(self.weights)} weights and {len(self.biases)} biases came."
            )
        self.embedding.check_width(self.sizes[0])
        if self.sizes[0] < 1:
            raise ShapeError(
                f"{len(self.columns)} embeddings add {self.embedding.n_added} numbers to the inputs, but layer 1 has "
                f"{self.network.sizes[0]} neurons."
            )

    @classmethod
    def of(cls, network: Network, embedding: Embedding) -> EmbeddedNetwork:
        """Put embeddings before a network, whose layer 1 has room for their numbers and the inputs."""
        return cls(
            (*network.weights, embedding.w_1, embedding.w_2),
            (*network.biases, embedding.b_1, embedding.b_2),
            network.activations,
            embedding.columns,
        )

    @property
    def network(self) -> Network:
        """The network behind the embeddings."""
        n = len(self.activations)
        return Network(self.weights[:n], self.biases[:n], self.activations)

    @property
    def embedding(self) -> Embedding:
        """The embeddings."""
        (w_1, w_2), (b_1, b_2) = self.weights[-2:], self.biases[-2:]
        return Embedding(self.columns, w_1, b_1, w_2, b_2)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer; of the first, the inputs without what embeddings add."""
        n_in, *others = self.network.sizes
        return n_in - self.embedding.n_added, *others

    @property
    def dtype(self) -> str:
        """Of all parameters."""
        return self.network.dtype

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases, those of the embeddings included."""
        return sum(int(np.prod(array.shape)) for array in (*self.weights, *self.biases))

    def expanded(self, x: Array) -> Array:
        """Return what the network behind is fed with: ``(n_examples, n_added + n_in)`` for ``(n_examples, n_in)``."""
        return embed(self.embedding, x).out

    def feedforward(self, x: Array) -> Array:
        """Return a^L, ``(n_examples, n_out)``, for x ``(n_examples, n_in)``."""
        network = self.network
        return network.feedforward(self.expanded(network.as_batch(x, "x", self.sizes[0])))


AnyNetwork: TypeAlias = Network | EmbeddedNetwork


def added_shapes(n_columns: int) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return the shapes of w₁ and W₂, and of b₁ and b₂, for so many embedded inputs; none for none."""
    if not n_columns:
        return [], []
    n, h, o = n_columns, N_HIDDEN, N_OUT
    return [(n, h), (n, o, h)], [(n, h), (n, o)]


def joined_embeddings(embeddings: Sequence[Embedding]) -> Embedding:
    """Return the embeddings of several members as those of one network, member after member."""
    arrays = [np.concatenate([getattr(each, name) for each in embeddings]) for name in ("w_1", "b_1", "w_2", "b_2")]
    return Embedding(tuple(column for each in embeddings for column in each.columns), *arrays)


def apart(network: AnyNetwork) -> tuple[Network, Embedding | None]:
    """Return the network behind embeddings and these, or a plain network and None."""
    return (network.network, network.embedding) if isinstance(network, EmbeddedNetwork) else (network, None)


def together(network: Network, embedding: Embedding | None) -> Any:
    """Return what `apart` took apart: a `Network`, or an `EmbeddedNetwork`."""
    return network if embedding is None else EmbeddedNetwork.of(network, embedding)
