"""What a table model answers: predictions, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from backlit.engine.protocol import Floats


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of the rows of a table.

    Attributes
    ----------
    values : ndarray, ``(n_rows,)``
        Classes, or numbers on the target's own scale.
    probabilities : ndarray, ``(n_rows, n_classes)``, or None
    """

    values: NDArray[Any]
    probabilities: Floats | None


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on a table.

    Attributes
    ----------
    metrics : dict of str to float
        ``accuracy`` and ``cost``, or ``r2``, ``rmse``, ``mae`` (on the target's own scale) and ``cost``.
    n_rows : int
    confusion : list of list of int, or None
        Row: true class; column: predicted class.
    remarks : list of str
        What was done to the table.
    """

    metrics: dict[str, float]
    n_rows: int
    confusion: list[list[int]] | None = None
    remarks: list[str] = field(default_factory=list)
