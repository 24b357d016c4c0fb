"""How a submission lays its arrays out, which is found by trying.

The judge's own arrays hold examples as columns. A `Convention` turns them into the student's and back, and never mends
a wrong shape on the way: what is laid out in no way that fits stays visible as a wrong shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backlit.grading.reading.cases import Array, Case

Layout = Literal["columns", "rows", "vectors"]
LAYOUTS: tuple[Layout, ...] = ("vectors", "columns", "rows")
BiasLayout = Literal["column", "flat", "row"]


@dataclass(frozen=True)
class Convention:
    """One way to lay arrays out.

    Attributes
    ----------
    layout : {"columns", "rows", "vectors"}
        Of x, y, z, a and δ: ``(n_l, n_examples)``, ``(n_examples, n_l)``, or ``(n_l,)`` for one example.
    batches : bool
        Whether many examples come at once.
    bias : {"column", "flat", "row"}
        ``(n_l, 1)``, ``(n_l,)`` or ``(1, n_l)``.
    weights_transposed : bool
        Whether w is ``(n_{l−1}, n_l)`` instead of the lecture's ``(n_l, n_{l−1})``.
    labels : bool
        Whether y is the number of the class, from 0, instead of one output a class.
    sums : bool
        Whether gradients are sums over the batch, which the step divides by n.
    """

    layout: Layout
    batches: bool
    bias: BiasLayout
    weights_transposed: bool = False
    labels: bool = False
    sums: bool = False

    def give(self, values: Array) -> Array:
        """Lay out x, y, z, a or δ for the student."""
        if self.layout == "vectors":
            return values[:, 0].copy()
        return values.T.copy() if self.layout == "rows" else values.copy()

    def give_y(self, y: Array) -> Any:
        """Lay out targets for the student."""
        if not self.labels:
            return self.give(y)
        numbers = np.argmax(y, axis=0)
        return numbers if self.batches else numbers[0]

    def take(self, values: object) -> NDArray[Any]:
        """Read z, a or δ."""
        array = as_array(values)
        if self.layout == "vectors":
            return array.reshape(-1, 1) if array.ndim == 1 else array
        return array.T if self.layout == "rows" else array

    def give_w(self, w: Array) -> Array:
        """Lay out weights."""
        return w.T.copy() if self.weights_transposed else w.copy()

    def take_w(self, values: object) -> NDArray[Any]:
        """Read weights or their gradient."""
        array = as_array(values)
        return array.T if self.weights_transposed else array

    def give_b(self, b: Array) -> Array:
        """Lay out a bias."""
        return {"column": b.copy(), "flat": b[:, 0].copy(), "row": b.T.copy()}[self.bias]

    def take_b(self, values: object) -> NDArray[Any]:
        """Read a bias or its gradient."""
        array = as_array(values)
        if array.ndim == 0 or (self.bias == "flat" and array.ndim == 1):
            return array.reshape(-1, 1)
        return array.T if self.layout == "rows" or self.bias == "row" else array

    def describe(self) -> tuple[str, ...]:
        """Say it to the student."""
        vectors = {"columns": "column vectors", "rows": "rows", "vectors": "flat vectors of shape (n,)"}[self.layout]
        many = "columns are examples" if self.layout == "columns" else "rows are examples"
        bias = {"column": "(n_l, 1)", "flat": "(n_l,)", "row": "(1, n_l)"}[self.bias]
        w = "(n_{l-1}, n_l)" if self.weights_transposed else "(n_l, n_{l-1})"
        first = f"batches, {many}" if self.batches else f"{vectors}, one example at a time"
        described: tuple[str, ...] = (first, f"weights of shape {w}, biases of shape {bias}")
        described += ("targets are labels 0, 1, …",) * self.labels
        return described + ("backprop returns sums over the batch, the update divides by n",) * self.sums


def as_array(values: object) -> NDArray[Any]:
    """Make an array of what came from a student.

    Raises
    ------
    ValueError
        If it holds no numbers.
    """
    if isinstance(values, np.ndarray | float | int | list | tuple | np.generic):
        array = np.asarray(values)  # np.matrix, too, has methods of its own
    else:
        raise ValueError(f"an array was expected, but {type(values).__name__} came")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"an array of numbers was expected, but its dtype is {array.dtype}")
    return array


_SHAPES: list[tuple[Layout, bool, BiasLayout]] = [
    ("columns", False, "column"),
    ("vectors", False, "flat"),
    ("rows", False, "row"),
    ("columns", True, "column"),
    ("rows", True, "flat"),
    ("rows", True, "row"),
]


def conventions(
    weights_transposed: bool | None = None, bias: BiasLayout | None = None, batches: bool | None = None
) -> Sequence[Convention]:
    """Return the conventions to try, the commonest first, as far as they are not known already."""
    return [
        Convention(layout, many, bias_layout, transposed)
        for transposed in (False, True)
        for layout, many, bias_layout in _SHAPES
        if weights_transposed in (None, transposed) and bias in (None, bias_layout) and batches in (None, many)
    ]


def parameters_of(case: Case, convention: Convention, style: str) -> Any:
    """Lay out the network for the student.

    Parameters
    ----------
    case : Case
    convention : Convention
    style : str
        ``"weights"`` or ``"biases"``: a list of arrays. ``"parameters"``: a dictionary of W1, b1, …. ``"pairs"``: a
        list of ``(w, b)``. ``"W1"``, ``"b2"``, …: one array.
    """
    w = [convention.give_w(case.w[layer]) for layer in case.w]
    b = [convention.give_b(case.b[layer]) for layer in case.b]
    if style == "weights":
        return w
    if style == "biases":
        return b
    if style == "pairs":
        return list(zip(w, b, strict=True))
    if style == "parameters":
        both = zip(w, b, strict=True)
        return {
            name: array for i, pair in enumerate(both, 1) for name, array in zip((f"W{i}", f"b{i}"), pair, strict=True)
        }
    return (w if style[0] in "wW" else b)[int(style[1:]) - 1]
