import math
from itertools import pairwise

import numpy as np
import pytest

from backlit.core.activations import ACTIVATIONS
from backlit.core.network import Network, feedforward, weighted_input
from backlit.errors import InvalidInputError, ShapeError, UnknownNameError


def zeros(*sizes, dtype="float64"):
    pairs = list(pairwise(sizes))
    return [np.zeros((n_out, n_in), dtype) for n_in, n_out in pairs], [np.zeros(n_out, dtype) for _, n_out in pairs]


def test_components_of_the_lecture():
    network = Network.initialize([3, 4, 2], ["sigmoid", "tanh"], initialization="standard_normal", seed=2)
    x = [0.5, -1.0, 2.0]
    a_previous = x
    for w, b, sigma in zip(network.weights, network.biases, (lambda z: 1 / (1 + math.exp(-z)), math.tanh), strict=True):
        # a^l_j = σ(Σ_k w^l_jk a^{l−1}_k + b^l_j)
        a_previous = [sigma(sum(w[j, k] * a_previous[k] for k in range(w.shape[1])) + b[j]) for j in range(w.shape[0])]
    np.testing.assert_allclose(network.feedforward(x), [a_previous], rtol=1e-14)


def test_feedforward_keeps_every_layer():
    network = Network.initialize([3, 4, 2], ["relu", "softmax"], seed=1)
    x = np.arange(15.0).reshape(5, 3)
    z, a = feedforward(network, x)
    assert a[0] is x
    assert [array.shape for array in z] == [(5, 4), (5, 2)]
    assert [array.shape for array in a] == [(5, 3), (5, 4), (5, 2)]
    np.testing.assert_array_equal(z[1], weighted_input(network.weights[1], a[1], network.biases[1]))
    np.testing.assert_array_equal(a[2], ACTIVATIONS["softmax"].value(z[1]))
    np.testing.assert_array_equal(network.feedforward(x), a[-1])


def test_weighted_input():
    w, b = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([0.5, 0.0, -0.5])
    np.testing.assert_array_equal(weighted_input(w, np.array([[10.0, 100.0]]), b), [[210.5, 430, 649.5]])


def test_what_a_network_knows_of_itself():
    network = Network.initialize([784, 30, 10], ["logistic", "softmax"], dtype="float32")
    assert network.sizes == (784, 30, 10)
    assert network.n_parameters == 23_860
    assert network.dtype == "float32"
    assert network.activations == ("sigmoid", "softmax")
    assert repr(network) == "Network(sizes=[784, 30, 10], activations=[sigmoid, softmax], dtype=float32)"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_and_library_are_kept(xp, dtype):
    network = Network.initialize([2, 3, 1], "gelu", dtype=dtype, xp=xp, seed=4)
    assert network.dtype == dtype
    output = network.feedforward(np.array([[1, 2], [3, 4]]))
    assert type(output) is type(network.weights[0])
    assert output.dtype == network.weights[0].dtype
    reference = Network.initialize([2, 3, 1], "gelu", seed=4).feedforward([[1, 2], [3, 4]])
    np.testing.assert_allclose(np.asarray(output), reference, rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("weights", "biases", "activations", "error", "message"),
    [
        (
            [np.zeros((3, 2)), np.zeros((3, 1))],
            [np.zeros(3), np.zeros(3)],
            "tanh",
            ShapeError,
            r"weights\[1\] has 1 columns, but layer 2 has 3 neurons: .* Check that it is not transposed",
        ),
        (
            [np.zeros((3, 2))],
            [np.zeros(2)],
            "tanh",
            ShapeError,
            r"biases\[0\] must have the shape \(3,\) to go with weights\[0\] of shape \(3, 2\), but has \(2,\)",
        ),
        ([np.zeros((3, 2))], [np.zeros((3, 1))], "tanh", ShapeError, r"shape \(3,\) .* but has \(3, 1\)"),
        ([np.zeros(3)], [np.zeros(3)], "tanh", ShapeError, r"weights\[0\] must have .* \(n_out, n_in\).* has \(3,\)"),
        ([np.zeros((0, 3))], [np.zeros(0)], "tanh", ShapeError, r"neither of them 0, but has \(0, 3\)"),
        ([np.zeros((3, 2))], [], "tanh", ShapeError, "1 weight matrices but 0 bias vectors"),
        ([], [], "tanh", InvalidInputError, "at least two layers"),
        ([np.zeros((3, 2))], [np.zeros(3)], ["tanh", "tanh"], ShapeError, "2 layers needs 1 activations .* but 2 came"),
        ([np.zeros((3, 2))], [np.zeros(3)], "tan", UnknownNameError, "'tanh'"),
        (
            [np.zeros((3, 2), dtype=int)],
            [np.zeros(3)],
            "tanh",
            InvalidInputError,
            r"all be float32 or all be float64, but weights\[0\] is int64",
        ),
        (
            [np.zeros((3, 2), "f4")],
            [np.zeros(3)],
            "tanh",
            InvalidInputError,
            r"weights\[0\] is float32 and biases\[0\] is float64. Convert",
        ),
    ],
)
def test_parameters_that_do_not_fit(weights, biases, activations, error, message):
    with pytest.raises(error, match=message):
        Network(weights, biases, activations)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((4, 2)), r"x must have the shape \(n_examples, 3\) for .* sizes \[3, 2, 1\], but has \(4, 2\)"),
        (np.zeros(2), r"but has \(2,\)"),
        (np.zeros((1, 1, 3)), r"but has \(1, 1, 3\)"),
        (1.0, r"but has \(\)"),
    ],
)
def test_x_of_the_wrong_shape(x, message):
    with pytest.raises(ShapeError, match=message):
        Network.initialize([3, 2, 1]).feedforward(x)


