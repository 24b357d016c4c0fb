"""A network with more than the lecture's parameters: what is trained, kept and asked as one.

Some of its inputs may reach it through embeddings. Behind these it is the lecture's `Network`, whose layer 1 is what
they give, and then the other inputs. And its hidden neurons may have α, which is part of that network's σ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from backlit.core.embedded import Embedded
from backlit.core.embedding import Embedding, embed
from backlit.core.namespace import Array
from backlit.core.network import Network
from backlit.core.parametric import alphas_of, plain_name, with_alphas
from backlit.errors import ShapeError


@dataclass(frozen=True, eq=False)
class EmbeddedNetwork:
    """Embeddings, the network behind them, and the α of its neurons.

    Attributes
    ----------
    weights, biases : tuple of array
        Those of the network's layers, and behind them of the embeddings. So whoever averages, keeps or hands on all
        parameters of a network does it with these.
    activations : tuple of str
        σ of the network's layers but the first, without α.
    embedded : Embedded
        Which inputs are, and which neurons have α.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activations: tuple[str, ...]
    embedded: Embedded

    def __post_init__(self) -> None:
        n_layers, n_of_embeddings = len(self.activations), len(self.embedded.shapes()[0])
        n = n_layers + n_of_embeddings
        if not len(self.weights) == len(self.biases) == n:
            raise ShapeError(
                f"A network of {n_layers + 1} layers behind embeddings has {n} weights and biases, {n_of_embeddings} "
                f"of the embeddings, but {len(self.weights)} weights and {len(self.biases)} biases came."
            )
        widths = tuple(w.shape[0] for w in self.weights[: n_layers - 1])
        if self.embedded.alphas and self.embedded.alphas != widths:
            raise ShapeError(f"Hidden layers of {widths} neurons need as many α, not {self.embedded.alphas}.")
        self.embedded.check_width(self.sizes[0])
        if self.sizes[0] < 1:
            raise ShapeError(
                f"Embeddings add {self.embedded.n_added} numbers to the inputs, but layer 1 has "
                f"{self.network.sizes[0]} neurons."
            )

    @classmethod
    def of(cls, network: Network, embedding: Embedding) -> EmbeddedNetwork:
        """Put embeddings before a network, whose layer 1 has room for their numbers and the inputs."""
        weights, biases = (*network.weights, *embedding.weights), (*network.biases, *embedding.biases)
        return cls(weights, biases, tuple(map(plain_name, network.activations)), embedding.embedded)

    @property
    def network(self) -> Network:
        """The network behind the embeddings, with α in its activations."""
        n, n_alphas = len(self.activations), len(self.embedded.alphas)
        alphas = self.biases[len(self.biases) - n_alphas :]
        activations = with_alphas(self.activations, alphas) if n_alphas else self.activations
        return Network(self.weights[:n], self.biases[:n], activations)

    @property
    def embedding(self) -> Embedding:
        """The embeddings."""
        n = len(self.activations)
        return Embedding(self.embedded, self.weights[n:], self.biases[n:])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer; of the first, the inputs without what embeddings add."""
        n_in, *others = self.network.sizes
        return n_in - self.embedded.n_added, *others

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


def with_alphas_beside(network: AnyNetwork) -> AnyNetwork:
    """Return a network as it is trained and kept: with α of its neurons, where it has any, beside its layers."""
    if isinstance(network, EmbeddedNetwork):
        return network
    alphas = tuple(np.asarray(alpha, network.dtype) for alpha in alphas_of(network))
    if not alphas:
        return network
    embedded = Embedded(alphas=tuple(map(len, alphas)))
    none = tuple(np.zeros(0, network.dtype) for _ in alphas)
    return EmbeddedNetwork.of(network, Embedding(embedded, none, alphas))


def joined_embeddings(embeddings: Sequence[Embedding]) -> Embedding:
    """Return the embeddings of several members as those of one network, member after member."""
    weights, biases = (
        tuple(np.concatenate(each) for each in zip(*parts, strict=True))
        for parts in ([each.weights for each in embeddings], [each.biases for each in embeddings])
    )
    embedded = [each.embedded for each in embeddings]
    columns = tuple(column for each in embedded for column in each.columns)
    categories = tuple(category for each in embedded for category in each.categories)
    alphas = tuple(sum(of_layer) for of_layer in zip(*(each.alphas for each in embedded), strict=True))
    return Embedding(Embedded(columns, categories, alphas), weights, biases)


def apart(network: AnyNetwork) -> tuple[Network, Embedding | None]:
    """Return the network behind embeddings and these, or a plain network and None."""
    return (network.network, network.embedding) if isinstance(network, EmbeddedNetwork) else (network, None)


def together(network: Network, embedding: Embedding | None) -> Any:
    """Return what `apart` took apart: a `Network`, or an `EmbeddedNetwork`."""
    return network if embedding is None else EmbeddedNetwork.of(network, embedding)
