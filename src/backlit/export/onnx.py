"""Any model as one ONNX file, for programs without Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backlit.export.exportable import ClassHead, Exportable, exportable_of
from backlit.export.formats import Exported, first_names
from backlit.export.onnx_nodes.encoder import add_encoder
from backlit.export.onnx_nodes.graph import OnnxGraph
from backlit.export.onnx_nodes.heads import add_class_head, add_number_head
from backlit.export.onnx_nodes.network import add_network

if TYPE_CHECKING:
    from onnx import ModelProto


def to_onnx(model: Any) -> ModelProto:
    """Turn a model into an ONNX model that gives the same predictions.

    ===============  ==========================  ======================================================================
    model            inputs                      outputs
    ===============  ==========================  ======================================================================
    `Network`        ``X (n_rows, n_in)``        ``a (n_rows, n_out)``
    `MLPClassifier`  ``X (n_rows, n_features)``  ``label (n_rows,)``, for multi-label targets ``(n_rows, n_labels)``;
                                                 ``probabilities (n_rows, n_classes)``
    `MLPRegressor`   ``X (n_rows, n_features)``  ``variable (n_rows, n_out)``
    `TableModel`     one ``(n_rows, 1)`` a       as above
                     column; so for
                     estimators with
                     ``encoder_``
    ===============  ==========================  ======================================================================

    ``X`` has the network's dtype, float32 or float64. Of a table, numbers, booleans and pixels are float64 with NaN
    where missing; text is text, empty where missing, spelled as the encoder's values are.

    Parameters
    ----------
    model : Network, MLPClassifier, MLPRegressor or TableModel
        Fitted.

    Returns
    -------
    onnx.ModelProto
        Write it with ``onnx.save(model, path)``, or ``model.SerializeToString()``.

    Raises
    ------
    InvalidInputError
        For what ONNX cannot express: columns of dates, labels of mixed types, a σ that is somebody's own function.
    MissingExtraError
        Without the package onnx: ``pip install 'backlit[onnx]'``.
    """
    return _model(exportable_of(model))


def export(exportable: Exportable) -> Exported:
    """Write a model down as ONNX; see `backlit.export.formats`."""
    model = _model(exportable)
    inputs, outputs = ([tensor.name for tensor in some] for some in (model.graph.input, model.graph.output))
    return Exported(model.SerializeToString(), f"inputs {first_names(inputs)}; outputs {', '.join(outputs)}")


def _model(exportable: Exportable) -> ModelProto:
    network, head = exportable.network, exportable.head
    graph, n_out = OnnxGraph(network.dtype), network.sizes[-1]
    if exportable.encoder is None:
        x = graph.input("X", network.dtype, network.sizes[0])
    else:
        x = add_encoder(graph, exportable.encoder)
    z, a = add_network(graph, network, x, exact_output=isinstance(head, ClassHead))
    if head is None:
        graph.output(a, "a", network.dtype, n_out, "a^L")
    elif isinstance(head, ClassHead):
        add_class_head(graph, head, network.activations[-1], z, a)
    else:
        add_number_head(graph, head, a, n_out)
    return graph.model(exportable.title)
