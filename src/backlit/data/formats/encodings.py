"""Bytes of a text file → UTF-8 with line feeds: marks, UTF-16 with and without one, damage."""

from __future__ import annotations

import numpy as np

from backlit.errors import DataError

_SAMPLE = 4096
_MOSTLY = 0.7


def as_utf8(data: bytes, path: object) -> bytes:
    """Return text as UTF-8 without a mark, its lines ended by line feeds.

    UTF-16 is known by its mark, or by every other byte being zero where the text is mostly Latin.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.
    path : object
        What messages call the file.

    Raises
    ------
    DataError
        If it is no text, or in an encoding that cannot be told for certain.
    """
    encoding = _utf16(data)
    if encoding is not None:
        try:
            data = data.decode(encoding).encode("utf-8")
        except UnicodeError as error:  # half a character, or the half of a pair that cannot stand alone
            raise DataError(f"{path} begins as UTF-16, but is damaged ({error}). Fetch or save it again.") from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    if np.frombuffer(data, dtype=np.int8).min(initial=1) <= 0:  # is any byte NUL, or beyond ASCII?
        _refuse_damage(data, path)
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    return data


def _refuse_damage(data: bytes, path: object) -> None:
    nul = data.find(b"\0")
    if nul >= 0:
        raise DataError(
            f"{path} has a NUL byte on line {line_number(data, nul)} (byte {nul + 1}), which no text has. "
            "Is the file damaged, or another format than its name says?"
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8: byte 0x{data[error.start]:02X} on line {line_number(data, error.start)}. "
            "Convert it, for example: iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv"
        ) from None


def line_number(data: bytes, position: int) -> int:
    """Return the number of the line, counted from 1, in which a byte stands."""
    return data.count(b"\n", 0, position) + 1


def _utf16(data: bytes) -> str | None:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    # In UTF-16 the high byte of a Latin letter, digit or separator is zero, and the low one is not.
    first, second = data[0:_SAMPLE:2], data[1:_SAMPLE:2]
    if len(data) < 4 or len(data) % 2:
        return None
    if second.count(0) > _MOSTLY * len(second) and not first.count(0):
        return "utf-16-le"
    return "utf-16-be" if first.count(0) > _MOSTLY * len(first) and not second.count(0) else None
