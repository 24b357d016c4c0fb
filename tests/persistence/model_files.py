"""A model to save, and files made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backlit.core.network import Network
from backlit.errors import ModelFileError
from backlit.persistence import StoredModel, load_model, save_model


def table_model(dtype: str = "float64") -> StoredModel:
    return StoredModel(
        network=Network.initialize([4, 5, 3], ["relu", "softmax"], seed=1, dtype=dtype),
        loss="cross_entropy",
        task="classification",
        classes=("setosa", "versicolor", "β"),
        encoder={"columns": [{"name": "Länge", "mean": 0.1 + 0.2, "categories": None}, {"name": "b", "ok": True}]},
        target={"name": "species", "scaler": None},
        training={"alpha": 1e-4, "epochs": 10, "big": 2**70, "tiny": 5e-324, "zero": -0.0},
    )


def assert_equal(one: StoredModel, other: StoredModel) -> None:
    for a, b in zip(
        one.network.weights + one.network.biases, other.network.weights + other.network.biases, strict=True
    ):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()
    assert one.network.activations == other.network.activations
    for field in ("loss", "task", "classes", "encoder", "target", "training"):
        # as JSON, which tells 1 from 1.0 and True, and −0.0 from 0.0
        assert json.dumps(getattr(one, field), sort_keys=True) == json.dumps(getattr(other, field), sort_keys=True)


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def join(header: dict[str, Any] | str | bytes, tensors: bytes) -> bytes:
    text = json.dumps(header) if isinstance(header, dict) else header
    encoded = text.encode() if isinstance(text, str) else text
    return len(encoded).to_bytes(8, "little") + encoded + tensors


def document_of(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(split(path.read_bytes())[0]["__metadata__"]["backlit"])
    return document


def valid_bytes(tmp_path: Path, model: StoredModel | None = None) -> bytes:
    place = tmp_path / "valid.safetensors"
    save_model(place, model or table_model())
    data = place.read_bytes()
    place.unlink()
    return data


def assert_refused(path: Path, data: bytes, *messages: str) -> None:
    path.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    for message in (repr(str(path)), *messages):
        assert message in str(caught.value)
