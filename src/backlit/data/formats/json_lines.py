"""JSON → a table: a line for each row, or one list of rows; each row an object of plain values."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

LINES = (".jsonl", ".ndjson")
SUFFIXES = (*LINES, ".json")
_REMEDY = 'Write one object a line, with plain values: {"a": 1, "b": "x"}'


def read_json(data: bytes, path: object) -> pl.DataFrame:
    """Read rows from JSON. A column of text and numbers becomes text, and so do whole numbers beyond 64 bits.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.
    path : object
        What messages call the file.

    Raises
    ------
    DataError
        If it is no JSON, no rows of objects, or a column holds lists or objects.
    """
    import polars as pl

    data = data.removeprefix(b"\xef\xbb\xbf").strip()
    read = pl.read_json if data.startswith(b"[") else pl.read_ndjson
    try:
        table = read(io.BytesIO(data), infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        said = (str(error).splitlines() or ["no reason given"])[0][:120]
        raise DataError(f"{path} cannot be read as rows of JSON ({said}). {_REMEDY}.") from None
    for name, dtype in table.schema.items():
        if dtype.is_nested():
            raise DataError(
                f"{path}: the column {name!r} holds lists or objects. Write their values as columns of their own, or "
                f"as text. {_REMEDY}."
            )
    # No other format has integers of 128 bits; as text they keep every digit.
    return table.with_columns(pl.col(pl.Int128).cast(pl.String))
