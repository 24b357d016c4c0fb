"""svmlight, or libsvm: lines of a label and pairs ``place:value``; what is not written is 0."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import numpy as np

from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".svmlight", ".libsvm", ".svm")
_LINE = re.compile(rb"\s*[-+\d.eE]+(\s+(qid:)?\d+:[^\s:]+)+\s*(#.*)?\r?")
_MOST_CELLS = 200_000_000


def looks_like_svmlight(data: bytes) -> bool:
    """Tell whether the first lines are labels with pairs."""
    lines = [line for line in data[:65_536].split(b"\n")[:5] if line.strip() and not line.startswith(b"#")]
    return bool(lines) and all(map(_LINE.fullmatch, lines[:-1] or lines))


def read_svmlight(data: bytes, path: object, label_name: str) -> pl.DataFrame:
    """Read a file of sparse rows as a table: ``feature_<place>`` as the file counts places, and the label.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.
    path : object
        What messages call the file.
    label_name : str
        The name of the column of labels.

    Raises
    ------
    DataError
        If a line is wrong, or so many places are named that the table would not fit into memory.
    """
    import polars as pl
    from sklearn.datasets import load_svmlight_file

    try:
        # As if places counted from 0: then they have the file's own numbers, in every file of a set.
        sparse, labels = load_svmlight_file(io.BytesIO(data), zero_based=True)
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"{path} cannot be read as svmlight/libsvm ({error}). Each line should be a number as label, and pairs "
            "place:value in rising order."
        ) from None
    n_rows, width = sparse.shape
    if n_rows * width > _MOST_CELLS:
        raise DataError(
            f"{path} has {n_rows:,} rows of {width:,} places, too many for a table. In Python, MLPClassifier and "
            "MLPRegressor take it as it is: sklearn.datasets.load_svmlight_file gives X and y."
        )
    columns = {f"feature_{j}": values for j, values in enumerate(np.ascontiguousarray(sparse.toarray().T))}
    if width and not columns["feature_0"].any():
        del columns["feature_0"]  # most count from 1
    whole = bool(np.all(labels == np.floor(labels)) and np.all(np.abs(labels) < 2**53))
    columns[label_name] = labels.astype(np.int64) if whole else labels
    return pl.DataFrame(columns)
