"""What is trained on, and what a network is validated on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backlit.core.namespace import is_sparse
from backlit.core.network import Network
from backlit.engine.protocol import Floats, Inputs


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs, targets and what each example counts.

    Attributes
    ----------
    x : ndarray or CSR matrix, ``(n, n_in)``
    y : ndarray, ``(n, n_out)``
    sample_weight : ndarray, ``(n,)``, or None
    rows : ndarray of int64, or None
        Which of the n are meant, where not all are; they are not copied.
    """

    x: Inputs
    y: Floats
    sample_weight: Floats | None = None
    rows: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return int(self.x.shape[0]) if self.rows is None else len(self.rows)

    def only(self, rows: NDArray[np.int64]) -> Examples:
        """Return the examples in these rows; they stay where they are."""
        return dataclasses.replace(self, rows=self.located(rows))

    def copy(self, rows: NDArray[np.int64]) -> Examples:
        """Return the examples in these rows, apart from all others."""
        rows = self.located(rows)
        weight = self.sample_weight
        return Examples(
            self.x[rows] if is_sparse(self.x) else np.ascontiguousarray(self.x[rows]),
            np.ascontiguousarray(self.y[rows]),
            None if weight is None else weight[rows],
        )

    def located(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where in x and y these rows are, counted among those that are meant."""
        return rows if self.rows is None else self.rows[rows]


@dataclass(frozen=True, eq=False)
class Validation:
    """Examples that are not trained on, and how to score the network's outputs for them.

    Attributes
    ----------
    examples : Examples
        Without `rows`: a network is evaluated on all of them.
    metric : callable
        ``a^L → float``, more is better. May be NaN.
    name : str, default "score"
        What the metric is called.
    scorer : callable, optional
        ``Network → float``; takes the metric's place where outputs alone do not tell. NaN where outputs are not finite.
    """

    examples: Examples
    metric: Callable[[Floats], float]
    name: str = "score"
    scorer: Callable[[Network], float] | None = None

    def __post_init__(self) -> None:
        if self.examples.rows is not None:
            raise ValueError("Validation looks at all examples it is given: give examples.copy(rows), not .only(rows).")
