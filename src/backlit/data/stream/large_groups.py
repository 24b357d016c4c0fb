"""A group of rows of a Parquet file that is larger than a piece: each column is decoded once, and waits on disk.

To get some rows of a group polars decodes it from its beginning; in n pieces that is done (n + 1) / 2 times.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.data.formats.parquet import reading_parquet

if TYPE_CHECKING:
    import polars as pl

_BYTES = 8
_OF_TEXT = 24
_LEAST_AT_ONCE = 4
"""Columns that are decoded together."""


def large_group(
    path: Path,
    scan: pl.LazyFrame,
    group: tuple[int, int],
    schema: pl.Schema,
    piece_bytes: int,
    folder: Path | None,
) -> Iterator[pl.DataFrame]:
    """Yield the rows of a group in pieces.

    Parameters
    ----------
    path : Path
    scan : polars.LazyFrame
        Of the file.
    group : tuple of int
        The first row, counted from 0, and the number of rows.
    schema : polars.Schema
    piece_bytes : int
    folder : Path or None
        On whose disk columns may wait.
    """
    import polars as pl

    start, n_rows = group
    # of one length, so that the last is no sliver
    step = -(-n_rows // -(-n_rows // rows_of(schema, piece_bytes)))
    numbers = _most(schema)
    dtype = np.dtype(str(numbers).lower())
    names = [name for name, own in schema.items() if own == numbers]
    others = [name for name in schema if name not in set(names)]
    at_once = piece_bytes // (dtype.itemsize * n_rows)
    again = (
        sliced(path, scan, first, min(step, start + n_rows - first)) for first in range(start, start + n_rows, step)
    )
    few_others = n_rows * sum(_width(schema[name]) for name in others) <= piece_bytes
    if folder is None or not few_others or at_once < _LEAST_AT_ONCE or len(names) < _LEAST_AT_ONCE:
        yield from again
        return
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for k in range(0, len(names), at_once):
            decoded = sliced(path, scan.select(names[k : k + at_once]), start, n_rows)
            if not numbers.is_float() and sum(decoded.null_count().row(0)):  # which only floats have a number for
                yield from again
                return
            _write(file, np.ascontiguousarray(decoded.to_numpy().T))
            del decoded
        rest = sliced(path, scan.select(others), start, n_rows)
        for first in range(0, n_rows, step):
            length = min(step, n_rows - first)
            block = np.empty((len(names), length), dtype=dtype)
            for k, row in enumerate(block):
                file.seek(dtype.itemsize * (k * n_rows + first))
                file.readinto(row.data)
            kept = pl.DataFrame(dict(zip(names, block, strict=True)))
            del block
            yield pl.concat([kept, rest[first : first + length]], how="horizontal").select(list(schema))


def _most(schema: pl.Schema) -> Any:
    """Return the type that most columns have, of those that NumPy can turn on disk."""
    import polars as pl

    types = list(schema.dtypes())
    kinds: tuple[Any, ...] = (pl.Float32, pl.UInt8, pl.Float64)
    return max(kinds, key=types.count)


def _write(file: Any, block: np.ndarray[Any, Any]) -> None:
    data = block.reshape(-1).view(np.uint8).data
    while len(data):
        data = data[file.write(data) :]


def sliced(path: Path, scan: pl.LazyFrame, start: int, length: int) -> pl.DataFrame:
    """Return some rows of a file, the first counted from 0."""
    if not os.path.exists(path):  # noqa: PTH110
        raise FileNotFoundError(path)
    with reading_parquet(path):
        return scan.slice(start, length).collect()


def rows_of(schema: Any, piece_bytes: int) -> int:
    """Return how many rows of some columns take about so many bytes."""
    width = sum(_width(dtype) for dtype in schema.values())
    return max(1024, piece_bytes // max(1, width))


def _width(dtype: Any) -> int:
    import polars as pl

    for types, width in (
        ((pl.UInt8, pl.Int8, pl.Boolean), 1),
        ((pl.UInt16, pl.Int16), 2),
        ((pl.Float32, pl.Int32, pl.UInt32, pl.Date), 4),
    ):
        if dtype in types:
            return width
    return _BYTES if dtype.is_numeric() or dtype.is_temporal() else _OF_TEXT
