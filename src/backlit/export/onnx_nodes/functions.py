"""A function of `backlit.core` as ONNX nodes: the operations that it does, one by one.

Most are operators of ONNX. Those that are none, or whose tails a runtime computes too
coarsely, are composed here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from numpy.polynomial import chebyshev

from backlit.export.onnx_nodes.graph import OnnxGraph
from backlit.export.tracing import Symbol, steps, trace


def add_function(graph: OnnxGraph, function: Callable[[Any], Any], z: str, name: str | None = None) -> str:
    """Append what a function of z does, as core writes it, and return the name of its result.

    Parameters
    ----------
    graph : OnnxGraph
    function : callable
        Such as σ or log σ of an activation that does not couple neurons.
    z : str
        Tensor of the graph's dtype.
    name : str, optional
        What the result is to be called.
    """
    root = trace(function)
    tensors: dict[Symbol, str] = {}
    for symbol in steps(root):
        inputs = [tensors[operand] for operand in symbol.operands]
        tensors[symbol] = z if symbol.operation == "z" else _step(graph, symbol, inputs)
    return tensors[root] if name is None else graph.add("Identity", tensors[root], name=name)


def _step(graph: OnnxGraph, symbol: Symbol, inputs: list[str]) -> str:
    match symbol.operation:
        case "number":
            return graph.number(symbol.number)
        case "erfc":
            return _erfc(graph, *inputs)
        case "log1p":
            return _log1p(graph, *inputs)
        case operation:
            return graph.add(_NODES[operation], *inputs)


_NODES = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "negative": "Neg",
    "less": "Less",
    "less_equal": "LessOrEqual",
    "greater": "Greater",
    "where": "Where",
    "exp": "Exp",
    "log": "Log",
    "tanh": "Tanh",
}
"""An operation of `backlit.export.tracing` → ONNX's name for it."""


def _log1p(graph: OnnxGraph, x: str) -> str:
    # Kahan's log(u) · x / (u − 1) with u = 1 + x, which mends what rounding u has lost; x itself where u is 1
    one = graph.number(1.0)
    u = graph.add("Add", x, one)
    is_one = graph.add("Equal", u, one)
    rest = graph.add("Where", is_one, one, graph.add("Sub", u, one))
    return graph.add("Where", is_one, x, graph.add("Div", graph.add("Mul", graph.add("Log", u), x), rest))


_MIDDLE = 3.75


def _erfc(graph: OnnxGraph, x: str) -> str:
    # ONNX has erf, in onnxruntime in float32 alone, and 1 − erf(x) has no digits left from x = 4 on. For x ≥ 0,
    # e^−x² p(t) / (1 + 2x) with a polynomial p of t = (x − k)/(x + k) keeps them (Shepherd and Laframboise 1981).
    one, two, middle = graph.number(1.0), graph.number(2.0), graph.number(_MIDDLE)
    size = graph.add("Abs", x)
    t = graph.add("Div", graph.add("Sub", size, middle), graph.add("Add", size, middle))
    highest, *coefficients = reversed(_tail_polynomial(20 if graph.dtype == "float64" else 11))
    p = graph.number(highest)
    for coefficient in coefficients:
        p = graph.add("Add", graph.add("Mul", p, t), graph.number(coefficient))
    scale = graph.add("Div", p, graph.add("Add", graph.add("Mul", size, two), one))
    tail = graph.add("Mul", graph.add("Exp", graph.add("Neg", graph.add("Mul", size, size))), scale)
    return graph.add("Where", graph.add("Less", x, graph.number(0.0)), graph.add("Sub", two, tail), tail)


@cache
def _tail_polynomial(degree: int) -> tuple[float, ...]:
    """Coefficients, lowest first, of (1 + 2x) e^x² erfc(x) as a polynomial in t."""
    from scipy.special import erfcx

    def function(t: Any) -> Any:
        x = _MIDDLE * (1 + t) / (1 - t)
        return (1 + 2 * x) * erfcx(x)

    return tuple(chebyshev.cheb2poly(chebyshev.chebinterpolate(function, degree)).tolist())
