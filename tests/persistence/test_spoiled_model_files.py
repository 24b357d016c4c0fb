"""Distrust of everything that is read: model files made by hand, to be refused."""

from __future__ import annotations

import io
import json
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from model_files import assert_equal, assert_refused, join, split, table_model, valid_bytes

from backlit.core.network import Network
from backlit.errors import InvalidInputError, ModelFileError
from backlit.persistence import StoredModel, load_model, save_model, save_network
from every import every


def test_the_hand_made_file_is_good_before_it_is_spoiled(path: Path, tmp_path: Path) -> None:
    header, tensors = split(valid_bytes(tmp_path))
    document = json.loads(header["__metadata__"]["backlit"])
    header["__metadata__"]["backlit"] = json.dumps(document, indent=1)
    path.write_bytes(join(header, tensors))
    assert_equal(load_model(path), table_model())


def test_no_such_file_but_a_similar_one(tmp_path: Path) -> None:
    save_network(tmp_path / "iris.safetensors", Network.initialize([1, 1]))
    with pytest.raises(ModelFileError, match=r"no such file\. Did you mean 'iris\.safetensors'\?"):
        load_model(tmp_path / "irsi.safetensors")
    with pytest.raises(ModelFileError, match=r"Did you mean 'iris\.safetensors'\?"):
        load_model(tmp_path / "x")
    with pytest.raises(ModelFileError, match="no folder"):
        load_model(tmp_path / "missing" / "iris.safetensors")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "ring").symlink_to("ring")
    (tmp_path / "file").write_bytes(b"x")
    for name, message in {
        "": "it is a folder",
        "pipe": "pipe or a device",
        "ring": "symbolic links",
        "file/x": "Not a directory",
        "a\0b": "NUL",
        "x" * 256: "too long",
    }.items():
        with pytest.raises(ModelFileError, match=message):
            load_model(f"{tmp_path}/{name}")
    with pytest.raises(ModelFileError, match="empty"):
        load_model("")
    with pytest.raises(ModelFileError, match="device"):
        load_model("/dev/null")


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('a pickle was opened')",)


