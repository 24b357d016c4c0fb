"""A σ of `backlit.core` as a tree of operations, found by running it on a symbol.

The functions of `core` are written against the array API, so they take anything that has its operations. Given a
`Symbol` they write down what they do. A format that can spell these few operations has every activation, and whoever
adds one need not touch the formats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Number: TypeAlias = "Symbol | float"


@dataclass(frozen=True)
class Symbol:
    """The result of an operation, z itself, or a number. Two are equal if they were made in the same way.

    Attributes
    ----------
    operation : str
        "z", "number", or one of + − × / as "add", "subtract", "multiply", "divide"; "negative"; "less", "less_equal",
        "greater"; "where", "exp", "expm1", "log", "log1p", "tanh", "erfc".
    operands : tuple of Symbol
    number : float
        Of a "number".
    """

    operation: str
    operands: tuple[Symbol, ...] = ()
    number: float = 0.0

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return _Operations

    def __add__(self, other: Number) -> Symbol:
        return _apply("add", self, other)

    def __radd__(self, other: float) -> Symbol:
        return _apply("add", other, self)

    def __sub__(self, other: Number) -> Symbol:
        return _apply("subtract", self, other)

    def __rsub__(self, other: float) -> Symbol:
        return _apply("subtract", other, self)

    def __mul__(self, other: Number) -> Symbol:
        return self if other == 1.0 else _apply("multiply", self, other)

    def __rmul__(self, other: float) -> Symbol:
        return self if other == 1.0 else _apply("multiply", other, self)

    def __truediv__(self, other: Number) -> Symbol:
        return _apply("divide", self, other)

    def __rtruediv__(self, other: float) -> Symbol:
        return _apply("divide", other, self)

    def __neg__(self) -> Symbol:
        return _apply("negative", self)

    def __lt__(self, other: Number) -> Symbol:
        return _apply("less", self, other)

    def __le__(self, other: Number) -> Symbol:
        return _apply("less_equal", self, other)

    def __gt__(self, other: Number) -> Symbol:
        return _apply("greater", self, other)


def trace(function: Callable[[Any], Any]) -> Symbol:
    """Return what a function of z does, as a tree whose leaves are z and numbers."""
    result: Symbol = function(Symbol("z"))
    return result


def steps(root: Symbol) -> Iterator[Symbol]:
    """Yield every different symbol of a tree once, each after its operands; `root` comes last."""
    seen: set[Symbol] = set()

    def visit(symbol: Symbol) -> Iterator[Symbol]:
        if symbol in seen:
            return
        seen.add(symbol)
        for operand in symbol.operands:
            yield from visit(operand)
        yield symbol

    return visit(root)


def uses(root: Symbol) -> Counter[Symbol]:
    """Count in how many places of a tree the result of each symbol is taken."""
    return Counter(operand for symbol in steps(root) for operand in symbol.operands)


def _apply(operation: str, *operands: Number) -> Symbol:
    return Symbol(operation, tuple(_as_symbol(operand) for operand in operands))


def _as_symbol(value: Number) -> Symbol:
    return value if isinstance(value, Symbol) else Symbol("number", number=float(value))


def _function(operation: str) -> Callable[..., Symbol]:
    return staticmethod(lambda *operands: _apply(operation, *operands))


class _Operations:
    """The namespace of symbols: those functions of the array API that activations are made of."""

    exp, expm1, log, log1p = map(_function, ("exp", "expm1", "log", "log1p"))
    tanh, erfc, where = map(_function, ("tanh", "erfc", "where"))

    @staticmethod
    def zeros_like(z: Symbol) -> Symbol:
        return _as_symbol(0.0)

    @staticmethod
    def ones_like(z: Symbol) -> Symbol:
        return _as_symbol(1.0)
