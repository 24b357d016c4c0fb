"""Numbers that wait on disk until all of them have come."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STEP = 1 << 16


class Spill:
    """Numbers of one type, one behind the other, in a file without a name, which goes when the process does.

    Parameters
    ----------
    folder : Path
        On whose disk it is.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._dtype: np.dtype[Any] = np.dtype(np.float64)
        self.n = 0

    def add(self, numbers: NDArray[Any]) -> None:
        """Write numbers, ``(n,)``, behind those that came before."""
        self._dtype = numbers.dtype
        self._file.write(np.ascontiguousarray(numbers).data)
        self.n += len(numbers)

    def pieces(self) -> Iterator[NDArray[Any]]:
        """Yield all numbers again, some at a time."""
        self._file.seek(0)
        while data := self._file.read(_STEP * self._dtype.itemsize):
            yield np.frombuffer(data, dtype=self._dtype)

    def all(self) -> NDArray[Any]:
        """Return all numbers, ``(n,)``, as they came."""
        return self.filled(self._dtype, lambda piece: piece)

    def filled(self, dtype: Any, made_of: Any) -> NDArray[Any]:
        """Return all numbers, ``(n,)``, as a function makes others of them.

        Parameters
        ----------
        dtype : numpy.dtype
            Of the result.
        made_of : callable
            ``ndarray → ndarray``, of the same length.
        """
        out, at = np.empty(self.n, dtype=dtype), 0
        for piece in self.pieces():
            out[at : at + len(piece)] = made_of(piece)
            at += len(piece)
        return out
