"""The parts of a table model in a model file, and back with every field checked."""

from __future__ import annotations

import os
from typing import Any, TypeAlias

from backlit.core.network import Network
from backlit.data import TargetScaler
from backlit.data.columns.column import Column
from backlit.data.encoding import TableEncoding
from backlit.documents.field import MODEL, Field
from backlit.errors import ModelFileError
from backlit.persistence import StoredModel, load_model, save_model
from backlit.tables.table_target import TableTarget


def write_parts(
    path: str | os.PathLike[str],
    network: Network,
    loss: str,
    target: TableTarget,
    encoder: TableEncoding,
    training: dict[str, Any],
    others: tuple[Network, ...] = (),
) -> None:
    """Write a table model to one file, whole or not at all."""
    document: dict[str, Any] = {
        "name": target.name,
        "scaler": None if target.scaler is None else target.scaler.to_dict(),
    }
    if target.column is not None:
        document["column"] = target.column.to_document()
    if target.range is not None:
        document["range"] = list(target.range)
    parts = (network, loss, target.task, target.classes, encoder.to_dict(), document, training, others)
    save_model(path, StoredModel(*parts))


Parts: TypeAlias = tuple[Network, str, TableTarget, TableEncoding, dict[str, Any], tuple[Network, ...]]
"""What a `backlit.tables.model.TableModel` is made of, in the order of its fields."""


def read_parts(path: str | os.PathLike[str]) -> Parts:
    """Read what `write_parts` wrote, or raise a `ModelFileError` that names the field that is wrong."""
    stored = load_model(path)
    if stored.encoder is None or stored.task is None or stored.target is None:
        raise ModelFileError(
            f"{path} holds a bare network, not a model of a table. Load it with backlit.load_network()."
        )
    described = Field(stored.target, "target", MODEL).fields("name", "scaler", column=None, range=None)
    name, scaler, column = described["name"].text(), described["scaler"], described["column"]
    encoder = TableEncoding.from_dict(stored.encoder)
    n_features = len(encoder.get_feature_names_out())
    if n_features != stored.network.sizes[0]:
        raise ModelFileError(
            f"{path}: the encoder gives {n_features} features, but the network has {stored.network.sizes[0]} inputs."
        )
    if stored.task == "classification" and stored.classes is None:
        raise ModelFileError(f"{path}: the task is classification, but 'classes' is missing.")
    if stored.task == "regression" and stored.network.sizes[-1] != 1:
        raise ModelFileError(f"{path}: a regression of {name!r} has one output, not {stored.network.sizes[-1]}.")
    target = TableTarget(
        name,
        stored.classes if stored.task == "classification" else None,
        stored.network.sizes[-1],
        None if scaler.is_null else TargetScaler.from_dict(scaler.value, scaler.path),
        None if column.is_null else Column.read(column),
        None if described["range"].is_null else _range(described["range"]),
    )
    return stored.network, stored.loss, target, encoder, stored.training or {}, stored.others


def _range(document: Field) -> tuple[float, float]:
    low, high = document.parts(2)
    least = low.number()
    return least, high.number(least=least)
