"""The four equations of backpropagation, one function each, and the algorithm that uses them.

==== ===================================== ==============================
BP1  ``δ^L = ∇_a C ⊙ σ′(z^L)``             error of the output layer
BP2  ``δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′``   error moved back one layer
BP3  ``∂C/∂b^l_j = δ^l_j``                 gradient of a bias
BP4  ``∂C/∂w^l_jk = a^{l−1}_k δ^l_j``      gradient of a weight
==== ===================================== ==============================

Rows of a batch are examples, so the lecture's ``wᵀ δ`` for one column vector reads ``delta @ w`` here, and BP3 and BP4
take the mean over the rows. The equations know neither precision nor dropout: the matrix product is handed in, and a
dropout mask is part of its layer's σ (`backlit.core.dropout.thinned`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import matmul

from backlit.core.activations import get_activation
from backlit.core.likelihood_losses import SHORT_CUTS
from backlit.core.losses import LossLike, check_targets, cost_of_each, get_loss, loss_name
from backlit.core.namespace import Array, Product, namespace
from backlit.core.network import Network, feedforward
from backlit.core.penalty import NO_PENALTY, Penalty
from backlit.errors import InvalidInputError, ShapeError


def bp1(nabla_a: Array, z: Array, activation: str) -> Array:
    """BP1: ``δ^L = ∇_a C ⊙ σ′(z^L)``; where σ couples neurons, the transposed Jacobian of σ times ∇_a C.

    Parameters
    ----------
    nabla_a : array, ``(n_examples, n_L)``
        ∇_a C of each example.
    z : array, ``(n_examples, n_L)``
    activation : str

    Returns
    -------
    array, ``(n_examples, n_L)``
    """
    return get_activation(activation).pull_back(z, nabla_a)


def bp2(w_next: Array, delta_next: Array, z: Array, activation: str, product: Product = matmul) -> Array:
    """BP2: ``δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)``.

    Parameters
    ----------
    w_next : array, ``(n_{l+1}, n_l)``
    delta_next : array, ``(n_examples, n_{l+1})``
    z : array, ``(n_examples, n_l)``
    activation : str
        σ of layer l.
    product : callable, default ``@``
        See `backlit.core.precision`.

    Returns
    -------
    array, ``(n_examples, n_l)``
    """
    return get_activation(activation).pull_back(z, product(delta_next, w_next))


def bp3(delta: Array, share: Array) -> Array:
    """BP3: ``∂C/∂b^l_j = δ^l_j``, averaged over the batch.

    Parameters
    ----------
    delta : array, ``(n_examples, n_l)``
    share : array, ``(n_examples, 1)``
        Share of each example in the mean; 1/n without sample weights.

    Returns
    -------
    array, ``(n_l,)``
    """
    return namespace(delta).sum(share * delta, axis=0)


def bp4(a_previous: Array, delta: Array, share: Array, product: Product = matmul) -> Array:
    """BP4: ``∂C/∂w^l_jk = a^{l−1}_k δ^l_j``, averaged over the batch.

    Parameters
    ----------
    a_previous : array, ``(n_examples, n_{l−1})``
    delta : array, ``(n_examples, n_l)``
    share : array, ``(n_examples, 1)``
        Share of each example in the mean; 1/n without sample weights.
    product : callable, default ``@``
        See `backlit.core.precision`.

    Returns
    -------
    array, ``(n_l, n_{l−1})``
    """
    return product((share * delta).T, a_previous)


def output_error(loss: LossLike, activation: str, z: Array, a: Array, y: Array) -> Array:
    """δ^L: BP1, or its short cut where the pair of loss and activation has one.

    Parameters
    ----------
    z, a, y : array, ``(n_examples, n_L)``

    Returns
    -------
    array, ``(n_examples, n_L)``
    """
    definition = get_loss(loss, activation)
    short_cut = SHORT_CUTS.get((definition.name, get_activation(activation).name))
    if short_cut is not None:
        return short_cut(z, a, y)
    return bp1(definition.nabla_a(a, y), z, activation)


def errors(
    network: Network, z: Sequence[Array], a: Sequence[Array], y: Array, loss: LossLike, product: Product = matmul
) -> list[Array]:
    """δ^2 … δ^L: the error of the output, and BP2 from layer L − 1 back to layer 2.

    Parameters
    ----------
    z, a : sequence of array
        As `backlit.core.network.feedforward` gave them.
    y : array, ``(n_examples, n_out)``

    Returns
    -------
    list of array ``(n_examples, n_l)``
        ``∂C_x/∂z`` of each example.
    """
    activations = network.activations
    delta = [output_error(loss, activations[-1], z[-1], a[-1], y)]
    for i in range(len(z) - 2, -1, -1):
        delta.insert(0, bp2(network.weights[i + 1], delta[0], z[i], activations[i], product))
    return delta


@dataclass(frozen=True, eq=False)
class Backpass:
    """Every number of one forward and backward pass. Lists count from 0.

    Attributes
    ----------
    z : list of array
        ``z[i]`` is z^{i+2}, ``(n_examples, n_{i+2})``.
    a : list of array
        ``a[i]`` is a^{i+1}, ``(n_examples, n_{i+1})``; ``a[0]`` is x.
    delta : list of array
        ``delta[i]`` is δ^{i+2}, ``(n_examples, n_{i+2})``: ``∂C_x/∂z`` of each example, neither weighted nor divided by
        the number of examples.
    nabla_b : list of array
        ``nabla_b[i]`` is ∂C/∂b^{i+2}, the (weighted) mean over the batch.
    nabla_w : list of array
        ``nabla_w[i]`` is ∂C/∂w^{i+2}, ``(n_{i+2}, n_{i+1})``, the (weighted) mean over the batch plus the penalty's.
    cost : float
        C, the (weighted) mean of C_x over the batch plus the penalty.
    """

    z: list[Array]
    a: list[Array]
    delta: list[Array]
    nabla_b: list[Array]
    nabla_w: list[Array]
    cost: float


def backpropagate(
    network: Network,
    x: Array,
    y: Array,
    *,
    loss: LossLike = "quadratic",
    sample_weight: Array | None = None,
    penalty: Penalty = NO_PENALTY,
) -> Backpass:
    """Run the lecture's algorithm, steps 1 to 5, on a batch.

    Parameters
    ----------
    network : Network
    x : array, ``(n_examples, n_in)`` or ``(n_in,)``
        Finite numbers.
    y : array, ``(n_examples, n_out)`` or ``(n_out,)``
        Finite numbers.
    loss : str, Huber or Quantile, default "quadratic"
        A name of `backlit.core.losses.LOSSES`; ``"quantile(0.9)"`` and ``Quantile(0.9)`` are the same.
    sample_weight : array, ``(n_examples,)``, optional
        Weight of each example; not negative, and not all zero.
    penalty : Penalty, optional
        Included in `cost` and `nabla_w` where given.

    Returns
    -------
    Backpass
    """
    x, y, sample_weight = as_examples(network, x, y, sample_weight)
    check_targets(loss, y)
    return backpass(network, x, y, *shares(x, sample_weight), loss=loss, penalty=penalty)


def backpass(
    network: Network,
    x: Array,
    y: Array,
    share: Array,
    batch_weight: float,
    *,
    loss: LossLike,
    penalty: Penalty = NO_PENALTY,
    product: Product = matmul,
) -> Backpass:
    """Do the work of `backpropagate` on a batch that is already checked.

    Parameters
    ----------
    x : array, ``(n_examples, n_in)``
    y : array, ``(n_examples, n_out)``
    share : array, ``(n_examples, 1)``
        Share of each example in the mean; 1/n without sample weights.
    batch_weight : float
        ``Σ s_x``.
    product : callable, default ``@``
        See `backlit.core.precision`.
    """
    z, a = feedforward(network, x, product)
    delta = errors(network, z, a, y, loss, product)

    nabla_b = [bp3(delta_l, share) for delta_l in delta]
    nabla_w = [
        penalty.add_gradient(bp4(a_previous, delta_l, share, product), w, batch_weight)
        for a_previous, delta_l, w in zip(a[:-1], delta, network.weights, strict=True)
    ]
    costs = cost_of_each(loss, network.activations[-1], z[-1], a[-1], y)
    cost = float(namespace(y).sum(share[:, 0] * costs)) + penalty.cost(network.weights, batch_weight)
    return Backpass(z, a, delta, nabla_b, nabla_w, cost)


def cost(
    network: Network,
    x: Array,
    y: Array,
    *,
    loss: LossLike = "quadratic",
    sample_weight: Array | None = None,
    penalty: Penalty = NO_PENALTY,
) -> Array:
    """C of a batch, as a scalar of the array library, so that automatic differentiation can go through it.

    The parameters are those of `backpropagate`.
    """
    x, y, sample_weight = as_examples(network, x, y, sample_weight)
    share, batch_weight = shares(x, sample_weight)
    z, a = feedforward(network, x)
    costs = cost_of_each(loss, network.activations[-1], z[-1], a[-1], y)
    return namespace(x).sum(share[:, 0] * costs) + penalty.cost_array(network.weights, batch_weight)


def as_examples(network: Network, x: Array, y: Array, sample_weight: Array | None) -> tuple[Array, Array, Array | None]:
    """Check a batch against a network and against itself; return it as 2-D arrays of the network's library."""
    x = network.as_batch(x, "x", network.sizes[0])
    y = network.as_batch(y, "y", network.sizes[-1])
    if x.shape[0] != y.shape[0]:
        raise ShapeError(f"x has {x.shape[0]} examples but y has {y.shape[0]}; they must match row by row.")
    if x.shape[0] == 0:
        raise ShapeError("x has no examples; at least one is needed.")
    if sample_weight is not None:
        sample_weight = namespace(x).asarray(sample_weight, dtype=x.dtype)
        if tuple(sample_weight.shape) != (x.shape[0],):
            raise ShapeError(
                f"sample_weight must have the shape ({x.shape[0]},), one for each example, "
                f"but has {tuple(sample_weight.shape)}."
            )
    return x, y, sample_weight


def shares(x: Array, sample_weight: Array | None) -> tuple[Array, float]:
    """Return the share of each example in a mean, ``(n_examples, 1)``, and the weight of the batch, ``Σ s_x``."""
    xp = namespace(x)
    if sample_weight is None:
        n = x.shape[0]
        return xp.ones((n, 1), dtype=x.dtype) / n, float(n)
    total = float(xp.sum(sample_weight))
    if not 0 < total < math.inf or bool(xp.any(sample_weight < 0)):
        raise InvalidInputError(f"Sample weights must be finite, not negative, and not all zero; their sum is {total}.")
    return xp.reshape(sample_weight, (-1, 1)) / total, total


def check_loss_fits(network: Network, loss: LossLike) -> str:
    """Return the full name of a loss, or raise if it does not fit the network's output activation."""
    get_loss(loss, network.activations[-1])
    return loss_name(loss)
