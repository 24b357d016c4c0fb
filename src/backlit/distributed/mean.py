"""The weighted mean of arrays over all ranks: by messages, or in memory where all ranks are on one machine.

gloo's message goes through the network's code of the system also between two processes of one machine, four times: so
there, ranks write into memory that all see, and each takes the mean of a share of the numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.distributed.group import Group
from backlit.distributed.same_machine import CommonMemory
from backlit.distributed.shares import share_of

Numbers = NDArray[Any]

_PIECE = 1 << 14
"""Numbers that are added up at a time: few enough that they stay in the processor's cache."""


class Mean:
    """Takes the mean of arrays over all ranks, again and again; this one of a single rank.

    Parameters
    ----------
    own : ndarray, ``(n_rows, n)``
        Where a rank puts its numbers. The last of a row is what the others count.

    Attributes
    ----------
    own : ndarray, ``(n_rows, n)``
    mean : ndarray, ``(n_rows, n)``
        Once it is taken, and until `own` is written again; but for the last of each row. Zeros where nothing counts.
    weights : ndarray of float64, ``(n_rows,)``
        What a row counts on all ranks together.
    """

    def __init__(self, own: Numbers) -> None:
        self.own = self.mean = own
        self.weights: NDArray[np.float64] = np.zeros(len(own))

    def take(self) -> None:
        """Take the mean; all ranks do. Each gets the same bits."""
        self.weights = self.own[:, -1].astype(np.float64)


def shares_of(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share that each counts, ``(n_ranks, n_rows)``, where weights are of that shape; 0 where none does."""
    total, shares = weights.sum(axis=0), np.zeros_like(weights)
    np.divide(weights, total, out=shares, where=total != 0)
    return shares


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
        np.divide(self.own[:, :-1], self.own[:, -1:], out=self.own[:, :-1], where=self.own[:, -1:] != 0)


class InMemory(Mean):
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
        self._of_each, self.mean = memory.numbers[:-1], memory.numbers[-1]

    def take(self) -> None:
        """See `Mean`."""
        self._memory.meet()  # a rank comes here only when it no longer reads the last mean
        weights = self._of_each[:, :, -1].astype(np.float64)
        self.weights, shares = weights.sum(axis=0), shares_of(weights).astype(self.mean.dtype)
        begin, end = share_of(self.mean.shape[1], self._group.rank, self._group.size)
        for row, mean in enumerate(self.mean):
            for at in range(begin, end, _PIECE):
                piece = slice(at, min(at + _PIECE, end))
                # summed up in the same order whatever rank does it
                np.einsum("r,rn->n", shares[:, row], self._of_each[:, row, piece], out=mean[piece])
        self._memory.meet()
