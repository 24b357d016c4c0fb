"""Networks as ONNX: onnxruntime feeds forward as we do, for every activation of the registry."""

from __future__ import annotations

import sys

import numpy as np
import onnx
import pytest

from backlit.core.activations import ACTIVATIONS
from backlit.core.network import Network
from backlit.errors import MissingExtraError
from backlit.export.onnx_nodes.graph import OnnxGraph
from backlit.export.onnx_nodes.network import OPERATORS, add_network
from running_onnx import run_onnx


def exported(network: Network) -> onnx.ModelProto:
    graph = OnnxGraph(network.dtype)
    _, a = add_network(graph, network, graph.input("X", network.dtype, network.sizes[0]))
    graph.output(a, "a", network.dtype, network.sizes[-1])
    return graph.model("")


def test_operators_are_of_known_activations():
    assert set(OPERATORS) <= set(ACTIVATIONS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_agrees(activation, dtype):
    # one neuron that passes z through, from one tail to the other; softmax gets two
    z = np.concatenate([np.linspace(-30, 30, 601), [0.0, -0.0, 1e-6, -1e-6, 80.0, -80.0]]).astype(dtype)[:, None]
    weights = [np.array([[1.0], [-0.5]], dtype=dtype)]
    network = Network(weights, [np.zeros(2, dtype=dtype)], [activation])
    a = network.feedforward(z)
    accuracy = 2e-6 if dtype == "float32" else 1e-14  # constants of Selu and LeakyRelu are float32 in ONNX, not here
    assert run_onnx(exported(network), X=z)["a"] == pytest.approx(a, rel=accuracy, abs=accuracy)


def test_gelu_keeps_its_tail():
    z = np.array([[-35.0, -20.0, -8.0, -4.0, -1.0]]).T
    network = Network([np.eye(1)], [np.zeros(1)], ["gelu"])
    assert run_onnx(exported(network), X=z)["a"] == pytest.approx(network.feedforward(z), rel=1e-12, abs=0)


@pytest.mark.parametrize("activation", ["softplus", "mish"])
def test_large_z_does_not_overflow(activation):
    network = Network([np.eye(1)], [np.zeros(1)], [activation])
    assert run_onnx(exported(network), X=np.array([[1000.0]]))["a"] == 1000


def test_softplus_keeps_its_digits_near_zero():
    z = np.array([[-100.0, -40.0, -20.0, -1e-3, 0.0]]).T
    network = Network([np.eye(1)], [np.zeros(1)], ["softplus"])
    came = run_onnx(exported(network), X=z)["a"]
    assert came == pytest.approx(network.feedforward(z), rel=1e-12, abs=0)


def test_names_are_those_of_the_lecture():
    model = exported(Network.initialize([4, 3, 2], "sigmoid"))
    assert [tensor.name for tensor in model.graph.initializer] == ["w2", "b2", "w3", "b3"]
    assert [node.name for node in model.graph.node][:4] == ["z2", "a2", "z3", "a3"]
    assert onnx.numpy_helper.to_array(model.graph.initializer[0]).shape == (3, 4)


def test_equal_networks_give_equal_bytes():
    one, other = (exported(Network.initialize([4, 3, 2], "mish", seed=1)) for _ in range(2))
    assert one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def test_without_onnx_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'backlit\[onnx\]'"):
        OnnxGraph("float32")
