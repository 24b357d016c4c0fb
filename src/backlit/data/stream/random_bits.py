"""Random bits of a row, from its number: the same wherever files are cut, and whichever other rows are looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def random_bits(numbers: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Return 64 random bits for each number: SplitMix64 (Steele, Lea and Flood 2014).

    Parameters
    ----------
    numbers : ndarray of uint64, ``(n,)``
        Of rows, counted through all files.
    seed : int
    """
    z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(seed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return z ^ (z >> np.uint64(31))


def is_held_out(numbers: NDArray[np.uint64], seed: int, fraction: float) -> NDArray[np.bool_]:
    """Tell which rows are set aside, so many of all.

    Parameters
    ----------
    numbers : ndarray of uint64, ``(n,)``
        Of rows, counted through all files.
    seed : int
    fraction : float
    """
    if fraction in (0.0, 1.0):
        return np.full(len(numbers), bool(fraction))
    return (random_bits(numbers, seed) >> np.uint64(11)).astype(np.float64) * 2.0**-53 < fraction
