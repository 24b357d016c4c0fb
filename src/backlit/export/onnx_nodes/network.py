"""A network as ONNX nodes: a Gemm for each z^l, and the twin of each σ of `backlit.core.activations`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from backlit.core.activations import ELU_ALPHA, LEAKY_RELU_SLOPE
from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.export.onnx_nodes.graph import OnnxGraph

Twin = Callable[[OnnxGraph, str, str], str]
"""(graph, z, name for a) → a."""


def add_network(graph: OnnxGraph, network: Network, x: str) -> tuple[str, str]:
    """Append feeding forward, and return the names of z^L and a^L.

    Parameters
    ----------
    graph : OnnxGraph
    network : Network
        Of NumPy arrays. Its w^2, b^2, z^2, a^2 and so on are called ``w2``, ``b2``, ``z2``, ``a2``.
    x : str
        Tensor of the network's dtype, ``(n_rows, n_in)``.
    """
    a, z = x, x
    layers = zip(network.weights, network.biases, network.activations, strict=True)
    for layer, (w, b, activation) in enumerate(layers, start=2):
        w_name, b_name = graph.constant(w, f"w{layer}"), graph.constant(b, f"b{layer}")
        z = graph.add("Gemm", a, w_name, b_name, name=f"z{layer}", transB=1)
        a = _twin(activation)(graph, z, f"a{layer}")
    return z, a


def _twin(activation: str) -> Twin:
    if activation not in TWINS:
        raise InvalidInputError(f"The activation {activation!r} has no twin in ONNX. These have: {', '.join(TWINS)}.")
    return TWINS[activation]


def _operator(name: str, **attributes: Any) -> Twin:
    return lambda graph, z, a: graph.add(name, z, name=a, **attributes)


def _softplus(graph: OnnxGraph, z: str, a: str | None) -> str:
    # ONNX defines Softplus as log(e^z + 1), which a runtime may take at its word and overflow
    decay = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    tail = graph.add("Log", graph.add("Add", decay, graph.number(1.0)))
    return graph.add("Add", graph.add("Relu", z), tail, name=a)


def _gelu(graph: OnnxGraph, z: str, a: str) -> str:
    # onnxruntime has erf in float32 alone
    scaled = graph.add("Mul", z, graph.number(math.sqrt(0.5)))
    erf = graph.cast(graph.add("Erf", graph.cast(scaled, "float32")), graph.dtype)
    doubled_cdf = graph.add("Add", erf, graph.number(1.0))
    return graph.add("Mul", graph.add("Mul", z, graph.number(0.5)), doubled_cdf, name=a)


def _silu(graph: OnnxGraph, z: str, a: str) -> str:
    return graph.add("Mul", z, graph.add("Sigmoid", z), name=a)


def _mish(graph: OnnxGraph, z: str, a: str) -> str:
    return graph.add("Mul", z, graph.add("Tanh", _softplus(graph, z, None)), name=a)


TWINS: dict[str, Twin] = {
    "sigmoid": _operator("Sigmoid"),
    "tanh": _operator("Tanh"),
    "relu": _operator("Relu"),
    "leaky_relu": _operator("LeakyRelu", alpha=LEAKY_RELU_SLOPE),
    "elu": _operator("Elu", alpha=ELU_ALPHA),
    "selu": _operator("Selu"),  # its default constants are Klambauer's
    "gelu": _gelu,
    "silu": _silu,
    "mish": _mish,
    "softplus": _softplus,
    "exp": _operator("Exp"),
    "identity": _operator("Identity"),
    "softmax": _operator("Softmax", axis=-1),
}
"""Each activation of the registry; a test fails where one is missing."""
