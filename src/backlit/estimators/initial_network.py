"""The network that a fit begins with: drawn, given by the user, or gone on from."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.network import Network
from backlit.errors import InvalidInputError, ShapeError

SCIKIT_LEARN = "scikit_learn"


def hidden_sizes(hidden_layer_sizes: Any) -> list[int]:
    """Return the hidden layers' sizes as a list, or raise where one is not positive."""
    sizes = list(hidden_layer_sizes) if hasattr(hidden_layer_sizes, "__iter__") else [hidden_layer_sizes]
    if not all(isinstance(size, Integral) for size in sizes):
        raise InvalidInputError(f"hidden_layer_sizes must hold a positive whole number per hidden layer, got {sizes}.")
    if any(size <= 0 for size in sizes):
        raise InvalidInputError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return sizes


def hidden_activations(activation: Any, n_hidden: int) -> list[str]:
    """Return σ of each hidden layer by name, from one for all of them or one for each."""
    if isinstance(activation, list | tuple):
        if len(activation) != n_hidden:
            raise InvalidInputError(
                f"activation lists {len(activation)} functions, {list(activation)}, but hidden_layer_sizes has "
                f"{n_hidden} layers. Give one for each hidden layer, or one name for all."
            )
        return [get_activation(each).name for each in activation]
    return [get_activation(activation).name] * n_hidden


def seed_of(random_state: Any, rng: np.random.RandomState) -> int:
    """Return a `random_state` that is a number, and else a number that its generator draws."""
    return int(random_state) if isinstance(random_state, Integral) else int(rng.randint(0, 2**63 - 1, dtype=np.int64))


@dataclass(frozen=True)
class Shape:
    """What a network is to look like.

    Attributes
    ----------
    sizes : list of int
        Neurons of each layer, input included.
    activations : tuple of str
        One for each layer but the input.
    dtype : {"float32", "float64"}
    """

    sizes: list[int]
    activations: tuple[str, ...]
    dtype: str


def first_network(
    shape: Shape, initialization: Network | str | None, activation: Any, random_state: Any, rng: np.random.RandomState
) -> Network:
    """Return the network that a fit begins with.

    Parameters
    ----------
    shape : Shape
    initialization, activation, random_state
        The parameters of the estimator. scikit-learn's draws follow `activation` even where there is no hidden layer.
    rng : RandomState
        Made of `random_state`; source of the draws.
    """
    sizes, activations, dtype = shape.sizes, shape.activations, shape.dtype
    if isinstance(initialization, Network):
        _check_given(initialization, sizes, activations)
        weights, biases = initialization.weights, initialization.biases
        # copies, so that whoever changes coefs_ does not change what was given
        return Network(
            tuple(np.array(w, dtype=dtype) for w in weights),
            tuple(np.array(b, dtype=dtype) for b in biases),
            activations,
        )
    if initialization == SCIKIT_LEARN:
        single = activation if isinstance(activation, str) else "identity"
        return _draw_as_scikit_learn(sizes, activations, activations[-2] if len(sizes) > 2 else single, dtype, rng)
    seed = seed_of(random_state, rng)
    return Network.initialize(sizes, activations, initialization=initialization, seed=seed, dtype=dtype)


def _draw_as_scikit_learn(
    sizes: Sequence[int], activations: tuple[str, ...], last_hidden: str, dtype: str, rng: np.random.RandomState
) -> Network:
    # The very numbers that scikit-learn draws, so that a program that is tuned to a random_state keeps its beginning.
    # The output layer follows the hidden layers' activation, as there; its own is not known yet when it is drawn.
    weights, biases = [], []
    for (n_in, n_out), sigma in zip(itertools.pairwise(sizes), (*activations[:-1], last_hidden), strict=True):
        factor = 2.0 if get_activation(sigma).name == "sigmoid" else 6.0
        bound = np.sqrt(factor / (n_in + n_out))
        weights.append(rng.uniform(-bound, bound, (n_in, n_out)).astype(dtype).T)
        biases.append(rng.uniform(-bound, bound, n_out).astype(dtype))
    return Network(tuple(weights), tuple(biases), activations)


def _check_given(given: Network, sizes: Sequence[int], activations: tuple[str, ...]) -> None:
    if list(given.sizes) != list(sizes):
        raise ShapeError(
            f"initialization is a network of the layers {list(given.sizes)}, but the data and hidden_layer_sizes ask "
            f"for {list(sizes)}. Give a network of these sizes, or change hidden_layer_sizes."
        )
    if given.activations != activations:
        raise InvalidInputError(
            f"initialization is a network with the activations {list(given.activations)}, but activation, loss and "
            f"output_activation ask for {list(activations)}. Change one of them, so that the weights mean the same."
        )


def check_shapes_to_go_on(coefs: Sequence[Any], sizes: Sequence[int]) -> None:
    """Raise where weights that a fit is to go on from do not chain the sizes that it needs."""
    shapes, expected = [np.shape(coef) for coef in coefs], list(itertools.pairwise(sizes))
    if shapes != expected:
        raise ShapeError(
            f"This fit goes on from coefs_ of shapes {shapes}, but the data and hidden_layer_sizes ask for "
            f"{expected}. Give hidden_layer_sizes the sizes of coefs_, or begin anew with warm_start=False."
        )
