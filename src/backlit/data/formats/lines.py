"""The lines of a text file: where each begins and ends, and how many cells it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backlit.data.formats.encodings import line_number
from backlit.errors import DataError

_NEWLINE, _QUOTE = b'\n"'
_CHUNK = 1 << 18  # what the processor's cache holds


@dataclass(frozen=True)
class Lines:
    """Where each line of a text begins and ends; a line break inside quotes divides no lines.

    Attributes
    ----------
    data : bytes
    buffer : ndarray of uint8, ``(n_bytes,)``
    unquoted : ndarray of bool, ``(n_bytes,)``, or None
        Which bytes stand outside of quotes; None if there are no quotes.
    starts, ends : ndarray of int, ``(n_lines,)``
    first : int
        The number of the first line in its file.
    """

    data: bytes
    buffer: NDArray[np.uint8]
    unquoted: NDArray[np.bool_] | None
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]
    first: int

    @classmethod
    def split(cls, data: bytes, path: object, first: int, comment: str | None = None) -> Lines:
        """Find the lines.

        Parameters
        ----------
        data : bytes
        path : object
            What messages call the file.
        first : int
            The number of the first line in its file.
        comment : str, optional
            Lines that begin with it are left out.
        """
        buffer = np.frombuffer(data, dtype=np.uint8)
        unquoted = None
        breaks = buffer == _NEWLINE
        if b'"' in data:
            # A doubled quote inside a cell changes the parity twice: between the two nothing is looked at.
            inside = np.cumsum(buffer == _QUOTE, dtype=np.uint8) & 1
            if inside[-1]:
                last = line_number(data, data.rfind(b'"')) + first - 1
                raise DataError(
                    f"{path}: a quote mark (the last is on line {last}) has no partner. "
                    'Close it, or write a quote that belongs to the text as "".'
                )
            unquoted = inside == 0
            breaks &= unquoted
        newlines = np.flatnonzero(breaks)
        starts = np.concatenate([[0], newlines + 1]).astype(np.intp)
        ends = np.concatenate([newlines, [len(data)]]).astype(np.intp)
        if comment:
            mark = comment.encode()
            kept = np.array([not data[i:j].lstrip().startswith(mark) for i, j in zip(starts, ends, strict=True)])
            starts, ends = starts[kept], ends[kept]
        return cls(data, buffer, unquoted, starts, ends, first)

    def count(self, separator: str) -> NDArray[np.intp]:
        """Return the number of cells of each line."""
        found = self.buffer == ord(separator)
        if self.unquoted is not None:
            found &= self.unquoted
        places = np.flatnonzero(found)
        return np.searchsorted(places, self.ends) - np.searchsorted(places, self.starts) + 1

    def text(self, i: int) -> str:
        """Return a line without its break."""
        return self.data[self.starts[i] : self.ends[i]].decode("utf-8").rstrip("\r")

    def is_blank(self, i: int) -> bool:
        """Tell whether a line holds nothing."""
        return not self.data[self.starts[i] : self.ends[i]].strip(b" \r\t")

    def number(self, i: int) -> int:
        """Return the number of a line in its file."""
        return line_number(self.data, int(self.starts[i])) + self.first - 1

    def joined(self, places: NDArray[np.bool_]) -> bytes:
        """Return some of the lines as text of their own."""
        # Neighbors are taken in one piece.
        edges = np.flatnonzero(np.diff(np.concatenate([[False], places, [False]]).astype(np.int8)))
        together = edges.reshape(-1, 2)
        if len(self.starts) > 1 and bool(np.any(self.starts[1:] != self.ends[:-1] + 1)):
            together = np.stack([np.flatnonzero(places), np.flatnonzero(places) + 1], axis=1)
        return b"\n".join(self.data[self.starts[i] : self.ends[j - 1]] for i, j in together.tolist())


def count_byte(data: bytes | memoryview, byte: str) -> int:
    """Return how often a byte stands in data; where it stands often, that is faster than `bytes.count`."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    pieces = (buffer[start : start + _CHUNK] for start in range(0, len(buffer), _CHUNK))
    return sum(int(np.count_nonzero(piece == ord(byte))) for piece in pieces)


def count_lines(data: bytes, start: int) -> int:
    """Return how many lines begin at `start` or after it; the last one may lack its break."""
    return count_byte(memoryview(data)[start:], "\n") + (not data.endswith(b"\n"))