def test_files_of_other_kinds(path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data.pkl", pickle.dumps(Trap()))
    array = io.BytesIO()
    np.save(array, np.ones(3))
    assert_refused(path, b"", "empty")
    assert_refused(path, b"{", "not a safetensors file")
    assert_refused(path, b"a,b,c\n1,2,3\n" * 10, "not a safetensors file")
    assert_refused(path, b'{"format": "backlit-model"}', "but text")
    assert_refused(path, pickle.dumps(Trap()), "a pickle, which is never opened")
    assert_refused(path, archive.getvalue(), "zip archive")
    assert_refused(path, array.getvalue(), "NumPy array")
    assert_refused(path, bytes(1000), "not a safetensors file")


def test_safetensors_of_another_program(path: Path) -> None:
    tensors = {"layer.weight": np.ones((2, 2), "float16")}
    assert_refused(path, safetensors.numpy.save(tensors), "not written by backlit")
    assert_refused(path, safetensors.numpy.save(tensors, {"format": "pt"}), "not written by backlit")


@pytest.mark.parametrize(
    ("lengths", "message"),
    [([0, 1], "too short"), ([10**6, 10**8], "cut off"), ([10**8 + 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1], "at most")],
)
def test_header_lengths(path: Path, tmp_path: Path, lengths: list[int], message: str) -> None:
    data = valid_bytes(tmp_path)
    tracemalloc.start()
    try:
        for length in lengths:
            assert_refused(path, length.to_bytes(8, "little") + data[8:], message)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_header_that_is_there_but_absurdly_large(path: Path) -> None:
    with path.open("wb") as file:
        file.write((2 * 10**8).to_bytes(8, "little") + b"{")
        file.truncate(3 * 10**8)  # a hole, which takes no space
    with pytest.raises(ModelFileError, match="at most 100000000"):
        load_model(path)


def test_truncated_at_every_length(path: Path, tmp_path: Path) -> None:
    data = valid_bytes(tmp_path)
    for length in range(len(data)):
        assert_refused(path, data[:length])
    assert_refused(path, data[:-1], "cut off", "Copy the file again")
    assert_refused(path, data + b"\0", "added at its end")


def spoil_document(header: dict[str, Any], **fields: Any) -> None:
    document = json.loads(header["__metadata__"]["backlit"])
    document.update(fields)
    header["__metadata__"]["backlit"] = json.dumps(document)


@pytest.mark.parametrize("n", [10**5, 10**9])
def test_a_huge_claim_takes_no_memory(path: Path, tmp_path: Path, n: int) -> None:
    header, tensors = split(valid_bytes(tmp_path, StoredModel(Network.initialize([1, 1]), "quadratic")))
    spoil_document(header, sizes=[n, n])
    header["weights.0"].update(shape=[n, n], data_offsets=[0, 8 * n * n])
    header["biases.0"].update(shape=[n], data_offsets=[8 * n * n, 8 * n * n + 8 * n])
    tracemalloc.start()
    try:
        assert_refused(path, join(header, tensors), "cut off", str(8 * n * n + 8 * n))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_sizes_whose_product_is_too_long_to_print(path: Path, tmp_path: Path) -> None:
    header, tensors = split(valid_bytes(tmp_path, StoredModel(Network.initialize([1, 1]), "quadratic")))
    n = 10**4200
    spoil_document(header, sizes=[n, n])
    header["weights.0"]["shape"] = [n, n]
    header["biases.0"]["shape"] = [n]
    assert_refused(path, join(header, tensors), "sizes[0] must be a whole number")


@pytest.mark.parametrize("sizes", [[4], []])
def test_a_network_without_layers(path: Path, tmp_path: Path, sizes: list[int]) -> None:
    header, _ = split(valid_bytes(tmp_path))
    spoil_document(header, sizes=sizes, activations=[])
    assert_refused(path, join({"__metadata__": header["__metadata__"]}, b""), "sizes must be a list of 2 to 10000")


DELETE = object()

# field of the document, what stands there, what the message says
BAD_FIELDS: list[tuple[str, Any, str]] = [
    *((field, DELETE, field) for field in (
        "format", "version", "library", "sizes", "activations", "loss", "dtype", "task", "classes", "encoder",
        "target", "training",
    )),
    ("extra", 1, "unknown field 'extra'"),
    ("format", "other-model", "format"),
    ("format", ["backlit-model"], "format"),
    ("version", 2, "written by a newer backlit"),
    ("version", 10**4000, "Upgrade: pip install --upgrade backlit"),
    ("version", True, "version"),
    ("version", 1.0, "version"),
    ("version", "1", "version"),
    ("version", 0, "version"),
    ("version", -1, "version"),
    ("library", None, "library"),
    ("sizes", [4, 5, 0], "sizes[2] must be"),
    ("sizes", [4, 5, -3], "sizes[2] must be"),
    ("sizes", [4.0, 5, 3], "sizes[0] must be"),
    ("sizes", [True, 5, 3], "sizes[0] must be"),
    ("sizes", ["4", 5, 3], "sizes[0] must be"),
    ("sizes", [4, 5, None], "sizes[2] must be"),
    ("sizes", [4, 5, 2**63], "sizes[2] must be"),
    ("sizes", [10**4200, 10**4200, 3], "sizes[0] must be"),
    ("sizes", [2**62, 2**62, 3], "sizes ask for"),
    ("sizes", [2**32, 2**32, 3], "sizes ask for"),
    ("sizes", [5, 4, 3], "sizes ask for"),
    ("sizes", [4], "sizes must be"),
    ("sizes", [], "sizes must be"),
    ("sizes", [4, 3], "activations must be a list of"),
    ("sizes", [4, 5, 3, 3], "activations must be a list of"),
    ("sizes", [1] * 10_001, "sizes must be"),
    ("sizes", {"0": 4}, "sizes must be"),
    ("sizes", 3, "sizes must be"),
    ("activations", ["relu"], "activations"),
    ("activations", ["relu", "relu", "softmax"], "activations"),
    ("activations", [], "activations"),
    ("activations", ["relu", "Softmax"], "activations"),
    ("activations", ["logistic", "softmax"], "activations"),
    ("activations", ["relu", ["softmax"]], "activations"),
    ("activations", ["relu", None], "activations"),
    ("activations", "relu", "activations"),
    ("activations", ["relu", "identity"], "cross_entropy"),
    ("loss", "os.system", "loss"),
    ("loss", "log_loss", "loss"),
    ("loss", ["cross_entropy"], "loss"),
    ("loss", None, "loss"),
    ("loss", "poisson", None),
    ("dtype", "float32", "dtype"),
    ("dtype", "float16", "dtype"),
    ("dtype", {}, "dtype"),
    ("task", "regression", "classes"),
    ("task", None, "classes"),
    ("task", "ranking", "task"),
    ("task", [], "task"),
    ("classes", None, "classes"),
    ("classes", ["a", "b"], "classes"),
    ("classes", ["a", "b", "b"], "classes"),
    ("classes", [0, False, 1], "classes"),
    ("classes", [0, 1, 1.0], "classes"),
    ("classes", [["a"], ["b"], ["c"]], "classes"),
    ("classes", [None, None, None], "classes"),
    ("classes", [0.0, -0.0, 1.0], "classes"),
    ("classes", [], "classes"),
    ("classes", "abc", "classes"),
    ("classes", {"a": 1, "b": 2, "c": 3}, "classes"),
    ("classes", [1, 2, 2**65], "classes"),
    ("encoder", [], "encoder"),
    ("encoder", "x", "encoder"),
    ("target", 1, "target"),
    ("training", False, "training"),
]  # fmt: skip


@every(("field", "value", "message"), BAD_FIELDS)
def test_bad_fields_of_the_document(path: Path, tmp_path: Path, field: str, value: Any, message: str | None) -> None:
    header, tensors = split(valid_bytes(tmp_path))
    document = json.loads(header["__metadata__"]["backlit"])
    if value is DELETE:
        del document[field]
    else:
        document[field] = value
    header["__metadata__"]["backlit"] = json.dumps(document)
    data = join(header, tensors)
    if message is None:  # poisson fits softmax: another model, but a good one
        path.write_bytes(data)
        assert load_model(path).loss == value
    else:
        assert_refused(path, data, message)


DEEP = 100_000
BAD_JSON = {
    "nan": ('{"a": NaN}', "NaN"),
    "infinity": ('{"a": -Infinity}', "-Infinity"),
    "overflow": ('{"a": [1e999]}', "a[0] is inf; JSON holds finite numbers only"),
    "twice": ('{"a": 1, "a": 1}', "'a' stands there twice"),
    "twice, one escaped": ('{"a": 1, "\\u0061": 1}', "'a' stands there twice"),
    "deep lists": ('{"a": ' + "[" * DEEP + "]" * DEEP + "}", "64 levels"),
    "deep objects": ('{"a":' * DEEP + "1" + "}" * DEEP, "64 levels"),
    "deep, never closed": ("[" * DEEP, "64 levels"),
    "65 levels": ("[" * 65 + "]" * 65, "64 levels"),
    "quotes": ('"' + '\\"' * DEEP, "not valid JSON"),
    "5000 digits": ('{"a": ' + "9" * 5000 + "}", "not valid JSON"),
    "surrogate": ('{"a": "\\ud800"}', "surrogate"),
    "surrogate as key": ('{"\\udfff": 1}', "must be text"),
    "two values": ('{"a": 1} {}', "not valid JSON"),
    "trailing comma": ('{"a": 1,}', "not valid JSON"),
    "single quotes": ("{'a': 1}", "not valid JSON"),
    "control character": ('{"a": "\n"}', "not valid JSON"),
    "nothing": ("", "not valid JSON"),
    "list": ("[]", "must be an object"),
    "null": ("null", "must be an object"),
}


@every(("text", "message"), BAD_JSON.values())
@every("where", ["header", "document", "field"])
def test_bad_json(path: Path, tmp_path: Path, text: str, message: str, where: str) -> None:
    header, tensors = split(valid_bytes(tmp_path))
    if where == "header":
        if not text.startswith("{"):
            message = "not a safetensors file"
        assert_refused(path, join(text or " ", tensors), message)
        return
    if where == "field":
        document = header["__metadata__"]["backlit"]
        text = document.replace('"training":{', f'"training":{{"mine":{text or "-"},')
        if message == "must be an object":
            header["__metadata__"]["backlit"] = text
            path.write_bytes(join(header, tensors))
            assert load_model(path).training is not None
            return
    header["__metadata__"]["backlit"] = text
    assert_refused(path, join(header, tensors), message, "backlit")


def test_brackets_inside_text_do_not_count_as_depth(path: Path) -> None:
    network = Network.initialize([1, 1])
    encoder = {"name": '[{"' * 1000 + "\\", "[" * 100: None}
    save_model(path, StoredModel(network, "quadratic", encoder=encoder))
    assert load_model(path).encoder == encoder


def test_what_is_saved_at_the_deepest_can_be_loaded(path: Path) -> None:
    for depth in range(50, 80):
        encoder: Any = {}
        for _ in range(depth):
            encoder = {"a": encoder}
        model = StoredModel(Network.initialize([1, 1]), "quadratic", encoder=encoder)
        try:
            save_model(path, model)
        except InvalidInputError as error:
            assert "levels" in str(error)
            assert depth > 60
            return
        assert load_model(path).encoder == encoder
    pytest.fail("there was no limit")


def spoil_weights(**claims: Any) -> Any:
    def spoil(header: dict[str, Any]) -> None:
        header["weights.0"].update(claims)

    return spoil


def rename(old: str, new: str) -> Any:
    def spoil(header: dict[str, Any]) -> None:
        header[new] = header.pop(old)

    return spoil


def offsets_of(header: dict[str, Any], name: str) -> list[int]:
    offsets: list[int] = header[name]["data_offsets"]
    return offsets


def overlap(header: dict[str, Any]) -> None:
    begin, end = offsets_of(header, "weights.0")
    header["weights.0"]["data_offsets"] = [begin - 8, end - 8]


def move_boundary(header: dict[str, Any]) -> None:
    header["weights.0"]["data_offsets"][1] -= 8
    header["weights.1"]["data_offsets"][0] -= 8


def transpose(header: dict[str, Any]) -> None:
    header["weights.0"]["shape"] = header["weights.0"]["shape"][::-1]


BAD_TENSORS: dict[str, tuple[Any, str]] = {
    "missing": (lambda header: header.pop("weights.0"), "weights.0 is missing"),
    "extra": (lambda header: header.update(more=header["weights.0"]), "'more'"),
    "empty extra": (
        lambda header: header.update(more={"dtype": "F64", "shape": [0], "data_offsets": [0, 0]}),
        "'more'",
    ),
    "renamed": (rename("weights.0", "weights.00"), "weights.0"),
    "counted further": (rename("weights.0", "weights.2"), "weights.0"),
    "null": (lambda header: header.update({"weights.0": None}), "weights.0"),
    "list": (lambda header: header.update({"weights.0": []}), "weights.0"),
    "transposed": (transpose, "shape"),
    "flat": (spoil_weights(shape=[20]), "shape"),
    "shape of floats": (spoil_weights(shape=[5.0, 4.0]), "shape"),
    "shape of text": (spoil_weights(shape="54"), "shape"),
    "shape overflows": (spoil_weights(shape=[2**63, 2]), "shape"),
    "shape negative": (spoil_weights(shape=[-5, -4]), "shape"),
    "shape null": (spoil_weights(shape=None), "shape"),
    "dtype": (spoil_weights(dtype="F32"), "dtype"),
    "dtype of whole numbers": (spoil_weights(dtype="I64"), "dtype"),
    "dtype unknown": (spoil_weights(dtype="float64"), "dtype"),
    "dtype list": (spoil_weights(dtype=["F64"]), "dtype"),
    "field more": (spoil_weights(more=1), "weights.0"),
    "offsets far out": (spoil_weights(data_offsets=[2**64, 2**64 + 160]), "data_offsets"),
    "offsets enormous": (spoil_weights(data_offsets=[10**4200, 10**4200 + 160]), "data_offsets"),
    "offsets negative": (spoil_weights(data_offsets=[-160, 0]), "data_offsets"),
    "offsets reversed": (spoil_weights(data_offsets=[160, 0]), "data_offsets"),
    "offsets too few": (spoil_weights(data_offsets=[0]), "data_offsets"),
    "offsets of bools": (spoil_weights(data_offsets=[False, 160]), "data_offsets"),
    "offsets of floats": (spoil_weights(data_offsets=[64.0, 224.0]), "data_offsets"),
    "overlap": (overlap, "overlaps"),
    "boundary moved": (move_boundary, "needs 160 bytes"),
    "metadata list": (lambda header: header.update(__metadata__=[]), "__metadata__"),
    "metadata null": (lambda header: header.update(__metadata__=None), "__metadata__"),
    "metadata of numbers": (lambda header: header.update(__metadata__={"backlit": 1}), "__metadata__"),
    "metadata more": (lambda header: header["__metadata__"].update(more="x"), "'more'"),
    "metadata missing": (lambda header: header.pop("__metadata__"), "not written by backlit"),
}


@every(("spoil", "message"), BAD_TENSORS.values())
def test_bad_tensors(path: Path, tmp_path: Path, spoil: Any, message: str) -> None:
    header, tensors = split(valid_bytes(tmp_path))
    assert offsets_of(header, "weights.0") == [64, 224]
    spoil(header)
    assert_refused(path, join(header, tensors), message)


@pytest.mark.parametrize(
    ("field", "value"), [("shape", [True]), ("shape", [1.0]), ("data_offsets", [False, 8]), ("data_offsets", [0, 8.0])]
)
def test_one_is_neither_true_nor_a_float(path: Path, tmp_path: Path, field: str, value: Any) -> None:
    header, tensors = split(valid_bytes(tmp_path, StoredModel(Network.initialize([1, 1]), "quadratic")))
    assert header["biases.0"][field] == value
    header["biases.0"][field] = value
    assert_refused(path, join(header, tensors), f"the tensor biases.0.{field}[", "must be a whole number")


def test_a_gap_between_tensors(path: Path, tmp_path: Path) -> None:
    header, tensors = split(valid_bytes(tmp_path))
    begin, end = offsets_of(header, "weights.1")
    header["weights.1"]["data_offsets"] = [begin + 8, end + 8]
    assert_refused(path, join(header, tensors + bytes(8)), "weights.1", "gap")


def test_bytes_that_are_not_text(path: Path, tmp_path: Path) -> None:
    header, tensors = split(valid_bytes(tmp_path))
    text = json.dumps(header, ensure_ascii=False).replace("β", "\udcff").encode(errors="surrogateescape")
    assert_refused(path, join(text, tensors), "header")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_that_are_not_finite(path: Path, tmp_path: Path, dtype: str, value: float) -> None:
    data = valid_bytes(tmp_path, table_model(dtype))
    spoiled = np.array([value], dtype).tobytes()
    assert_refused(path, data[: -len(spoiled)] + spoiled, "weights of layer 3")


def test_two_classes_on_one_output_need_sigmoid(path: Path, tmp_path: Path) -> None:
    model = StoredModel(Network.initialize([2, 1]), "quadratic", "classification", ("a", "b"))
    data = valid_bytes(tmp_path, model)
    assert_refused(path, data.replace(b'[\\"sigmoid\\"]', b'[\\"softmax\\"]'), "classes")
