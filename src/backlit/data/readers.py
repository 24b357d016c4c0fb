"""A file → a table whose cells have their meaning."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sklearn.exceptions import DataConversionWarning

from backlit.data.columns import ColumnChoices, decide
from backlit.data.columns.decide import PLACES
from backlit.data.columns.gaps import blank_missing
from backlit.data.columns.left_out_rows import without_lines
from backlit.data.formats.table_file import read_table_file
from backlit.data.meaning import losses
from backlit.errors import DataError

if TYPE_CHECKING:
    import polars as pl


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
    ``.csv .tsv .txt .data``, any other   text, divided at commas (``.tsv``: tabs) or whatever divides it, runs of
                                          blanks too; lines of title and comments before the table are left out
    ``.parquet .pq``                      Parquet
    ``.json .jsonl .ndjson``              a list of objects, or one a line
    ``.xlsx .xlsm .xlsb .xls .ods``       the first sheet that is not empty; needs ``pip install 'backlit[excel]'``
    ``.arff``                             ARFF, not sparse
    ``.svmlight .libsvm .svm``            lines of a label and pairs ``place:value``: ``feature_<place>``
    ``.npz``                              a 2-D array gives ``feature_1``, ``feature_2``, …; every 1-D array of the same
                                          length a column named by its key
    ``-ubyte .idx .idx1 .idx3``           IDX (MNIST): images give ``pixel_<row>_<column>``, counted from 1
    ====================================  ===================================================================

    ``.gz`` may follow any of them. Text is UTF-8 or UTF-16.

    Blanks around cells of text are stripped and an empty cell is missing. A blank line is skipped; in a table of a
    single column it is a missing value. What each column is, is decided from all of its cells: thousands separators,
    decimal commas and the usual dates are understood, and in a column of numbers a word is a gap, with a warning.

    Parameters
    ----------
    path : str or path-like
        The file, optionally gzipped.
    names : sequence of str, optional
        The column names of a text file that has no header line.
    missing : sequence of str, default=()
        Cells of text that mean missing, such as ``"?"``.
    separator : str, optional
        The character between the cells of a text file, a blank for a run of them; found by itself by default.
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
    file = read_table_file(
        path, names=names, separator=separator, labels=labels, label_name=label_name, plain_numbers=True
    )
    if not file.is_text:
        return blank_missing(file.frame, missing)[0] if missing else file.frame
    schema = decide(file.frame, ColumnChoices(missing=tuple(missing)).for_file(file))
    for said in losses(replace(schema, columns=tuple(column for column in schema.columns if column.misfits)), PLACES):
        warnings.warn(f"{path}: {said}", DataConversionWarning, stacklevel=2)
    return schema.read(without_lines(file.frame, schema.left_out_rows))
