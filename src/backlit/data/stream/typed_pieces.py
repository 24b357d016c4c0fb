"""A Parquet file in pieces: slices of rows, as polars reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backlit.data.formats.parquet import check_footer, reading_parquet, refuse_long_decimals
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_BYTES = 8
_OF_TEXT = 24
_AT_ONCE = 2
"""Pieces."""
_PATH = "the file of a row"
SHRUNK = 4
"""A file that takes so much less than a piece is likely to be no more than one: its rows need not be counted first."""


def typed_pieces(path: Path, schema: pl.Schema, piece_bytes: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file, whose columns are known by `schema_of`, in pieces of about so many bytes.

    Raises
    ------
    DataError
        If it is damaged, or has a column that cannot be read.
    """
    import polars as pl

    most = rows_of(schema, piece_bytes)
    with reading_parquet(path):
        scan = pl.scan_parquet(path)
        if path.stat().st_size <= piece_bytes // SHRUNK:
            read = scan.slice(0, most + 1).collect()
            if read.height <= most:
                yield read
                return
            del read
        n_rows = int(scan.select(pl.len()).collect().item())
    if n_rows == 0:
        yield pl.DataFrame(schema=schema)
        return
    # read by more than a piece: of a group of rows polars decodes all that stands before a slice; and of one length, so
    # that the last is no sliver
    step = most * _AT_ONCE
    step = -(-n_rows // -(-n_rows // step))
    for start in range(0, n_rows, step):
        if not os.path.exists(path):  # noqa: PTH110
            raise FileNotFoundError(path)
        with reading_parquet(path):
            read = scan.slice(start, step).collect()
        n_pieces = -(-read.height // most)
        for piece in range(n_pieces):
            yield read[piece * read.height // n_pieces : (piece + 1) * read.height // n_pieces]
        del read


def at_once(paths: list[Path], schema: pl.Schema, piece_bytes: int) -> dict[Path, pl.DataFrame]:
    """Return the tables of small Parquet files that all have the same columns: polars takes as long to open each alone.

    Returns
    -------
    dict of Path to polars.DataFrame
        Of the first files, as many as have no more rows than a piece. Of none where one cannot be read, which whoever
        reads it alone is told.
    """
    import polars as pl

    if _PATH in schema:
        return {}
    most = rows_of(schema, piece_bytes)
    try:
        with reading_parquet(paths[0]):
            scan = pl.scan_parquet(paths, include_file_paths=_PATH, glob=False, hive_partitioning=False)
            read = scan.slice(0, most + 1).collect()
    except (DataError, OSError):
        return {}
    runs = read[_PATH].rle().struct
    names, lengths = runs.field("value").to_list(), runs.field("len").to_list()
    whole = paths
    if read.height > most:  # what was read of the last file may be a part of it
        whole = paths[: [str(path) for path in paths].index(names[-1])]
    rows = dict(zip(names, lengths, strict=True))
    table, begin, tables = read.drop(_PATH), 0, {}
    for path in whole:
        end = begin + rows.get(str(path), 0)
        tables[path] = table[begin:end]
        begin = end
    return tables


def schema_of(path: Path) -> pl.Schema:
    """Return the columns of a Parquet file, after a look at whether it is whole."""
    import polars as pl

    try:
        with path.open("rb") as file:
            check_footer(file, path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    with reading_parquet(path):
        schema = pl.scan_parquet(path).collect_schema()
        refuse_long_decimals(schema, path)
        return schema


def rows_of(schema: Any, piece_bytes: int) -> int:
    """Return how many rows of some columns take about so many bytes."""
    width = sum(_width(dtype) for dtype in schema.values())
    return max(1024, piece_bytes // max(1, width))


def _width(dtype: Any) -> int:
    import polars as pl

    if dtype in (pl.Float32, pl.Int32, pl.UInt32, pl.Date):
        return _BYTES // 2
    return _BYTES if dtype.is_numeric() or dtype.is_temporal() else _OF_TEXT
