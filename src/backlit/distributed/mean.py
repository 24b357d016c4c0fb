"""The weighted mean of arrays over all ranks: by messages, or in memory where all ranks are on one machine.

gloo's message goes through the network's code of the system also between two processes of one machine, four times: so
there, ranks write into memory that all see, and read what the others wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.distributed.group import Group
from backlit.distributed.same_machine import CommonMemory
from backlit.distributed.shares import share_of

Numbers = NDArray[Any]

FEW_RANKS = 4
"""So many read each other's numbers; of more, each takes the mean of a share of the numbers first."""
_PIECE = 1 << 14
"""Numbers that are added up at a time: few enough that they stay in the processor's cache."""


class Mean:
    """Takes the mean of arrays over all ranks, again and again; this one of a single rank.

    Parameters
    ----------
    own : ndarray, ``(n_rows, n)``
        Room for a rank's numbers.

    Attributes
    ----------
    own : ndarray, ``(n_rows, n)``
        Where a rank puts its numbers: another array after each time. The last of a row is what the others count.
    arrays : sequence of ndarray, ``(n_rows, n)``
        The mean is their sum, each times its share, once it is taken. Not to be written.
    shares : ndarray, ``(n_arrays, n_rows)``
        0 in a row that counts nothing.
    weights : ndarray of float64, ``(n_rows,)``
        What a row counts on all ranks together.
    """

    def __init__(self, own: Numbers) -> None:
        self.own = own
        self.arrays: Sequence[Numbers] = [own]
        self.shares: NDArray[np.float64] = np.ones((1, len(own)))
        self.weights: NDArray[np.float64] = np.zeros(len(own))

    def take(self) -> None:
        """Take the mean; all ranks do. Each gets the same bits."""
        self._weigh([self.own])

    def _weigh(self, arrays: Sequence[Numbers]) -> None:
        weights = np.array([each[:, -1] for each in arrays], dtype=np.float64)
        self.weights = weights.sum(axis=0)
        self.shares = np.divide(weights, self.weights, out=np.zeros_like(weights), where=self.weights != 0)


class ByMessage(Mean):
    """One message adds all numbers up."""

    def __init__(self, group: Group, own: Numbers) -> None:
        super().__init__(own)
        self._group = group

    def take(self) -> None:
        """See `Mean`."""
        self.own[:, :-1] *= self.own[:, -1:]
        self._group.add_up(self.own.reshape(-1))
        self.weights = self.own[:, -1].astype(np.float64)
        self.shares = np.divide(1, self.weights, out=np.zeros_like(self.shares), where=self.weights != 0)


class OfFew(Mean):
    """Each rank reads what all have written.

    Parameters
    ----------
    group : Group
    memory : CommonMemory, ``(2, n_ranks, n_rows, n)``
        Ranks write into the halves by turns: one may still read when another writes again.
    """

    def __init__(self, group: Group, memory: CommonMemory) -> None:
        self._memory, self._of_each, self._turn = memory, memory.numbers, 0
        self._own = memory.numbers[:, group.rank]
        super().__init__(self._own[0])

    def take(self) -> None:
        """See `Mean`."""
        self._memory.meet()
        self.arrays = list(self._of_each[self._turn])
        self._weigh(self.arrays)
        self._turn = 1 - self._turn
        self.own = self._own[self._turn]


class OfMany(Mean):
    """Each rank takes the mean of a share of the numbers, and reads the others'.

    Parameters
    ----------
    group : Group
    memory : CommonMemory, ``(n_ranks + 1, n_rows, n)``
        Last in it is the mean.
    """

    def __init__(self, group: Group, memory: CommonMemory) -> None:
        super().__init__(memory.numbers[group.rank])
        self._group, self._memory = group, memory
        self._of_each, self._mean = memory.numbers[:-1], memory.numbers[-1]

    def take(self) -> None:
        """See `Mean`."""
        self._memory.meet()  # a rank comes here only when it no longer reads the last mean
        self._weigh(self._of_each)  # type: ignore[arg-type]
        shares = self.shares.astype(self._mean.dtype)
        begin, end = share_of(self._mean.shape[1], self._group.rank, self._group.size)
        for row, mean in enumerate(self._mean):
            for at in range(begin, end, _PIECE):
                piece = slice(at, min(at + _PIECE, end))
                # summed up in the same order whatever rank does it
                np.einsum("r,rn->n", shares[:, row], self._of_each[:, row, piece], out=mean[piece])
        self.arrays, self.shares = [self._mean], np.ones((1, len(self._mean)))
        self._memory.meet()
