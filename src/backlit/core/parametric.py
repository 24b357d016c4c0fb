"""Activations with a number α for each neuron, which is trained with the weights (RealMLP, arXiv 2407.04491).

    ``a = z + α (σ(z) − z)``

A neuron's α is how much of σ it has: at 1, as it begins, all of it, and at 0 the neuron is linear. So a hidden layer
has another function of z for each neuron, and the lecture's equations hold with its derivative

    ``σ_α′(z) = 1 + α (σ′(z) − 1)``.

One more equation gives the gradient of α, from the ``∂C/∂a^l = (w^{l+1})ᵀ δ^{l+1}`` that BP2 goes through:

    ``∂C/∂α_j = (σ(z_j) − z_j) ∂C/∂a_j``.

Its twin is ``native/parametric.hpp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import matmul
from typing import Any

from backlit.core.activations import get_activation
from backlit.core.backpropagation import Backpass
from backlit.core.definitions import REALS, Activation
from backlit.core.namespace import Array, Product, namespace
from backlit.core.network import Network
from backlit.errors import InvalidInputError

PREFIX = "parametric "


class ParametricActivation(str):
    """σ and the α of a layer's neurons, under a name that carries them as a `CustomActivation` does its function.

    Parameters
    ----------
    name : str
        Of σ.
    alpha : array, ``(n_l,)``

    Attributes
    ----------
    sigma : str
        The name of σ.
    """

    sigma: str
    alpha: Array
    definition: Activation

    def __new__(cls, name: str, alpha: Array) -> ParametricActivation:
        """Make the function of all neurons of a layer; see the class."""
        self, sigma = super().__new__(cls, PREFIX + name), get_activation(name)
        if sigma.couples or sigma.derivative is None:
            raise InvalidInputError(f"A parametric activation acts on each neuron alone, but {name} does not.")
        slope = sigma.derivative
        self.sigma, self.alpha = name, alpha
        self.definition = replace(
            sigma,
            name=self,
            value=lambda z: z + alpha * (sigma.value(z) - z),
            derivative=lambda z: 1 + alpha * (slope(z) - 1),
            range=REALS,
            log_value=None,
            increasing=False,
        )
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.sigma, self.alpha)


def plain_name(activation: str) -> str:
    """Return the name of σ, of a parametric activation as of any other, or of what one was called."""
    if isinstance(activation, ParametricActivation):
        return activation.sigma
    return activation.removeprefix(PREFIX) if activation.startswith(PREFIX) else activation  # which may carry more


def with_alpha(name: str, alpha: Array | None) -> str:
    """Return what a layer's activation was called, with its α where it has them."""
    return name if alpha is None else ParametricActivation(plain_name(name), alpha)


def with_alphas(activations: Sequence[str], alphas: Sequence[Array]) -> tuple[str, ...]:
    """Return σ of each layer, of the hidden ones with their α."""
    *hidden, last = activations
    return *(ParametricActivation(name, alpha) for name, alpha in zip(hidden, alphas, strict=True)), last


def alphas_of(network: Any) -> tuple[Array, ...]:
    """Return α of each hidden layer, ``(n_l,)``, of a `Network` that has them in its activations; else nothing."""
    return tuple(each.alpha for each in network.activations if isinstance(each, ParametricActivation))


def gradients_of_alphas(network: Network, at: Backpass, share: Array, product: Product = matmul) -> list[Array]:
    """Return ∂C/∂α of each hidden layer, ``(n_l,)``, averaged over the batch.

    Parameters
    ----------
    network : Network
        With parametric activations, which may be thinned by dropout.
    at : Backpass
        All that backpropagation found.
    share : array, ``(n_examples, 1)``
        Share of each example in the mean; 1/n without sample weights.
    product : callable, default ``@``
        See `backlit.core.precision`.
    """
    nablas = []
    for i, activation in enumerate(network.activations[:-1]):
        z, nabla_a = at.z[i], product(at.delta[i + 1], network.weights[i + 1])
        mask: Any = getattr(activation, "mask", None)
        if mask is not None:  # a = mask ⊙ (z + α (σ(z) − z))
            activation, nabla_a = activation.unmasked, mask * nabla_a  # type: ignore[attr-defined]
        sigma = get_activation(plain_name(activation))
        nablas.append(namespace(z).sum(share * (sigma.value(z) - z) * nabla_a, axis=0))
    return nablas
