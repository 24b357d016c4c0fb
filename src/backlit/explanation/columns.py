"""Columns of text, for reports that are printed."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], *, gap: str = "  ") -> list[str]:
    """Return lines in which numbers stand under each other, to the right, and words of the last column to the left."""
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[k]) for row in table) for k in range(len(header))]
    last = len(header) - 1
    return [
        gap.join(cell if k == last else cell.rjust(widths[k]) for k, cell in enumerate(row)).rstrip() for row in table
    ]


def short(value: float | None, digits: int = 6) -> str:
    """Write a number with so many significant digits; nothing for None, and − for a minus."""
    if value is None:
        return ""
    return f"{value + 0.0:.{digits}g}".replace("-", "−")  # adding 0 takes the sign off −0


def percent(share: float) -> str:
    """Write a share: ``0 %``, ``37 %``, ``<1 %``."""
    return "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
