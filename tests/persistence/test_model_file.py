"""The model file: exact round trips, equal bytes for equal models, and what is not saved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_files import assert_equal, document_of, table_model

from backlit.core.losses import fitting_pairs
from backlit.core.network import Network
from backlit.errors import InvalidInputError, LossActivationError, ModelFileError, OutputError, UnknownNameError
from backlit.persistence import StoredModel, load_model, load_network, save_model, save_network
from every import every

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


@every(("loss", "activation"), fitting_pairs())
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
