"""Tracing: what a σ of core does to a symbol is what it does to numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special

from backlit.core.activations import ACTIVATIONS
from backlit.export.tracing import Symbol, steps, trace, uses

COMPUTE = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "negative": np.negative,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "where": np.where,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "erfc": scipy.special.erfc,
}
Z = np.concatenate([np.linspace(-50, 50, 1001), [-700.0, 700.0, 0.0, -0.0, math.nan]])
FUNCTIONS = [a.value for a in ACTIVATIONS.values() if not a.couples]
FUNCTIONS += [a.log_value for a in ACTIVATIONS.values() if a.log_value and not a.couples]


def computed(root, z):
    values = {}
    for symbol in steps(root):
        operands = [values[operand] for operand in symbol.operands]
        known = {"z": z, "number": symbol.number}
        values[symbol] = known[symbol.operation] if not operands else COMPUTE[symbol.operation](*operands)
    return values[root]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_every_activation_can_be_traced(function):
    np.testing.assert_array_equal(computed(trace(function), Z), function(Z))


def test_numbers_may_stand_on_either_side():
    def function(z):
        return (2.0 - z) / (1.0 + z) - 3.0 / z + (z - 4.0) * 5.0 - (z <= 1.0) * 1.0 + 1.0 * -z

    z = np.array([0.5, 2.0, -7.0])
    np.testing.assert_array_equal(computed(trace(function), z), function(z))


def test_what_is_done_twice_is_one_step():
    root = trace(lambda z: (z + 1.0) * (z + 1.0))
    twice = Symbol("add", (Symbol("z"), Symbol("number", number=1.0)))
    assert [symbol.operation for symbol in steps(root)] == ["z", "number", "add", "multiply"]
    assert uses(root)[twice] == 2
