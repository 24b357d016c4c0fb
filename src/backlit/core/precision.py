"""Products of matrices whose numbers are rounded to bfloat16 first: what the native engine does where it is asked to.

bfloat16 keeps the exponent of float32 and 8 significant bits. Weights, sums, costs and the optimizer's state stay
float32; only what is multiplied is rounded.
"""

from __future__ import annotations

import numpy as np

from backlit.core.namespace import Array

PRECISIONS = ("full", "bfloat16", "bfloat16x3")

_SMALLEST_NORMAL = np.finfo(np.float32).tiny


def to_bfloat16(x: Array) -> Array:
    """Round to bfloat16, to nearest and ties to even; numbers that have no normal bfloat16 become zero.

    Parameters
    ----------
    x : ndarray of float32

    Returns
    -------
    ndarray of float32, of the same shape
    """
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    rounded = ((bits + (np.uint32(0x7FFF) + ((bits >> 16) & 1))) & np.uint32(0xFFFF0000)).view(np.float32)
    rounded = np.where(np.abs(rounded) < _SMALLEST_NORMAL, np.float32(0), rounded)
    return np.where(np.isnan(x), x, rounded)


def product(a: Array, b: Array, precision: str = "full") -> Array:
    """``a @ b`` with the operands rounded as the precision says.

    Parameters
    ----------
    a : array, ``(n, depth)``
    b : array, ``(depth, m)``
    precision : {"full", "bfloat16", "bfloat16x3"}, default "full"
        "bfloat16" rounds both to bfloat16. "bfloat16x3" splits each number into two, x ≈ x₁ + x₂, and sums
        x₁y₁ + x₁y₂ + x₂y₁ (Henry, Tang and Heinecke 2019, arXiv:1904.06376). Both want NumPy arrays of float32.

    Returns
    -------
    array, ``(n, m)``
    """
    if precision == "full":
        return a @ b
    a_1, b_1 = to_bfloat16(a), to_bfloat16(b)
    if precision == "bfloat16":
        return a_1 @ b_1
    a_2, b_2 = to_bfloat16(a - a_1), to_bfloat16(b - b_1)
    return a_1 @ b_1 + a_1 @ b_2 + a_2 @ b_1
