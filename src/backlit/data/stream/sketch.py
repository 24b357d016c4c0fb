"""Quantiles of numbers that come in pieces, in bounded memory, with an error that is known.

Numbers are gathered in a buffer. A full one is sorted and goes up a level, where each number stands for more: two
buffers of a level are merged, and every other number of them goes up again (Munro and Paterson 1980; Manku, Rajagopalan
and Lindsay 1998). Each level adds at most 1 / (2 · capacity) to the error of a rank, and there are as many levels as
n / capacity can be halved. Up to `capacity` numbers nothing is lost.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_STANDING = 1 << 14


class Sketch:
    """What is kept of numbers.

    Parameters
    ----------
    capacity : int
        Numbers of a buffer.

    Attributes
    ----------
    n : int
        Numbers that came, without NaN.
    low, high : float
        The least and the greatest of them.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.n = 0
        self.low, self.high = math.inf, -math.inf
        self._buffer: list[NDArray[np.float64]] = []
        self._buffered = 0
        self._levels: list[NDArray[np.float64] | None] = []
        self._odd: list[bool] = []

    def add(self, numbers: NDArray[np.float64]) -> None:
        """Take in numbers, ``(n,)``; NaN is left out."""
        numbers = numbers[~np.isnan(numbers)]
        if not len(numbers):
            return
        self.n += len(numbers)
        self.low, self.high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))
        while self._buffered + len(numbers) > self.capacity:
            if self._buffered == 0 and len(numbers) >= 2 * self.capacity:
                # a long piece is sorted at once, and enters where its buffers would have met
                level = int(math.log2(len(numbers) / self.capacity))
                length = self.capacity << level
                sorted_ = np.sort(numbers[:length])
                self._rise(sorted_[(1 << level) // 2 :: 1 << level], level)
                numbers = numbers[length:]
                continue
            room = self.capacity - self._buffered
            full = np.concatenate([*self._buffer, numbers[:room]])
            self._buffer, self._buffered, numbers = [], 0, numbers[room:]
            self._rise(np.sort(full), 0)
        if len(numbers):
            self._buffer.append(numbers.copy())
            self._buffered += len(numbers)

    def _rise(self, full: NDArray[np.float64], level: int) -> None:
        while True:
            while level >= len(self._levels):
                self._levels.append(None)
                self._odd.append(False)
            other = self._levels[level]
            if other is None:
                self._levels[level] = full
                return
            self._levels[level] = None
            # taking turns between the first and the second of each two, errors cancel
            self._odd[level] = not self._odd[level]
            full = np.sort(np.concatenate([other, full]))[int(self._odd[level]) :: 2]
            level += 1

    @property
    def is_exact(self) -> bool:
        """Whether nothing was lost."""
        return not any(level is not None for level in self._levels[1:])

    @property
    def error(self) -> float:
        """The most by which the rank of a quantile, as a share of n, may be off."""
        return 0.0 if self.is_exact else len(self._levels) / (2 * self.capacity)

    def standing(self) -> NDArray[np.float64]:
        """Return numbers that stand for all: all of them, where none was lost, or so many that their ranks are even."""
        kept = [(level, 1 << i) for i, level in enumerate(self._levels) if level is not None]
        kept += [(buffer, 1) for buffer in self._buffer]
        if not kept:
            return np.empty(0)
        values = np.concatenate([values for values, _ in kept])
        if self.is_exact:
            return values
        weights = np.concatenate([np.full(len(values), weight, dtype=np.float64) for values, weight in kept])
        return at_even_ranks(values, weights, self.low, self.high)


def at_even_ranks(
    values: NDArray[np.float64], weights: NDArray[np.float64], low: float, high: float, most: int = _STANDING
) -> NDArray[np.float64]:
    """Return so many numbers that stand for weighted ones, the least and the greatest at their ends.

    Parameters
    ----------
    values, weights : ndarray, ``(n,)``
    low, high : float
        The least and the greatest, which need not be among them.
    most : int
    """
    order = np.argsort(values, kind="stable")
    ranks = np.cumsum(weights[order])
    wanted = (np.arange(most) + 0.5) / most * ranks[-1]
    standing: NDArray[np.float64] = values[order][np.searchsorted(ranks, wanted)]
    standing[0], standing[-1] = low, high
    return standing
