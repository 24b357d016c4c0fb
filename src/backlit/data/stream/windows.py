"""The rows of a cache in an order of each epoch's own, though only a window of them is in memory at a time.

Blocks of rows that stand together are shuffled, and so many of them are read into a window as it has room for; the rows
of the window are shuffled again. A window has hundreds of blocks, mostly thousands, from all over the file, so that
rows that were sorted, by the target or by time, are mixed as if they had not been. A table that fits into one window is
shuffled as a whole.
"""

from __future__ import annotations

import zlib
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
    n_buffers : int, default 1
        2: a window stays as it is while parts of the next one are asked for.
    only : ndarray of bool, ``(n,)``, optional
        Which of the rows are meant. A window has the others too, but none of them is in a part.
    """

    def __init__(
        self, file: RowFile, window_rows: int, n_buffers: int = 1, only: NDArray[np.bool_] | None = None
    ) -> None:
        self.file, self.only = file, only
        self.n_rows = file.n_rows if only is None else int(np.count_nonzero(only))
        self.window_rows = max(1, min(window_rows, file.n_rows))
        is_whole = self.window_rows == file.n_rows
        # small, so that a window is a sample of the whole file; but a page of a disk is read whole in any case
        least = max(_LEAST_BLOCK, min(_PAGE // file.dtype.itemsize, self.window_rows // 512))
        self.block_rows = 1 if is_whole else min(_MOST_BLOCK, max(least, self.window_rows // _BLOCKS))
        self._buffers: list[NDArray[Any] | None] = [None] * (1 if is_whole else n_buffers)
        self._is_read = False

    def described(self) -> list[int]:
        """Return what the order depends on, besides seed and epoch."""
        own = [] if self.only is None else [self.n_rows, zlib.crc32(self.only.tobytes())]
        return [self.file.n_rows, self.window_rows, self.block_rows, *own]

    def those(self, only: NDArray[np.bool_], window_rows: int | None = None) -> Windows:
        """Return some of the rows, ``(n,)``, perhaps with smaller windows that are read one after the other."""
        if window_rows is None:
            return Windows(self.file, self.window_rows, len(self._buffers), only)
        return Windows(self.file, window_rows, 1, only)

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
        for records, rows, own in self.views(seed, epoch, batch_size, part_rows, shuffle=shuffle, begin=begin):
            yield taken(records, own), rows[own]

    def views(
        self, seed: int, epoch: int, batch_size: int, part_rows: int, *, shuffle: bool = True, begin: int = 0
    ) -> Iterator[tuple[NDArray[Any], Rows, Rows]]:
        """Yield the rows of an epoch in parts, as `parts` does, without a copy of them.

        Yields
        ------
        records : ndarray, ``(n_window,)``
            Of a window; what is in it changes once parts of another one are asked for, or with two buffers of two
            others.
        rows : ndarray of int64, ``(n_window,)``
            Where they stand in the file.
        own : ndarray of int64, ``(n,)``
            Which of them are the rows of the part, in their order.
        """
        part_rows = max(batch_size, part_rows // batch_size * batch_size)
        rest, rest_rows = np.empty(0, dtype=self.file.dtype), np.empty(0, dtype=np.int64)
        done, n_windows = 0, 0
        for starts, lengths, order in self._windows(seed, epoch, shuffle):
            places = _places(starts, lengths)
            if self.only is not None:
                order = order[self.only[places[order]]]
            rows = np.concatenate([rest_rows, places])
            if len(rest):
                order = np.concatenate([np.arange(len(rest)), order + len(rest)])
            is_last = done + len(order) == self.n_rows
            n_now = len(order) if is_last else len(order) // batch_size * batch_size
            kept = order[n_now:]
            if 0 < n_now <= begin - done:  # done before, but for what is left over of it
                rest_rows = rows[kept]
                rest = self.file.pick(rest_rows)
                done += n_now
                continue
            records = self._read(n_windows % len(self._buffers), starts, lengths, rest, batch_size)
            n_windows += 1
            for at in range(0, n_now, part_rows):
                if done + at >= begin:
                    yield records, rows, order[at : min(n_now, at + part_rows)]
            rest, rest_rows = taken(records, kept), rows[kept]
            done += n_now

    def _windows(self, seed: int, epoch: int, shuffle: bool) -> Iterator[tuple[Rows, Rows, Rows]]:
        """Yield the blocks of each window, where they start and how long they are, and the order of their rows."""
        n = self.file.n_rows
        block = self.block_rows if shuffle and self.window_rows < n else self.window_rows
        starts = np.arange(0, n, block)
        rng = stream(seed, Purpose.SHUFFLE, epoch)
        if shuffle and len(starts) > 1:
            starts = rng.permutation(starts)
        each = max(1, self.window_rows // block)
        for first in range(0, len(starts), each):
            own = starts[first : first + each]
            lengths = np.minimum(block, n - own)
            n_rows = int(lengths.sum())
            yield own, lengths, rng.permutation(n_rows) if shuffle else np.arange(n_rows)

    def _read(self, k: int, starts: Rows, lengths: Rows, rest: NDArray[Any], batch_size: int) -> NDArray[Any]:
        """Return what was left of the window before, and behind it the records of blocks."""
        if self._is_read:
            buffer = self._buffers[0]
            assert buffer is not None
            return buffer
        n_rows = len(rest) + int(lengths.sum())
        buffer = self._buffers[k]
        if buffer is None or len(buffer) < n_rows:
            n_left = 0 if self.window_rows == self.file.n_rows else batch_size - 1
            self._buffers[k] = buffer = np.empty(self.window_rows + n_left, dtype=self.file.dtype)
        records = buffer[:n_rows]
        records[: len(rest)] = rest
        self.file.read_blocks(starts.tolist(), lengths.tolist(), records[len(rest) :])
        self._is_read = self.window_rows == self.file.n_rows  # it fits, and is not read again
        return records


def _places(starts: Rows, lengths: Rows) -> Rows:
    """Return the number of each row of blocks."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


def taken(records: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Return some records; as bytes, for NumPy copies records field by field."""
    data = records.view(np.uint8).reshape(len(records), records.dtype.itemsize)
    return data.take(rows, axis=0).view(records.dtype)[:, 0]
