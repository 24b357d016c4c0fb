"""What every engine refuses, in the same words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.layer_rates import LayerRates, check_scales, refuse_gradient_descent
from backlit.core.namespace import is_sparse
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Optimizer
from backlit.engine.protocol import Floats, Inputs, Objective
from backlit.errors import InvalidInputError, NotFiniteError, ShapeError


def check_embeddings(network: Network | EmbeddedNetwork, objective: Objective, optimizer: Optimizer) -> None:
    """Raise if what a network has beside its layers cannot go with how it is to be trained."""
    if not isinstance(network, EmbeddedNetwork):
        return
    if isinstance(optimizer, SGD) and optimizer != SGD():
        raise InvalidInputError(
            "Embeddings and parametric activations are trained by optimizers whose steps do not grow with the "
            "gradient, such as adam, but gradient descent came. Use another solver, or leave them out."
        )
    if network.embedded.of_inputs and any(objective.dropout_rates(network)[:1]):
        raise InvalidInputError("Dropout of inputs cannot go with embeddings. Leave out dropout_input, or embeddings.")


def refuse_sparse(x: Inputs) -> None:
    """Raise if examples are a sparse matrix, which goes with the lecture's parameters alone."""
    if is_sparse(x):
        raise InvalidInputError(
            "Embeddings and parametric activations take no sparse X. Make X dense, or leave them out."
        )


def check_precision(network: Network | EmbeddedNetwork, precision: str) -> None:
    """Raise if a precision does not suit this network."""
    if precision != "full" and network.dtype != "float32":
        raise InvalidInputError(
            f"precision={precision!r} needs a network of float32, but this one is {network.dtype}. "
            "Convert its weights, or use precision='full'."
        )


def check_layer_rates(network: Network | EmbeddedNetwork, optimizer: Optimizer, layer_rates: LayerRates | None) -> None:
    """Raise if rates by layer are not for this network or this optimizer."""
    if layer_rates is None:
        return
    refuse_gradient_descent(optimizer)
    for name, factors in (("weights", layer_rates.weights), ("biases", layer_rates.biases)):
        if len(factors) != len(network.activations) or not all(0 <= factor < math.inf for factor in factors):
            raise InvalidInputError(
                f"LayerRates({name}=) must be a number of at least 0 for each of the {len(network.activations)} layers "
                f"but the input, but {factors!r} came."
            )
    check_scales(layer_rates.scales)


def check_finite(x: Inputs) -> None:
    """Raise if x holds NaN or infinity."""
    if x.dtype == np.uint8:
        return
    if not np.isfinite(x.data if is_sparse(x) else x).all():
        raise NotFiniteError


def check_shapes(sizes: Sequence[int], x: Inputs, y: Floats | None = None, sample_weight: Floats | None = None) -> None:
    """Raise if examples do not fit a network of these sizes."""
    n_rows = x.shape[0]  # a sparse matrix has no length
    for name, array, columns in (("x", x, sizes[0]), ("y", y, sizes[-1])):
        if array is not None and (array.ndim != 2 or array.shape[1] != columns):
            raise ShapeError(f"{name} must have the shape (n_examples, {columns}), but has {array.shape}.")
        if array is not None and array.shape[0] != n_rows:
            raise ShapeError(f"x has {n_rows} examples, but {name} has {len(array)}; they must match row by row.")
    if sample_weight is not None and sample_weight.shape != (n_rows,):
        raise ShapeError(f"sample_weight must have the shape ({n_rows},), but has {sample_weight.shape}.")
