"""A network as ONNX nodes: a Gemm for each z^l, and σ as one operator of ONNX's own, or as core writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backlit.core.activations import ELU_ALPHA, LEAKY_RELU_SLOPE, get_activation
from backlit.core.network import Network
from backlit.export.onnx_nodes.graph import OnnxGraph
from backlit.export.tracing import Symbol, steps, trace

Twin = Callable[[OnnxGraph, str, str], str]
"""(graph, z, name for a) → a."""


def add_network(graph: OnnxGraph, network: Network, x: str, *, exact_output: bool = False) -> tuple[str, str]:
    """Append feeding forward, and return the names of z^L and a^L.

    Parameters
    ----------
    graph : OnnxGraph
    network : Network
        Of NumPy arrays. Its w^2, b^2, z^2, a^2 and so on are called ``w2``, ``b2``, ``z2``, ``a2``.
    x : str
        Tensor of the network's dtype, ``(n_rows, n_in)``.
    exact_output : bool
        Whether a^L keeps its digits where σ is near 0. onnxruntime's own Sigmoid is one and the same number from
        z = −18 down, which is near enough for an activation but not for shares of a sum.
    """
    a, z, last = x, x, len(network.sizes)
    layers = zip(network.weights, network.biases, network.activations, strict=True)
    for layer, (w, b, activation) in enumerate(layers, start=2):
        w_name, b_name = graph.constant(w, f"w{layer}"), graph.constant(b, f"b{layer}")
        z = graph.add("Gemm", a, w_name, b_name, name=f"z{layer}", transB=1)
        twin = OPERATORS.get(activation)
        if twin is None or (exact_output and layer == last and activation in _OF_SIGMOID):
            twin = _as_core_writes_it(activation)
        a = twin(graph, z, f"a{layer}")
    return z, a


def _operator(name: str, **attributes: Any) -> Twin:
    return lambda graph, z, a: graph.add(name, z, name=a, **attributes)


def _silu(graph: OnnxGraph, z: str, a: str) -> str:
    return graph.add("Mul", z, graph.add("Sigmoid", z), name=a)


OPERATORS: dict[str, Twin] = {
    "sigmoid": _operator("Sigmoid"),
    "tanh": _operator("Tanh"),
    "relu": _operator("Relu"),
    "leaky_relu": _operator("LeakyRelu", alpha=LEAKY_RELU_SLOPE),
    "elu": _operator("Elu", alpha=ELU_ALPHA),
    "selu": _operator("Selu"),  # its default constants are Klambauer's
    "silu": _silu,
    "exp": _operator("Exp"),
    "identity": _operator("Identity"),
    "softmax": _operator("Softmax", axis=-1),
}
"""Activations that ONNX has an operator for which no runtime overflows in. Softplus is none: its definition is
log(e^z + 1), which a runtime may take at its word. All others are traced."""
_OF_SIGMOID = ("sigmoid", "silu")


def _as_core_writes_it(activation: str) -> Twin:
    root = trace(get_activation(activation).value)

    def twin(graph: OnnxGraph, z: str, a: str) -> str:
        tensors: dict[Symbol, str] = {}
        for symbol in steps(root):
            inputs = [tensors[operand] for operand in symbol.operands]
            tensors[symbol] = z if symbol.operation == "z" else _step(graph, symbol, inputs)
        return graph.add("Identity", tensors[root], name=a)

    return twin


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


def _erfc(graph: OnnxGraph, x: str) -> str:
    # 1 + erf(−x); onnxruntime has erf in float32 alone
    erf = graph.cast(graph.add("Erf", graph.cast(graph.add("Neg", x), "float32")), graph.dtype)
    return graph.add("Add", erf, graph.number(1.0))


def _log1p(graph: OnnxGraph, x: str) -> str:
    # Kahan's log(u) · x / (u − 1) with u = 1 + x, which mends what rounding u has lost; x itself where u is 1
    one = graph.number(1.0)
    u = graph.add("Add", x, one)
    is_one = graph.add("Equal", u, one)
    rest = graph.add("Where", is_one, one, graph.add("Sub", u, one))
    return graph.add("Where", is_one, x, graph.add("Div", graph.add("Mul", graph.add("Log", u), x), rest))
