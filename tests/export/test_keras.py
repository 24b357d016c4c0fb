"""Keras's own files become estimators that predict as Keras did. The files and what they predict are of Keras 3.15."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from keras_files import arrays, keras_file

import backlit as bl
from backlit.errors import InvalidInputError, MissingExtraError, ShapeError

FILES = Path(__file__).parent / "from_keras"
X = np.array([[0.5, -1.0, 2.0], [-0.25, 0.75, -1.5]], dtype="float32")
ANSWERS = [[0.2288731, 0.5682845, 0.2028424], [0.3140282, 0.2040822, 0.4818895]]


def test_a_model_with_its_activations():
    # Dense with tanh, Dense, LeakyReLU of Keras's own slope, Dropout, Dense with softmax
    model = bl.from_keras(FILES / "layers.keras", classes=["c", "a", "b"])
    assert model.network_.sizes == (3, 3, 4, 3) and model.network_.dtype == "float32"
    np.testing.assert_allclose(model.predict_proba(X), np.array(ANSWERS)[:, [1, 2, 0]], atol=1e-6)
    assert model.predict(X).tolist() == ["a", "b"]


def test_weights_alone():
    leaky = bl.from_keras(FILES / "layers.keras").network_.activations[1]
    model = bl.from_keras(FILES / "layers.weights.h5", activation=["tanh", leaky], classes=[0, 1, 2])
    np.testing.assert_allclose(model.predict_proba(X), ANSWERS, atol=1e-6)
    assert bl.from_keras(FILES / "layers.weights.h5").network_.activations == ("relu", "relu", "identity")


def test_a_functional_model_with_the_function_leaky_relu():
    # whose slope is another than the layer's
    model = bl.from_keras(FILES / "functional.keras")
    np.testing.assert_allclose(model.predict(X), [-0.489521, 1.7391325], atol=1e-6)
    assert list(map(str.__str__, model.network_.activations)) == ["leaky_relu_0_2", "identity"]


def test_it_is_explained_checked_and_trained_on():
    model = bl.from_keras(FILES / "layers.keras", classes=[0, 1, 2], random_state=0, learning_rate_init=0.05)
    explanation = bl.explain(model, X[0], 1)
    np.testing.assert_allclose(explanation.examples[0].layers[-1].a, ANSWERS[0], atol=1e-6)
    assert bl.check_gradient(bl.from_keras(FILES / "layers.keras").network_, X, np.eye(3)[:2]).ok
    before = model.predict_proba(X)[:, 2]
    for _ in range(20):
        model.partial_fit(X, [2, 2])
    assert (model.predict_proba(X)[:, 2] > before + 0.1).all()


def test_dense_10_comes_after_dense_2(tmp_path):
    groups = {"dense" if i == 0 else f"dense_{i}": arrays(1, 1, i + 1) for i in range(12)}
    path = keras_file(tmp_path / "m.keras", *[("Dense", {"name": f"d{i}"}) for i in range(12)], **groups)
    assert [w.item() for w in bl.from_keras(path).network_.weights] == list(range(1, 13))


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (("Activation", {"activation": "swish"}), "silu"),
        (("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}), "relu"),
        (("ReLU", {"negative_slope": 0.25}), "leaky_relu_0_25"),
        (("LeakyReLU", {}), "leaky_relu_0_3"),
        (("LeakyReLU", {"alpha": 0.01}), "leaky_relu"),  # Keras 2 wrote alpha
        (("Activation", {"activation": {"module": "keras.layers", "class_name": "ELU", "config": {}}}), "elu"),
        (("Softmax", {"axis": -1}), "softmax"),
        (("GaussianNoise", {}), "identity"),
    ],
    ids=str,
)
def test_activations_as_layers(layer, name, tmp_path):
    path = keras_file(tmp_path / "m.keras", ("Flatten", {}), ("Dense", {}), layer, dense=arrays(2, 2))
    assert list(map(str.__str__, bl.from_keras(path).network_.activations)) == [name]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([("Lambda", {"name": "mine", "function": "os.system('touch x')"})], "'mine' is of the kind Lambda"),
        ([("BatchNormalization", {})], "is of the kind BatchNormalization.*Fold"),
        (
            [("Activation", {"activation": {"class_name": "function", "config": "mine"}})],
            "no function out of a file is",
        ),
        ([("Activation", {"activation": "relu6"})], "The activation 'relu6'"),
        ([("ReLU", {"max_value": 6.0})], "has max_value=6.0"),
        ([("ELU", {"alpha": 2.0})], "has alpha=2.0"),
        ([("Softmax", {"axis": 1})], "has axis=1"),
        ([("Activation", {"activation": "tanh"}), ("Activation", {"activation": "relu"})], "tanh and then relu"),
        ([("Dense", {"name": "second"})], "no weights for the layer 'second'"),
    ],
)
def test_what_is_not_ours_is_refused_by_name(layers, message, tmp_path):
    path = keras_file(tmp_path / "m.keras", ("Dense", {}), *layers, dense=arrays(2, 2))
    with pytest.raises(InvalidInputError, match=f"(?s){message}"):
        bl.from_keras(path)


def test_layers_that_do_not_follow_one_another(tmp_path):
    config = json.loads(zipfile.ZipFile(FILES / "functional.keras").read("config.json"))
    inbound = config["config"]["layers"][2]["inbound_nodes"][0]["args"][0]["config"]
    inbound["keras_history"][0] = config["config"]["layers"][0]["config"]["name"]
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", zipfile.ZipFile(FILES / "functional.keras").read("model.weights.h5"))
    with pytest.raises(InvalidInputError, match="only layers that follow one another"):
        bl.from_keras(tmp_path / "m.keras")


def test_damaged_and_malicious_files(tmp_path):
    spoiled = tmp_path / "m.keras"
    for content in (b"", b"PK\x03\x04", (FILES / "layers.keras").read_bytes()[:9000]):
        spoiled.write_bytes(content)
        with pytest.raises(InvalidInputError, match=r"no whole \.keras file"):
            bl.from_keras(spoiled)
    weights = tmp_path / "m.weights.h5"
    weights.write_bytes((FILES / "layers.weights.h5").read_bytes()[:4000])
    with pytest.raises(InvalidInputError, match="no whole HDF5 file"):
        bl.from_keras(weights)
    with h5py.File(tmp_path / "other.h5", "w") as tree:
        tree["secret"] = np.eye(2, dtype="float32")
    for link in (h5py.ExternalLink("other.h5", "secret"), h5py.SoftLink("/elsewhere")):
        with h5py.File(weights, "w") as tree:
            tree["elsewhere"] = np.eye(2, dtype="float32")
            tree.create_group("layers/dense/vars")["0"] = link
        with pytest.raises(InvalidInputError, match="no array of floats in the file itself"):
            bl.from_keras(weights)
    with h5py.File(weights, "w") as tree:
        tree.create_dataset("layers/dense/vars/0", (2**20, 2**20), "float32", chunks=(8, 8))  # takes no room
    with pytest.raises(InvalidInputError, match="claims to hold more than"):
        bl.from_keras(weights)
    with h5py.File(weights, "w") as tree:
        tree["layers/dense/vars/0"] = np.full((2, 2), np.nan)
    with pytest.raises(InvalidInputError, match="holds NaN or infinite"):
        bl.from_keras(weights)
    with h5py.File(weights, "w") as tree:
        tree["layers/dense/vars/0"], tree["layers/dense_1/vars/0"] = np.ones((2, 3)), np.ones((2, 1))
    with pytest.raises(ShapeError, match=r"'dense_1' has weights of 1 × 2 .* 3 inputs come to it"):
        bl.from_keras(weights)
    shutil.copy(FILES / "layers.keras", tmp_path / "m.zip")
    with pytest.raises(InvalidInputError, match=r"ends in \.keras or \.h5 is needed"):
        bl.from_keras(tmp_path / "m.zip")


def test_without_h5py_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'backlit\[keras\]'"):
        bl.from_keras(FILES / "layers.keras")
