"""A sheet of a workbook (Excel, OpenDocument) → lines of CSV, so that a cell means what it would mean there."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from backlit.errors import DataError, MissingExtraError

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_EXACT = 2.0**53


def sheet_as_csv(data: bytes, path: object) -> tuple[bytes, tuple[str, ...]]:
    """Return the first sheet that is not empty as CSV, and remarks.

    Whole numbers are written without a fraction and dates as ISO has them; a formula gives the value that was saved
    with it.

    Parameters
    ----------
    data : bytes
        The whole file.
    path : object
        What messages call the file.

    Raises
    ------
    MissingExtraError
        If python-calamine, which reads workbooks, is not installed.
    DataError
        If the file is damaged, protected, or has no filled sheet.
    """
    try:
        import python_calamine
    except ImportError:
        raise MissingExtraError(f"Reading the workbook {path}", "excel") from None
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [(name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names]
    except Exception as error:  # its errors have no common base but this one
        raise DataError(
            f"{path} cannot be read as a workbook ({error}). Take off a password, or save the sheet as CSV."
        ) from None
    filled = [(name, rows) for name, rows in sheets if rows]
    if not filled:
        raise DataError(f"{path} is empty: none of its sheets ({', '.join(book.sheet_names)}) holds a cell.")
    name, rows = filled[0]
    others = ", ".join(repr(other) for other, _ in filled[1:])
    remarks = (f"Read the sheet {name!r} and left {others}.",) if others else ()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_text(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8"), remarks


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) <= _EXACT else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)
