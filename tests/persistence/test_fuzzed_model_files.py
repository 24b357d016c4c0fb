"""Whatever is done to the bytes, the outcome is a good model of some kind or a ModelFileError."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from model_files import assert_equal, join, split, valid_bytes

import needs
from backlit.core.activations import ACTIVATIONS
from backlit.core.losses import LOSSES
from backlit.errors import ModelFileError
from backlit.persistence import StoredModel, load_model, save_model

fuzz = settings(
    max_examples=400 if needs.THOROUGH else 50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def load_or_refuse(path: Path, data: bytes) -> StoredModel | None:
    path.write_bytes(data)
    try:
        model = load_model(path)
    except ModelFileError as error:
        assert str(error).encode()
        return None
    network = model.network
    assert all(np.isfinite(array).all() for array in network.weights + network.biases)
    assert all(array.dtype.name in ("float32", "float64") for array in network.weights + network.biases)
    assert all(name in ACTIVATIONS for name in network.activations)
    assert model.loss in LOSSES
    assert (model.classes is not None) == (model.task == "classification")
    save_model(path, model)
    assert_equal(load_model(path), model)
    return model


@fuzz
@given(st.data())
def test_fuzz_bytes(path: Path, tmp_path: Path, data: st.DataObject) -> None:
    valid = valid_bytes(tmp_path)
    spoiled = bytearray(valid)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(spoiled) - 1, 0)))
        match data.draw(st.sampled_from(["flip", "set", "cut", "delete", "insert", "copy"])):
            case "flip":
                spoiled[at : at + 1] = bytes(byte ^ 1 << data.draw(st.integers(0, 7)) for byte in spoiled[at : at + 1])
            case "set":
                spoiled[at : at + 1] = data.draw(
                    st.sampled_from([b"{", b"}", b"[", b'"', b"0", b"9", b"-", b"\\", b"\xff"])
                )
            case "cut":
                del spoiled[at:]
            case "delete":
                del spoiled[at : at + data.draw(st.integers(1, 16))]
            case "insert":
                spoiled[at:at] = data.draw(st.binary(max_size=16))
            case "copy":
                start = data.draw(st.integers(0, len(valid)))
                spoiled[at:at] = valid[start : start + data.draw(st.integers(0, 64))]
    model = load_or_refuse(path, bytes(spoiled))
    assert model is None or model.network.sizes == (4, 5, 3)


@settings(fuzz, max_examples=100)
@given(st.binary(max_size=64))
@example(b"\x02\0\0\0\0\0\0\0{}")
def test_fuzz_anything_is_refused(path: Path, data: bytes) -> None:
    assert load_or_refuse(path, data) is None
    assert load_or_refuse(path, join(b"{" + data, b"")) is None


hostile = st.text(max_size=3) | st.sampled_from(
    [None, True, False, -1, 0, 1, 3, 8, 1.0, 1.5, 2**31, 2**63, 2**64, 10**30, "relu", "quadratic", "F32", [], {}]
)
hostile_trees = hostile | st.lists(hostile, max_size=4) | st.dictionaries(st.text(max_size=3), hostile, max_size=3)


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in list(keys) for place in [(value, key), *places_in(value[key])]]


def mutate(data: st.DataObject, value: Any) -> None:
    places = places_in(value)
    holder, key = places[data.draw(st.integers(0, len(places) - 1))]
    match data.draw(st.sampled_from(["replace", "delete", "add", "move"])):
        case "replace":
            holder[key] = data.draw(hostile_trees)
        case "delete":
            del holder[key]
        case "add" if isinstance(holder, dict):
            holder[data.draw(st.sampled_from(["backlit", "weights.2", "shape", "x"]))] = data.draw(hostile_trees)
        case "add":
            holder.insert(key, data.draw(hostile_trees))
        case "move":
            other, other_key = places[data.draw(st.integers(0, len(places) - 1))]
            holder[key] = json.loads(json.dumps(other[other_key]))


@fuzz
@given(st.data())
def test_fuzz_structure(path: Path, tmp_path: Path, data: st.DataObject) -> None:
    header, tensors = split(valid_bytes(tmp_path))
    document = json.loads(header["__metadata__"]["backlit"])
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(data, document if data.draw(st.booleans()) else header)
    if isinstance(header.get("__metadata__"), dict) and "backlit" in header["__metadata__"]:
        header["__metadata__"]["backlit"] = json.dumps(document)
    model = load_or_refuse(path, join(header, tensors))
    assert model is None or model.network.sizes == (4, 5, 3)
