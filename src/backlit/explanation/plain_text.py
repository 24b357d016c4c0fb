"""Numbers, columns of them, and other people's text in plain Unicode."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH = 88
"""Columns of a line of text, where nobody asks for another width."""
_RAISED = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")


def raised(number: int | str) -> str:
    """Write a whole number as a superscript."""
    return str(number).translate(_RAISED)


def rounded(value: float, digits: int) -> tuple[str, int]:
    """Return a number rounded to this many significant digits, as a mantissa and a power of ten, 0 for most numbers.

    Every view prints these, each with signs of its own: ``("0.59327", 0)``, ``("−1.5", -7)``, ``("∞", 0)``.
    """
    value = float(value)
    if math.isnan(value):
        return "NaN", 0
    if math.isinf(value):
        return ("∞" if value > 0 else "−∞"), 0
    if value == 0:
        return "0", 0  # not −0
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return mantissa.replace("-", "−"), int(exponent or 0)


def number(value: float, digits: int) -> str:
    """Write a number rounded to this many significant digits: ``0.59327``, ``−1.5×10⁻⁷``, ``∞``."""
    mantissa, exponent = rounded(value, digits)
    return f"{mantissa}×10{raised(exponent)}" if exponent else mantissa


def printable(text: str, longest: int = 60) -> str:
    """Write somebody else's text on one line: no control characters, and not too long."""
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], *, gap: str = "  ") -> list[str]:
    """Return lines in which numbers stand under each other, to the right, and words of the last column to the left."""
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[k]) for row in table) for k in range(len(header))]
    last = len(header) - 1
    return [
        gap.join(cell if k == last else cell.rjust(widths[k]) for k, cell in enumerate(row)).rstrip() for row in table
    ]


def short(value: float | None, digits: int = 6) -> str:
    """Write a number rounded to this many significant digits; nothing for None, and − for a minus."""
    if value is None:
        return ""
    return f"{value + 0.0:.{digits}g}".replace("-", "−")  # adding 0 takes the sign off −0


def percent(share: float) -> str:
    """Write a share: ``0 %``, ``37 %``, ``<1 %``."""
    return "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
