"""A table without names of columns → a NumPy array of two dimensions, what is masked in it a gap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.errors import DataError, ShapeError


def is_array_like(table: object) -> bool:
    """Tell whether a table is a list of rows or an array, which has no names."""
    if isinstance(table, list | tuple | np.ndarray):
        return True
    return hasattr(table, "__array__") and not hasattr(table, "columns")


def array_of(table: Any) -> NDArray[Any]:
    """Return rows, or what is like an array, as one.

    Parameters
    ----------
    table : sequence of rows, or array-like

    Raises
    ------
    ShapeError
        If it has other than two dimensions, or rows of several lengths.
    DataError
        If its values are none that a table can have.
    """
    array = with_gaps(_of_rows(table) if isinstance(table, list | tuple) else table)
    if array.ndim != 2:
        raise ShapeError(
            f"Expected 2D array (n_rows, n_columns), got {array.ndim}D array of shape {array.shape} instead. "
            "Reshape your data: .reshape(-1, 1) for one column, .reshape(1, -1) for one row."
        )
    if array.dtype.kind not in "biufMmUO":
        raise DataError(
            f"Complex data not supported: {array.dtype}. Give real numbers."
            if array.dtype.kind == "c"
            else f"An array of type {array.dtype} cannot be used. Give numbers, booleans, text, dates or objects."
        )
    return array


def with_gaps(values: Any) -> NDArray[Any]:
    """Return array-like values as an array; what is masked, as DuckDB's NULL is in NumPy, is a gap."""
    if not (isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values)):
        return np.asarray(values)
    array = np.array(values.data, dtype=values.dtype if values.dtype.kind == "f" else object)
    array[np.ma.getmaskarray(values)] = None  # of floats that is NaN
    return array


def _of_rows(rows: Any) -> NDArray[Any]:
    try:
        array = np.array(rows)
        # NumPy turns a list that mixes numbers with text into text alone; as objects each column keeps its kind.
        return array if array.dtype.kind in "biuf" else np.array(rows, dtype=object)
    except ValueError:
        raise ShapeError("The rows of the list have different lengths. Give every row the same columns.") from None
