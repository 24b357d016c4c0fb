"""What follows the network in an ONNX model: labels and probabilities, or numbers; named as skl2onnx names them.

The twin of `backlit.data.probabilities`. A row that holds NaN has NaN for its probabilities and no label: the number of
its class lies beyond the last, which makes onnxruntime refuse the rows that came with it, as `predict` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import get_activation, sigmoid
from backlit.errors import InvalidInputError
from backlit.export.exportable import ClassHead, NumberHead, label_texts
from backlit.export.onnx_nodes.functions import add_function
from backlit.export.onnx_nodes.graph import OnnxGraph


def add_class_head(graph: OnnxGraph, head: ClassHead, activation: str, z: str, a: str) -> None:
    """Append the outputs ``label`` and ``probabilities``.

    Parameters
    ----------
    graph : OnnxGraph
    head : ClassHead
    activation : str
        σ of the output layer.
    z, a : str
        z^L and a^L.
    """
    classes = head.classes
    shares = _probabilities(graph, head, activation, z, a)
    if head.kind == "multilabel":
        applies = _moved_if(graph, _is_nan(graph, z), _is_over_half(graph, a), beyond=2)
        labels = graph.add("Gather", graph.constant(np.array([0, 1])), applies)
        graph.output(labels, "label", "int64", len(classes), "1 for each label that applies")
    else:
        values, dtype = _label_values(classes)
        label = graph.add("Gather", graph.constant(values), _class_number(graph, head, activation, z, a))
        graph.output(label, "label", dtype, None, "the most probable class")
    graph.output(shares, "probabilities", graph.dtype, len(classes), f"of {', '.join(label_texts(classes))}")


def add_number_head(graph: OnnxGraph, head: NumberHead, a: str, width: int) -> None:
    """Append the output ``variable``, ``(n_rows, width)``."""
    values = a if head.dtype == graph.dtype else graph.cast(a, head.dtype)
    if head.scale is not None:
        mean, scale = (graph.constant(np.array([value], dtype=head.dtype)) for value in head.scale)
        values = graph.add("Add", graph.add("Mul", values, scale), mean)
    if head.range is not None:
        values = graph.add("Clip", values, *(graph.constant(np.array(value, dtype=head.dtype)) for value in head.range))
    graph.output(values, "variable", head.dtype, width, "the predicted numbers")


def _class_number(graph: OnnxGraph, head: ClassHead, activation: str, z: str, a: str) -> str:
    # (n_rows,), counted from 0; of equal ones the first
    if head.one_output and head.kind != "constant":
        number = _is_over_half(graph, a)
    else:
        number = graph.add("ArgMax", z if get_activation(activation).increasing else a, axis=1, keepdims=1)
    some_is_nan = graph.add("ReduceMax", _is_nan(graph, z), graph.constant(np.array([1])))
    number = _moved_if(graph, some_is_nan, number, beyond=len(head.classes))
    return graph.add("Reshape", number, graph.constant(np.array([-1])))


def _is_over_half(graph: OnnxGraph, a: str) -> str:
    return graph.cast(graph.add("Greater", a, graph.number(0.5)), "int64")


def _is_nan(graph: OnnxGraph, z: str) -> str:
    return graph.cast(graph.add("IsNaN", z), "int64")


def _moved_if(graph: OnnxGraph, is_nan: str, number: str, beyond: int) -> str:
    # comparisons take NaN for no, and ArgMax takes it for the first
    return graph.add("Add", number, graph.add("Mul", is_nan, graph.constant(np.array([beyond]))))


def _probabilities(graph: OnnxGraph, head: ClassHead, activation: str, z: str, a: str) -> str:
    sigma = get_activation(activation)
    if head.kind == "constant":
        return graph.add("Add", graph.add("Mul", a, graph.number(0.0)), graph.number(1.0))
    if head.kind == "multilabel":
        return graph.add("Min", graph.add("Relu", a), graph.number(1.0))
    if head.one_output:
        return graph.add("Concat", add_function(graph, sigmoid, graph.add("Neg", z)), a, axis=1)
    if sigma.couples:
        return a
    if sigma.log_value is not None:
        # from log σ(z): a float may have no room for an output that the trained network still tells from 0
        return graph.add("Softmax", add_function(graph, sigma.log_value, z), axis=-1)
    one, columns, positive = graph.number(1.0), graph.constant(np.array([1])), graph.add("Relu", a)
    largest = graph.add("ReduceMax", positive, columns)
    some = graph.add("Greater", largest, graph.number(0.0))
    shares = graph.add("Where", some, graph.add("Div", positive, graph.add("Where", some, largest, one)), one)
    return graph.add("Div", shares, graph.add("ReduceSum", shares, columns))


def _label_values(classes: NDArray[Any]) -> tuple[NDArray[Any], str]:
    kinds = {type(label) for label in classes.tolist()}
    if kinds == {str}:
        return classes.astype(object), "str"
    for kind, dtype in ((int, "int64"), (bool, "bool"), (float, "float64")):
        if kinds == {kind}:
            return classes.astype(dtype), dtype
    raise InvalidInputError(
        f"ONNX has labels that are all text, all whole numbers, all floats or all booleans, but these are {classes!r}. "
        "Train with labels of one kind."
    )
