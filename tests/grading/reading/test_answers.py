"""Gradients in all the shapes in which programs return them."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.grading.reading.answers import UnreadableError, read_gradients
from backlit.grading.reading.cases import Task, draw_cases

CASE = next(c for c in draw_cases(0, Task("sigmoid", "sigmoid", "quadratic"), batches=False) if c.sizes == (4, 6, 3, 5))
B, W = list(CASE.b.values()), list(CASE.w.values())


@pytest.mark.parametrize(
    "value",
    [
        (B, W),
        (W, B),
        [tuple(W), tuple(B)],
        (0.5, B, W),
        ([None, *B], [None, *W]),
        {"dW1": W[0], "db1": B[0], "dW2": W[1], "db2": B[1], "dW3": W[2], "db3": B[2], "dA1": B[0]},
        (0.5, {"nabla_w": W, "nabla_b": B}),
        (B[0], W[0], B[1], W[1], B[2], W[2]),
        (W[0], B[0], W[1], B[1], W[2], B[2]),
        (*W, *B),
        (W[2], B[2], W[1], B[1], W[0], B[0]),
        ([b.tolist() for b in B], [w.tolist() for w in W]),
    ],
)
def test_gradients_are_found(value):
    nabla_b, nabla_w = read_gradients(value, CASE)
    for layer in CASE.w:
        np.testing.assert_array_equal(nabla_b[layer], CASE.b[layer])
        np.testing.assert_array_equal(nabla_w[layer], CASE.w[layer])


@pytest.mark.parametrize("value", [None, 3.0, B[0], (B, W[:2]), {"dW1": W[0]}, (B, W, B), "text"])
def test_what_holds_no_gradients_is_said(value):
    with pytest.raises(UnreadableError, match="expected"):
        read_gradients(value, CASE)


def test_layers_in_reversed_order_are_not_put_right():
    nabla_b, nabla_w = read_gradients((W[::-1], B[::-1]), CASE)
    assert nabla_w[2] is W[2]
    assert nabla_b[2] is B[2]
