"""A checkpoint comes back to the bit, and nothing in a file is believed."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import needs
from backlit.core.network import Network
from backlit.core.optimizers import OPTIMIZERS, SGD
from backlit.engine.protocol import OptimizerState
from backlit.errors import InvalidInputError, ModelFileError
from backlit.persistence import container, load_model
from backlit.persistence.checkpoint_file import StoredCheckpoint, load_checkpoint, read_document, save_checkpoint
from every import every


def network(seed, dtype="float32"):
    return Network.initialize([3, 4, 2], ["tanh", "identity"], initialization="standard_normal", seed=seed, dtype=dtype)


def checkpoint(n_slots=2, dtype="float32", best=True, seen=False):
    rng = np.random.default_rng(0)
    like = network(0, dtype)
    slots = [
        [tuple(rng.standard_normal(array.shape).astype(dtype) for _ in range(n_slots)) for array in arrays]
        for arrays in (like.weights, like.biases)
    ]
    return StoredCheckpoint(
        {"seed": 3, "penalty": {"l2": 0.5}}, {"epoch": 7}, like, network(1, dtype) if best else None,
        OptimizerState(41, *slots), "native (avx2)", network(2, dtype) if seen else None,
    )  # fmt: skip


def arrays(stored):
    state = stored.optimizer_state
    yield from (*stored.network.weights, *stored.network.biases)
    for also in (stored.best, stored.seen):
        if also is not None:
            yield from (*also.weights, *also.biases)
    for slots in (*state.weights, *state.biases):
        yield from slots


def same(one, other):
    pairs = list(zip(arrays(one), arrays(other), strict=True))
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


SLOTS = [optimizer().slots for optimizer in OPTIMIZERS.values()] + [SGD(0.9).slots]


@every("slots", SLOTS)
@every("dtype", ["float32", "float64"])
@every("best", [True, False])
@every("seen", [True, False])
def test_it_comes_back_to_the_bit(slots, dtype, best, seen, tmp_path):
    path, stored = tmp_path / "c.safetensors", checkpoint(len(slots), dtype, best, seen)
    save_checkpoint(path, stored, slots)
    came = load_checkpoint(path, network(9, dtype), slots)
    assert same(stored, came)
    assert (came.run, came.state, came.engine) == (stored.run, stored.state, stored.engine)
    assert (came.best is None, came.seen is None) == (not best, not seen)
    assert came.optimizer_state.t == 41
    assert read_document(path)["run"] == stored.run


def test_what_overflowed_in_the_optimizer_comes_back(tmp_path):
    # the square of a large gradient is ∞ in float32, and Adam then takes no step: that is no damage
    path, stored = tmp_path / "c.safetensors", checkpoint()
    stored.optimizer_state.weights[0][1][:] = np.inf
    save_checkpoint(path, stored, ("m", "v"))
    assert same(stored, load_checkpoint(path, network(9), ("m", "v")))


def test_equal_checkpoints_are_equal_bytes(tmp_path):
    for name in "ab":
        save_checkpoint(tmp_path / name, checkpoint(), ("m", "v"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_changed_byte_and_every_cut_is_noticed(tmp_path):
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, checkpoint(), ("m", "v"))
    whole = path.read_bytes()
    unnoticed = []
    for i in range(0, len(whole), 1 if needs.THOROUGH else 11):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        try:
            came = load_checkpoint(path, network(9), ("m", "v"))
        except InvalidInputError:
            continue
        unnoticed.append((i, whole[i : i + 1], same(came, checkpoint())))
    # the header is padded with spaces that say nothing
    assert all(byte == b" " and harmless for _, byte, harmless in unnoticed), unnoticed
    for length in range(0, len(whole), 7 if needs.THOROUGH else 61):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            load_checkpoint(path, network(9), ("m", "v"))


def rewritten(path, **changes):
    """Change fields of a file's document as somebody would who means harm: all but the digest fits."""
    with path.open("rb") as file:
        header = container.read_header(file)
    document = json.loads(header.metadata["backlit"]) | changes
    data = path.read_bytes()[8 + len(header.text) :]
    text = json.dumps(header.tensors | {"__metadata__": {"backlit": json.dumps(document)}}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"format": "backlit-model"}, "format"),
        ({"version": 2}, "version is 2"),
        ({"t": -1}, "t must be"),
        ({"t": 1.5}, "t must be"),
        ({"best": False}, "no place for"),
        ({"best": 1}, "best must be"),
        ({"run": []}, "run must be"),
        ({"state": {"epoch": 8}}, "digest"),
        ({"t": 42}, "digest"),
        ({"more": 1}, "unknown field 'more'"),
    ],
)
def test_a_document_that_is_not_as_it_must_be_is_refused(changes, word, tmp_path):
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, checkpoint(), ("m", "v"))
    rewritten(path, **changes)
    with pytest.raises(ModelFileError, match=word):
        load_checkpoint(path, network(9), ("m", "v"))


def test_shapes_and_dtype_are_those_of_the_run_not_of_the_file(tmp_path):
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, checkpoint(), ("m", "v"))
    other = Network.initialize([3, 5, 2], dtype="float32")
    for like, slots, word in [
        (other, ("m", "v"), "shape"),
        (network(0, "float64"), ("m", "v"), "dtype"),
        (network(0), ("v",), "no place for"),
        (network(0), ("m", "v", "u"), "missing"),
    ]:
        with pytest.raises(ModelFileError, match=word):
            load_checkpoint(path, like, slots)


def test_a_network_that_is_not_finite_is_refused(tmp_path):
    path, stored = tmp_path / "c.safetensors", checkpoint()
    for field in ("network", "best", "seen"):
        damaged = network(5)
        damaged.biases[1][0] = np.nan
        save_checkpoint(path, dataclasses.replace(stored, **{field: damaged}), ("m", "v"))
        with pytest.raises(ModelFileError, match="NaN or ∞"):
            load_checkpoint(path, network(9), ("m", "v"))


def test_what_is_no_file_is_refused(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "none", "."):
        with pytest.raises(ModelFileError):
            read_document(tmp_path / name)


def test_it_is_not_taken_for_a_model(tmp_path):
    save_checkpoint(tmp_path / "c.safetensors", checkpoint(), ("m", "v"))
    with pytest.raises(ModelFileError, match="backlit-checkpoint"):
        load_model(tmp_path / "c.safetensors")
