"""Parameters, their slots and their gradient, in and out of the compiled engine's own layout.

The lists of weights and of biases that come and go are those of the network that was opened: the layers', and of an
`EmbeddedNetwork` those of the embeddings behind them. The engine keeps all numbers of one embedding together,
``EmbeddingLayout`` of ``native/kernels.hpp``: of a number w₁, b₁, then W₂ output by output, then b₂; of a category b,
then W input by input; and of a hidden layer α.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from backlit.core.embedded import N_HIDDEN, N_OUT, N_OUT_OF_CATEGORY, Embedded
from backlit.engine.picked import Picked
from backlit.engine.protocol import Floats, Inputs, NablaArrays
from backlit.engine.whole_bytes import as_bytes

PARAMETER = -1
"""The "slot" of a parameter itself, beside those of the optimizer's state."""

ROW = 96
"""Numbers of the embedding of a number: a few more than there are, so that each begins with whole vectors."""

WHOLE = 16
"""What the numbers of the embedding of a category are a multiple of, for the same reason."""

_W_1, _B_1 = slice(0, N_HIDDEN), slice(N_HIDDEN, 2 * N_HIDDEN)
_W_2 = slice(2 * N_HIDDEN, (2 + N_OUT) * N_HIDDEN)
_B_2 = slice((2 + N_OUT) * N_HIDDEN, (2 + N_OUT) * N_HIDDEN + N_OUT)


class NativeArrays:
    """The arrays of one session.

    Parameters
    ----------
    session : SessionFloat32 or SessionFloat64
    layer_sizes : sequence of int
        Neurons of each layer; of layer 1 with what embeddings add.
    embedded : Embedded
    n_slots : int
    dtype : dtype

    Attributes
    ----------
    n_layers, n_arrays : int
        Layers but the input; and arrays of weights, as many as of biases.
    """

    def __init__(self, session: Any, layer_sizes: Sequence[int], embedded: Embedded, n_slots: int, dtype: Any) -> None:
        self._session, self._layer_sizes, self._embedded = session, tuple(layer_sizes), embedded
        self._n_slots, self._dtype = n_slots, np.dtype(dtype)
        self.n_layers = len(layer_sizes) - 1
        self.n_arrays = self.n_layers + len(embedded.shapes()[0])

    def own(self, values: Floats) -> Floats:
        """Return an array of the session's dtype in one piece."""
        return np.ascontiguousarray(values, dtype=self._dtype)

    def dense(self, x: Inputs) -> Any:
        """Return examples that are not sparse as the session takes them."""
        found = as_bytes(x)
        if found is not None:
            rows = np.ascontiguousarray(x.rows, dtype=np.int64) if isinstance(x, Picked) else None
            return np.ascontiguousarray(found.values), float(found.divisor), rows
        if not isinstance(x, Picked):
            return self.own(x)
        if x.dtype != self._dtype or not x.whole.flags.c_contiguous:  # rather than to convert all for a few
            return self.own(x[:])
        return x.whole, np.ascontiguousarray(x.rows, dtype=np.int64)

    def empty(self) -> NablaArrays:
        """Return room for all weights and all biases."""
        pairs = list(pairwise(self._layer_sizes))
        weights: list[tuple[int, ...]] = [(n_out, n_in) for n_in, n_out in pairs]
        biases: list[tuple[int, ...]] = [(n_out,) for _, n_out in pairs]
        for shapes, added in zip((weights, biases), self._embedded.shapes(), strict=True):
            shapes += added
        return [np.empty(each, dtype=self._dtype) for each in weights], [np.empty(b, dtype=self._dtype) for b in biases]

    def write(self, slot: int, weights: Sequence[Floats], biases: Sequence[Floats]) -> None:
        """Hand in all parameters, or a slot of each."""
        for layer in range(self.n_layers):
            self._session.set_weights(layer, slot, self.own(weights[layer]))
            self._session.set_biases(layer, slot, self.own(biases[layer]))
        if self._embedded:
            self._session.set_embeddings(slot, self.own(flat(self._embedded, weights, biases)))

    def read(self, slot: int) -> NablaArrays:
        """Return copies of all parameters, or of a slot of each."""
        weights, biases = self.empty()
        for layer in range(self.n_layers):
            self._session.get_weights(layer, slot, weights[layer])
            self._session.get_biases(layer, slot, biases[layer])
        if self._embedded:
            theta = self._theta()
            self._session.get_embeddings(slot, theta)
            from_flat(self._embedded, theta, weights, biases)
        return weights, biases

    def read_scales(self) -> tuple[Floats, ...]:
        """Return copies of the scales of inputs and of their slots."""
        scales = tuple(np.empty(self._layer_sizes[0], dtype=self._dtype) for _ in range(1 + self._n_slots))
        for slot, values in enumerate(scales, start=PARAMETER):
            self._session.get_scales(slot, values)
        return scales

    def read_nabla(self, layer: int, out: NablaArrays) -> None:
        """Read the gradient of a layer that the session has just found."""
        self._session.get_nabla(layer, out[0][layer], out[1][layer])

    def read_nabla_of_embeddings(self, out: NablaArrays) -> None:
        """Read the gradient of the embeddings, if there are any."""
        if self._embedded:
            nabla = self._theta()
            self._session.get_nabla_of_embeddings(nabla)
            from_flat(self._embedded, nabla, *out)

    def apply(self, nabla_w: Sequence[Floats], nabla_b: Sequence[Floats], rate: float, decay: float) -> None:
        """Take a step by a gradient."""
        n = self.n_layers
        of_layers = [self.own(nabla) for nabla in nabla_w[:n]], [self.own(nabla) for nabla in nabla_b[:n]]
        of_embeddings = self.own(flat(self._embedded, nabla_w, nabla_b)) if self._embedded else None
        self._session.apply_gradient(*of_layers, rate, decay, of_embeddings)

    def _theta(self) -> Floats:
        return np.zeros(flat_size(self._embedded), dtype=self._dtype)


