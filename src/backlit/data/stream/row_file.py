"""A file of records: read into an array, or used where it stands."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.errors import DataError

Rows = NDArray[np.int64]
CAN_MAP = hasattr(mmap.mmap, "madvise") and hasattr(mmap, "MADV_DONTNEED") and hasattr(mmap, "MADV_WILLNEED")


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
        self.read_blocks([start], [len(out)], out)

    def read_blocks(self, starts: list[int], lengths: list[int], out: NDArray[Any]) -> None:
        """Read blocks one behind the other into `out`, in the order in which they stand in the file."""
        size = self.dtype.itemsize
        places = (np.concatenate([[0], np.cumsum(lengths)]) * size).tolist()
        # to bytes, for whatever reads knows nothing of records
        data: Any = out.view(np.uint8).reshape(-1).data
        with self.path.open("rb", buffering=0) as file:
            for k in np.argsort(starts).tolist():
                file.seek(starts[k] * size)
                wanted = data[places[k] : places[k + 1]]
                while len(wanted):
                    n = file.readinto(wanted)
                    if not n:
                        raise self.shorter()
                    wanted = wanted[n:]

    def pick(self, rows: Rows) -> NDArray[Any]:
        """Return a few records, ``(n,)``, from wherever they stand."""
        out = np.empty(len(rows), dtype=self.dtype)
        self.read_blocks(rows.tolist(), [1] * len(rows), out)
        return out

    def shorter(self) -> DataError:
        """Return the error that says so."""
        return DataError(f"{self.path} is shorter than it was. Delete the cache, and begin again.")


class MappedFile:
    """A file of records as an array, of which memory holds what was looked at since `forget`.

    A file that another program shortens is noticed by `check`, and kills the process where that is too late: what reads
    mapped memory cannot be told otherwise. Our own programs never do that; they remove a cache, and what is mapped of
    it stays as it was.

    Parameters
    ----------
    file : RowFile

    Attributes
    ----------
    records : ndarray, ``(n_rows,)``
    """

    def __init__(self, file: RowFile) -> None:
        self._file, self._size = file, file.n_rows * file.dtype.itemsize
        with file.path.open("rb") as opened:
            if opened.seek(0, 2) < self._size:
                raise file.shorter()
            self._map = mmap.mmap(opened.fileno(), self._size, access=mmap.ACCESS_READ)
        self.records = np.frombuffer(self._map, dtype=file.dtype)

    def check(self) -> None:
        """Raise if the file has become shorter."""
        if self._map.size() < self._size:
            raise self._file.shorter()

    def ask_for(self, starts: Rows, n_rows: int) -> None:
        """Have blocks of so many rows read from the disk, without a wait for them."""
        size = self._file.dtype.itemsize
        begins = starts * size // mmap.PAGESIZE * mmap.PAGESIZE
        ends = np.minimum((starts + n_rows) * size, self._size)
        for begin, length in zip(begins.tolist(), (ends - begins).tolist(), strict=True):
            self._map.madvise(mmap.MADV_WILLNEED, begin, length)

    def forget(self) -> None:
        """Keep nothing in memory; what is looked at after that comes from the system's own cache of the disk."""
        self._map.madvise(mmap.MADV_DONTNEED)
