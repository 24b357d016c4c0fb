"""A network as ONNX nodes: a Gemm for each z^l, and σ as one operator of ONNX's own, or as core writes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backlit.core.activations import ELU_ALPHA, LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_LAMBDA, get_activation
from backlit.core.embedded_network import EmbeddedNetwork, apart
from backlit.core.embedding import Embedding
from backlit.core.network import Network
from backlit.core.parametric import ParametricActivation
from backlit.export.onnx_nodes.functions import add_function
from backlit.export.onnx_nodes.graph import OnnxGraph

Twin = Callable[[OnnxGraph, str, str], str]
"""(graph, z, name for a) → a."""


def add_network(
    graph: OnnxGraph, whole: Network | EmbeddedNetwork, x: str, *, exact_output: bool = False
) -> tuple[str, str]:
    """Append feeding forward, and return the names of z^L and a^L.

    Parameters
    ----------
    graph : OnnxGraph
    whole : Network or EmbeddedNetwork
        Of NumPy arrays. Its w^2, b^2, z^2, a^2 and so on are called ``w2``, ``b2``, ``z2``, ``a2``.
    x : str
        Tensor of the network's dtype, ``(n_rows, n_in)``.
    exact_output : bool
        Whether a^L keeps its digits where σ is near 0. onnxruntime's own Sigmoid is one and the same number from
        z = −18 down, which is near enough for an activation but not for what is compared.
    """
    network, embedding = apart(whole)
    if embedding is not None and embedding.embedded.of_inputs:
        x = _add_embedding(graph, embedding, x, whole.sizes[0])
    a, z, last = x, x, len(network.sizes)
    layers = zip(network.weights, network.biases, network.activations, strict=True)
    for layer, (w, b, activation) in enumerate(layers, start=2):
        w_name, b_name = graph.constant(w, f"w{layer}"), graph.constant(b, f"b{layer}")
        z = graph.add("Gemm", a, w_name, b_name, name=f"z{layer}", transB=1)
        if isinstance(activation, ParametricActivation):
            a = _add_parametric(graph, activation, z, f"a{layer}")
            continue
        a = _twin(activation, graph.dtype, exact=exact_output and layer == last)(graph, z, f"a{layer}")
    return z, a


def _add_parametric(graph: OnnxGraph, activation: ParametricActivation, z: str, a: str) -> str:
    """Append a = z + α (σ(z) − z)."""
    sigma = _twin(activation.sigma, graph.dtype, exact=False)(graph, z, f"sigma_{a}")
    part = graph.add("Mul", graph.constant(activation.alpha), graph.add("Sub", sigma, z))
    return graph.add("Add", z, part, name=a)


def _add_embedding(graph: OnnxGraph, embedding: Embedding, x: str, n_in: int) -> str:
    """Append all embeddings, and return the name of (e, c, x), all in the network's dtype.

    Parameters
    ----------
    graph : OnnxGraph
    embedding : Embedding
        Of NumPy arrays.
    x : str
        Tensor of the network's dtype, ``(n_rows, n_in)``.
    n_in : int
    """
    embedded, parts = embedding.embedded, []
    if embedded.columns:
        parts.append(_add_numbers(graph, embedding, x))
    for g in range(len(embedded.categories)):
        values, w, b = embedding.of_category(g)
        of_category = _taken(graph, x, range(values.start, values.stop))
        parts.append(graph.add("Gemm", of_category, graph.constant(w), graph.constant(b)))
    if embedded.categories:
        x = _taken(graph, x, embedded.kept(n_in))
    return graph.add("Concat", *parts, x, axis=1)


def _add_numbers(graph: OnnxGraph, embedding: Embedding, x: str) -> str:
    """Append e = W₂ cos(2π w₁ x + b₁) + b₂."""
    embedded = embedding.embedded
    (w_1, w_2), (b_1, b_2) = embedding.weights[:2], embedding.biases[:2]
    axis = graph.constant(np.array([2]))
    z = graph.add(
        "Mul", graph.add("Unsqueeze", _taken(graph, x, embedded.columns), axis), graph.constant(2 * math.pi * w_1)
    )
    # as a sine, because onnxruntime has no Cos of float64
    shifted = graph.constant(b_1 + np.asarray(math.pi / 2, dtype=graph.dtype))
    a = graph.add("Unsqueeze", graph.add("Sin", graph.add("Add", z, shifted)), axis)
    summands = graph.add("Mul", a, graph.constant(w_2))
    sums = graph.add("ReduceSum", summands, graph.constant(np.array([3])), keepdims=0)
    e = graph.add("Add", sums, graph.constant(b_2))
    return graph.add("Reshape", e, graph.constant(np.array([0, b_2.size])))


def _taken(graph: OnnxGraph, x: str, columns: Sequence[int]) -> str:
    return graph.add("Gather", x, graph.constant(np.array(columns, dtype=np.int64)), axis=1)


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
