"""A network as ONNX nodes: a Gemm for each z^l, and σ as one operator of ONNX's own, or as core writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backlit.core.activations import ELU_ALPHA, LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_LAMBDA, get_activation
from backlit.core.network import Network
from backlit.export.onnx_nodes.functions import add_function
from backlit.export.onnx_nodes.graph import OnnxGraph

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
        z = −18 down, which is near enough for an activation but not for what is compared.
    """
    a, z, last = x, x, len(network.sizes)
    layers = zip(network.weights, network.biases, network.activations, strict=True)
    for layer, (w, b, activation) in enumerate(layers, start=2):
        w_name, b_name = graph.constant(w, f"w{layer}"), graph.constant(b, f"b{layer}")
        z = graph.add("Gemm", a, w_name, b_name, name=f"z{layer}", transB=1)
        a = _twin(activation, graph.dtype, exact=exact_output and layer == last)(graph, z, f"a{layer}")
    return z, a


def _twin(activation: str, dtype: str, *, exact: bool) -> Twin:
    if activation in OPERATORS and not (exact and activation in _OF_SIGMOID):
        return _TWINS_IN_FLOAT64.get(activation, OPERATORS[activation]) if dtype == "float64" else OPERATORS[activation]
    return lambda graph, z, a: add_function(graph, get_activation(activation).value, z, a)


def _operator(name: str, **attributes: Any) -> Twin:
    return lambda graph, z, a: graph.add(name, z, name=a, **attributes)


def _silu(graph: OnnxGraph, z: str, a: str) -> str:
    return graph.add("Mul", z, graph.add("Sigmoid", z), name=a)


def _selu(graph: OnnxGraph, z: str, a: str) -> str:
    below = graph.add("Mul", graph.add("Elu", z), graph.number(SELU_LAMBDA * SELU_ALPHA))
    above = graph.add("Mul", z, graph.number(SELU_LAMBDA))
    return graph.add("Where", graph.add("Greater", z, graph.number(0.0)), above, below, name=a)


def _leaky_relu(graph: OnnxGraph, z: str, a: str) -> str:
    return add_function(graph, get_activation("leaky_relu").value, z, a)


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
_TWINS_IN_FLOAT64: dict[str, Twin] = {"leaky_relu": _leaky_relu, "selu": _selu}
"""In place of operators whose attributes are constants of float32, 0.01 among them."""
