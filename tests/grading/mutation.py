"""Programs with one thing changed: an operator, a factor, an index, an axis, a transpose. `mutants` makes them all.

Whoever trusts a grader wants to know that each of them fails, wherever it changes a number. ``python mutation.py
right/nielsen`` prints those of one program.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

_OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.Pow: (ast.Mult,),
}
_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
_NAMES = {"sum": "mean", "mean": "sum", "maximum": "minimum", "max": "min", "exp": "tanh", "tanh": "exp"}
_PRODUCTS = ("dot", "matmul", "outer")
_EINSUM = re.compile(r"([a-z]*),([a-z]*)->([a-z]*)")


@dataclass(frozen=True)
class Mutant:
    """A program with one thing changed.

    Attributes
    ----------
    line : int
    before, after : str
        The smallest expression or statement that holds the change.
    text, original : str
        The whole program, and the one that it was made of, both written anew, without comments.
    """

    line: int
    before: str
    after: str
    text: str
    original: str

    def __str__(self) -> str:
        return f"{self.line}: {self.before} → {self.after}"


def mutants(program: str) -> list[Mutant]:
    """Return every program that differs from this one in one place, each once."""
    tree = ast.parse(program)
    original = ast.unparse(tree) + "\n"
    found: dict[str, Mutant] = {}
    for i, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[i]
            text = ast.unparse(ast.fix_missing_locations(_Put(target, change).visit(changed))) + "\n"
            if text != original:
                found.setdefault(text, Mutant(node.lineno, ast.unparse(node), ast.unparse(change), text, original))
    return sorted(found.values(), key=lambda mutant: mutant.line)


class _Put(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    match node:
        case ast.BinOp():
            yield from _binary(node)
        case ast.UnaryOp(op=ast.USub()):
            yield node.operand
        case ast.AugAssign():
            yield from (_with(node, op=op()) for op in _OPERATORS.get(type(node.op), ()))
            yield ast.Assign([node.target], node.value, lineno=node.lineno)
        case ast.Compare(ops=[op]):
            yield from (_with(node, ops=[other()]) for other in _COMPARISONS.get(type(op), ()))
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Attribute(attr="T"):
            yield node.value
        case ast.Constant(value=bool()):
            yield _with(node, value=not node.value)
        case ast.Constant(value=int() | float()):
            yield from (_with(node, value=node.value + step) for step in (1, -1))
        case ast.Constant(value=str()):
            yield from _einsum(node)
        case ast.Subscript():
            yield from _index(node)
        case ast.Call():
            yield from _call(node)


def _binary(node: ast.BinOp) -> Iterator[ast.AST]:
    left, right = node.left, node.right
    yield from (_with(node, op=op()) for op in _OPERATORS.get(type(node.op), ()))
    yield from (left, right)
    if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult):
        yield _with(node, left=right, right=left)
    if isinstance(node.op, ast.Mult | ast.MatMult):
        yield ast.BinOp(ast.Constant(2), ast.Mult(), node)
    if isinstance(node.op, ast.MatMult):
        yield from (_with(node, left=_transposed(left)), _with(node, right=_transposed(right)))


def _transposed(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Attribute) and node.attr == "T" else ast.Attribute(node, "T")


def _index(node: ast.Subscript) -> Iterator[ast.AST]:
    if isinstance(node.slice, ast.Name):
        for op in (ast.Add, ast.Sub):
            yield _with(node, slice=ast.BinOp(node.slice, op(), ast.Constant(1)))
    if isinstance(node.slice, ast.Slice) and node.slice.step is not None:
        yield node.value


def _call(node: ast.Call) -> Iterator[ast.AST]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _NAMES:
        other = _NAMES[name]
        func = _with(node.func, attr=other) if isinstance(node.func, ast.Attribute) else ast.Name(other)
        yield _with(node, func=func)
    if name in _PRODUCTS and len(node.args) == 2:
        first, second = node.args
        yield _with(node, args=[second, first])
        yield from (_with(node, args=[_transposed(first), second]), _with(node, args=[first, _transposed(second)]))
        yield ast.BinOp(ast.Constant(2), ast.Mult(), node)
    if name in ("reversed", "copy") and len(node.args) == 1:
        yield node.args[0]
    for keyword in node.keywords:
        if keyword.arg == "axis":
            yield _with(node, keywords=[other for other in node.keywords if other is not keyword])


def _einsum(node: ast.Constant) -> Iterator[ast.AST]:
    match = _EINSUM.fullmatch(node.value)
    if match:
        first, second, out = match.groups()
        yield from (
            _with(node, value=f"{first[::-1]},{second}->{out}"),
            _with(node, value=f"{first},{second[::-1]}->{out}"),
            _with(node, value=f"{first},{second}->{out[::-1]}"),
        )


if __name__ == "__main__":
    from corpus import program

    for mutant in mutants(program(sys.argv[1]).read_text()):
        print(mutant)
