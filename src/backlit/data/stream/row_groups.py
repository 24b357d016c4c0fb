"""How many rows, and groups of rows, a Parquet file has: a piece that ends where a group does is decoded but once.

polars does not tell how many groups there are, and pyarrow, which does, takes 31 MiB of memory when it is imported: a
third of what a stream may have beyond its bound. So two numbers are looked up here, and where they are not found the
file is cut without them. Only the footer's beginning is read: Thrift's compact protocol, in which `FileMetaData` has
the version (field 1), the schema (2), the number of rows (3) and the list of row groups (4).
"""

from __future__ import annotations

from pathlib import Path

_ROWS, _GROUPS = 3, 4
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_WHOLE = (4, 5, 6)
"""Numbers of 16, 32 and 64 bits, which take as many bytes as they need."""


def rows_and_groups(path: Path) -> tuple[int, int] | None:
    """Return how many rows and row groups a Parquet file has, or None where that is not found."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(size - 8)
            length = int.from_bytes(file.read(4), "little")
            file.seek(size - 8 - length)
            return _Footer(file.read(length)).rows_and_groups()
    except (OSError, IndexError, ValueError):
        return None


class _Footer:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def rows_and_groups(self) -> tuple[int, int] | None:
        rows, field = None, 0
        while header := self._byte():
            field = self._field(field, header)
            if field == _ROWS:
                rows = self._number()
            elif field == _GROUPS:
                return None if rows is None else (rows, self._length(self._byte()))
            else:
                self._skip(header & 15)
        return None

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _number(self) -> int:
        folded = self._unsigned()
        return folded >> 1 ^ -(folded & 1)

    def _field(self, before: int, header: int) -> int:
        return before + (header >> 4) if header >> 4 else self._number()

    def _length(self, header: int) -> int:
        return header >> 4 if header >> 4 < 15 else self._unsigned()

    def _skip(self, kind: int) -> None:
        if kind in _WHOLE:
            self._unsigned()
        elif kind in (_BYTE, _DOUBLE):
            self._at += 1 if kind == _BYTE else 8
        elif kind == _BINARY:
            length = self._unsigned()
            self._at += length
        elif kind in (_LIST, _SET):
            header = self._byte()
            for _ in range(self._length(header)):
                # what is true or false stands in a field's header, but in a list as a byte
                self._skip(_BYTE if header & 15 in (_TRUE, _FALSE) else header & 15)
        elif kind == _STRUCT:
            field = 0
            while header := self._byte():
                field = self._field(field, header)
                self._skip(header & 15)
        elif kind not in (_TRUE, _FALSE):
            raise ValueError(f"no type of a field of a footer: {kind}")