@pytest.mark.parametrize("x", [["a", "b", "c"], np.array([None, 1, 2]), np.zeros(3, dtype=complex)])
def test_x_that_is_not_numbers(x):
    with pytest.raises(InvalidInputError, match="x must hold numbers, but its dtype is"):
        Network.initialize([3, 2, 1]).feedforward(x)


def test_class_numbers_as_y_are_refused_with_the_remedy():
    network = Network.initialize([2, 3])
    with pytest.raises(ShapeError, match=r"give one-hot rows: numpy.eye\(n_classes\)\[k\]"):
        network.as_batch(np.array([0, 2, 1, 1]), "y", 3)


def test_one_dimension_is_one_example_or_one_column():
    network = Network.initialize([3, 1])
    assert network.as_batch([1, 2, 3], "x", 3).shape == (1, 3)
    assert network.as_batch([1, 2, 3, 4], "y", 1).shape == (4, 1)
    assert network.as_batch(np.array([True, False, True]), "x", 3).dtype == np.float64


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([2, 0, 1], "Layer 2 must have a positive whole number of neurons, but 0 came"),
        ([2, 1.5], "Layer 2 .* 1.5"),
        ([-2, 1], "Layer 1 .* -2"),
        ([True, 1], "Layer 1 .* True"),
    ],
)
def test_sizes_that_are_not_counts(sizes, message):
    with pytest.raises(InvalidInputError, match=message):
        Network.initialize(sizes)


def test_initialize_refuses_what_it_does_not_know():
    with pytest.raises(InvalidInputError, match="dtype must be 'float32' or 'float64', but 'float16' came"):
        Network.initialize([2, 1], dtype="float16")
    with pytest.raises(UnknownNameError, match=r"no initialization named 'he'. (Did you mean|Choose one of)"):
        Network.initialize([2, 1], initialization="he")


def test_a_network_is_not_changed_through_the_lists_it_was_made_from():
    weights, biases = zeros(2, 3)
    network = Network(weights, biases, ["tanh"])
    weights.append(np.zeros((1, 3)))
    assert network.sizes == (2, 3)


def test_a_network_can_be_typed_in_as_lists():
    network = Network([[[0.1, 0.2]], [[1], [2]]], [[0.5], [0.0, 1.0]], "sigmoid")
    assert network.sizes == (2, 1, 2)
    assert network.dtype == "float64"
    with pytest.raises(ShapeError, match="transposed"):
        Network([[[0.1, 0.2]], [[1, 2]]], [[0.5], [0.0]], "sigmoid")
