"""`TableEncoding` as a transformer of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from backlit.data.encoding import TableEncoding


class TableEncoder(TransformerMixin, BaseEstimator, TableEncoding):  # type: ignore[misc]
    """Turn a table into a matrix of floats.

    ===============  ==================================================================================================
    numbers          ``(x − median) / IQR`` (half the range where the IQR is 0), then ``z / √(1 + (z/3)²)``
    pixels           columns of bytes named ``pixel_…``: ``x / 255``
    booleans         −1 and +1, 0 if missing
    text, category   one place for each value, one for other values (rare in training, or not seen there)
    dates            days since 1970-01-01 like a number; sine and cosine of year, week and, with times, day
    durations        days like a number
    ===============  ==================================================================================================

    Text is a category unless nearly all of its cells are numbers, dates, or true and false. Columns of nothing but new
    values and indices of frames are left out, with a warning, as are cells that do not fit (docs/columns.md).

    A column with missing values in training gets a feature more, 1 where a value is missing; the number itself is then
    the median. A column that was constant or entirely missing in training keeps a feature that is always 0, so that
    names and explanations account for every column.

    Parameters
    ----------
    dtype : {"float64", "float32"}, default="float64"
        Type of the matrix.
    max_categories : int, default=50
        Values of a column of text that get a place of their own, at most. The most frequent do; where not all have
        room, values that occur once never do.
    categorical_features : "from_dtype", or array-like of str, int or bool, default="from_dtype"
        Columns that are categories whatever they hold, numbers say: names, positions from 0, or a mask.
    columns : dict, ColumnChoices, TableSchema or None, default=None
        What is known of the columns beforehand: ``{"zip": "category", "when": "date:%d/%m/%Y"}``.
    numbers : {"scaled", "piecewise"}, default="scaled"
        "piecewise" gives numbers, and the days of dates and durations, features more beside the scaled one: a bin each,
        ``(x − low) / (high − low)`` kept to 0 … 1, between quantiles of training. It costs width and lets a network
        bend where a number matters.
    n_bins : int, default=32
        Bins of a column, at most; a column of few distinct values has one from each to the next. Only for "piecewise".
    bins_above : int, default=0
        A column of at most so many different values has no bins. Where few numbers stand for many rows, bins tell a
        network little that the scaled number does not, and let it learn rows by heart. Only for "piecewise".

    Attributes
    ----------
    schema_ : TableSchema
        What each column was taken for, and why; ``print(encoder.schema_)`` says it.
    n_features_in_ : int
        Columns in training.
    feature_names_in_ : ndarray of str
        Their names; only if training had a dataframe.
    """

    # scikit-learn wraps what stands in the class itself alone, for `set_output`
    def transform(self, table: Any) -> NDArray[np.floating]:
        """See `TableEncoding.transform`."""
        return super().transform(table)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # The matrix has the type that `dtype` says, whatever came.
        tags.transformer_tags.preserves_dtype = []
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags
