"""A file of records, of which blocks of rows are copied into memory.

A file that the system has room to hold is mapped, for a copy from there takes a third of the time of a call that reads;
what was mapped is let go every few MiB, so that it does not count as memory of ours. A larger one is read: the disk
takes longest then, and a map would read pages around that nobody asked for.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backlit.data.stream.memory import usual_memory
from backlit.errors import DataError

Rows: TypeAlias = NDArray[np.int64]
_SPAN = 8 << 20
"""Bytes of a file that are mapped before they are let go."""


@dataclass(frozen=True)
class RowFile:
    """A file of records.

    Attributes
    ----------
    path : Path
    dtype : numpy.dtype
        Of a record.
    n_rows : int
    """

    path: Path
    dtype: np.dtype[Any]
    n_rows: int

    def read(self, start: int, out: NDArray[Any]) -> None:
        """Read as many records as `out`, ``(n,)``, has room for, from the record `start` on, counted from 0."""
        self.read_blocks(np.array([start]), np.array([len(out)]), out)

    def read_blocks(self, starts: Rows, lengths: Rows, out: NDArray[Any]) -> None:
        """Read blocks one behind the other into `out`, ``(n,)``.

        Parameters
        ----------
        starts : ndarray of int64, ``(n_blocks,)``
            The first record of each block, rising.
        lengths : ndarray of int64, ``(n_blocks,)``
        out : ndarray, ``(n,)``
        """
        size = self.dtype.itemsize
        data = out.view(np.uint8).reshape(len(out), size)  # whatever reads knows nothing of records
        with self.path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size < self.n_rows * size:
                raise self._shorter()
            if self._is_held:
                self._copy(file.fileno(), starts, lengths, data)
                return
            at = 0
            for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
                file.seek(start * size)
                wanted = data[at : at + length].reshape(-1).data
                at += length
                while len(wanted):
                    n = file.readinto(wanted)
                    if not n:
                        raise self._shorter()
                    wanted = wanted[n:]

    def _copy(self, file: int, starts: Rows, lengths: Rows, out: NDArray[np.uint8]) -> None:
        size = self.dtype.itemsize
        rows = places_of(starts, lengths)
        ends = np.cumsum(lengths)
        cuts = ends[np.flatnonzero(np.diff(starts // max(1, _SPAN // size)))]
        with mmap.mmap(file, self.n_rows * size, access=mmap.ACCESS_READ) as mapped:
            records = np.frombuffer(mapped, dtype=np.uint8).reshape(self.n_rows, size)
            for begin, end in pairwise([0, *cuts.tolist(), len(rows)]):
                # "clip" writes into `out` itself; no place is beyond the end
                records.take(rows[begin:end], axis=0, out=out[begin:end], mode="clip")
                if hasattr(mmap, "MADV_DONTNEED"):
                    mapped.madvise(mmap.MADV_DONTNEED)
            del records

    @cached_property
    def _is_held(self) -> bool:
        return 0 < self.n_rows * self.dtype.itemsize <= usual_memory()

    def _shorter(self) -> DataError:
        return DataError(f"{self.path} is shorter than it was. Delete the cache, and begin again.")

    def pick(self, rows: Rows) -> NDArray[Any]:
        """Return a few records, ``(n,)``, from wherever they stand."""
        out = np.empty(len(rows), dtype=self.dtype)
        order = np.argsort(rows, kind="stable")
        self.read_blocks(rows[order], np.ones(len(rows), dtype=np.int64), out)
        picked = np.empty_like(out)
        picked[order] = out
        return picked


def places_of(starts: Rows, lengths: Rows) -> Rows:
    """Return the number of each row of blocks."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
