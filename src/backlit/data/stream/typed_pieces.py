"""A Parquet file in pieces: slices of rows, as polars reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from backlit.data.formats.parquet import check_footer, reading_parquet, refuse_long_decimals
from backlit.data.stream.large_groups import large_group, rows_of, sliced
from backlit.data.stream.row_groups import rows_and_groups
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_PATH = "the file of a row"
SHRUNK = 4
"""A file that takes so much less than a piece is likely to be no more than one: its rows need not be counted first."""


def typed_pieces(path: Path, schema: pl.Schema, piece_bytes: int, folder: Path | None = None) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file, whose columns are known by `schema_of`, in pieces of about so many bytes.

    Parameters
    ----------
    path : Path
    schema : polars.Schema
    piece_bytes : int
    folder : Path, optional
        On whose disk groups of rows may wait that are larger than a piece.

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
        n_rows, n_groups = rows_and_groups(path) or (int(scan.select(pl.len()).collect().item()), 1)
    if n_rows == 0:
        yield pl.DataFrame(schema=schema)
        return
    group = -(-n_rows // max(1, n_groups))
    if group > most:
        for start in range(0, n_rows, group):
            yield from large_group(path, scan, (start, min(group, n_rows - start)), schema, piece_bytes, folder)
        return
    # whole groups, and as many in each piece as in the others, so that the last is no sliver
    step = -(-n_groups // -(-n_groups // (most // group))) * group
    for start in range(0, n_rows, step):
        yield sliced(path, scan, start, step)


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
