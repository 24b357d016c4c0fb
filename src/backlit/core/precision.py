"""Matrix products whose operands are rounded to bfloat16 first, as the native engine does where it is asked to.

bfloat16 keeps the exponent of float32 and 8 significant bits. Weights, sums, costs and the optimizer's state stay
float32; only what is multiplied is rounded.
"""

from __future__ import annotations

from operator import matmul

import numpy as np

from backlit.core.namespace import Array, Product

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


def bfloat16_product(a: Array, b: Array) -> Array:
    """``a @ b`` with both rounded to bfloat16.

    Parameters
    ----------
    a : ndarray of float32, ``(n, depth)``
    b : ndarray of float32, ``(depth, m)``

    Returns
    -------
    ndarray of float32, ``(n, m)``
    """
    return to_bfloat16(a) @ to_bfloat16(b)


def bfloat16x3_product(a: Array, b: Array) -> Array:
    """``a @ b`` with each number split into two of bfloat16, x ≈ x₁ + x₂: the sum of a₁b₁, a₁b₂ and a₂b₁.

    Henry, Tang and Heinecke 2019, arXiv:1904.06376. Parameters and result are those of `bfloat16_product`.
    """
    a_1, b_1 = to_bfloat16(a), to_bfloat16(b)
    a_2, b_2 = to_bfloat16(a - a_1), to_bfloat16(b - b_1)
    return a_1 @ b_1 + a_1 @ b_2 + a_2 @ b_1


PRODUCTS: dict[str, Product] = {
    "full": matmul,
    "bfloat16": bfloat16_product,
    "bfloat16x3": bfloat16x3_product,
}
"""Precision → the product that the equations are given."""
PRECISIONS = tuple(PRODUCTS)
