"""The rows of a cache in an order of each epoch's own, though only a window of them is in memory at a time.

Blocks of rows that stand together are shuffled, and so many of them make a window as it has room for; the rows of the
window are shuffled again. A window has hundreds of blocks, mostly thousands, from all over the file, so that rows that
were sorted, by the target or by time, are mixed as if they had not been. A table that fits into one window is shuffled
as a whole.

Rows that can be used as they stand in the file are not read into an array, for to copy 3 KB takes half as long as to
train on them: the file is mapped into memory, and the system takes in what is looked at.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.initialization import Purpose, stream
from backlit.data.stream.row_file import CAN_MAP, MappedFile, RowFile, Rows

_BLOCKS = 2048
_LEAST_BLOCK, _MOST_BLOCK = 8, 4096
_PAGE = 4096
# Linux takes in the 64 KB around whatever is looked at, so that of smaller blocks memory would hold more than they are.
_LEAST_MAPPED, _MOST_MAPPED = 128 << 10, 2 << 20
_LEAST_BLOCKS = 100


class Windows:
    """Reads records, window after window.

    Parameters
    ----------
    file : RowFile
    window_rows : int
        Records that may be in memory.
    in_place : bool, default False
        Whether records are used where they are: they are not read where the file can be mapped, and else a window stays
        as it is while parts of the next one are asked for.
    only : ndarray of bool, ``(n,)``, optional
        Which of the rows are meant. A window has the others too, but none of them is in a part.
    """

    def __init__(
        self, file: RowFile, window_rows: int, *, in_place: bool = False, only: NDArray[np.bool_] | None = None
    ) -> None:
        self.file, self.only, self._in_place = file, only, in_place
        self.n_rows = file.n_rows if only is None else int(np.count_nonzero(only))
        self.window_rows = max(1, min(window_rows, file.n_rows))
        self._is_whole = self.window_rows == file.n_rows
        self._is_mapped = in_place and not self._is_whole and maps(file, self.window_rows)
        # small, so that a window is a sample of the whole file; but a page of a disk is read whole in any case
        least = max(_LEAST_BLOCK, min(_PAGE // file.dtype.itemsize, self.window_rows // 512))
        if self._is_mapped:
            least = mapped_block(self.window_rows * file.dtype.itemsize) // file.dtype.itemsize
        self.block_rows = 1 if self._is_whole else min(max(_MOST_BLOCK, least), max(least, self.window_rows // _BLOCKS))
        self._buffers: list[NDArray[Any] | None] = [None] * (2 if in_place and not self._is_whole else 1)
        self._mapped: MappedFile | None = None
        self._is_read = False

    def described(self) -> list[int]:
        """Return what the order depends on, besides seed and epoch."""
        own = [] if self.only is None else [self.n_rows, zlib.crc32(self.only.tobytes())]
        return [self.file.n_rows, self.window_rows, self.block_rows, *own]

    def those(self, only: NDArray[np.bool_], window_rows: int | None = None) -> Windows:
        """Return some of the rows, ``(n,)``, perhaps with smaller windows that are read one after the other."""
        if window_rows is None:
            return Windows(self.file, self.window_rows, in_place=self._in_place, only=only)
        return Windows(self.file, window_rows, only=only)

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
        for records, places, rows in self.views(seed, epoch, batch_size, part_rows, shuffle=shuffle, begin=begin):
            yield taken(records, places), rows

    def views(
        self, seed: int, epoch: int, batch_size: int, part_rows: int, *, shuffle: bool = True, begin: int = 0
    ) -> Iterator[tuple[NDArray[Any], Rows, Rows]]:
        """Yield the rows of an epoch in parts, as `parts` does, without a copy of them.

        Yields
        ------
        records : ndarray, ``(n_records,)``
            Of a window, or of the whole file. What is in it changes once parts of another window are asked for, or of
            two others where records are used in place.
        places : ndarray of int64, ``(n,)``
            Which of them are the rows of the part, in their order.
        rows : ndarray of int64, ``(n,)``
            Where these stand in the file.
        """
        part_rows = max(batch_size, part_rows // batch_size * batch_size)
        rest, rest_rows = np.empty(0, dtype=self.file.dtype), np.empty(0, dtype=np.int64)
        done, n_windows = 0, 0
        for starts, lengths, order, coming in self._windows(seed, epoch, shuffle):
            places = _places(starts, lengths)
            if self.only is not None:
                order = order[self.only[places[order]]]
            n_rest = len(rest_rows)
            rows = np.concatenate([rest_rows, places])
            if n_rest:
                order = np.concatenate([np.arange(n_rest), order + n_rest])
            is_last = done + len(order) == self.n_rows
            n_now = len(order) if is_last else len(order) // batch_size * batch_size
            kept = order[n_now:]
            if 0 < n_now <= begin - done:  # done before, but for what is left over of it
                rest_rows = rows[kept]
                rest = rest if self._is_mapped else self.file.pick(rest_rows)
                done += n_now
                continue
            if self._is_mapped:
                records = self._look_at(starts)
            else:
                records = self._read(n_windows % len(self._buffers), starts, lengths, rest, batch_size)
            n_windows += 1
            for at in range(0, n_now, part_rows):
                if done + at < begin:
                    continue
                own = order[at : min(n_now, at + part_rows)]
                yield records, rows[own] if self._is_mapped else own, rows[own]
                if self._mapped is not None and coming is not None:
                    # whoever asks for a second part has done with the window before
                    self._mapped.forget()
                    self._mapped.ask_for(coming, self.block_rows)
                    coming = None
                self._check()
            rest_rows = rows[kept]
            rest = rest if self._is_mapped else taken(records, kept)
            done += n_now

    def _windows(self, seed: int, epoch: int, shuffle: bool) -> Iterator[tuple[Rows, Rows, Rows, Rows | None]]:
        """Yield the blocks of each window, where they start, their lengths, the order of rows, and the next starts."""
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
            order = rng.permutation(n_rows) if shuffle else np.arange(n_rows)
            yield own, lengths, order, starts[first + each : first + 2 * each]

    def _look_at(self, starts: Rows) -> NDArray[Any]:
        """Return the records of the file, of which these blocks will be looked at."""
        if self._mapped is None:
            self._mapped = MappedFile(self.file)
            self._mapped.ask_for(starts, self.block_rows)
        self._check()
        return self._mapped.records

    def _check(self) -> None:
        if self._mapped is not None:
            self._mapped.check()

    def _read(self, k: int, starts: Rows, lengths: Rows, rest: NDArray[Any], batch_size: int) -> NDArray[Any]:
        """Return what was left of the window before, and behind it the records of blocks."""
        if self._is_read:
            buffer = self._buffers[0]
            assert buffer is not None
            return buffer
        n_rows = len(rest) + int(lengths.sum())
        buffer = self._buffers[k]
        if buffer is None or len(buffer) < n_rows:
            n_left = 0 if self._is_whole else batch_size - 1
            self._buffers[k] = buffer = np.empty(self.window_rows + n_left, dtype=self.file.dtype)
        records = buffer[:n_rows]
        records[: len(rest)] = rest
        self.file.read_blocks(starts.tolist(), lengths.tolist(), records[len(rest) :])
        self._is_read = self._is_whole  # it fits, and is not read again
        return records


def maps(file: RowFile, window_rows: int) -> bool:
    """Whether windows of so many rows, used in place, are mapped rather than read."""
    return CAN_MAP and window_rows * file.dtype.itemsize >= _LEAST_BLOCKS * _LEAST_MAPPED


def mapped_block(window: int) -> int:
    """Return the bytes of a block of a window of so many that is mapped: a power of two, a hundredth of it at most.

    Rows are found the faster the larger the pieces are that the system keeps together (`CacheWriter`).
    """
    return min(_MOST_MAPPED, max(_LEAST_MAPPED, 1 << max(1, window // _LEAST_BLOCKS).bit_length() - 1))


def _places(starts: Rows, lengths: Rows) -> Rows:
    """Return the number of each row of blocks."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


def taken(records: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Return some records; as bytes, for NumPy copies records field by field."""
    data = records.view(np.uint8).reshape(len(records), records.dtype.itemsize)
    return data.take(rows, axis=0).view(records.dtype)[:, 0]
