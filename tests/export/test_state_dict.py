"""Names and arrays of a state dict: what is read, in which order, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import InvalidInputError, ShapeError
from backlit.export.state_dict import read_state_dict


def layer(n_in, n_out, dtype="float32"):
    rng = np.random.default_rng(n_in * 100 + n_out)
    return rng.standard_normal((n_out, n_in)).astype(dtype), rng.standard_normal(n_out).astype(dtype)


@pytest.mark.parametrize("names", [["0", "2", "10"], ["fc1", "fc2", "fc3"], ["net.0", "net.3.linear", "net.10"]])
def test_layers_are_ordered_by_number(names):
    layers = [layer(4, 3), layer(3, 5), layer(5, 2)]
    state = {f"{name}.weight": w for name, (w, _) in zip(names, layers, strict=True)}
    state |= {f"{name}.bias": b for name, (_, b) in zip(names, layers, strict=True)}
    weights, biases = read_state_dict(dict(sorted(state.items(), reverse=True)))
    for i, (w, b) in enumerate(layers):
        assert (weights[i] == w).all()
        assert (biases[i] == b).all()


def test_one_layer_needs_no_number_and_no_bias():
    w, _ = layer(4, 3)
    weights, biases = read_state_dict({"weight": w})
    assert (weights[0] == w).all()
    assert biases[0].tolist() == [0, 0, 0]
    weights[0][:] = 0
    assert w.any(), "the arrays must be copies"


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [(("float16", "float16"), "float32"), (("float32", "float64"), "float64"), (("float64", "float64"), "float64")],
)
def test_dtypes(dtypes, expected):
    w, b = layer(4, 3)
    weights, biases = read_state_dict({"0.weight": w.astype(dtypes[0]), "0.bias": b.astype(dtypes[1])})
    assert weights[0].dtype == biases[0].dtype == expected


W, B = layer(2, 2)


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ({}, InvalidInputError, "empty"),
        ([W], InvalidInputError, "a list came"),
        ({"0.weight": W, "1.running_mean": B}, InvalidInputError, "'1.running_mean' is no weight"),
        ({"0.weight": W, "1.weight": B}, ShapeError, "weight of layer '1' must have the shape"),
        ({"0.weight": np.zeros((2, 2, 3, 3))}, ShapeError, r"\(2, 2, 3, 3\)"),
        ({"0.bias": B}, InvalidInputError, "no weight"),
        ({"in.weight": W, "out.weight": W}, InvalidInputError, "'in', 'out' cannot be told"),
        ({"a1.weight": W, "b1.weight": W}, InvalidInputError, "cannot be told"),
        ({"fc1.weight": W, "out.weight": W}, InvalidInputError, "'fc1', 'out'"),
        ({"0.weight": W.astype(int)}, InvalidInputError, "dtype is int"),
        ({"0.weight": [["a"]]}, InvalidInputError, "dtype is <U1"),
        ({"0.weight": [[1.0], [1.0, 2.0]]}, InvalidInputError, "cannot be read"),
        ({"0.weight": W * np.nan}, InvalidInputError, "'0.weight' holds NaN"),
    ],
)
def test_what_cannot_be_read_is_named(state, error, words):
    with pytest.raises(error, match=words):
        read_state_dict(state)
