"""Parameters, their slots and their gradient, in and out of the compiled engine's own layout.

The lists of weights and of biases that come and go are those of the network that was opened: the layers', and of an
`EmbeddedNetwork` those of the embeddings behind them. The engine keeps all numbers of one embedding in a row,
``EmbeddingLayout`` of ``native/kernels.hpp``: w₁, b₁, then W₂ output by output, then b₂.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from backlit.core.embedded_network import added_shapes
from backlit.core.embedding import N_HIDDEN, N_OUT
from backlit.engine.protocol import Floats, NablaArrays

PARAMETER = -1
"""The "slot" of a parameter itself, beside those of the optimizer's state."""

ROW = 96
"""Numbers in a row: a few more than there are, so that every row begins with whole vectors."""

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
    n_embedded : int
        Inputs that are embedded.
    n_slots : int
    dtype : dtype

    Attributes
    ----------
    n_layers, n_arrays : int
        Layers but the input; and arrays of weights, as many as of biases.
    """

    def __init__(self, session: Any, layer_sizes: Sequence[int], n_embedded: int, n_slots: int, dtype: Any) -> None:
        self._session, self._layer_sizes, self._n_embedded = session, tuple(layer_sizes), n_embedded
        self._n_slots, self._dtype = n_slots, np.dtype(dtype)
        self.n_layers = len(layer_sizes) - 1
        self.n_arrays = self.n_layers + (2 if n_embedded else 0)

    def own(self, values: Floats) -> Floats:
        """Return an array of the session's dtype in one piece."""
        return np.ascontiguousarray(values, dtype=self._dtype)

    def empty(self) -> NablaArrays:
        """Return room for all weights and all biases."""
        pairs = list(pairwise(self._layer_sizes))
        weights: list[tuple[int, ...]] = [(n_out, n_in) for n_in, n_out in pairs]
        biases: list[tuple[int, ...]] = [(n_out,) for _, n_out in pairs]
        for shapes, added in zip((weights, biases), added_shapes(self._n_embedded), strict=True):
            shapes += added
        return [np.empty(each, dtype=self._dtype) for each in weights], [np.empty(b, dtype=self._dtype) for b in biases]

    def write(self, slot: int, weights: Sequence[Floats], biases: Sequence[Floats]) -> None:
        """Hand in all parameters, or a slot of each."""
        for layer in range(self.n_layers):
            self._session.set_weights(layer, slot, self.own(weights[layer]))
            self._session.set_biases(layer, slot, self.own(biases[layer]))
        if self._n_embedded:
            self._session.set_embeddings(slot, self.own(into_rows(weights, biases)))

    def read(self, slot: int) -> NablaArrays:
        """Return copies of all parameters, or of a slot of each."""
        weights, biases = self.empty()
        for layer in range(self.n_layers):
            self._session.get_weights(layer, slot, weights[layer])
            self._session.get_biases(layer, slot, biases[layer])
        if self._n_embedded:
            rows = self._rows()
            self._session.get_embeddings(slot, rows)
            from_rows(rows, weights, biases)
        return weights, biases

    def read_scales(self) -> tuple[Floats, ...]:
        """Return copies of the scales of inputs and of their slots."""
        scales = tuple(np.empty(self._layer_sizes[0], dtype=self._dtype) for _ in range(1 + self._n_slots))
        for slot, values in enumerate(scales, start=PARAMETER):
            self._session.get_scales(slot, values)
        return scales

    def read_nabla(self, out: NablaArrays | None) -> NablaArrays:
        """Return the gradient that the session has just found, in `out` where that is given."""
        nabla_w, nabla_b = out or self.empty()
        for layer in range(self.n_layers):
            self._session.get_nabla(layer, nabla_w[layer], nabla_b[layer])
        if self._n_embedded:
            rows = self._rows()
            self._session.get_nabla_of_embeddings(rows)
            from_rows(rows, nabla_w, nabla_b)
        return nabla_w, nabla_b

    def apply(self, nabla_w: Sequence[Floats], nabla_b: Sequence[Floats], rate: float, decay: float) -> None:
        """Take a step by a gradient."""
        n = self.n_layers
        of_layers = [self.own(nabla) for nabla in nabla_w[:n]], [self.own(nabla) for nabla in nabla_b[:n]]
        rows = self.own(into_rows(nabla_w, nabla_b)) if self._n_embedded else None
        self._session.apply_gradient(*of_layers, rate, decay, rows)

    def _rows(self) -> Floats:
        return np.zeros((self._n_embedded, ROW), dtype=self._dtype)


def into_rows(weights: Sequence[Floats], biases: Sequence[Floats]) -> Floats:
    """Return w₁ and W₂, b₁ and b₂, the last of all weights and biases, as rows of the engine's."""
    (w_1, w_2), (b_1, b_2) = weights[-2:], biases[-2:]
    rows: Floats = np.zeros((len(w_1), ROW), dtype=w_1.dtype)
    rows[:, _W_1], rows[:, _B_1], rows[:, _W_2], rows[:, _B_2] = w_1, b_1, w_2.reshape(len(rows), -1), b_2
    return rows


def from_rows(rows: Floats, weights: Sequence[Floats], biases: Sequence[Floats]) -> None:
    """Write rows of the engine's into w₁ and W₂, b₁ and b₂, the last of all weights and biases."""
    (w_1, w_2), (b_1, b_2) = weights[-2:], biases[-2:]
    w_1[...], b_1[...] = rows[:, _W_1], rows[:, _B_1]
    w_2[...], b_2[...] = rows[:, _W_2].reshape(w_2.shape), rows[:, _B_2]
