"""A file of text in pieces: bytes cut at ends of lines, each read as a table by the reader of whole files."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from backlit.data.columns.gaps import strip_cells
from backlit.data.formats.delimited import read_delimited
from backlit.data.formats.file_bytes import refuse_foreign
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_GZIP_MAGIC = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_IN_MEMORY = 4
"""Bytes that a byte of text takes as a table."""
_LEAST = 1 << 16


@dataclass(frozen=True)
class TextOptions:
    """How text is read; see `backlit.data.formats.table_file.read_table_file`."""

    names: Sequence[str] | None = None
    separator: str | None = None
    skip_rows: int = 0
    comment: str | None = None


USUAL = TextOptions()


def text_pieces(path: Path, options: TextOptions, piece_bytes: int) -> Iterator[tuple[pl.DataFrame, str]]:
    """Yield the rows of a file of text, gzipped or not, in pieces of about so many bytes, and what divides its cells.

    Cells are strings, stripped, and null where empty.

    Raises
    ------
    DataError
        If it is damaged, or no table; naming the line.
    """
    names, separator, line = options.names, options.separator, 1
    default = "\t" if path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else ","
    skip_rows = options.skip_rows
    is_first = True
    with _opened(path) as file:
        for data in _cut(file, max(_LEAST, piece_bytes // _IN_MEMORY), path):
            if is_first:
                refuse_foreign(data, path)
                if data[:2] in _UTF16:
                    raise DataError(f"{path} is UTF-16, which cannot be read in pieces. Convert it: iconv -t UTF-8.")
                if names is None and data.strip(b" \r\n").count(b"\n") == skip_rows:
                    return  # a header and no rows, which of several files is no fault
            elif not data.strip():
                continue
            table = read_delimited(
                data,
                path,
                names=names,
                separator=separator,
                default=default,
                skip_rows=skip_rows,
                comment=options.comment,
                first_line=line,
            )
            yield strip_cells(table.frame)[0], table.separator
            line += data.count(b"\n")
            names, separator, skip_rows, is_first = table.frame.columns, table.separator, 0, False


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if is_packed else raw
    except FileNotFoundError:
        raise
    except EOFError:
        raise DataError(f"{path} is truncated: its gzip stream ends too early. Fetch it again.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged gzip ({error}). Fetch it again.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None


def _cut(file: BinaryIO, n_bytes: int, path: Path) -> Iterator[bytes]:
    """Yield a file in pieces that end where a line does."""
    rest, is_empty = b"", True
    while block := file.read(n_bytes):
        is_empty = False
        data = rest + block
        end = _last_line_end(data)
        if end > 0:
            yield data[:end]
        rest = data[end:]
    if is_empty:
        raise DataError(f"{path} is empty (0 bytes).")
    if rest:
        yield rest


def _last_line_end(data: bytes) -> int:
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    # a line may end within quotes, and is no end then
    buffer = np.frombuffer(data, dtype=np.uint8)
    inside = np.bitwise_xor.accumulate((buffer == ord('"')).view(np.uint8))
    ends = np.flatnonzero((buffer == ord("\n")) & (inside == 0))
    return int(ends[-1]) + 1 if len(ends) else 0
