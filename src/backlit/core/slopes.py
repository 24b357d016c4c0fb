"""Is one function the derivative of another? Judged by difference quotients on a grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from backlit.errors import InvalidInputError

Numbers = NDArray[np.float64]
Function = Callable[[Numbers], Numbers]

_TOLERANCE = 1e-6
_STEP = 1e-4


def check_slopes(who: str, symbol: str, value: Function, slope: Function, points: Numbers) -> tuple[float, ...]:
    """Return the kinks among the points, or raise if elsewhere the slope is not that of the value.

    At a kink, where the quotients from the two sides differ, any slope between them is right. Points at which the value
    overflows are passed over.

    Parameters
    ----------
    who : str
        Whose derivative is checked, for the message: ``"the activation 'bent'"``.
    symbol : str
        Name of the argument, for the message: ``"z"``.
    value, slope : callable
        ``(n_points,) → (n_points,)``.
    points : ndarray, ``(n_points,)``
    """
    h = _STEP * np.maximum(1.0, np.abs(points))
    with np.errstate(all="ignore"):
        at, claimed = value(points), slope(points)
        left, right = _quotients(value, points, at, h)
        nearer_left, nearer_right = _quotients(value, points, at, h / 8)
    central, nearer = 0.5 * (left + right), 0.5 * (nearer_left + nearer_right)
    best = nearer + (nearer - central) / 63.0  # what is left of the error falls with h²
    size = np.abs(best) + np.abs(claimed)
    rounding = 64.0 * np.finfo(np.float64).eps * np.abs(at) / h
    slack = _TOLERANCE * (1e-3 + size) + np.abs(nearer - central) + rounding
    wrong = ~(np.abs(claimed - best) <= slack) & np.isfinite(left) & np.isfinite(right)
    jump, nearer_jump = np.abs(right - left), np.abs(nearer_right - nearer_left)
    # as h shrinks, the two one-sided quotients meet at a bend, stay apart at a kink, and diverge at a jump of the value
    is_kink = (jump > 1e-3 * size + rounding) & (nearer_jump > 0.5 * jump) & (nearer_jump < 4.0 * jump)
    low, high = np.minimum(nearer_left, nearer_right), np.maximum(nearer_left, nearer_right)
    slack_at_kink = 0.01 * (jump + size)
    between = (low - slack_at_kink <= claimed) & (claimed <= high + slack_at_kink)
    refused = wrong & ~(is_kink & between)
    if refused.any():
        i = min(np.flatnonzero(refused), key=lambda i: abs(points[i]))
        raise InvalidInputError(
            f"The derivative of {who} is wrong at {symbol} = {points[i]:g}: expected {best[i]:.6g}, by which the value "
            f"changes for each unit of {symbol}, but found {claimed[i]:.6g}."
        )
    return tuple(float(point) for point in points[is_kink])


def _quotients(value: Function, points: Numbers, at: Numbers, h: Numbers) -> tuple[Numbers, Numbers]:
    return (at - value(points - h)) / h, (value(points + h) - at) / h
