"""A table → a file in the format that its name says; what cannot be written is refused before anything is computed."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
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
    if suffix not in (*_TEXT, *_WRITERS):
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


def write_table(table: pl.DataFrame, stream: BinaryIO, path: Path) -> None:
    """Write a table as the name of its file asks for.

    Parameters
    ----------
    table : polars.DataFrame
        Of numbers, text and flags.
    stream : binary file
        Takes in the bytes.
    path : Path
        Where they will be.
    """
    suffix, packed = _suffix(path)
    write = _WRITERS.get(suffix, _write_csv)
    if packed:
        # Without a time in it, the same table always gives the same bytes.
        with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as unpacked:
            write(table, unpacked)
    else:
        write(table, stream)


def _suffix(path: Path) -> tuple[str, bool]:
    name = Path(path.name.lower())
    return (Path(name.stem).suffix, True) if name.suffix == ".gz" else (name.suffix, False)


def _write_csv(table: pl.DataFrame, stream: Any) -> None:
    table.write_csv(stream)


def _write_tabs(table: pl.DataFrame, stream: Any) -> None:
    table.write_csv(stream, separator="\t")


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


_WRITERS: dict[str, Callable[[pl.DataFrame, Any], None]] = {
    **dict.fromkeys(_TEXT[1:], _write_csv),
    **dict.fromkeys(_TABS, _write_tabs),
    **dict.fromkeys(_LINES, lambda table, stream: table.write_ndjson(stream)),
    **dict.fromkeys((".parquet", ".pq"), lambda table, stream: table.write_parquet(stream)),
    ".json": _write_json,
    ".npz": _write_npz,
    ".xlsx": _write_xlsx,
}
