"""Embeddings of numbers whose weights are trained: PBLD of RealMLP (arXiv 2407.04491), after arXiv 2203.05556.

Each number x that is embedded has a tiny network of its own, of one input, 16 hidden neurons and 3 outputs:

    ``z = w₁ (2π x) + b₁``,    ``a = cos(z)``,    ``e = W₂ a + b₂``.

The network behind it gets all e and then all inputs as they are: ``a^1 = (e, x)``. So it is the lecture's from there
on, and its BP2, without the σ′ that an input has not, gives ``∂C/∂e = (w²)ᵀ δ²``. From there the same four equations go
on: e is a layer whose σ is the identity, and a is one whose σ is the cosine, with σ′ = −sin.

Its twin is ``native/embedding_kernels.hpp``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import matmul

import numpy as np

from backlit.core.initialization import Purpose, stream
from backlit.core.namespace import Array, Product, namespace
from backlit.errors import InvalidInputError, ShapeError, UnknownNameError

EMBEDDINGS = ("pbld",)
"""Names: periodic, with a bias, linear, dense (the number itself stays among the inputs)."""

N_HIDDEN, N_OUT = 16, 3
"""Neurons of an embedding's hidden layer, and numbers that it adds."""

RATE_FACTOR = 0.1
"""What the learning rate is multiplied by for all parameters of embeddings, as in RealMLP."""

_FREQUENCY = 0.1


@dataclass(frozen=True, eq=False)
class Embedding:
    """The embeddings of some inputs.

    Attributes
    ----------
    columns : tuple of int
        Which inputs are embedded, counted from 0; one may be more than once.
    w_1, b_1 : array, ``(n_columns, 16)``
    w_2 : array, ``(n_columns, 3, 16)``
    b_2 : array, ``(n_columns, 3)``
    """

    columns: tuple[int, ...]
    w_1: Array
    b_1: Array
    w_2: Array
    b_2: Array

    def __post_init__(self) -> None:
        d = len(self.columns)
        shapes = [tuple(each.shape) for each in (self.w_1, self.b_1, self.w_2, self.b_2)]
        wanted = [(d, N_HIDDEN), (d, N_HIDDEN), (d, N_OUT, N_HIDDEN), (d, N_OUT)]
        if not d or shapes != wanted:
            raise ShapeError(f"The embeddings of {d} inputs need arrays of the shapes {wanted}, but {shapes} came.")

    @classmethod
    def initialize(cls, columns: Sequence[int], *, seed: int, dtype: str) -> Embedding:
        """Return new embeddings of some inputs.

        w₁ is from N(0, 0.1²), b₁ uniform in [−π, π], W₂ and b₂ uniform in [−¼, ¼].
        """
        d, rng = len(columns), stream(seed, Purpose.EMBEDDING)
        drawn = (
            _FREQUENCY * rng.standard_normal((d, N_HIDDEN)),
            rng.uniform(-math.pi, math.pi, (d, N_HIDDEN)),
            rng.uniform(-0.25, 0.25, (d, N_OUT, N_HIDDEN)),
            rng.uniform(-0.25, 0.25, (d, N_OUT)),
        )
        return cls(tuple(columns), *(np.asarray(each, dtype=dtype) for each in drawn))

    @property
    def n_added(self) -> int:
        """How many numbers the network behind it gets beside the inputs."""
        return N_OUT * len(self.columns)

    def check_width(self, n_in: int) -> None:
        """Raise unless all inputs that are embedded are among so many."""
        if not all(0 <= column < n_in for column in self.columns):
            raise InvalidInputError(
                f"Embedded inputs must be among the {n_in}, counted from 0, but {self.columns} came."
            )


@dataclass(frozen=True, eq=False)
class Embedded:
    """Every number of embedding a batch.

    Attributes
    ----------
    x : array, ``(n_examples, n_columns)``
        The numbers that are embedded.
    z, a : array, ``(n_examples, n_columns, 16)``
    e : array, ``(n_examples, n_columns, 3)``
    out : array, ``(n_examples, n_added + n_in)``
        a^1 of the network behind: all e, then all inputs.
    """

    x: Array
    z: Array
    a: Array
    e: Array
    out: Array


def embed(embedding: Embedding, x: Array) -> Embedded:
    """Feed a batch through the embeddings.

    Parameters
    ----------
    embedding : Embedding
    x : array, ``(n_examples, n_in)``
    """
    xp = namespace(x)
    taken = xp.stack([x[:, column] for column in embedding.columns], axis=1)
    z = embedding.w_1 * (2 * math.pi * taken)[:, :, None] + embedding.b_1
    a = xp.cos(z)
    e = xp.sum(embedding.w_2 * a[:, :, None, :], axis=-1) + embedding.b_2
    out = xp.concat([xp.reshape(e, (x.shape[0], embedding.n_added)), x], axis=1)
    return Embedded(taken, z, a, e, out)


@dataclass(frozen=True, eq=False)
class EmbeddingGradient:
    """∂C/∂w₁, ∂C/∂b₁, ∂C/∂W₂ and ∂C/∂b₂, shaped as the parameters."""

    nabla_w_1: Array
    nabla_b_1: Array
    nabla_w_2: Array
    nabla_b_2: Array


def embedding_errors(
    embedding: Embedding, at: Embedded, w: Array, delta: Array, product: Product = matmul
) -> tuple[Array, Array]:
    """Return δ of e and δ of the cosines: BP2 from layer 2 of the network behind, and once more.

    Parameters
    ----------
    embedding : Embedding
    at : Embedded
    w : array, ``(n_2, n_added + n_in)``
        w² of the network behind.
    delta : array, ``(n_examples, n_2)``
        Its δ².
    product : callable, default ``@``
        See `backlit.core.precision`.

    Returns
    -------
    delta_e : array, ``(n_examples, n_columns, 3)``
    delta_z : array, ``(n_examples, n_columns, 16)``
    """
    xp = namespace(delta)
    # BP2: δ^e = (w²)ᵀ δ²; σ of e is the identity
    delta_e = xp.reshape(product(delta, w[:, : embedding.n_added]), at.e.shape)
    # BP2: δ^z = (W₂ᵀ δ^e) ⊙ cos′(z)
    return delta_e, xp.sum(embedding.w_2 * delta_e[:, :, :, None], axis=2) * -xp.sin(at.z)


def embedding_gradient(
    embedding: Embedding, at: Embedded, w: Array, delta: Array, share: Array, product: Product = matmul
) -> EmbeddingGradient:
    """Return the gradient of all parameters of the embeddings; the parameters are those of `embedding_errors`.

    Parameters
    ----------
    share : array, ``(n_examples, 1)``
        Share of each example in the mean; 1/n without sample weights.
    """
    xp = namespace(delta)
    delta_e, delta_z = embedding_errors(embedding, at, w, delta, product)
    delta_e, delta_z = share[:, :, None] * delta_e, share[:, :, None] * delta_z
    return EmbeddingGradient(
        xp.sum(delta_z * (2 * math.pi * at.x)[:, :, None], axis=0),  # BP4: what w₁ is multiplied by is 2π x
        xp.sum(delta_z, axis=0),  # BP3
        xp.sum(at.a[:, :, None, :] * delta_e[:, :, :, None], axis=0),  # BP4
        xp.sum(delta_e, axis=0),  # BP3
    )


def check_embedding_name(name: str | None) -> None:
    """Raise unless a name is None or one of `EMBEDDINGS`."""
    if name is not None and name not in EMBEDDINGS:
        raise UnknownNameError("embedding", name, EMBEDDINGS)