class Reader:
    """Reads the gradient that a session finds: all of it in the end, or layers as they come where somebody waits.

    Parameters
    ----------
    arrays : NativeArrays
    out : (list of ndarray, list of ndarray), optional
        Where ∇w and ∇b of each layer go.
    finished : callable, optional
        Is told each layer that is in `out`.
    """

    def __init__(
        self, arrays: NativeArrays, out: NablaArrays | None, finished: Callable[[int], None] | None = None
    ) -> None:
        self._arrays, self._out, self._finished = arrays, out or arrays.empty(), finished
        self._left = set(range(arrays.n_layers))
        self.of_layer = self._take if out and finished else None

    def read(self) -> NablaArrays:
        """Return ∇w and ∇b of each layer, those of embeddings last."""
        for layer in tuple(self._left):
            self._read(layer)
        self._arrays.read_nabla_of_embeddings(self._out)
        return self._out

    def _take(self, layer: int) -> None:
        assert self._finished is not None
        self._read(layer)
        self._finished(layer)

    def _read(self, layer: int) -> None:
        self._arrays.read_nabla(layer, self._out)
        self._left.remove(layer)


def flat_size(embedded: Embedded) -> int:
    """Return how many numbers embeddings have in the engine's layout."""
    return (
        ROW * len(embedded.columns)
        + sum(map(_size_of_category, embedded.categories))
        + sum(map(_whole, embedded.alphas))
    )


def flat(embedded: Embedded, weights: Sequence[Floats], biases: Sequence[Floats]) -> Floats:
    """Return the parameters of embeddings, the last of all weights and biases, in the engine's layout."""
    theta: Floats = np.zeros(flat_size(embedded), dtype=weights[0].dtype)
    for of_theta, part in _places(embedded, theta, weights, biases):
        of_theta[...] = part
    return theta


def from_flat(embedded: Embedded, theta: Floats, weights: Sequence[Floats], biases: Sequence[Floats]) -> None:
    """Write the engine's numbers into the parameters of embeddings, the last of all weights and biases."""
    for of_theta, part in _places(embedded, theta, weights, biases):
        part[...] = of_theta


def _places(
    embedded: Embedded, theta: Floats, weights: Sequence[Floats], biases: Sequence[Floats]
) -> Iterator[tuple[Floats, Floats]]:
    """Yield views of the same numbers in the engine's layout and in arrays."""
    n_arrays, d = len(embedded.shapes()[0]), len(embedded.columns)
    weights, biases = weights[len(weights) - n_arrays :], biases[len(biases) - n_arrays :]
    if d:
        rows = theta[: d * ROW].reshape(d, ROW)
        yield rows[:, _W_1], weights[0]
        yield rows[:, _B_1], biases[0]
        yield rows[:, _W_2].reshape(d, N_OUT, N_HIDDEN), weights[1]
        yield rows[:, _B_2], biases[1]
    at, first, place = d * ROW, 0, 2 if d else 0
    for g, category in enumerate(embedded.categories):
        n = category[1] - category[0]
        rows = theta[at : at + (1 + n) * N_OUT_OF_CATEGORY].reshape(1 + n, N_OUT_OF_CATEGORY)
        yield rows[0], biases[place][g]
        yield rows[1:], weights[place][first : first + n]
        at, first = at + _size_of_category(category), first + n
    for n, alpha in zip(embedded.alphas, biases[n_arrays - len(embedded.alphas) :], strict=True):
        yield theta[at : at + n], alpha
        at += _whole(n)


def _size_of_category(category: tuple[int, int]) -> int:
    begin, end = category
    return _whole((1 + end - begin) * N_OUT_OF_CATEGORY)


def _whole(n: int) -> int:
    return -(-n // WHOLE) * WHOLE
