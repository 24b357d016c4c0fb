"""The rows of a cache in an order of each epoch's own, though only a window of them is in memory at a time.

Blocks of rows that stand together are shuffled, and so many of them are read into a window as it has room for; the rows
of the window are shuffled again. A window has hundreds of blocks, mostly thousands, from all over the file, so that
rows that were sorted, by the target or by time, are mixed as if they had not been. A table that fits into one window is
shuffled as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.initialization import Purpose, stream
from backlit.errors import DataError

Rows = NDArray[np.int64]
_BLOCKS = 2048
_LEAST_BLOCK, _MOST_BLOCK = 8, 4096
_PAGE = 4096


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
        with self.path.open("rb", buffering=0) as file:
            self._read(file, start, out)

    def read_blocks(self, starts: list[int], lengths: list[int], out: NDArray[Any]) -> None:
        """Read blocks one behind the other into `out`, in the order in which they stand in the file."""
        places = np.concatenate([[0], np.cumsum(lengths)])
        with self.path.open("rb", buffering=0) as file:
            for k in np.argsort(starts).tolist():
                self._read(file, starts[k], out[places[k] : places[k + 1]])

    def _read(self, file: Any, start: int, out: NDArray[Any]) -> None:
        file.seek(start * self.dtype.itemsize)
        # to bytes, for whatever reads knows nothing of records
        wanted: Any = out.view(np.uint8).reshape(-1).data
        while len(wanted):
            n = file.readinto(wanted)
            if not n:
                raise DataError(f"{self.path} is shorter than it was. Delete the cache, and begin again.")
            wanted = wanted[n:]

    def pick(self, rows: Rows) -> NDArray[Any]:
        """Return a few records, ``(n,)``, from wherever they stand."""
        out = np.empty(len(rows), dtype=self.dtype)
        self.read_blocks(rows.tolist(), [1] * len(rows), out)
        return out


class Windows:
    """Reads records, window after window.

    Parameters
    ----------
    file : RowFile
    window_rows : int
        Records that may be in memory.
    """

    def __init__(self, file: RowFile, window_rows: int) -> None:
        self.file = file
        self.window_rows = max(1, min(window_rows, file.n_rows))
        is_whole = self.window_rows == file.n_rows
        # small, so that a window is a sample of the whole file; but a page of a disk is read whole in any case
        least = max(_LEAST_BLOCK, min(_PAGE // file.dtype.itemsize, self.window_rows // 512))
        self.block_rows = 1 if is_whole else min(_MOST_BLOCK, max(least, self.window_rows // _BLOCKS))
        self._all: NDArray[Any] | None = None

    def described(self) -> list[int]:
        """Return what the order depends on, besides seed and epoch."""
        return [self.file.n_rows, self.window_rows, self.block_rows]

    def parts(
        self, seed: int, epoch: int, batch_size: int, part_rows: int, *, shuffle: bool = True, begin: int = 0
    ) -> Iterator[tuple[NDArray[Any], Rows]]:
        """Yield the rows of an epoch in parts: their records, and where they stand in the file.

        Parameters
        ----------
        seed, epoch : int
            What the order is drawn from.
        batch_size : int
            Every part but the last has a multiple of it.
        part_rows : int
            Rows of a part, at most, unless a batch is larger.
        shuffle : bool
            Whether the order is drawn; else it is that of the file.
        begin : int
            Rows of the epoch that were done before, in whole parts.
        """
        part_rows = max(batch_size, part_rows // batch_size * batch_size)
        rest, rest_rows = np.empty(0, dtype=self.file.dtype), np.empty(0, dtype=np.int64)
        done = 0
        for blocks, order in self._windows(seed, epoch, shuffle):
            window_rows = np.concatenate([np.arange(start, start + n) for start, n in blocks])
            n_whole = (len(rest_rows) + len(order)) // batch_size * batch_size
            is_last = done + len(rest_rows) + len(order) == self.file.n_rows
            n_now = len(rest_rows) + len(order) if is_last else n_whole
            if n_now == 0:  # a batch is larger than this window
                rest = np.concatenate([rest, self._read(blocks)[order]])
                rest_rows = np.concatenate([rest_rows, window_rows[order]])
                continue
            if done + n_now <= begin:  # done before, but for what is left over of it
                kept = order[n_now - len(rest_rows) :]
                rest_rows = window_rows[kept]
                rest = self.file.pick(rest_rows)
                done += n_now
                continue
            records = self._read(blocks)
            at = 0
            while at < n_now:
                upto = min(n_now, at + part_rows)
                if done + at >= begin:
                    own = order[max(0, at - len(rest_rows)) : upto - len(rest_rows)]
                    part, rows = records[own], window_rows[own]
                    if at < len(rest_rows):
                        part, rows = np.concatenate([rest, part]), np.concatenate([rest_rows, rows])
                    yield part, rows
                at = upto
            kept = order[n_now - len(rest_rows) :]
            rest, rest_rows = records[kept], window_rows[kept]
            done += n_now
            del records  # before the next window comes, for two would take twice the room

    def _windows(self, seed: int, epoch: int, shuffle: bool) -> Iterator[tuple[list[tuple[int, int]], Rows]]:
        """Yield the blocks of each window, (start, rows), and the order of their rows."""
        n = self.file.n_rows
        block = self.block_rows if shuffle and self.window_rows < n else self.window_rows
        starts = np.arange(0, n, block)
        rng = stream(seed, Purpose.SHUFFLE, epoch)
        if shuffle and len(starts) > 1:
            starts = rng.permutation(starts)
        each = max(1, self.window_rows // block)
        for first in range(0, len(starts), each):
            blocks = [(int(start), int(min(block, n - start))) for start in starts[first : first + each]]
            rows = sum(length for _, length in blocks)
            yield blocks, rng.permutation(rows) if shuffle else np.arange(rows)

    def _read(self, blocks: list[tuple[int, int]]) -> NDArray[Any]:
        if self._all is not None:
            return self._all
        records = np.empty(sum(length for _, length in blocks), dtype=self.file.dtype)
        self.file.read_blocks([start for start, _ in blocks], [length for _, length in blocks], records)
        if self.window_rows == self.file.n_rows:
            self._all = records  # it fits, and is not read again
        return records
