"""Which numbers of a wide layer are worth showing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backlit.explanation.tree import Explanation, Floats

SHOW_ALL_UP_TO = 4
"""So many neurons, or terms of a sum, are never summarized: the summary would not be shorter."""


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


def shown_neurons(explanation: Explanation, layer: int, count: int | None, example: int = 0) -> list[int]:
    """Return the neurons of a layer with the largest |δ| (without y: the largest |a|), counted from 0 and in order."""
    trace = explanation.examples[example].layer(layer)
    values = trace.a if trace.error is None else trace.error.delta
    return sorted(largest(values, count)) or [0]


def largest_entries(matrix: Floats, count: int | None) -> list[tuple[int, int]]:
    """Return the places (j, k) of the entries that are largest in absolute value, largest first.

    All are returned, row by row, where neither side is longer than `SHOW_ALL_UP_TO`.
    """
    if max(matrix.shape) <= SHOW_ALL_UP_TO:
        count = None
    return [(k // matrix.shape[1], k % matrix.shape[1]) for k in largest(matrix.ravel(), count)]
