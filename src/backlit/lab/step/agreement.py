"""Do the printed numbers add up? Reckoned with exact fractions from the printed digits, not from what is behind them.

Each printed number stands for all that would be rounded to it. How far that may carry the sum from the printed result
is the slack; beyond it something is wrong with what is printed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from backlit.explanation.plain_text import number, rounded
from backlit.lab.talk.findings import Agreement, Summand


def printed_value(value: float, digits: int) -> Fraction:
    """Return the number that stands on the page for a number."""
    mantissa, exponent = rounded(value, digits)
    return Fraction(Decimal(mantissa.replace("−", "-")).scaleb(exponent))


def _half_unit(value: float, digits: int) -> Fraction:
    """Return how far a printed number may be from the number behind it."""
    if value == 0:
        return Fraction(0)
    place = math.floor(math.log10(abs(value))) - digits + 1
    return Fraction(1, 2) * Fraction(10) ** place


def _product(values: Sequence[float], digits: int) -> tuple[Fraction, Fraction]:
    """Return the product of printed numbers, and how far it may be from that of the numbers behind them."""
    result, most = Fraction(1), Fraction(1)
    for value in values:
        stands = printed_value(value, digits)
        result, most = result * stands, most * (abs(stands) + _half_unit(value, digits))
    return result, most - abs(result)


def agreement(
    summands: Sequence[Summand], times: float | None, value: float, digits: int, signs: Sequence[int]
) -> Agreement | None:
    """Add up what is printed.

    Parameters
    ----------
    summands : sequence of Summand
        Each is the product of its factors, or where it has none its own printed value.
    times : float or None
        What the sum is multiplied by.
    value : float
        The result.
    digits : int
        Significant digits that are printed.
    signs : sequence of int
        −1 for a summand whose product is subtracted.

    Returns
    -------
    Agreement or None
        None where a number is not finite.
    """
    factors = [[factor.value for factor in each.factors] or [each.value] for each in summands]
    everything = [*(number for each in factors for number in each), value, *([] if times is None else [times])]
    if not all(map(math.isfinite, everything)):
        return None
    total, slack, size = Fraction(0), Fraction(0), Fraction(0)
    for sign, numbers in zip(signs, factors, strict=True):
        product, room = _product(numbers, digits)
        total, slack, size = total + sign * product, slack + room, size + abs(product)
    if times is not None:
        stands = printed_value(times, digits)
        slack = (abs(total) + slack) * (abs(stands) + _half_unit(times, digits)) - abs(total * stands)
        total, size = total * stands, size * abs(stands)
    # the numbers behind were themselves added up in float64, which rounds after each term
    slack += _half_unit(value, digits) + size * len(summands) * Fraction(2) ** -50
    shown = printed_value(value, digits)
    agrees = abs(total - shown) <= slack
    words = f"The printed summands give {_text(total)}, and {_text(shown)} is printed"
    if total == shown:
        sentence = f"{words}: they agree exactly."
    elif agrees:
        sentence = f"{words}: they agree within what rounding the printed digits may do, {_text(slack, 2)}."
    else:
        sentence = f"{words}: they differ by more than rounding, {_text(slack, 2)}."
    return Agreement(agrees, _text(total), _text(shown), _text(slack, 2), sentence)


def _text(value: Fraction, digits: int = 10) -> str:
    return number(float(value), digits)
