"""Ranks that are threads of one process: what ranks tell each other goes through a list, without PyTorch."""

from __future__ import annotations

import threading

import numpy as np


class ThreadGroup:
    """See `backlit.distributed.group.Group`."""

    def __init__(self, rank, size, shared):
        self.rank, self.size, self._shared = rank, size, shared

    def _exchange(self, mine):
        barrier, board = self._shared
        board[self.rank] = mine
        barrier.wait(60)
        everybody = list(board)
        barrier.wait(60)
        return everybody

    def add_up(self, numbers):
        numbers[:] = np.sum(self._exchange(numbers.copy()), axis=0)

    def begin_to_add_up(self, numbers):
        self.add_up(numbers)
        return lambda: None

    def from_first(self, message):
        return self._exchange(message)[0]


def on_ranks(size, work):
    """What `work(group)` returns on each of so many ranks; the error of the first that fails is raised."""
    shared = threading.Barrier(size), [None] * size
    results, failed = [None] * size, []

    def run(rank):
        try:
            results[rank] = work(ThreadGroup(rank, size, shared))
        except threading.BrokenBarrierError:
            pass
        except BaseException as error:
            failed.append(error)
            shared[0].abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return results
