"""σ and log σ as C functions of a float, written by tracing those of `backlit.core`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backlit.core.activations import get_activation
from backlit.core.parametric import ParametricActivation, plain_name
from backlit.export.c_source.text import float_literal
from backlit.export.tracing import Symbol, steps, trace, uses

SOFTMAX = """\
static void softmax(float *a, int n)
{
  float top = a[0], sum = 0.0f;
  int j;
  for (j = 1; j < n; ++j) if (a[j] > top) top = a[j];
  for (j = 0; j < n; ++j) {
    a[j] = expf(a[j] - top);
    sum += a[j];
  }
  for (j = 0; j < n; ++j) a[j] /= sum;
}"""


def scalar_function(name: str, function: Callable[[Any], Any]) -> str:
    """Return a C function ``static float name(float z)`` that does what a function of core does.

    What is used more than once is computed once.

    Parameters
    ----------
    name : str
    function : callable
        σ or log σ of an activation that acts on each neuron alone.
    """
    root = trace(function)
    counts = uses(root)
    spelled: dict[Symbol, tuple[str, int]] = {}
    lines: list[str] = []
    for symbol in steps(root):
        text, rank = _spelled(symbol, [spelled[operand] for operand in symbol.operands])
        if counts[symbol] > 1 and symbol.operands and symbol.operation not in _COMPARISONS:
            part = f"part{len(lines) + 1}"
            lines.append(f"  const float {part} = {text};\n")
            text, rank = part, _ATOM
        spelled[symbol] = text, rank
    return f"static float {name}(float z)\n{{\n{''.join(lines)}  return {spelled[root][0]};\n}}"


def activation_of(a: str, n: int, activation: str, alpha: str = "") -> tuple[list[str], list[str]]:
    """Return the functions and statements that turn n weighted inputs z in an array into activations.

    `alpha` is the array of the α of a layer that has them.
    """
    sigma = get_activation(plain_name(activation))
    if sigma.name == "identity":
        return [], []
    if sigma.couples:
        return [SOFTMAX], [f"softmax({a}, {n});"]
    if isinstance(activation, ParametricActivation):
        name = f"sigma_{sigma.name}"
        mixed = f"for (j = 0; j < {n}; ++j) {a}[j] += {alpha}[j] * ({name}({a}[j]) - {a}[j]);"
        return [scalar_function(name, sigma.value)], [mixed]
    return each(a, n, f"sigma_{sigma.name}", sigma.value)


def each(a: str, n: int, name: str, function: Callable[[Any], Any]) -> tuple[list[str], list[str]]:
    """Return the definition of a function of core as `name`, and the loop that puts it in place of n array elements."""
    return [scalar_function(name, function)], [f"for (j = 0; j < {n}; ++j) {a}[j] = {name}({a}[j]);"]


# How tightly an operator binds: what binds less than its place asks for is put in brackets.
_CHOICE, _COMPARISON, _SUM, _PRODUCT, _SIGN, _ATOM = range(6)
_BINARY = {
    "add": (" + ", _SUM),
    "subtract": (" - ", _SUM),
    "multiply": (" * ", _PRODUCT),
    "divide": (" / ", _PRODUCT),
    "less": (" < ", _COMPARISON),
    "less_equal": (" <= ", _COMPARISON),
    "greater": (" > ", _COMPARISON),
}
_COMPARISONS = [name for name, (_, rank) in _BINARY.items() if rank == _COMPARISON]
_CALLS = ("exp", "expm1", "log", "log1p", "tanh", "erfc")  # their names are C's, with an f behind


def _spelled(symbol: Symbol, operands: list[tuple[str, int]]) -> tuple[str, int]:
    operation = symbol.operation
    if operation == "z":
        return "z", _ATOM
    if operation == "number":
        return float_literal(symbol.number), _ATOM if symbol.number >= 0 else _SIGN
    if operation == "negative":
        return f"-{_within(operands[0], _ATOM)}", _SIGN
    if operation == "where":
        condition, first, second = operands
        return f"{condition[0]} ? {_within(first, _SUM)} : {_within(second, _SUM)}", _CHOICE
    if operation in _BINARY:
        sign, rank = _BINARY[operation]
        left, right = operands
        return f"{_within(left, rank)}{sign}{_within(right, rank + 1)}", rank
    assert operation in _CALLS, operation
    return f"{operation}f({operands[0][0]})", _ATOM


def _within(operand: tuple[str, int], rank: int) -> str:
    text, own = operand
    return text if own >= rank else f"({text})"
