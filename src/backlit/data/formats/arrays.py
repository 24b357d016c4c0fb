"""Files of arrays → a table: IDX (MNIST) and NumPy's .npz."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backlit.data.formats.file_bytes import read_bytes
from backlit.data.formats.idx import idx_column_names, parse_idx
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl


def read_idx(data: bytes, path: object, labels: str | os.PathLike[str] | None, label_name: str) -> pl.DataFrame:
    """Read an IDX file of images or numbers, with a file of labels beside it.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.
    path : object
        What messages call the file.
    labels : str or path-like, optional
        An IDX file of labels.
    label_name : str
        The name of the column of labels, and of the only column of a 1-D file.
    """
    values = parse_idx(data, path)
    columns = _as_columns(values, idx_column_names(values.shape, label_name))
    if labels is not None:
        codes = parse_idx(read_bytes(labels), labels)
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


def read_npz(data: bytes, path: object) -> pl.DataFrame:
    """Read an .npz file: the columns of its 2-D array, if it has one, and each 1-D array as a column.

    Parameters
    ----------
    data : bytes
        The whole file.
    path : object
        What messages call the file.

    Raises
    ------
    DataError
        If arrays do not go together, or hold Python objects.
    """
    arrays = _npz_arrays(data, path)
    matrices = [key for key, array in arrays.items() if array.ndim == 2]
    listing = ", ".join(f"{key} {array.shape}" for key, array in arrays.items()) or "no arrays"
    others = [key for key, array in arrays.items() if array.ndim not in (1, 2)]
    if not arrays or len(matrices) > 1 or others:
        raise DataError(
            f"{path} should hold one 2-D array (rows × columns) and otherwise 1-D arrays, but holds {listing}. "
            "Save one table a file."
        )
    first = matrices[0] if matrices else next(iter(arrays))
    columns: dict[str, NDArray[np.generic]] = {}
    n_rows = len(arrays[first])
    if matrices:
        matrix = arrays.pop(first)
        columns = _as_columns(matrix, [f"feature_{j + 1}" for j in range(matrix.shape[1])])
    for key, array in arrays.items():
        if len(array) != n_rows:
            raise DataError(f"{path}: {key} has {len(array)} values, but {first} has {n_rows} rows.")
        if key in columns:
            raise DataError(f"{path}: the array {key!r} has the name of a column of {first}. Rename it.")
        columns[key] = array
    return _frame(columns)


def _as_columns(values: NDArray[np.generic], names: list[str]) -> dict[str, NDArray[np.generic]]:
    # One transposing copy; polars then takes each column without another.
    flat = np.ascontiguousarray(values.reshape(len(values), len(names)).T)
    return dict(zip(names, flat, strict=True))


def _frame(columns: dict[str, NDArray[np.generic]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(columns)


def _npz_arrays(data: bytes, path: object) -> dict[str, NDArray[np.generic]]:
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
        raise DataError(f"{path} is a damaged .npz file ({brief(error)}). Write or fetch it again.") from None
    for key, array in arrays.items():
        if array.dtype.kind not in "biufU":
            raise DataError(
                f"{path}: the array {key!r} has type {array.dtype}; numbers, booleans or text are expected."
            )
    return arrays


def brief(error: BaseException) -> str:
    """Return the first line of what another library says, or its beginning."""
    text = (str(error).splitlines() or ["no reason given"])[0]
    return text if len(text) <= 120 else f"{text[:120]}…"
