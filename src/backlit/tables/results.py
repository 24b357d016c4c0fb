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
class ClassScore:
    """How good a model is on one class.

    Attributes
    ----------
    label : object
    rows : int
        Rows that are of this class.
    predicted : int
        Rows that are said to be.
    precision : float
        The share of `predicted` that are of it; NaN if there are none.
    recall : float
        The share of `rows` that are found; NaN if there are none.
    """

    label: Any
    rows: int
    predicted: int
    precision: float
    recall: float


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
    classes : list of ClassScore
        Precision and recall of each class; empty for numbers.
    unseen : dict of str to list of int
        Labels that training did not have, with how often each was taken for each class. Their rows count as wrong; the
        cost is of the others.
    """

    metrics: dict[str, float]
    n_rows: int
    confusion: list[list[int]] | None = None
    remarks: list[str] = field(default_factory=list)
    classes: list[ClassScore] = field(default_factory=list)
    unseen: dict[str, list[int]] = field(default_factory=dict)
