"""A file → a table. The extension (or, for IDX, the first bytes) says which format; ``.gz`` may follow any of them."""

from __future__ import annotations

import difflib
import gzip
import io
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backlit.data.cells import blank_missing, type_columns
from backlit.data.delimited import read_delimited
from backlit.data.idx import idx_column_names, looks_like_idx, parse_idx
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"
_IDX_SUFFIXES = (".idx", ".idx1", ".idx2", ".idx3", "-ubyte")


def read_table(
    path: str | os.PathLike[str],
    *,
    names: Sequence[str] | None = None,
    missing: Sequence[str] = (),
    separator: str | None = None,
    labels: str | os.PathLike[str] | None = None,
    label_name: str = "label",
) -> pl.DataFrame:
    """Read a table from a file.

    ====================================  ===================================================================
    ``.csv .tsv .txt .data``, any other   text, divided at commas (``.tsv``: tabs) or whatever divides it
    ``.parquet .pq``                      Parquet
    ``.npz``                              exactly one 2-D array gives ``feature_1``, ``feature_2``, …; every 1-D
                                          array of the same length a column named by its key
    ``-ubyte .idx .idx1 .idx3``           IDX (MNIST): images give ``pixel_<row>_<column>``, counted from 1
    ====================================  ===================================================================

    Blanks around cells of text are stripped and an empty cell is missing. A blank line is skipped; in a table of a
    single column it is a missing value. In a column whose other cells are numbers, NA, N/A, NaN, null and None are
    missing, too.

    Parameters
    ----------
    path : str or path-like
        The file, optionally gzipped.
    names : sequence of str, optional
        The column names of a text file that has no header line.
    missing : sequence of str, default=()
        Cells of text that mean missing, such as ``"?"``.
    separator : str, optional
        The character between the cells of a text file; found by itself by default.
    labels : str or path-like, optional
        An IDX file of labels, to go with an IDX file of images.
    label_name : str, default="label"
        The name of the column of labels, and of the only column of a 1-D IDX file.

    Returns
    -------
    polars.DataFrame
        At least one row; column names are distinct.
    """
    if isinstance(names, str) or isinstance(missing, str):
        raise DataError(
            "names and missing are lists of strings, not one string. Write names=['a', 'b'], missing=['?']."
        )
    path = Path(path)
    data = _read_bytes(path)
    stem = path.name.lower().removesuffix(".gz")
    if looks_like_idx(data) or stem.endswith(_IDX_SUFFIXES):
        table = _idx_table(parse_idx(data, path), path, labels, label_name)
    elif labels is not None:
        raise DataError(f"labels= belongs to an IDX file of images, which {path} is not. Keep the labels in a column.")
    elif stem.endswith((".parquet", ".pq")):
        table = blank_missing(_parquet_table(data, path), missing) if missing else _parquet_table(data, path)
    elif stem.endswith(".npz"):
        table = _npz_table(data, path)
    else:
        default = "\t" if stem.endswith((".tsv", ".tab")) else ","
        table = type_columns(read_delimited(data, path, names=names, separator=separator, default=default), missing)
        names = None
    if names is not None:
        raise DataError(f"{path} brings its own column names: names= is for text files without a header line.")
    if table.height == 0 or table.width == 0:
        raise DataError(f"{path} has {table.height} rows and {table.width} columns. At least one of each is needed.")
    return table


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}. {_near_files(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder. Give one of the files in it: {_listing(path)}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not data:
        raise DataError(f"{path} is empty (0 bytes).")
    if data[:2] == _GZIP_MAGIC:
        return _unpack(data, path)
    if path.suffix.lower() == ".gz":
        raise DataError(
            f"{path} is not gzipped: it begins with {data[:2].hex(' ')} instead of 1f 8b. Take .gz off its name, "
            "or fetch it again."
        )
    return data


def _unpack(data: bytes, path: Path) -> bytes:
    try:
        data = gzip.decompress(data)
    except EOFError:
        raise DataError(f"{path} is truncated: its gzip stream ends too early. Fetch it again.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged gzip ({error}). Fetch it again.") from None
    if not data:
        raise DataError(f"{path} is empty: nothing is left after unpacking.")
    return data


def _near_files(path: Path) -> str:
    if not path.parent.is_dir():
        return f"The folder {path.parent} does not exist either."
    present = sorted(entry.name for entry in path.parent.iterdir())
    near = difflib.get_close_matches(path.name, present, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"In that folder: {_listing(path.parent)}."


def _listing(folder: Path) -> str:
    present = sorted(entry.name for entry in folder.iterdir())
    return ", ".join(present[:8]) + (" …" if len(present) > 8 else "") if present else "nothing"


def _idx_table(
    values: NDArray[np.generic], path: Path, labels: str | os.PathLike[str] | None, label_name: str
) -> pl.DataFrame:
    columns = _as_columns(values, idx_column_names(values.shape, label_name))
    if labels is not None:
        labels = Path(labels)
        codes = parse_idx(_read_bytes(labels), labels)
        if codes.ndim != 1:
            raise DataError(f"{labels} should be a list of labels (1 dimension), but has {codes.ndim} dimensions.")
        if len(codes) != len(values):
            raise DataError(
                f"{labels} has {len(codes)} labels, but {path} has {len(values)} rows. Give matching files."
            )
        if label_name in columns:
            raise DataError(f"{path} already has a column {label_name!r}. Give another label_name=.")
        columns[label_name] = codes
    return _frame(columns)


def _as_columns(values: NDArray[np.generic], names: list[str]) -> dict[str, NDArray[np.generic]]:
    # One transposing copy; polars then takes each column without another.
    flat = np.ascontiguousarray(values.reshape(len(values), len(names)).T)
    return dict(zip(names, flat, strict=True))


def _frame(columns: dict[str, NDArray[np.generic]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(columns)


def _parquet_table(data: bytes, path: Path) -> pl.DataFrame:
    import polars as pl

    # Truncation is caught before polars sees it: given a damaged footer, its Rust code may panic or even abort.
    footer = int.from_bytes(data[-8:-4], "little")
    if data[:4] != _PARQUET_MAGIC or data[-4:] != _PARQUET_MAGIC or not 0 < footer <= len(data) - 12:
        raise DataError(f"{path} is not a whole Parquet file: it lacks PAR1 at an end, or its footer. Fetch it again.")
    try:
        return pl.read_parquet(io.BytesIO(data))
    # A panic is not even an Exception in Python.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise DataError(f"{path} is not a whole Parquet file ({_brief(error)}). Write or fetch it again.") from None


def _brief(error: BaseException) -> str:
    text = (str(error).splitlines() or ["no reason given"])[0]
    return text if len(text) <= 120 else f"{text[:120]}…"


def _npz_table(data: bytes, path: Path) -> pl.DataFrame:
    arrays = _npz_arrays(data, path)
    matrices = [key for key, array in arrays.items() if array.ndim == 2]
    listing = ", ".join(f"{key} {array.shape}" for key, array in arrays.items()) or "no arrays"
    others = [key for key, array in arrays.items() if array.ndim not in (1, 2)]
    if len(matrices) != 1 or others:
        raise DataError(
            f"{path} should hold one 2-D array (rows × columns) and otherwise 1-D arrays, but holds {listing}. "
            "Save one table a file."
        )
    matrix = arrays.pop(matrices[0])
    columns = _as_columns(matrix, [f"feature_{j + 1}" for j in range(matrix.shape[1])])
    for key, array in arrays.items():
        if len(array) != len(matrix):
            raise DataError(f"{path}: {key} has {len(array)} values, but {matrices[0]} has {len(matrix)} rows.")
        if key in columns:
            raise DataError(f"{path}: the array {key!r} has the name of a column of {matrices[0]}. Rename it.")
        columns[key] = array
    return _frame(columns)


def _npz_arrays(data: bytes, path: Path) -> dict[str, NDArray[np.generic]]:
    if data[:2] != b"PK":
        raise DataError(f"{path} is not an .npz file: it begins with {data[:2].hex(' ')} instead of 50 4b.")
    arrays, key = {}, None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            for key in archive.files:
                arrays[key] = archive[key]
    except Exception as error:  # zipfile, zlib and numpy's header parser each have errors of their own
        if key is not None and "pickle" in str(error):
            raise DataError(
                f"{path}: the array {key!r} holds Python objects, which can run code when read and are refused. "
                "Save it as numbers or as fixed-width text (astype('U'))."
            ) from None
        raise DataError(f"{path} is a damaged .npz file ({_brief(error)}). Write or fetch it again.") from None
    for key, array in arrays.items():
        if array.dtype.kind not in "biufU":
            raise DataError(
                f"{path}: the array {key!r} has type {array.dtype}; numbers, booleans or text are expected."
            )
    return arrays
