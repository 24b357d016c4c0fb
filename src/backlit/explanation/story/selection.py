"""Which numbers of a wide layer are worth showing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backlit.errors import InvalidInputError
from backlit.explanation.trace.tree import Floats, WorkedStep

SHOW_ALL_UP_TO = 4
"""Up to this many neurons, or terms of a sum, are never summarized: the summary would not be shorter."""
FEW = 3
"""How many neurons of a wide layer, or terms of a long sum, are shown unless somebody asks for others."""


@dataclass(frozen=True)
class Choice:
    """What of an explanation is shown.

    Attributes
    ----------
    neurons : int, sequence of int, or None
        How many neurons of a wide layer, those with the largest |δ|; or which ones, counted from 1; None for all.
    terms : int or None
        How many terms of a long sum, and entries of a large gradient matrix, the largest; None for all.
    layers : sequence of int or None
        Which layers, counted from 1, the input; None for all.
    inputs : sequence of int or None
        Of the neurons chosen, only the weights from these neurons of the layer before, counted from 1; None for those
        with the largest entries.
    """

    neurons: int | Sequence[int] | None = FEW
    terms: int | None = FEW
    layers: Sequence[int] | None = None
    inputs: Sequence[int] | None = None

    def check(self, explanation: WorkedStep) -> None:
        """Raise if something is chosen that the explanation does not have."""
        for name, count in (("neurons", self.neurons), ("terms", self.terms)):
            if isinstance(count, int) and count < 1:
                raise InvalidInputError(f"{name} must be at least 1, or None for all, but {count!r} came.")
        sizes = explanation.sizes
        _check_numbers("layers", self.layers, len(sizes), "layers of the network")
        if self.neurons is not None and not isinstance(self.neurons, int):
            _check_numbers("neurons", self.neurons, max(sizes[1:]), "neurons of the widest layer")


def _check_numbers(name: str, chosen: Sequence[int] | None, last: int, what: str) -> None:
    if chosen is None:
        return
    if not chosen:
        raise InvalidInputError(f"{name} chooses nothing. Give numbers from 1 to {last}, or None for all.")
    for number in chosen:
        if not 1 <= number <= last:
            raise InvalidInputError(f"{name} must lie in 1 to {last}, the {what}, but {number!r} came.")


def largest(values: Floats, count: int | None) -> list[int]:
    """Return the places of the numbers that are largest in absolute value, largest first.

    Parameters
    ----------
    values : array, ``(n,)``
    count : int or None
        How many; None for all. All are returned, in their own order, where n is no more than `count` or than
        `SHOW_ALL_UP_TO`. Numbers that are 0 are left out of a summary.
    """
    if count is None or len(values) <= max(count, SHOW_ALL_UP_TO):
        return list(range(len(values)))
    # NaN is what a reader is looking for if it is there
    sizes: NDArray[np.float64] = np.nan_to_num(np.abs(values, dtype=np.float64), nan=np.inf)
    order = np.argsort(-sizes, kind="stable")[:count]
    return [int(k) for k in order if sizes[k] > 0]


def shown_layers(explanation: WorkedStep, layers: Sequence[int] | None) -> list[int]:
    """Return the layers after the input that are shown, in order."""
    return [layer for layer in range(2, explanation.n_layers + 1) if layers is None or layer in layers]


def shown_neurons(explanation: WorkedStep, layer: int, neurons: int | Sequence[int] | None) -> list[int]:
    """Return the neurons of a layer that are shown, counted from 0 and in order.

    They are those that were chosen. Where none of them is in the layer, or only a number was given, they are those with
    the largest |δ| (without y: the largest |a|), summed over the examples.
    """
    count = FEW
    if neurons is None or isinstance(neurons, int):
        count = neurons if neurons is not None else explanation.sizes[layer - 1]
    else:
        chosen = sorted({j - 1 for j in neurons if j <= explanation.sizes[layer - 1]})
        if chosen:
            return chosen
    traces = [example.layer(layer) for example in explanation.examples]
    sizes = sum(np.abs(trace.a if trace.error is None else trace.error.delta) for trace in traces)
    return sorted(largest(np.asarray(sizes), count)) or [0]


def largest_entries(matrix: Floats, count: int | None) -> list[tuple[int, int]]:
    """Return the places (j, k) of the entries that are largest in absolute value, largest first.

    All are returned, row by row, where neither side is longer than `SHOW_ALL_UP_TO`.
    """
    if max(matrix.shape) <= SHOW_ALL_UP_TO:
        count = None
    return [(k // matrix.shape[1], k % matrix.shape[1]) for k in largest(matrix.ravel(), count)]
