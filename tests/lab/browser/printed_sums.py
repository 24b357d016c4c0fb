"""Adds up what is printed on a page, from its MathML alone and in exact fractions: twin of the page's own reckoning."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from xml.etree import ElementTree

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def value_of(text):
    """Read a printed number: ``−1.5×10⁻⁷``."""
    mantissa, _, power = text.strip().replace("−", "-").partition("×10")
    return Fraction(f"{mantissa}e{power.translate(SUPERSCRIPTS) or 0}")


def sum_of(formulas):
    """Return what some MathML comes to, and how far rounding may carry it; None where there are letters in it."""
    text = "".join(filter(None, (_plain(ElementTree.fromstring(formula)) for formula in formulas)))
    if re.search(r"[^\d.e()+*/ -]", text) or not text:
        return None
    value = eval(re.sub(r"\d+(?:\.\d+)?(?:e-?\d+)?", lambda number: f"Fraction('{number[0]}')", text))  # checked above
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", text)]
    largest = max((abs(number) for number in numbers), default=0.0)
    # each of six digits is off by half a unit at most; a product magnifies that by its other factors
    slack = len(numbers) * 5e-6 * max(largest, 1.0) ** 2 * 10 ** min(0, math.ceil(math.log10(abs(float(value)) or 1)))
    return value, slack


def _plain(node):
    children = [_plain(child) for child in node]
    match node.tag:
        case "mn":
            return node.text.replace("−", "-")
        case "mo":
            return {"·": "*", "−": "-", "=": ""}.get(node.text.strip(), node.text.strip())
        case "mspace":
            return ""
        case "msup" if children[0] == "10":
            return f"10^{children[1]}".replace("−", "-")
        case "mfrac":
            return f"(({children[0]})/({children[1]}))"
        case "mrow" if len(children) == 3 and children[1] == "×":
            return f"{children[0]}e{children[2].removeprefix('10^')}".replace("−", "-")
        case "math" | "mrow":
            return "".join(children)
    return "?"
