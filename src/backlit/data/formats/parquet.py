"""Parquet: a table with its types, and what pandas wrote beside them."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from backlit.data.formats.arrays import brief
from backlit.documents.strict_json import parse
from backlit.errors import DataError, InvalidInputError

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".parquet", ".pq")
_MAGIC = b"PAR1"
_MOST_DIGITS = 38
_ANY_ZONE = "POLARS_IGNORE_TIMEZONE_PARSE_ERROR"
"""Without it polars panics at a zone such as +05:30, which pandas and pyarrow write."""
_TWELVE_BYTES = re.compile(rb"\x15\x0e\x15\x18\x15[\x00\x02\x04]\x18([\x01-\x7f])", re.DOTALL)
_OF_INTERVAL = b"\x25\x2a"
"""How a footer begins to say that a column has twelve bytes a value (then comes the length of its name), and what
stands behind the name where they are an INTERVAL."""


@dataclass(frozen=True, eq=False)
class ParquetTable:
    """What stands in a Parquet file.

    Attributes
    ----------
    frame : polars.DataFrame
    index : tuple of str
        Columns that were the index of the pandas frame which was written; a plain count of rows is no column there.
    categories : tuple of str
        Columns that were categories of that frame, whatever their values are.
    """

    frame: pl.DataFrame
    index: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def read_parquet(data: bytes, path: object) -> ParquetTable:
    """Read a Parquet file.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.
    path : object
        What messages call the file.

    Raises
    ------
    DataError
        If the file is damaged, or has a column that cannot be read.
    """
    import polars as pl

    check_footer(io.BytesIO(data), path)
    with reading_parquet(path):
        schema = pl.read_parquet_schema(io.BytesIO(data))
        refuse_long_decimals(schema, path)
        frame = pl.read_parquet(io.BytesIO(data))
    return ParquetTable(frame, *said_by_pandas(io.BytesIO(data)))


def check_footer(file: BinaryIO, path: object) -> None:
    """Raise unless a file ends as Parquet does, and has no column at which polars panics.

    Truncation is caught before polars sees it: given a damaged footer, its Rust code may panic or even abort.

    Parameters
    ----------
    file : binary file
    path : object
        What messages call it.
    """
    begin, size = file.read(4), file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    end = file.read(8)
    footer = int.from_bytes(end[:4], "little")
    if begin != _MAGIC or end[4:] != _MAGIC or not 0 < footer <= size - 12:
        raise DataError(f"{path} is not a whole Parquet file: it lacks PAR1 at an end, or its footer. Fetch it again.")
    file.seek(size - 8 - footer)
    _refuse_intervals(file.read(footer), path)


@contextmanager
def reading_parquet(path: object) -> Iterator[None]:
    """Let polars read a Parquet file, and say in our words what is wrong with it."""
    import polars as pl

    try:
        with _any_zone():
            yield
    except pl.exceptions.DuplicateError as error:
        raise DataError(f"Two columns of {path} have the same name ({brief(error)}). Rename one.") from None
    # A panic is not even an Exception in Python.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        if isinstance(error, DataError | FileNotFoundError):
            raise
        raise DataError(f"{path} is not a whole Parquet file ({brief(error)}). Write or fetch it again.") from None


def refuse_long_decimals(schema: Any, path: object) -> None:
    """Raise where a column holds decimals that polars cannot read from Parquet."""
    long = next((name for name, dtype in schema.items() if _digits(dtype) > _MOST_DIGITS), None)
    if long is not None:
        raise DataError(
            f"Column {long!r} of {path} holds decimals of {_digits(schema[long])} digits (decimal256), which cannot be "
            f"read from Parquet. Write it with at most {_MOST_DIGITS} digits, or as float64."
        )


@contextmanager
def _any_zone() -> Iterator[None]:
    before = os.environ.get(_ANY_ZONE)
    os.environ[_ANY_ZONE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_ANY_ZONE]
        else:
            os.environ[_ANY_ZONE] = before


def _refuse_intervals(footer: bytes, path: object) -> None:
    # polars panics at them
    for found in _TWELVE_BYTES.finditer(footer):
        end = found.end() + found[1][0]
        if footer[end : end + 2] == _OF_INTERVAL:
            raise DataError(
                f"Column {footer[found.end() : end].decode('utf-8', 'replace')!r} of {path} holds INTERVALs of months, "
                "days and milliseconds, which have no length of their own. Write it as a number of days, or leave it "
                "out."
            )


def _digits(dtype: Any) -> int:
    return getattr(dtype, "precision", None) or 0


def said_by_pandas(source: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that were the index of a pandas frame, and its categories, as a file or its path tells."""
    said = _said_by_pandas(source)
    return _names(said.get("index_columns")), _categories(said.get("columns"))


def _said_by_pandas(source: Any) -> dict[str, Any]:
    import polars as pl

    try:
        said = parse(pl.read_parquet_metadata(source).get("pandas", "{}"))
    except (InvalidInputError, pl.exceptions.PolarsError):
        return {}
    return said if isinstance(said, dict) else {}


def _names(found: Any) -> tuple[str, ...]:
    return tuple(name for name in found if isinstance(name, str)) if isinstance(found, list) else ()


def _categories(columns: Any) -> tuple[str, ...]:
    each = [column for column in columns if isinstance(column, dict)] if isinstance(columns, list) else []
    return _names([column.get("field_name") for column in each if column.get("pandas_type") == "categorical"])
