"""The weighted mean of arrays over all ranks: by messages, or in memory where all ranks are on one machine.

Messages go on their way as soon as there is enough for one, so that the network works while the processor does. But
gloo's message goes through the network's code of the system also between two processes of one machine, four times: so
there, ranks write into memory that all see, and each takes the mean of a share of the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.distributed.group import Group
from backlit.distributed.same_machine import CommonMemory
from backlit.distributed.shares import share_of

Numbers = NDArray[Any]

_PIECE = 1 << 14
"""Numbers that are added up at a time: few enough that they stay in the processor's cache."""

_MESSAGE = 1 << 16
"""Numbers that are worth a message of their own while others are computed: 256 KiB, or a third of a millisecond."""


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
    is_sent_early : bool
        Whether `there` is any use.
    """

    is_sent_early = False

    def __init__(self, own: Numbers) -> None:
        self.own = self.mean = own
        self.weights: NDArray[np.float64] = np.zeros(len(own))

    def there(self, row: int, end: int, weight: float) -> None:
        """Hear that a row of `own` is whole up to `end`, and all rows before it, and what the row counts."""

    def take(self) -> None:
        """Take the mean; all ranks do. Each gets the same bits."""
        self.weights = self.own[:, -1].astype(np.float64)


def shares_of(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share that each counts, ``(n_ranks, n_rows)``, where weights are of that shape; 0 where none does."""
    total, shares = weights.sum(axis=0), np.zeros_like(weights)
    np.divide(weights, total, out=shares, where=total != 0)
    return shares


class ByMessage(Mean):
    """Messages add all numbers up: the first ones are on their way while others are computed.

    Parameters
    ----------
    group : Group
    own : ndarray, ``(n_rows, n)``
    ends : sequence of int
        Where a message may end in a row, so that what is before it need not wait for what comes behind.
    """

    is_sent_early = True

    def __init__(self, group: Group, own: Numbers, ends: Sequence[int] = ()) -> None:
        super().__init__(own)
        self._group, self._numbers = group, own.reshape(-1)
        # what is sent at a time must not depend on a rank: one may have no rows of a batch, and so nothing early
        self._messages = _messages([row * own.shape[1] + end for row in range(len(own)) for end in ends], own.size)
        self._waiting: list[Callable[[], None]] = []
        self._row = self._weighted = 0  # so many rows have been multiplied by what they count, and so many numbers more

    def there(self, row: int, end: int, weight: float) -> None:
        """See `Mean`."""
        self._weigh_rows_before(row)
        self._weigh(end, weight)
        self._send(row * self.own.shape[1] + end)

    def take(self) -> None:
        """See `Mean`."""
        self._weigh_rows_before(len(self.own))
        self._send(self.own.size)
        for wait in self._waiting:
            wait()
        self._waiting, self._row = [], 0
        self.weights = self.own[:, -1].astype(np.float64)
        np.divide(self.own[:, :-1], self.own[:, -1:], out=self.own[:, :-1], where=self.own[:, -1:] != 0)

    def _weigh_rows_before(self, row: int) -> None:
        while self._row < row:
            self._weigh(self.own.shape[1] - 1, self.own[self._row, -1])
            self._row, self._weighted = self._row + 1, 0

    def _weigh(self, end: int, weight: float) -> None:
        self.own[self._row, self._weighted : end] *= self.own.dtype.type(weight)
        self._weighted = end

    def _send(self, end: int) -> None:
        while len(self._waiting) < len(self._messages) and self._messages[len(self._waiting)].stop <= end:
            numbers = self._numbers[self._messages[len(self._waiting)]]
            self._waiting.append(self._group.begin_to_add_up(numbers))


def _messages(ends: Sequence[int], n: int) -> list[slice]:
    """Return messages of at least `_MESSAGE` numbers each but the last, and of all ``n`` together."""
    messages, begin = [], 0
    for end in ends:
        if end - begin >= _MESSAGE:
            messages.append(slice(begin, end))
            begin = end
    return [*messages, slice(begin, n)]


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
