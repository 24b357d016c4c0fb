"""Memory that all ranks see, where they are processes of one machine.

It is a file of memory without a name (Linux's `memfd`), which the first rank makes and the others open through
``/proc``: it ends with the last process that has it, whatever kills it, and needs no room in ``/dev/shm``, of which
containers have little. Where one rank cannot open it, because it runs on another machine, in a container of its own or
on another system, none uses it.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import secrets
import stat
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.distributed.group import Group, any_of
from backlit.distributed.torch_group import TIMEOUT, lost
from backlit.documents import strict_json

_LINE = 64
"""Bytes that a processor hands to another at once: what ranks write by turns stands so far apart."""
_MARK = 32
"""Bytes at the end by which the first rank's file is known from any other."""
_AWAKE, _ASLEEP, _DOUBTFUL = 1e-3, 5e-5, 0.2
"""Seconds that a rank waits for others without sleeping, that it then sleeps at a time, and after which it looks
whether they live."""


class CommonMemory:
    """An array that all ranks see, and where they meet.

    Parameters
    ----------
    rank : int
        This one.
    numbers : ndarray
    board : ndarray of int64, ``(n_ranks, 8)``
        Of each rank, how often it came to meet the others, and the number of its process.

    Attributes
    ----------
    numbers : ndarray
    """

    def __init__(self, rank: int, numbers: NDArray[Any], board: NDArray[np.int64]) -> None:
        self.numbers, self._rank = numbers, rank
        self._times, self._processes = board[:, 0], board[:, 1]
        self._processes[rank] = os.getpid()
        self._lock = threading.Lock()

    def meet(self) -> None:
        """Wait until all ranks have come here, and see what they wrote before.

        Raises
        ------
        LostRankError
            If one of them has ended, or does not come in time.
        """
        self._settle()
        self._times[self._rank] += 1
        now, began = int(self._times[self._rank]), time.perf_counter()
        while (self._times < now).any():
            waited = time.perf_counter() - began
            time.sleep(0 if waited < _AWAKE else _ASLEEP)  # other threads of this process may run in any case
            if waited > TIMEOUT:
                raise lost("it did not come in time")
            if waited > _DOUBTFUL:
                self._look_whether_all_live()
        self._settle()

    def _settle(self) -> None:
        # Not every processor shows others what it writes in the order in which it is written. What is done before a
        # lock is released is to be seen by whoever takes it next, so that it cannot be put off beyond here.
        for _ in range(2):
            with self._lock:
                pass

    def _look_whether_all_live(self) -> None:
        for process in self._processes.tolist():
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                raise lost("it is gone") from None
            except PermissionError:
                pass


def seen_by_all(group: Group, shape: tuple[int, ...], dtype: np.dtype[Any], layout: str) -> CommonMemory | None:
    """Return zeros that all ranks see, or None on every rank where there are none. All of them ask.

    Parameters
    ----------
    group : Group
    shape : tuple of int
    dtype : numpy.dtype
    layout : str
        How numbers stand in it, which must be the same on every rank.
    """
    n_numbers = math.prod(shape)
    board = -(-n_numbers * dtype.itemsize // _LINE) * _LINE
    length, mark = board + group.size * _LINE + _MARK, secrets.token_bytes(_MARK)
    with contextlib.ExitStack() as until_all_have_it:
        place = ""
        if group.rank == 0 and hasattr(os, "memfd_create"):
            with contextlib.suppress(OSError):
                file = os.memfd_create("backlit")
                until_all_have_it.callback(os.close, file)
                os.ftruncate(file, length)
                os.pwrite(file, mark, length - _MARK)
                place = f"/proc/{os.getpid()}/fd/{file}"
        said = strict_json.parse(group.from_first(strict_json.dump([place, mark.hex(), layout]).encode()).decode())
        is_usable = said[0] and said[2] == layout
        memory = _opened(Path(said[0]), length, bytes.fromhex(said[1])) if is_usable else None
        common = None
        if memory is not None:
            numbers = np.frombuffer(memory, dtype, n_numbers).reshape(shape)
            lines = np.frombuffer(memory, np.int64, group.size * _LINE // 8, offset=board)
            common = CommonMemory(group.rank, numbers, lines.reshape(group.size, -1))
        return None if any_of(group, common is None) else common


def _opened(path: Path, length: int, mark: bytes) -> mmap.mmap | None:
    try:
        # on another machine any file may be there: only one like it is opened, and only one with the mark is used
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != length:
            return None
        with path.open("r+b") as file:
            memory = mmap.mmap(file.fileno(), length)
    except OSError:
        return None
    return memory if memory[-_MARK:] == mark else None
