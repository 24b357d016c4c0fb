"""The layers that every format is read into, and the list of formats. To add one, write a file and enter it here."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import LEAKY_RELU_SLOPE
from backlit.core.custom import CustomActivation
from backlit.core.namespace import Array, namespace
from backlit.errors import InvalidInputError, ShapeError

MOST_NUMBERS = 2**28
"""The most numbers that are read from a file, which may claim to hold any number of them."""


@dataclass(eq=False)
class Layer:
    """One fully connected layer.

    Attributes
    ----------
    name : str
        In the file, for messages.
    weights : ndarray, ``(n_out, n_in)``
    bias : ndarray, ``(n_out,)``
    activation : str or None
        σ; None where the file does not say.
    """

    name: str
    weights: NDArray[np.floating]
    bias: NDArray[np.floating]
    activation: str | None = None

    def followed_by(self, activation: str, name: str) -> None:
        """Take the σ of an operation that follows the layer.

        Raises
        ------
        InvalidInputError
            If it has one already.
        """
        if activation == "identity":
            return
        if self.activation not in (None, "identity"):
            raise InvalidInputError(
                f"After {self.name!r} come {self.activation} and then {activation} ({name!r}), but a layer has one "
                "activation. Put a layer between them, or leave one out."
            )
        self.activation = activation


@cache
def leaky_relu(slope: float) -> str:
    """Return the activation that has this slope below zero.

    The registered one has 0.01, as in torch; Keras's layer has 0.3 and its function 0.2.
    """
    if slope == 0:
        return "relu"
    if np.isclose(slope, LEAKY_RELU_SLOPE, rtol=1e-6):
        return "leaky_relu"
    name = f"leaky_relu_{slope:g}".replace(".", "_").replace("-", "_")
    return CustomActivation(name, partial(_leaky_relu, slope=slope), partial(_leaky_relu_prime, slope=slope))


def _leaky_relu(z: Array, slope: float) -> Array:
    return namespace(z).where(z <= 0, slope * z, z)


def _leaky_relu_prime(z: Array, slope: float) -> Array:
    xp = namespace(z)
    return xp.where(z <= 0, xp.full_like(z, slope), xp.where(z > 0, xp.ones_like(z), z))


SOURCES: dict[str, tuple[Sequence[str], str]] = {
    "keras": ((".keras", ".h5"), "backlit.export.sources.keras"),
    "onnx": ((".onnx",), "backlit.export.sources.onnx"),
}
"""Name → (endings of its files, the module whose ``read(path)`` gives the layers)."""


def read_layers(path: str | os.PathLike[str], source: str) -> list[Layer]:
    """Return the layers of a file, checked: finite numbers, shapes that chain, all of one dtype.

    Parameters
    ----------
    path : str or path-like
    source : str
        Name of the format.
    """
    endings, module = SOURCES[source]
    path = Path(path)
    if path.suffix.lower() not in endings:
        raise InvalidInputError(f"A file that ends in {' or '.join(endings)} is needed, but {str(path)!r} came.")
    layers: list[Layer] = importlib.import_module(module).read(path)
    if not layers:
        raise InvalidInputError(f"{str(path)!r} holds no fully connected layer.")
    dtype = np.result_type(*(array.dtype for layer in layers for array in (layer.weights, layer.bias)), np.float32)
    for before, layer in zip([None, *layers], layers, strict=False):
        n_out, n_in = layer.weights.shape
        if layer.bias.shape != (n_out,) or (before is not None and before.weights.shape[0] != n_in):
            expected = n_in if before is None else before.weights.shape[0]
            raise ShapeError(
                f"{str(path)!r}: the layer {layer.name!r} has weights of {n_out} × {n_in} and a bias of shape "
                f"{layer.bias.shape}, but {expected} inputs come to it."
            )
        layer.weights, layer.bias = (np.ascontiguousarray(a, dtype=dtype) for a in (layer.weights, layer.bias))
        if not all(np.isfinite(array).all() for array in (layer.weights, layer.bias)):
            raise InvalidInputError(f"{str(path)!r}: the layer {layer.name!r} holds NaN or infinite numbers.")
    return layers


def counted(shapes: Iterator[tuple[int, ...]], path: Path) -> None:
    """Raise where arrays of these shapes hold more numbers than are read."""
    if sum(int(np.prod(shape, dtype=object)) for shape in shapes) > MOST_NUMBERS:
        raise InvalidInputError(f"{str(path)!r} claims to hold more than {MOST_NUMBERS:,} numbers.")
