"""Embeddings whose weights are trained: of numbers, PBLD of RealMLP (arXiv 2407.04491), and of categories.

Each number x that is embedded has a tiny network of its own, of one input, 16 hidden neurons and 3 outputs:

    ``z = w₁ (2π x) + b₁``,    ``a = cos(z)``,    ``e = W₂ a + b₂``.

Each category that is embedded has a layer of its own, of an input for each of its values, of which one is 1, and of 8
outputs without a σ: ``c = W x + b``. So all embeddings together are a layer whose weights are a matrix of blocks.

The network behind gets all e, then all c, and then the inputs as they are, but for the values of embedded categories:
``a^1 = (e, c, x)``. So it is the lecture's from there on, and its BP2, without the σ′ that an input has not, gives
``∂C/∂e`` and ``∂C/∂c`` as ``(w²)ᵀ δ²``. From there the same four equations go on: e and c are layers whose σ is the
identity, and a is one whose σ is the cosine, with σ′ = −sin.

Its twins are ``native/embedding_kernels.hpp`` and ``native/embedding.cpp``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import matmul
from typing import TypeAlias

import numpy as np

from backlit.core.embedded import N_OUT, Embedded
from backlit.core.initialization import Purpose, stream
from backlit.core.namespace import Array, Product, namespace
from backlit.errors import ShapeError, UnknownNameError

EMBEDDINGS = ("pbld",)
"""Names: periodic, with a bias, linear, dense (the number itself stays among the inputs)."""

RATE_FACTOR = 0.1
"""What the learning rate is multiplied by for numbers' embeddings and for α, as in RealMLP."""

_FREQUENCY = 0.1

Arrays: TypeAlias = tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class Embedding:
    """The embeddings of some inputs.

    Attributes
    ----------
    embedded : Embedded
    weights : tuple of array
        Where there are numbers w₁, ``(n_columns, 16)``, and W₂, ``(n_columns, 3, 16)``. Where there are categories, Wᵀ
        of one below the other, ``(n_places, 8)``.
    biases : tuple of array
        b₁, ``(n_columns, 16)``, and b₂, ``(n_columns, 3)``; and b of the categories, ``(n_categories, 8)``. Behind
        them α of each hidden layer, where neurons have any (`backlit.core.parametric`), with weights of no numbers.
    """

    embedded: Embedded
    weights: Arrays
    biases: Arrays

    def __post_init__(self) -> None:
        shapes = tuple([tuple(each.shape) for each in part] for part in (self.weights, self.biases))
        wanted = self.embedded.shapes()
        if not self.embedded or shapes != wanted:
            raise ShapeError(f"Embeddings of {self.embedded} need arrays of the shapes {wanted}, but {shapes} came.")

    @classmethod
    def initialize(cls, embedded: Embedded, *, seed: int, dtype: str) -> Embedding:
        """Return new embeddings of some inputs.

        Of numbers, w₁ is from N(0, 0.1²), b₁ uniform in [−π, π], W₂ and b₂ uniform in [−¼, ¼]. Of categories, W is from
        N(0, 1), and b is 0. α is 1.
        """
        rng = stream(seed, Purpose.EMBEDDING)
        of_weights, of_biases = embedded.shapes()
        weights, biases = [], []
        if embedded.columns:
            w_1 = _FREQUENCY * rng.standard_normal(of_weights[0])
            b_1 = rng.uniform(-math.pi, math.pi, of_biases[0])
            weights += [w_1, rng.uniform(-0.25, 0.25, of_weights[1])]
            biases += [b_1, rng.uniform(-0.25, 0.25, of_biases[1])]
        if embedded.categories:
            weights.append(rng.standard_normal(of_weights[len(weights)]))
            biases.append(np.zeros(of_biases[len(biases)]))
        for n in embedded.alphas:
            weights.append(np.zeros(0))
            biases.append(np.ones(n))
        return cls(embedded, *(tuple(np.asarray(each, dtype=dtype) for each in part) for part in (weights, biases)))

    def of_category(self, g: int) -> tuple[slice, Array, Array]:
        """Return the inputs of a category, counted from 0, its Wᵀ and its b."""
        before = sum(end - begin for begin, end in self.embedded.categories[:g])
        begin, end = self.embedded.categories[g]
        place = 2 if self.embedded.columns else 0  # among the arrays
        return slice(begin, end), self.weights[place][before : before + end - begin, :], self.biases[place][g, :]

    @property
    def alphas(self) -> Arrays:
        """α of each hidden layer."""
        return self.biases[len(self.biases) - len(self.embedded.alphas) :]


@dataclass(frozen=True, eq=False)
class Forward:
    """Every number of embedding a batch.

    Attributes
    ----------
    x : array, ``(n_examples, n_in)``
    u : array, ``(n_examples, n_columns)``, or None without numbers, as z, a and e are
        The numbers that are embedded.
    z, a : array, ``(n_examples, n_columns, 16)``
    e : array, ``(n_examples, n_columns, 3)``
    c : array, ``(n_examples, n_categories, 8)``, or None without categories
    out : array, ``(n_examples, n_added + n_in)``
        a^1 of the network behind: all e, all c, then all other inputs.
    """

    x: Array
    u: Array
    z: Array
    a: Array
    e: Array
    c: Array
    out: Array


