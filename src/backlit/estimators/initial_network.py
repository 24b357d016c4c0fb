"""The network that a fit begins with: drawn, given by the user, or gone on from."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.network import Network
from backlit.errors import InvalidInputError, ShapeError

SCIKIT_LEARN = "scikit_learn"


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


def first_network(
    estimator: Any, sizes: Sequence[int], activations: tuple[str, ...], dtype: str, rng: np.random.RandomState
) -> Network:
    """Return the network that the parameter `initialization` asks for.

    Parameters
    ----------
    estimator : BaseMLP
        Gives `initialization`, and `activation` where there is no hidden layer.
    sizes : sequence of int
        Neurons of each layer, input included.
    activations : tuple of str
        One a layer but the input.
    dtype : {"float32", "float64"}
    rng : RandomState
        Source of the draws.
    """
    initialization = estimator.initialization
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
        single = estimator.activation if isinstance(estimator.activation, str) else "identity"
        return _draw_as_scikit_learn(sizes, activations, activations[-2] if len(sizes) > 2 else single, dtype, rng)
    seed = seed_of(estimator.random_state, rng)
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
