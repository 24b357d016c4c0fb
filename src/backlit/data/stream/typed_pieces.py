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


def typed_pieces(path: Path, piece_bytes: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file in pieces of about so many bytes.

    Raises
    ------
    DataError
        If it is damaged, or has a column that cannot be read.
    """
    import polars as pl

    schema = no_rows(path).schema
    with reading_parquet(path):
        scan = pl.scan_parquet(path)
        n_rows = int(scan.select(pl.len()).collect().item())
    step = rows_of(schema, piece_bytes)
    if n_rows == 0:
        yield no_rows(path)
        return
    # pieces of one file are of one length, so that the last is no sliver
    step = -(-n_rows // -(-n_rows // step))
    for start in range(0, n_rows, step):
        if not os.path.exists(path):  # noqa: PTH110
            raise FileNotFoundError(path)
        with reading_parquet(path):
            piece = scan.slice(start, step).collect()
        yield piece


def no_rows(path: Path) -> pl.DataFrame:
    """Return the columns of a Parquet file, without rows, after a look at whether it is whole."""
    import polars as pl

    try:
        with path.open("rb") as file:
            check_footer(file, path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    with reading_parquet(path):
        scan = pl.scan_parquet(path)
        refuse_long_decimals(scan.collect_schema(), path)
        return scan.head(0).collect()


def rows_of(schema: Any, piece_bytes: int) -> int:
    """Return how many rows of some columns take about so many bytes."""
    width = sum(_BYTES if dtype.is_numeric() or dtype.is_temporal() else _OF_TEXT for dtype in schema.values())
    return max(1024, piece_bytes // max(1, width))