def embed(embedding: Embedding, x: Array) -> Forward:
    """Feed a batch through the embeddings.

    Parameters
    ----------
    embedding : Embedding
    x : array, ``(n_examples, n_in)``
    """
    xp, embedded = namespace(x), embedding.embedded
    u = z = a = e = c = None
    n, parts = x.shape[0], []
    if embedded.columns:
        (w_1, w_2), (b_1, b_2) = embedding.weights[:2], embedding.biases[:2]
        u = xp.stack([x[:, column] for column in embedded.columns], axis=1)
        z = w_1 * (2 * math.pi * u)[:, :, None] + b_1
        a = xp.cos(z)
        e = xp.sum(w_2 * a[:, :, None, :], axis=-1) + b_2
        parts.append(xp.reshape(e, (n, -1)))
    if embedded.categories:
        of_each = (embedding.of_category(g) for g in range(len(embedded.categories)))
        c = xp.stack([x[:, values] @ w + b for values, w, b in of_each], axis=1)
        parts.append(xp.reshape(c, (n, -1)))
    kept = [x[:, k : k + 1] for k in embedded.kept(x.shape[1])] if embedded.categories else [x]
    return Forward(x, u, z, a, e, c, xp.concat([*parts, *kept], axis=1))


@dataclass(frozen=True, eq=False)
class EmbeddingErrors:
    """δ of what embeddings give and of the cosines, shaped as these in `Forward`; None where there are none.

    Attributes
    ----------
    e, z, c : array
    """

    e: Array
    z: Array
    c: Array


def embedding_errors(
    embedding: Embedding, at: Forward, w: Array, delta: Array, product: Product = matmul
) -> EmbeddingErrors:
    """Return all errors of embeddings: BP2 from layer 2 of the network behind, and once more.

    Parameters
    ----------
    embedding : Embedding
    at : Forward
    w : array, ``(n_2, n_added + n_in)``
        w² of the network behind.
    delta : array, ``(n_examples, n_2)``
        Its δ².
    product : callable, default ``@``
        See `backlit.core.precision`.
    """
    xp, embedded = namespace(delta), embedding.embedded
    of_e = of_z = of_c = None
    # BP2: δ^e = (w²)ᵀ δ², and δ^c; σ of both is the identity
    of_all, n = product(delta, w[:, : embedded.n_e]), N_OUT * len(embedded.columns)
    if embedded.columns:
        of_e = xp.reshape(of_all[:, :n], at.e.shape)
        # BP2: δ^z = (W₂ᵀ δ^e) ⊙ cos′(z)
        of_z = xp.sum(embedding.weights[1] * of_e[:, :, :, None], axis=2) * -xp.sin(at.z)
    if embedded.categories:
        of_c = xp.reshape(of_all[:, n:], at.c.shape)
    return EmbeddingErrors(of_e, of_z, of_c)


def embedding_gradient(
    embedding: Embedding, at: Forward, w: Array, delta: Array, share: Array, product: Product = matmul
) -> tuple[list[Array], list[Array]]:
    """Return the gradient of all weights and all biases; the parameters are those of `embedding_errors`.

    Parameters
    ----------
    share : array, ``(n_examples, 1)``
        Share of each example in the mean; 1/n without sample weights.
    """
    xp, embedded, share = namespace(delta), embedding.embedded, share[:, :, None]
    errors = embedding_errors(embedding, at, w, delta, product)
    nabla_w, nabla_b = [], []
    if embedded.columns:
        delta_e, delta_z = share * errors.e, share * errors.z
        nabla_w.append(xp.sum(delta_z * (2 * math.pi * at.u)[:, :, None], axis=0))  # BP4: w₁ is multiplied by 2π u
        nabla_b.append(xp.sum(delta_z, axis=0))  # BP3
        nabla_w.append(xp.sum(at.a[:, :, None, :] * delta_e[:, :, :, None], axis=0))  # BP4
        nabla_b.append(xp.sum(delta_e, axis=0))  # BP3
    if embedded.categories:
        delta_c = share * errors.c
        of_each = [at.x[:, begin:end].T @ delta_c[:, g, :] for g, (begin, end) in enumerate(embedded.categories)]
        nabla_w.append(xp.concat(of_each, axis=0))  # BP4
        nabla_b.append(xp.sum(delta_c, axis=0))  # BP3
    return nabla_w, nabla_b


def rate_factors(embedded: Embedded) -> list[float]:
    """Return what the learning rate is multiplied by for each array of weights, and of biases, behind the layers'."""
    of_numbers, of_alphas = [RATE_FACTOR] * 2 * bool(embedded.columns), [RATE_FACTOR] * len(embedded.alphas)
    return [*of_numbers, *[1.0] * bool(embedded.categories), *of_alphas]


def check_embedding_name(name: str | None) -> None:
    """Raise unless a name is None or one of `EMBEDDINGS`."""
    if name is not None and name not in EMBEDDINGS:
        raise UnknownNameError("embedding", name, EMBEDDINGS)
