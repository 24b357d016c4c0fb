"""Quantiles of numbers that come in pieces, in bounded memory, with an error that is known.

Numbers are gathered in a buffer. A full one is sorted and goes up a level, where each number stands for more: two
buffers of a level are merged, and every other number of them goes up again (Munro and Paterson 1980; Manku, Rajagopalan
and Lindsay 1998). Each level adds at most 1 / (2 · capacity) to the error of a rank, and there are as many levels as
n / capacity can be halved. Up to `capacity` numbers nothing is lost. Of very many numbers one of some that stand
together may be drawn before, and enters at the level of what it stands for (Karnin, Lang and Liberty 2016).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backlit.data.scaling import LIMIT
from backlit.errors import DataError

Where: TypeAlias = Callable[[int], str]
"""What messages call a row of a piece, counted from 0: ``"row 7 of x.parquet"``."""
_STANDING = 1 << 14


class Sketch:
    """What is kept of numbers; or of those of many columns at once, of which as many come each time.

    Parameters
    ----------
    capacity : int
        Numbers of a buffer.

    Attributes
    ----------
    n : int
        Numbers that came, without NaN.
    low, high : float
        The least and the greatest of them; of many columns ``(n_columns,)``.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.n = 0
        self.low: Any = math.inf
        self.high: Any = -math.inf
        self._drawn = self._stand_for = 0
        self._buffers: dict[int, list[NDArray[Any]]] = {}
        self._levels: list[NDArray[Any] | None] = []
        self._odd: list[bool] = []

    def add(self, numbers: NDArray[np.float64]) -> None:
        """Take in numbers, ``(n,)``; NaN is left out."""
        numbers = numbers[~np.isnan(numbers)]
        if len(numbers):
            self.add_drawn(numbers, 0, len(numbers), float(numbers.min()), float(numbers.max()))

    def add_drawn(self, drawn: NDArray[Any], level: int, n: int, low: Any, high: Any) -> None:
        """Take in some of many numbers, which stand for all.

        Parameters
        ----------
        drawn : ndarray, ``(n_drawn,)``, or of many columns ``(n_columns, n_drawn)``
            Without NaN; of each 2 ** `level` numbers that stood together one, drawn at random.
        level : int
            0: all of them.
        n : int
            Numbers that there were.
        low, high : float, or ``(n_columns,)``
            The least and the greatest of them.
        """
        self.n += n
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        if level:
            n_drawn = drawn.shape[-1]
            self._drawn, self._stand_for = self._drawn + n_drawn, self._stand_for + (n_drawn << level)
        self._take(drawn, level)

    def _take(self, numbers: NDArray[Any], level: int) -> None:
        buffer = self._buffers.setdefault(level, [])
        buffered = sum(part.shape[-1] for part in buffer)
        while buffered + (length := numbers.shape[-1]) > self.capacity:
            if buffered == 0 and length >= 2 * self.capacity:
                # a long piece is sorted at once, and enters where its buffers would have met
                above = int(math.log2(length / self.capacity))
                length = self.capacity << above
                sorted_ = _sorted(numbers[..., :length])
                self._rise(sorted_[..., (1 << above) // 2 :: 1 << above].copy(), level + above)
                numbers = numbers[..., length:]
                continue
            room = self.capacity - buffered
            full = np.concatenate([*buffer, numbers[..., :room]], axis=-1)
            buffer.clear()
            buffered, numbers = 0, numbers[..., room:]
            self._rise(_sorted(full), level)
        if numbers.shape[-1]:
            buffer.append(numbers.copy())

    def only(self, which: int | NDArray[np.intp]) -> Sketch:
        """Return what was kept of one of many columns, or of some of them."""
        other = copy(self)
        other._buffers = {level: [part[which] for part in parts] for level, parts in self._buffers.items()}
        other._levels = [None if full is None else full[which] for full in self._levels]
        other._odd = list(self._odd)
        if np.ndim(self.low):
            other.low, other.high = self.low[which], self.high[which]
        return other

    def take_in(self, other: Sketch) -> None:
        """Take in what another kept."""
        self.n, self._drawn = self.n + other.n, self._drawn + other._drawn
        self._stand_for += other._stand_for
        self.low, self.high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        for level, buffer in other._buffers.items():
            for part in buffer:
                self._take(part, level)
        for level, full in enumerate(other._levels):
            if full is not None:
                self._rise(full, level)

    def _rise(self, full: NDArray[Any], level: int) -> None:
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
            full = _sorted(np.concatenate([other, full], axis=-1))[..., int(self._odd[level]) :: 2]
            level += 1

    @property
    def is_exact(self) -> bool:
        """Whether nothing was lost."""
        return not self._drawn and not any(level is not None for level in self._levels[1:])

    @property
    def error(self) -> float:
        """The most by which the rank of a quantile, as a share of n, may be off.

        Where numbers were drawn, it is off by more in one of a million cases (Hoeffding's inequality).
        """
        if self.is_exact:
            return 0.0
        by_chance = math.sqrt(math.log(2e6) / (2 * self._drawn)) * self._stand_for / self.n if self._drawn else 0.0
        return len(self._levels) / (2 * self.capacity) + by_chance

    def standing(self) -> NDArray[np.float64]:
        """Return numbers that stand for all: all of them, where none was lost, or so many that their ranks are even."""
        kept = [(level, 1 << i) for i, level in enumerate(self._levels) if level is not None]
        kept += [(part, 1 << level) for level, buffer in self._buffers.items() for part in buffer]
        if not kept:
            return np.empty(0)
        values = np.concatenate([values for values, _ in kept]).astype(np.float64, copy=False)
        if self.is_exact:
            return values
        weights = np.concatenate([np.full(len(values), weight, dtype=np.float64) for values, weight in kept])
        # finer than the sketch knows them they need not be
        return at_even_ranks(values, weights, self.low, self.high, min(_STANDING, 16 * self.capacity))


def _sorted(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return numbers in their order along the last axis."""
    # of bytes NumPy's usual way takes ten times as long as its stable one, which counts them
    return np.sort(numbers, kind="stable" if numbers.itemsize == 1 else None)


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


def refuse_infinite(numbers: NDArray[np.float64], name: str, where: Where) -> None:
    """Raise an error at the first number of a column, ``(n,)``, that is infinite or as good as that."""
    if len(numbers) and max(np.fmax.reduce(numbers), -np.fmin.reduce(numbers)) > LIMIT:
        i = int(np.argmax(np.abs(numbers) > LIMIT))
        raise DataError(
            f"Column {name!r}, {where(i)}: {numbers[i]:g} is infinite, or beyond ±{LIMIT:g}. "
            "Correct the value or leave it empty."
        )
