"""A fully connected feed-forward network: its data, and feeding forward.

``z^l = w^l a^{l−1} + b^l`` and ``a^l = σ(z^l)``, with a^1 = x.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import matmul

import array_api_compat
import numpy as np

from backlit.core.activations import get_activation, resolve_activations
from backlit.core.initialization import draw_parameters
from backlit.core.namespace import Array, Namespace, Product, namespace
from backlit.errors import InvalidInputError, ShapeError

_DTYPES = ("float32", "float64")


@dataclass(frozen=True, eq=False)
class Network:
    """Weights, biases and activations of L layers.

    The arrays may be of any library that follows the array API standard (NumPy, torch, JAX, …), all of the same one.

    Attributes
    ----------
    weights : tuple of array
        ``weights[i]`` of shape ``(n_out, n_in)`` is w^l of the lecture with l = i + 2: row j holds the weights from all
        neurons of the layer before to neuron j.
    biases : tuple of array
        ``biases[i]`` of shape ``(n_out,)`` is b^l with l = i + 2.
    activations : tuple of str
        σ of layer i + 2, by name. One name may be given for all.

    Raises
    ------
    ShapeError
        If the shapes do not chain.
    InvalidInputError
        If the parameters are not all float32 or all float64.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activations: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple(map(_as_array, self.weights)))
        object.__setattr__(self, "biases", tuple(map(_as_array, self.biases)))
        object.__setattr__(self, "activations", resolve_activations(self.activations, len(self.weights) + 1))
        self._check_shapes()
        self._check_dtypes()

    def _check_shapes(self) -> None:
        if len(self.biases) != len(self.weights):
            raise ShapeError(
                f"There are {len(self.weights)} weight matrices but {len(self.biases)} bias vectors; "
                "every layer but the input has one of each."
            )
        for i, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            if w.ndim != 2 or 0 in w.shape:
                raise ShapeError(
                    f"weights[{i}] must have the shape (n_out, n_in), neither of them 0, but has {tuple(w.shape)}."
                )
            if tuple(b.shape) != (w.shape[0],):
                raise ShapeError(
                    f"biases[{i}] must have the shape ({w.shape[0]},) to go with weights[{i}] of shape "
                    f"{tuple(w.shape)}, but has {tuple(b.shape)}."
                )
            if i > 0 and w.shape[1] != self.weights[i - 1].shape[0]:
                raise ShapeError(
                    f"weights[{i}] has {w.shape[1]} columns, but layer {i + 1} has {self.weights[i - 1].shape[0]} "
                    "neurons: a weight matrix has one column for each neuron of the layer before. "
                    "Check that it is not transposed."
                )

    def _check_dtypes(self) -> None:
        # Integer weights would make `as_batch` round x, and mixed ones would change the dtype on the way.
        if len({array.dtype for array in (*self.weights, *self.biases)}) == 1 and self.dtype in _DTYPES:
            return
        for name, arrays in (("weights", self.weights), ("biases", self.biases)):
            for i, array in enumerate(arrays):
                dtype = _dtype_name(array)
                if dtype not in _DTYPES or dtype != self.dtype:
                    raise InvalidInputError(
                        f"The parameters must all be float32 or all be float64, but weights[0] is {self.dtype} and "
                        f"{name}[{i}] is {dtype}. Convert them to one of the two."
                    )

    @classmethod
    def initialize(
        cls,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "sigmoid",
        *,
        initialization: str | None = None,
        seed: int = 0,
        dtype: str = "float64",
        xp: Namespace = np,
    ) -> Network:
        """Return a new network with random weights.

        Parameters
        ----------
        sizes : sequence of int
            Neurons of each layer, input included: ``[784, 30, 10]``.
        activation : str or sequence of str, default "sigmoid"
            One name for all layers, output included, or one for each layer but the input.
        initialization : str, optional
            A name of `backlit.core.initialization.INITIALIZATIONS`. Default: what suits each layer's activation (He for
            the ReLU family, Glorot for sigmoid and tanh, …). ``"standard_normal"`` is the lecture's.
        seed : int, default 0
        dtype : {"float32", "float64"}, default "float64"
        xp : namespace, default NumPy
            Array library that holds the parameters.
        """
        if not isinstance(sizes, Iterable) or len(sizes) < 2:
            raise InvalidInputError(f"sizes must list the neurons of at least two layers, but {sizes!r} came.")
        sizes = [_check_size(i, size) for i, size in enumerate(sizes)]
        if dtype not in _DTYPES:
            raise InvalidInputError(f"dtype must be 'float32' or 'float64', but {dtype!r} came.")
        names = resolve_activations(activation, len(sizes))
        weights, biases = draw_parameters(sizes, names, initialization=initialization, seed=seed)
        as_array = lambda values: xp.asarray(values.astype(dtype))  # noqa: E731
        return cls(tuple(map(as_array, weights)), tuple(map(as_array, biases)), names)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer, input included."""
        return (self.weights[0].shape[1], *(w.shape[0] for w in self.weights))

    @property
    def dtype(self) -> str:
        """Name of the parameters' dtype, ``"float32"`` or ``"float64"``."""
        return _dtype_name(self.weights[0])

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum(w.shape[0] * (w.shape[1] + 1) for w in self.weights)

    def feedforward(self, x: Array) -> Array:
        """Return the output a^L for a batch x.

        Parameters
        ----------
        x : array, ``(n_examples, n_in)`` or ``(n_in,)`` for one example

        Returns
        -------
        array, ``(n_examples, n_out)``
        """
        return feedforward(self, self.as_batch(x, "x", self.sizes[0]))[1][-1]

    def in_float64(self) -> Network:
        """Return the network with NumPy arrays of float64, whatever library and dtype it is of."""

        def convert(array: Array) -> Array:
            if array_api_compat.is_torch_array(array):
                array = array.detach().cpu()
            return np.asarray(array, dtype=np.float64)

        return Network(tuple(map(convert, self.weights)), tuple(map(convert, self.biases)), self.activations)

    def as_batch(self, values: Array, name: str, n_columns: int) -> Array:
        """Return values as ``(n_examples, n_columns)`` in the network's library and dtype, or raise what is wrong."""
        like = self.weights[0]
        if not array_api_compat.is_array_api_obj(values):
            values = np.asarray(values)
        xp = namespace(like)
        if isinstance(values, np.ndarray):
            if values.dtype.kind not in "fiub":
                raise InvalidInputError(f"{name} must hold numbers, but its dtype is {values.dtype}.")
            values = np.asarray(values, dtype=self.dtype)
        batch = xp.asarray(values, dtype=like.dtype)
        if batch.ndim == 1:
            batch = xp.reshape(batch, (1, -1) if n_columns == batch.shape[0] else (-1, 1))
        if batch.ndim != 2 or batch.shape[1] != n_columns:
            raise ShapeError(
                f"{name} must have the shape (n_examples, {n_columns}) for a network of sizes {list(self.sizes)}, "
                f"but has {tuple(values.shape)}."
                + (" For class numbers k, give one-hot rows: numpy.eye(n_classes)[k]." if name == "y" else "")
            )
        # JAX cannot look at numbers while it traces a function
        if not array_api_compat.is_jax_array(batch) and not bool(xp.all(xp.isfinite(batch))):
            raise InvalidInputError(
                f"{name} must hold finite numbers, but holds NaN or infinite ones. Remove or impute those rows."
            )
        return batch

    def __repr__(self) -> str:
        layers = ", ".join(self.activations)
        return f"Network(sizes={list(self.sizes)}, activations=[{layers}], dtype={self.dtype})"


