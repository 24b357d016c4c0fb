"""A table → a file in the format that its name says; what cannot be written is refused before anything is computed."""

from __future__ import annotations

import gzip
import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from backlit.errors import MissingExtraError, OutputError

if TYPE_CHECKING:
    import polars as pl

_TEXT = ("", ".csv", ".txt", ".dat", ".data", ".out")
_TABS = (".tsv", ".tab")
_LINES = (".jsonl", ".ndjson")
_MAY_BE_PACKED = (*_TEXT[1:], *_TABS, *_LINES, ".json")
_SHEET_ROWS, _SHEET_COLUMNS = 1_048_576, 16_384
_EXACT = 2**53


def check_format(path: Path, n_columns: int | None = None, n_rows: int | None = None) -> None:
    """Raise if a table cannot be written in the format that a name asks for.

    Parameters
    ----------
    path : Path
    n_columns, n_rows : int, optional
        Size of the table, where it is known: a sheet of a workbook holds only so much.

    Raises
    ------
    OutputError
        For a format that is not written.
    MissingExtraError
        If the package that writes it is not installed.
    """
    suffix, packed = _suffix(path)
    if packed and suffix not in _MAY_BE_PACKED:
        raise OutputError(f"Cannot write {str(path)!r}: {suffix or 'a name without an extension'} is not gzipped. "
                          "Leave out .gz, or write .csv.gz.")  # fmt: skip
    if suffix not in (*_TEXT, *_APPENDED, *_PARQUET, *_WRITERS):
        known = ".csv, .csv.gz, .tsv, .parquet, .json, .jsonl, .npz or .xlsx"
        raise OutputError(f"Cannot write {str(path)!r}: tables are not written as {suffix}. Choose {known}.")
    if suffix == ".xlsx":
        try:
            import xlsxwriter  # noqa: F401
        except ImportError:
            raise MissingExtraError(f"Writing the workbook {path}", "excel") from None
        if (n_rows or 0) >= _SHEET_ROWS or (n_columns or 0) > _SHEET_COLUMNS:
            raise OutputError(
                f"Cannot write {str(path)!r}: a sheet holds {_SHEET_ROWS - 1:,} rows below its header and "
                f"{_SHEET_COLUMNS:,} columns, the table has {n_rows:,} and {n_columns:,}. Choose .csv or .parquet."
            )


@contextmanager
def writing(stream: BinaryIO, path: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Give a function that writes a table, piece after piece, as the name of its file asks for.

    Text is written as it comes, Parquet by way of files of its pieces; other formats are gathered and written last.

    Parameters
    ----------
    stream : binary file
        Takes in the bytes.
    path : Path
        Where they will be.

    Yields
    ------
    callable
        Takes a table of numbers, text and flags; all have the same columns.
    """
    suffix, packed = _suffix(path)
    with ExitStack() as opened:
        if packed:
            # Without a time in it, the same table always gives the same bytes.
            unpacked: Any = opened.enter_context(gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0))
        else:
            unpacked = stream
        append = _APPENDED.get(suffix)
        if append is not None:
            pieces = count()
            yield lambda table: append(table, unpacked, next(pieces) == 0)
        elif suffix in _PARQUET:
            yield _parquet_of_pieces(opened, stream)
        else:
            gathered: list[pl.DataFrame] = []
            yield gathered.append
            import polars as pl

            whole = pl.concat(gathered)
            check_format(path, whole.width, whole.height)
            _WRITERS[suffix](whole, unpacked)


def write_table(table: pl.DataFrame, stream: BinaryIO, path: Path) -> None:
    """Write a table as the name of its file asks for; see `writing`."""
    with writing(stream, path) as write:
        write(table)


def _append_csv(table: pl.DataFrame, stream: Any, is_first: bool, separator: str = ",") -> None:
    table.write_csv(stream, include_header=is_first, separator=separator)


def _append_tabs(table: pl.DataFrame, stream: Any, is_first: bool) -> None:
    _append_csv(table, stream, is_first, "\t")


def _append_lines(table: pl.DataFrame, stream: Any, is_first: bool) -> None:
    table.write_ndjson(stream)


def _parquet_of_pieces(opened: ExitStack, stream: BinaryIO) -> Callable[[pl.DataFrame], None]:
    # polars has no writer that can be given a piece at a time
    folder = Path(opened.enter_context(TemporaryDirectory(prefix="backlit-")))
    pieces: list[pl.DataFrame | Path] = []

    def join() -> None:
        import polars as pl

        if len(pieces) == 1:
            only = pieces[0]
            (only if isinstance(only, pl.DataFrame) else pl.read_parquet(only)).write_parquet(stream)
        elif pieces:
            pl.scan_parquet([piece for piece in pieces if isinstance(piece, Path)]).sink_parquet(folder / "all")
            with (folder / "all").open("rb") as file:
                shutil.copyfileobj(file, stream)

    opened.push(lambda kind, *_: join() if kind is None else None)

    def write(table: pl.DataFrame) -> None:
        if len(pieces) == 1 and not isinstance(pieces[0], Path):
            pieces[0].write_parquet(folder / "000000")
            pieces[0] = folder / "000000"
        if pieces:
            table.write_parquet(folder / f"{len(pieces):06}")
            pieces.append(folder / f"{len(pieces):06}")
        else:
            pieces.append(table)

    return write


def _suffix(path: Path) -> tuple[str, bool]:
    name = Path(path.name.lower())
    return (Path(name.stem).suffix, True) if name.suffix == ".gz" else (name.suffix, False)


def _write_json(table: pl.DataFrame, stream: Any) -> None:
    stream.write(table.write_json().encode("utf-8"))


def _write_npz(table: pl.DataFrame, stream: Any) -> None:
    # numpy.savez takes the names of arrays for those of its own arguments, and `file` is one.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for column in table:
            values = column.to_numpy()
            if values.dtype == object:
                values = np.array(["" if value is None else str(value) for value in values], dtype=np.str_)
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, values, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{column.name}.npy"), buffer.getvalue())


def _write_xlsx(table: pl.DataFrame, stream: Any) -> None:
    import xlsxwriter

    # A label such as "=1+1" or "http://…" is text, and nothing to be computed or followed.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    book = xlsxwriter.Workbook(stream, options | {"nan_inf_to_errors": True})
    sheet = book.add_worksheet("predictions")
    sheet.write_row(0, 0, table.columns)
    for j, column in enumerate(table):
        # Excel has no whole numbers beyond 2⁵³.
        sheet.write_column(1, j, [str(v) if isinstance(v, int) and abs(v) > _EXACT else v for v in column.to_list()])
    book.close()


_APPENDED: dict[str, Callable[[pl.DataFrame, Any, bool], None]] = {
    **dict.fromkeys(_TEXT, _append_csv),
    **dict.fromkeys(_TABS, _append_tabs),
    **dict.fromkeys(_LINES, _append_lines),
}
_PARQUET = (".parquet", ".pq")
_WRITERS: dict[str, Callable[[pl.DataFrame, Any], None]] = {
    ".json": _write_json,
    ".npz": _write_npz,
    ".xlsx": _write_xlsx,
}
