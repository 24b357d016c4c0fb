"""ONNX files: a chain of Gemm, or MatMul and Add, with an activation after each."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import ACTIVATIONS, ELU_ALPHA, LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_LAMBDA
from backlit.errors import InvalidInputError, MissingExtraError
from backlit.export.sources.reading import Layer, counted, leaky_relu

_ACTIVATIONS = {name.capitalize(): name for name in ACTIVATIONS if name not in ("identity", "leaky_relu", "silu")}
"""Operators that are functions of ours, whose names they share."""
_FIXED: dict[str, dict[str, Any]] = {
    "Elu": {"alpha": ELU_ALPHA},
    "Selu": {"alpha": SELU_ALPHA, "gamma": SELU_LAMBDA},
    "Gelu": {"approximate": b"none"},
    "Dropout": {},
    "Gemm": {"transA": 0},
}
"""Attributes that an operator can only have with these values."""
_NOTHING_TO_DO = ("Identity", "Dropout")
_BEFORE_LAYERS = ("Flatten", "Reshape", "Cast")


def read(path: Path) -> list[Layer]:
    """Return the layers of an ONNX file."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise MissingExtraError("Reading ONNX files", "onnx") from None
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except DecodeError as error:
        raise InvalidInputError(f"{str(path)!r} is no whole ONNX file: {error}.") from None
    return _Chain(graph, path, onnx).layers()


class _Chain:
    """The nodes of a graph, followed from its input to its output."""

    def __init__(self, graph: Any, path: Path, onnx: Any) -> None:
        self._graph, self._path, self._onnx = graph, path, onnx
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._consumers: dict[str, list[Any]] = defaultdict(list)
        self._transposed: set[str] = set()
        counted((tuple(tensor.dims) for tensor in graph.initializer), path)
        for node in graph.node:
            if node.op_type == "Constant":
                self._constants[node.output[0]] = self._attributes(node).get("value")
            elif node.op_type in ("Identity", "Transpose") and node.input[0] in self._constants:
                self._constants[node.output[0]] = self._constants[node.input[0]]
                if (node.op_type == "Transpose") != (node.input[0] in self._transposed):
                    self._transposed.add(node.output[0])
            else:
                for name in set(node.input):
                    self._consumers[name].append(node)

    def layers(self) -> list[Layer]:
        inputs = [tensor.name for tensor in self._graph.input if tensor.name not in self._constants]
        if len(inputs) != 1 or len(self._graph.output) != 1:
            raise InvalidInputError(
                f"{str(self._path)!r} has {len(inputs)} inputs and {len(self._graph.output)} outputs; a chain of "
                "layers has one of each. Export the network alone, without what turns its outputs into labels."
            )
        tensor, layers = inputs[0], list[Layer]()
        while self._consumers[tensor]:
            tensor = self._follow(tensor, layers)
        if tensor != self._graph.output[0].name:
            raise InvalidInputError(
                f"{str(self._path)!r}: its output does not come from its input by a chain of layers."
            )
        for layer in layers:
            layer.activation = layer.activation or "identity"
        return layers

    def _follow(self, tensor: str, layers: list[Layer]) -> str:
        """Take the operation that a tensor goes into, and return the tensor that comes out."""
        node, *others = self._consumers[tensor]
        if others:
            return self._silu(tensor, layers, [node, *others])
        kind, attributes = node.op_type, self._attributes(node)
        name = node.name or f"the {kind} after {tensor}"
        for key, value in _FIXED.get(kind, {}).items():
            came = attributes.get(key, value)
            if came != value and not (isinstance(value, float) and np.isclose(came, value, rtol=1e-6)):
                raise InvalidInputError(f"{name} has {key}={came!r}, but only {value!r} can be read.")
        if kind == "Gemm":
            weights = self._constant(node.input[1], name)
            bias = self._constant(node.input[2], name, bias=True) if len(node.input) > 2 else np.zeros(1, weights.dtype)
            weights = weights if attributes.get("transB") else weights.T
            weights = weights * np.asarray(attributes.get("alpha", 1.0), weights.dtype)
            bias = bias * np.asarray(attributes.get("beta", 1.0), weights.dtype)
            layers.append(Layer(name, weights, np.broadcast_to(bias.reshape(-1), len(weights))))
        elif kind == "MatMul" and node.input[0] == tensor:
            kernel = self._constant(node.input[1], name)
            layers.append(Layer(name, kernel.T, np.zeros(kernel.shape[1], kernel.dtype)))
        elif kind == "Add" and layers and layers[-1].activation is None and not layers[-1].bias.any():
            (other,) = (each for each in node.input if each != tensor)
            bias = self._constant(other, name, bias=True)
            layers[-1].bias = np.broadcast_to(bias.reshape(-1), len(layers[-1].weights))
        elif kind == "LeakyRelu" and layers:
            layers[-1].followed_by(leaky_relu(float(attributes.get("alpha", LEAKY_RELU_SLOPE))), name)
        elif kind in _ACTIVATIONS and layers and attributes.get("axis", -1) in (-1, 1):
            layers[-1].followed_by(_ACTIVATIONS[kind], name)
        elif not (kind in _NOTHING_TO_DO or (kind in _BEFORE_LAYERS and not layers)):
            raise InvalidInputError(
                f"{name} is of the kind {kind}, which cannot be read here: only fully connected layers (Gemm, or "
                f"MatMul and Add) with one of {', '.join([*_ACTIVATIONS, 'LeakyRelu'])} after each. Fold others into "
                "them first."
            )
        return str(node.output[0])

    def _silu(self, tensor: str, layers: list[Layer], nodes: list[Any]) -> str:
        kinds = {node.op_type: node for node in nodes}
        if (
            set(kinds) == {"Sigmoid", "Mul"}
            and set(kinds["Mul"].input) == {tensor, kinds["Sigmoid"].output[0]}
            and layers
        ):
            layers[-1].followed_by("silu", kinds["Mul"].name)
            return str(kinds["Mul"].output[0])
        raise InvalidInputError(
            f"{str(self._path)!r}: {tensor!r} goes into {len(nodes)} operations ({', '.join(kinds)}), but only "
            "layers that follow one another can be read."
        )

    def _constant(self, name: str, node: str, *, bias: bool = False) -> NDArray[np.floating]:
        tensor = self._constants.get(name)
        if tensor is None or getattr(tensor, "data_location", 0) == self._onnx.TensorProto.EXTERNAL:
            where = "not in the file" if tensor is None else "in a file beside it, which is not read"
            raise InvalidInputError(f"The numbers {name!r} of {node} are {where}. Save the model with them inside.")
        values: NDArray[np.floating] = self._onnx.numpy_helper.to_array(tensor)
        if values.dtype not in (np.float32, np.float64) or (values.ndim > 2 if bias else values.ndim != 2):
            raise InvalidInputError(f"{name!r} of {node} has the dtype {values.dtype} and the shape {values.shape}.")
        return values.T if name in self._transposed else values

    def _attributes(self, node: Any) -> dict[str, Any]:
        return {each.name: self._onnx.helper.get_attribute_value(each) for each in node.attribute}
