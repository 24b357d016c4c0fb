"""Equations on lines of a given width."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SIGN = re.compile(r"[(\[]|[)\]]| (?=[+−] )")


def equations(rows: Sequence[Sequence[str]], width: int, indent: str = "    ") -> list[str]:
    """Set equations below each other: their signs of equality aligned if that fits, otherwise broken at them.

    Parameters
    ----------
    rows : sequence of sequence of str
        Each the parts of one equation: ``["z²_1", "w²_11 a¹_1 + b²_1", "0.15·0.05 + 0.35", "0.3575"]``.
    width : int
        Columns of a line, the indent included.
    indent : str
    """
    if len({len(row) for row in rows}) == 1:
        columns = [max(map(len, parts)) for parts in zip(*rows, strict=True)]
        aligned = [
            (indent + " = ".join(part.ljust(column) for part, column in zip(row, columns, strict=True))).rstrip()
            for row in rows
        ]
        if max(map(len, aligned)) <= width:
            return aligned
    return [line for row in rows for line in _broken(row, width, indent)]


def _broken(row: Sequence[str], width: int, indent: str) -> list[str]:
    left = indent + row[0]
    margin = " " * len(left)
    if len(left) > width // 2:
        margin = indent + "   "
    lines = [left]
    for part in row[1:]:
        if len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f" = {part}"
            continue
        pieces = _summands(part)
        if max(map(len, pieces)) + len(margin) + 5 > width:
            pieces = _summands(part, also_inside_brackets=True)
        # the first part stays beside the left-hand side, however long it is
        first = f" = {pieces[0]}"
        if lines == [left] and len(left) + len(first) <= width:
            lines[-1] += first
        else:
            lines.append(margin + first)
        for piece in pieces[1:]:
            if len(lines[-1]) + 1 + len(piece) <= width:
                lines[-1] += f" {piece}"
            else:
                lines.append(f"{margin}     {piece}")
    return lines


def _summands(text: str, *, also_inside_brackets: bool = False) -> list[str]:
    """Split at the signs of addition that stand outside all brackets, or at all of them."""
    pieces, depth, start = [], 0, 0
    for match in _SIGN.finditer(text):
        if match.group() == " " and (depth == 0 or also_inside_brackets):
            pieces.append(text[start : match.start()])
            start = match.end()
        depth += (match.group() in "([") - (match.group() in ")]")
    return [*pieces, text[start:]]


def table(rows: Sequence[Sequence[str]], indent: str = "    ") -> list[str]:
    """Set rows of cells in columns, the cells of each column starting below each other."""
    columns = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        (indent + "  ".join(cell.ljust(column) for cell, column in zip(row, columns, strict=True))).rstrip()
        for row in rows
    ]


def flow(items: Sequence[str], width: int, indent: str = "    ") -> list[str]:
    """Set short items one after the other, as many on a line as fit."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + 3 + len(item) <= width:
            lines[-1] += f"   {item}"
        else:
            lines.append(indent + item)
    return lines
