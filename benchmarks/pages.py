"""Tables and figures in Markdown, and the marks of pages between which they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table whose columns are aligned also where it is read as text."""
    rows = [header, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def figure(microseconds: float) -> str:
    return f"{microseconds:,.1f}" if microseconds < 100 else f"{microseconds:,.0f}"


def write_into(file: Path, written: dict[str, str]) -> None:
    """Replace what stands between ``<!-- benchmark: NAME -->`` and ``<!-- end -->`` in a page."""
    text = file.read_text()
    for name, content in written.items():
        pattern = rf"(<!-- benchmark: {name} -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda m, content=content: f"{m[1]}{content}\n{m[2]}", text, flags=re.DOTALL)
    file.write_text(text)
