"""The model file: exact round trips, equal bytes for equal models, and distrust of everything that is read."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backlit.core.activations import ACTIVATIONS
from backlit.core.losses import LOSSES, fitting_pairs
from backlit.core.network import Network
from backlit.errors import InvalidInputError, LossActivationError, ModelFileError, OutputError, UnknownNameError
from backlit.persistence import StoredModel, load_model, load_network, save_model, save_network


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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


# Round trips


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip(path: Path, dtype: str) -> None:
    save_model(path, table_model(dtype))
    loaded = load_model(str(path))
    assert_equal(loaded, table_model(dtype))
    for array in loaded.network.weights + loaded.network.biases:
        assert array.flags.writeable
        assert array.flags.c_contiguous
        assert array.dtype.isnative
    x = np.ones((2, 4))
    assert np.array_equal(loaded.network.feedforward(x), table_model(dtype).network.feedforward(x))


def test_bare_network(path: Path) -> None:
    network = Network.initialize([784, 30, 10], seed=3)
    save_network(path, network)
    loaded = load_model(path)
    assert_equal(loaded, StoredModel(network, "quadratic"))
    assert load_network(path).sizes == (784, 30, 10)


def test_more_than_ten_layers_keep_their_order(path: Path) -> None:
    network = Network.initialize([2] * 14, ["tanh"] * 12 + ["identity"], seed=5)
    save_network(path, network)
    assert_equal(load_model(path), StoredModel(network, "quadratic"))


@pytest.mark.parametrize(("loss", "activation"), fitting_pairs())
def test_every_fitting_loss_and_activation(path: Path, loss: str, activation: str) -> None:
    save_network(path, Network.initialize([1, 2], activation), loss)
    assert load_model(path).loss == loss


def test_an_alias_is_stored_under_its_name(path: Path) -> None:
    save_network(path, Network.initialize([1, 2], "logistic"), "squared_error")
    assert load_model(path).loss == "quadratic"
    assert document_of(path)["activations"] == ["sigmoid"]


@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda w: np.repeat(w, 2, axis=1)[:, ::2],
        lambda w: np.flip(np.flip(w).copy()),
    ],
    ids=["fortran", "strided", "reversed"],
)
def test_memory_layout_does_not_matter(path: Path, change: Any) -> None:
    model = table_model()
    save_model(path, model)
    expected = path.read_bytes()
    weights = tuple(change(w) for w in model.network.weights)
    network = Network(weights, model.network.biases, model.network.activations)
    save_model(path, StoredModel(**{**vars(model), "network": network}))
    assert path.read_bytes() == expected


def test_equal_models_give_equal_bytes(path: Path) -> None:
    save_model(path, table_model())
    first = path.read_bytes()
    save_model(path, load_model(path))
    assert path.read_bytes() == first
    model = table_model()
    assert model.training is not None
    reordered = dict(reversed(model.training.items()))
    save_model(path, StoredModel(**{**vars(model), "training": reordered}))
    assert path.read_bytes() == first


def test_equal_bytes_in_another_process(path: Path) -> None:
    network = Network.initialize([2, 3, 1], seed=1)
    save_model(path, StoredModel(network, "quadratic", "regression", training={"a": 1, "b": {"d": 2, "c": 3}}))
    code = (
        "import sys; from backlit.core.network import Network; from backlit.persistence import *\n"
        "save_model(sys.argv[1], StoredModel(Network.initialize([2, 3, 1], seed=1), 'quadratic', 'regression', "
        "training={'b': {'c': 3, 'd': 2}, 'a': 1}))"
    )
    other = path.with_name("other")
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", code, str(other)], env=environment, check=True)
        assert other.read_bytes() == path.read_bytes()


def test_another_program_can_read_the_tensors(path: Path) -> None:
    save_model(path, table_model())
    tensors = safetensors.numpy.load_file(path)
    assert sorted(tensors) == ["biases.0", "biases.1", "weights.0", "weights.1"]
    assert np.array_equal(tensors["weights.1"], table_model().network.weights[1])


def test_the_document(path: Path) -> None:
    save_model(path, table_model())
    document = document_of(path)
    assert isinstance(document.pop("library"), str)
    model = table_model()
    assert document == {
        "format": "backlit-model",
        "version": 1,
        "sizes": [4, 5, 3],
        "activations": ["relu", "softmax"],
        "loss": "cross_entropy",
        "dtype": "float64",
        "task": "classification",
        "classes": ["setosa", "versicolor", "β"],
        "encoder": model.encoder,
        "target": model.target,
        "training": model.training,
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_any_json_survives_exactly(path: Path, value: dict[str, Any]) -> None:
    save_model(path, StoredModel(Network.initialize([1, 1]), "quadratic", encoder=value))
    loaded = load_model(path).encoder
    assert json.dumps(loaded, sort_keys=True) == json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(
    ("classes", "sizes"),
    [
        (("no", "yes"), [2, 1]),
        ((False, True), [2, 1]),
        ((-1, 1), [2, 2]),
        ((0.5, 1.5, 2.5), [2, 3]),
        ((2**64 - 1, 0), [2, 1]),
        (("only",), [2, 1]),
    ],
)
def test_classes_keep_their_type(path: Path, classes: tuple[Any, ...], sizes: list[int]) -> None:
    save_model(path, StoredModel(Network.initialize(sizes), "quadratic", "classification", classes))
    loaded = load_model(path).classes
    assert loaded == classes
    assert loaded is not None
    assert [type(label) for label in loaded] == [type(label) for label in classes]


# What is not saved


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("kind", "i", "message"), [("weights", 0, "weights of layer 2"), ("biases", 1, "biases of layer 3")]
)
def test_a_network_that_is_not_finite_is_not_saved(path: Path, value: float, kind: str, i: int, message: str) -> None:
    path.write_bytes(b"old")
    network = Network.initialize([2, 3, 1])
    getattr(network, kind)[i].flat[-1] = value
    with pytest.raises(InvalidInputError, match=message):
        save_network(path, network)
    assert path.read_bytes() == b"old"


def test_a_loss_that_does_not_fit_is_not_saved(path: Path) -> None:
    with pytest.raises(LossActivationError, match="cross_entropy"):
        save_network(path, Network.initialize([1, 1], "identity"), "cross_entropy")
    with pytest.raises(UnknownNameError, match="quadratic"):
        save_network(path, Network.initialize([1, 1]), "quadratics")
    assert not path.exists()


RING: dict[str, Any] = {}
RING["self"] = [RING]

UNSAVABLE = {
    "task": ({"task": "clustering"}, "task must be one of"),
    "no classes": ({"task": "classification", "classes": None}, "needs its classes"),
    "classes of a regression": ({"task": "regression"}, "has no classes"),
    "classes of a bare network": ({"task": None}, "has no classes"),
    "classes as a list": ({"classes": ["a", "b", "c"]}, "must be a tuple"),
    "too few classes": ({"classes": ("a", "b")}, "2 entries, but the output layer has 3 softmax"),
    "class twice": ({"classes": ("a", "b", "a")}, "twice"),
    "mixed classes": ({"classes": (1, True, "a")}, "all str, all int"),
    "classes of NumPy": ({"classes": tuple(np.arange(3))}, "tolist"),
    "class not finite": ({"classes": (0.5, 1.5, float("nan"))}, r"classes\[2\]"),
    "class too large": ({"classes": (1, 2, 2**64)}, "64 bits"),
    "half a surrogate": ({"classes": ("a", "b", "\ud800")}, r"classes\[2\].*surrogate"),
    "NaN": ({"training": {"loss": [0.5, float("nan")]}}, r"training\.loss\[1\] is nan"),
    "infinity": ({"training": {"loss": float("inf")}}, r"training\.loss is inf"),
    "number as key": ({"encoder": {1: "a"}}, "encoder has the key 1"),
    "NumPy array": ({"encoder": {"mean": np.zeros(2)}}, r"encoder\.mean is a ndarray"),
    "set": ({"target": {"names": {1, 2}}}, r"target\.names is a set"),
    "not a dict": ({"target": "species"}, "target must be a dict"),
    "contains itself": ({"training": RING}, "contains itself"),
    "whole number of 5000 digits": ({"training": {"seed": 10**5000}}, r"training\.seed is too large"),
}


@pytest.mark.parametrize(("change", "message"), UNSAVABLE.values(), ids=UNSAVABLE)
def test_what_does_not_fit_is_not_saved(path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        save_model(path, StoredModel(**{**vars(table_model()), **change}))
    assert not isinstance(caught.value, ModelFileError)
    assert not path.exists()


def test_one_output_for_two_classes_must_be_sigmoid(path: Path) -> None:
    with pytest.raises(InvalidInputError, match="one sigmoid neuron"):
        save_model(path, StoredModel(Network.initialize([2, 1], "tanh"), "quadratic", "classification", (0, 1)))


def test_arrays_of_another_library_are_not_saved(path: Path) -> None:
    import array_api_strict as xp

    with pytest.raises(InvalidInputError, match="asarray"):
        save_network(path, Network.initialize([2, 2], xp=xp))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="missing"):
        save_network(tmp_path / "missing" / "model", Network.initialize([1, 1]))


# Files made by hand, to be refused


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
    assert_refused(path, join(header, tensors), "sizes must be")


@pytest.mark.parametrize("sizes", [[4], []])
def test_a_network_without_layers(path: Path, tmp_path: Path, sizes: list[int]) -> None:
    header, _ = split(valid_bytes(tmp_path))
    spoil_document(header, sizes=sizes, activations=[])
    assert_refused(path, join({"__metadata__": header["__metadata__"]}, b""), "sizes must be of 2 to 10000 layers")


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
    ("sizes", [4, 5, 0], "sizes must be"),
    ("sizes", [4, 5, -3], "sizes must be"),
    ("sizes", [4.0, 5, 3], "sizes must be"),
    ("sizes", [True, 5, 3], "sizes must be"),
    ("sizes", ["4", 5, 3], "sizes must be"),
    ("sizes", [4, 5, None], "sizes must be"),
    ("sizes", [4, 5, 2**63], "sizes must be"),
    ("sizes", [10**4200, 10**4200, 3], "sizes must be"),
    ("sizes", [2**62, 2**62, 3], "sizes ask for"),
    ("sizes", [2**32, 2**32, 3], "sizes ask for"),
    ("sizes", [5, 4, 3], "sizes ask for"),
    ("sizes", [4], "sizes must be"),
    ("sizes", [], "sizes must be"),
    ("sizes", [4, 3], "but sizes has"),
    ("sizes", [4, 5, 3, 3], "but sizes has"),
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


@pytest.mark.parametrize(("field", "value", "message"), BAD_FIELDS)
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
    "overflow": ('{"a": [1e999]}', "1e999"),
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
    "list": ("[]", "must be a JSON object"),
    "null": ("null", "must be a JSON object"),
}


@pytest.mark.parametrize(("text", "message"), BAD_JSON.values(), ids=BAD_JSON)
@pytest.mark.parametrize("where", ["header", "document", "field"])
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
        if message == "must be a JSON object":
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


@pytest.mark.parametrize(("spoil", "message"), BAD_TENSORS.values(), ids=BAD_TENSORS)
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
    assert_refused(path, join(header, tensors), f"biases.0 has the {field}")


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


# Fuzzing: whatever is done to the bytes, the outcome is a good model of some kind or a ModelFileError.

fuzz = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


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
