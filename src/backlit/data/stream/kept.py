"""The rows of a table of numbers, kept on disk as they were decoded, so that the second reading need not decode again.

Parquet takes longer to decode than a disk to write and read again what came out: by far where its groups of rows are
larger than a piece. Kept are tables whose inputs are all numbers by their type, for of these the cells are what they
mean; where others are told from their text, files are read again.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from backlit.data.frames import Frame
from backlit.data.stream.all_tallies import usual_numbers
from backlit.data.stream.pieces import Piece

_ROOM = 64 << 20
_OF_NUMBER = 6
"""Bytes, at most, that a number takes in a cache."""


@dataclass(frozen=True)
class _Place:
    """Where a piece stands: its numbers, ``(n_columns, n_rows)``, and behind them its other columns."""

    at: int
    dtype: np.dtype[Any]
    n_rows: int
    n_bytes: int
    files: tuple[tuple[Path, int, int], ...]
    """Path, first row and rows of each file that the piece is of."""


class KeptNumbers:
    """Pieces on disk, in a file without a name, which goes when the process does.

    Parameters
    ----------
    folder : Path
        On whose disk it is.
    names : sequence of str
        The columns that are numbers, the inputs.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.names = list(names)
        self._file: Any = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._folder = folder
        self._places: list[_Place] = []
        self._at = self._need = 0

    @classmethod
    def of(cls, types: dict[str, Any], others: Sequence[str | None], folder: Path | None) -> KeptNumbers | None:
        """Return room for a table whose columns have these types, or None where it has inputs that are no numbers.

        Parameters
        ----------
        types : dict of str to polars type
        others : sequence of str or None
            Columns that are no inputs.
        folder : Path or None
            Where there is room.
        """
        names = [name for name in types if name not in others]
        usual = usual_numbers()
        if folder is None or not names or any(types[name] not in usual for name in names):
            return None
        try:
            return cls(folder, names)
        except OSError:
            return None

    def keeping(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """Yield pieces, and keep each, as long as the disk has room for them and for the cache that is made of them.

        A piece is written on another thread, while it is looked at and the next one is decoded.
        """
        with ThreadPoolExecutor(1) as pool:
            writing: Future[None] | None = None
            for piece in pieces:
                self._settle(writing)
                writing = pool.submit(self._keep, piece) if self._file is not None else None
                yield piece
                del piece
            self._settle(writing)

    def _settle(self, writing: Future[None] | None) -> None:
        try:
            if writing is not None:
                writing.result()
        except OSError:
            self.close()

    def _keep(self, piece: Piece) -> None:
        table = piece.frame.table
        numbers = np.ascontiguousarray(table.select(self.names).to_numpy().T)
        others = io.BytesIO()
        table.drop(self.names).write_ipc(others)
        self._need += _OF_NUMBER * numbers.size
        if shutil.disk_usage(self._folder).free < self._need + numbers.nbytes + _ROOM:
            raise OSError("too little room")
        for data in (numbers.reshape(-1).view(np.uint8).data, others.getbuffer()):
            while len(data):
                data = data[self._file.write(data) :]
        parts = piece.joined or (piece,)
        files = tuple((part.path, part.first_row, part.frame.table.height) for part in parts)
        self._places.append(_Place(self._at, numbers.dtype, table.height, others.tell(), files))
        self._at += numbers.nbytes + others.tell()

    @property
    def is_whole(self) -> bool:
        """Whether all pieces that came are kept."""
        return self._file is not None

    def close(self) -> None:
        """Give the room back."""
        if self._file is not None:
            self._file.close()
        self._file, self._places = None, []

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces again: their numbers apart from the other columns."""
        import polars as pl

        for place in self._places:
            numbers = np.empty((len(self.names), place.n_rows), dtype=place.dtype)
            others = bytearray(place.n_bytes)
            _read(self._file.fileno(), numbers.reshape(-1).view(np.uint8).data, place.at)
            _read(self._file.fileno(), memoryview(others), place.at + numbers.nbytes)
            table = pl.read_ipc(io.BytesIO(others))
            parts, begin = [], 0
            for path, first_row, n_rows in place.files:
                end = begin + n_rows
                parts.append(Piece(Frame(table[begin:end]), path, first_row, numbers=numbers.T[begin:end]))
                begin = end
            if len(parts) == 1:
                yield parts[0]
            else:
                yield replace(parts[0], frame=Frame(table), joined=tuple(parts), numbers=numbers.T)
            del numbers, table, parts


def _read(file: int, data: memoryview, at: int) -> None:
    while len(data):
        n = os.preadv(file, [data], at) if hasattr(os, "preadv") else _read_by_copy(file, data, at)
        if not n:
            raise OSError("the rows that were kept are gone")
        data, at = data[n:], at + n


def _read_by_copy(file: int, data: memoryview, at: int) -> int:
    os.lseek(file, at, os.SEEK_SET)
    came = os.read(file, len(data))
    data[: len(came)] = came
    return len(came)