def weighted_input(w: Array, a_previous: Array, b: Array, product: Product = matmul) -> Array:
    """``z^l = w^l a^{l−1} + b^l`` for a batch.

    Parameters
    ----------
    w : array, ``(n_out, n_in)``
    a_previous : array, ``(n_examples, n_in)``
    b : array, ``(n_out,)``
    product : callable, default ``@``
        See `backlit.core.precision`.

    Returns
    -------
    array, ``(n_examples, n_out)``
    """
    return product(a_previous, w.T) + b


def feedforward(network: Network, x: Array, product: Product = matmul) -> tuple[list[Array], list[Array]]:
    """Feed a batch forward and keep every layer.

    Parameters
    ----------
    network : Network
    x : array, ``(n_examples, n_in)``
    product : callable, default ``@``
        See `backlit.core.precision`.

    Returns
    -------
    z : list of array
        z^2 … z^L, each ``(n_examples, n_l)``.
    a : list of array
        a^1 = x, a^2 … a^L; one more than z.
    """
    z: list[Array] = []
    a: list[Array] = [x]
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        z.append(weighted_input(w, a[-1], b, product))
        a.append(get_activation(activation).value(z[-1]))
    return z, a


def _dtype_name(array: Array) -> str:
    return str(array.dtype).rsplit(".", maxsplit=1)[-1]


def _as_array(values: object) -> Array:
    # nested lists, as a textbook's network is typed in, are float64
    return np.array(values, dtype=np.float64) if isinstance(values, list | tuple) else values


def _check_size(i: int, size: object) -> int:
    try:
        number = operator.index(size)  # type: ignore[arg-type]
    except TypeError:
        number = 0
    if number < 1 or isinstance(size, bool):
        raise InvalidInputError(f"Layer {i + 1} must have a positive whole number of neurons, but {size!r} came.")
    return number
