"""Networks come in from ONNX: chains of Gemm, or MatMul and Add, predict as onnxruntime does."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import backlit as bl
from backlit.errors import InvalidInputError
from running_onnx import run_onnx

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3)).astype("float32")
CONSTANTS = {
    "w": RNG.normal(size=(3, 5)).astype("float32"),  # (n_in, n_out), as MatMul has it
    "b": RNG.normal(size=5).astype("float32"),
    "v": RNG.normal(size=(2, 5)).astype("float32"),
    "c": RNG.normal(size=(1, 2)).astype("float32"),
}


def model_of(*nodes, constants=CONSTANTS, out="out"):
    """A graph of (operator, inputs, output, attributes)."""
    made = [
        helper.make_node(kind, ins.split(), [to], name=f"n{i}", **more) for i, (kind, ins, to, more) in enumerate(nodes)
    ]
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", out)]
    tensors = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    described[0] = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(made, "g", described[:1], described[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def saved(tmp_path, *nodes, **options):
    onnx.save(model_of(*nodes, **options), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


MATMUL = [("MatMul", "x w", "z", {}), ("Add", "b z", "zb", {})]
GEMM = [("Gemm", "a v c", "y", {"transB": 1, "alpha": 0.5, "beta": 2.0}), ("Softmax", "y", "out", {"axis": -1})]
ACTIVATIONS = [
    *(("Relu", {}), ("Tanh", {}), ("Sigmoid", {}), ("Elu", {}), ("Selu", {}), ("Mish", {}), ("Softplus", {})),
    *(("LeakyRelu", {}), ("LeakyRelu", {"alpha": 0.3}), ("Identity", {}), ("Exp", {})),
]


@pytest.mark.parametrize(("operator", "attributes"), ACTIVATIONS, ids=str)
def test_predicts_as_onnxruntime(operator, attributes, tmp_path):
    nodes = [*MATMUL, (operator, "zb", "a", attributes), *GEMM]
    model = bl.from_onnx(saved(tmp_path, *nodes), classes=["no", "yes"])
    np.testing.assert_allclose(model.predict_proba(X), run_onnx(model_of(*nodes), x=X)["out"], atol=1e-6)


def test_silu_and_what_does_nothing(tmp_path):
    nodes = [
        *(("Flatten", "x", "f", {}), ("Transpose", "u", "ut", {}), ("Gemm", "f ut", "z", {"transB": 1})),
        *(
            ("Sigmoid", "z", "s", {}),
            ("Mul", "z s", "a", {}),
            ("Dropout", "a", "d", {}),
            ("Gemm", "d v", "out", {"transB": 1}),
        ),
    ]
    constants = CONSTANTS | {"u": CONSTANTS["w"]}
    model = bl.from_onnx(saved(tmp_path, *nodes, constants=constants))
    assert model.network_.activations == ("silu", "identity")
    np.testing.assert_allclose(model.predict(X), run_onnx(model_of(*nodes, constants=constants), x=X)["out"], atol=1e-6)


def test_our_own_network_comes_back_and_is_trained_on(tmp_path):
    network = bl.Network.initialize([3, 4, 2], ["selu", "identity"], seed=1, dtype="float32")
    onnx.save(bl.to_onnx(network), tmp_path / "m.onnx")
    model = bl.from_onnx(tmp_path / "m.onnx", random_state=0)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(model.network_.weights, network.weights, strict=True))
    y = np.ones((4, 2))
    before = model.score(X, y + X[:, :2])
    assert model.partial_fit(X, y + X[:, :2]).score(X, y + X[:, :2]) > before
    assert "Layer 2   selu" in bl.explain(model, X[0], y[0]).to_text()


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([*MATMUL, ("Sin", "zb", "out", {})], "n2 is of the kind Sin, which cannot be read"),
        ([*MATMUL, ("Relu", "zb", "r", {}), ("Add", "r zb", "out", {})], "'zb' goes into 2 operations"),
        ([*MATMUL, ("Relu", "zb", "r", {}), ("Tanh", "r", "out", {})], "relu and then tanh"),
        ([*MATMUL, ("Elu", "zb", "out", {"alpha": 2.0})], "n2 has alpha=2.0"),
        ([("MatMul", "x x", "out", {})], "which cannot be read|are not in the file"),
        ([("Relu", "x", "out", {})], "n0 is of the kind Relu"),
    ],
)
def test_what_is_no_chain_of_layers_is_refused(nodes, message, tmp_path):
    with pytest.raises(InvalidInputError, match=rf"(?s){message}"):
        bl.from_onnx(saved(tmp_path, *nodes))


def test_numbers_elsewhere_and_damaged_files(tmp_path):
    model = model_of(*MATMUL, ("Relu", "zb", "out", {}))
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, size_threshold=0, location="beside.bin")
    with pytest.raises(InvalidInputError, match="in a file beside it, which is not read"):
        bl.from_onnx(tmp_path / "m.onnx")
    (tmp_path / "m.onnx").write_bytes(b"\x08\x01garbage")
    with pytest.raises(InvalidInputError, match=r"no whole ONNX file|0 inputs"):
        bl.from_onnx(tmp_path / "m.onnx")
    with pytest.raises(InvalidInputError, match=r"ends in \.onnx is needed"):
        bl.from_onnx(tmp_path / "m.bin")
