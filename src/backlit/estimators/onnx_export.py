"""Any model as one ONNX file, to be run where Python is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.estimators.base import BaseMLP
from backlit.estimators.classifier import MLPClassifier
from backlit.estimators.onnx_encoder import add_encoder
from backlit.estimators.onnx_heads import add_class_head, add_number_head
from backlit.persistence.onnx_graph import OnnxGraph
from backlit.persistence.onnx_network import add_network
from backlit.tables.model import TableModel

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
    if isinstance(model, TableModel):
        return _table_model(model)
    if isinstance(model, BaseMLP):
        return _estimator(model)
    if isinstance(model, Network):
        graph = OnnxGraph(model.dtype)
        _, a = add_network(graph, model, graph.input("X", model.dtype, model.sizes[0]))
        graph.output(a, "a", model.dtype, model.sizes[-1], "a^L")
        return graph.model("A network of backlit")
    raise InvalidInputError(
        f"A Network, MLPClassifier, MLPRegressor or TableModel can be exported, but a {type(model).__name__} came. "
        "Of a pipeline, export its last step."
    )


def _estimator(model: BaseMLP) -> ModelProto:
    check_is_fitted(model)
    network = model.network_
    graph = OnnxGraph(network.dtype)
    encoder = getattr(model, "encoder_", None)
    x = graph.input("X", network.dtype, network.sizes[0]) if encoder is None else add_encoder(graph, encoder)
    z, a = add_network(graph, network, x)
    if isinstance(model, MLPClassifier):
        add_class_head(graph, model._labels, model.classes_, network.activations[-1], z, a)
    else:
        add_number_head(graph, a, network.dtype, network.sizes[-1])
    return graph.model(f"An {type(model).__name__} of backlit")


def _table_model(model: TableModel) -> ModelProto:
    network, target = model.network, model.target
    graph = OnnxGraph(network.dtype)
    z, a = add_network(graph, network, add_encoder(graph, model.encoder))
    if target.classes is not None:
        add_class_head(graph, target.labels(), np.array(target.classes), network.activations[-1], z, a)
    else:
        values = graph.cast(a, "float64")
        if target.scaler is not None:
            values = graph.add("Mul", values, graph.constant(np.array([target.scaler.scale])))
            values = graph.add("Add", values, graph.constant(np.array([target.scaler.mean])))
        add_number_head(graph, values, "float64", 1)
    return graph.model(f"A model of backlit that predicts {target.name}")
