"""Any table → a matrix of floats: what was learned in training is applied, column by column, to what comes later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from backlit.data.categories import chosen_categories
from backlit.data.plans import CategoryPlan, JsonDict, NumberPlan, PixelPlan, Plan, fit_plan, plan_from_dict
from backlit.data.scaling import divide_bytes, scale_block
from backlit.data.table_view import TableView
from backlit.data.values import plain
from backlit.documents.field import MODEL, Field
from backlit.errors import DataError, InvalidInputError, ShapeError

_DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class EncodedFeature:
    """How one feature of one row came about.

    Attributes
    ----------
    name : str
        The feature's name.
    column : str
        The column it comes from.
    raw_value : str, int, float, bool or None
        What stands in that column (dates as ISO text; None is missing).
    operation : str
        The formula in numbers, ``"u / √(1 + (u/3)²),  u = (8.3252 − 3.5348) / 2.1802"``, or for a place of a category
        the condition that makes it 1, ``'income = "<=50K"'``.
    value : float
        The result.
    """

    name: str
    column: str
    raw_value: str | int | float | bool | None
    operation: str
    value: float


class TableEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn a table into a matrix of floats.

    ===============  ==================================================================================================
    numbers          ``(x − median) / IQR`` (half the range where the IQR is 0), then ``z / √(1 + (z/3)²)``
    pixels           columns of bytes named ``pixel_…``: ``x / 255``
    booleans         −1 and +1, 0 if missing
    text, category   one place for each value, one for other values (rare in training, or not seen there)
    dates            days since 1970-01-01 like a number; sine and cosine of year, week and, with times, day
    durations        days like a number
    ===============  ==================================================================================================

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
        Columns that are categories whatever they hold, numbers say: names, positions from 0, or a mask. Text is a
        category in any case.

    Attributes
    ----------
    n_features_in_ : int
        Columns in training.
    feature_names_in_ : ndarray of str
        Their names; only if training had a dataframe.
    """

    def __init__(
        self, dtype: Any = "float64", max_categories: int = 50, categorical_features: Any = "from_dtype"
    ) -> None:
        self.dtype = dtype
        self.max_categories = max_categories
        self.categorical_features = categorical_features

    def fit(self, table: Any, y: ArrayLike | None = None) -> Self:
        """Learn each column.

        Parameters
        ----------
        table : dataframe, or array-like of shape (n_rows, n_columns)
            pandas, polars, pyarrow, or anything else narwhals knows.
        y : ignored
        """
        self._check_parameters()
        view = TableView(table)
        if view.n_rows == 0:
            raise DataError("Found array with 0 sample(s) (no rows), while a minimum of 1 is required.")
        if not view.names:
            raise DataError(f"0 feature(s) (shape=({view.n_rows}, 0)) while a minimum of 1 is required.")
        chosen = chosen_categories(self.categorical_features, view)
        plans = [fit_plan(view, j, self.max_categories, as_category=j in chosen) for j in range(len(view.names))]
        self._learned(plans, named=view.named)
        return self

    def _check_parameters(self) -> None:
        if _dtype_name(self.dtype) not in _DTYPES:
            raise InvalidInputError(f"dtype should be 'float32' or 'float64', but is {self.dtype!r}.")
        if not isinstance(self.max_categories, int | np.integer) or self.max_categories < 1:
            raise InvalidInputError(f"max_categories should be an integer ≥ 1, but is {self.max_categories!r}.")

    def _learned(self, plans: list[Plan], *, named: bool) -> None:
        self.plans_ = plans
        self.n_features_in_ = len(plans)
        if named:
            self.feature_names_in_ = np.array([plan.column for plan in plans], dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self._names = _distinct([name for plan in plans for name in plan.names()])
        widths = [len(plan.names()) for plan in plans]
        self._offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.intp)

    def transform(self, table: Any) -> NDArray[np.floating]:
        """Encode a table.

        Columns are found by name, in any order; those unknown in training are ignored (see `extra_columns`). An array
        goes by position.

        Parameters
        ----------
        table : dataframe, or array-like of shape (n_rows, n_columns)

        Returns
        -------
        ndarray of shape (n_rows, n_features_out)
        """
        check_is_fitted(self, "plans_")
        view = TableView(table)
        return self._encode(view, self._find_columns(view))

    def _find_columns(self, view: TableView) -> list[int]:
        if not (view.named and hasattr(self, "feature_names_in_")):
            if len(view.names) != self.n_features_in_:
                raise ShapeError(
                    f"X has {len(view.names)} features, but TableEncoder is expecting {self.n_features_in_} features "
                    "as input. Give the columns of training, in their order."
                )
            return list(range(self.n_features_in_))
        absent = [plan.column for plan in self.plans_ if plan.column not in view.positions]
        if absent:
            extra = [name for name in view.names if name not in {plan.column for plan in self.plans_}]
            listed = ", ".join(map(repr, absent[:5])) + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
            unknown = f" Not known from training: {', '.join(map(repr, extra[:5]))}." if extra else ""
            raise DataError(f"The table lacks {listed}, which training had. Add or rename the columns.{unknown}")
        return [view.positions[plan.column] for plan in self.plans_]

    def _encode(self, view: TableView, columns: list[int]) -> NDArray[np.floating]:
        out = np.zeros((view.n_rows, len(self._names)), dtype=_dtype_name(self.dtype))
        if view.n_rows == 0:
            return out
        numbers, pixels = [], []
        for k, (plan, j) in enumerate(zip(self.plans_, columns, strict=True)):
            if isinstance(plan, PixelPlan):
                pixels.append(k)
            elif type(plan) is NumberPlan:
                numbers.append(k)
            else:
                plan.encode(view, j, out[:, self._offsets[k] : self._offsets[k + 1]])
        if pixels:
            places = [columns[k] for k in pixels]
            block = view.block(places, whole_bytes=view.has_whole_bytes(places))
            divide_bytes(block, [self.plans_[k].column for k in pixels], out, self._offsets[pixels])
        if numbers:
            self._encode_numbers(view, columns, numbers, out)
        return out

    def _encode_numbers(
        self, view: TableView, columns: list[int], numbers: list[int], out: NDArray[np.floating]
    ) -> None:
        plans = [plan for k in numbers if isinstance(plan := self.plans_[k], NumberPlan)]
        scale_block(
            view.block([columns[k] for k in numbers]),
            [plan.column for plan in plans],
            center=np.array([plan.center for plan in plans]),
            spread=np.array([plan.spread for plan in plans]),
            out=out,
            places=self._offsets[numbers],
            indicators=np.where([plan.missing for plan in plans], self._offsets[numbers] + 1, -1),
        )

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the columns of the matrix.

        Parameters
        ----------
        input_features : array-like of str, optional
            Only checked against the names of training.
        """
        check_is_fitted(self, "plans_")
        if input_features is not None and hasattr(self, "feature_names_in_"):
            if list(input_features) != list(self.feature_names_in_):
                raise InvalidInputError("input_features is not equal to feature_names_in_")
        elif input_features is not None and len(input_features) != self.n_features_in_:
            raise InvalidInputError(
                f"input_features should have length equal to number of features ({self.n_features_in_}), "
                f"got {len(input_features)}"
            )
        return np.array(self._names, dtype=object)

    def extra_columns(self, table: Any) -> list[str]:
        """List the columns of a table that training did not have and that `transform` therefore ignores."""
        check_is_fitted(self, "plans_")
        view = TableView(table)
        known = {plan.column for plan in self.plans_}
        return [name for name in view.names if name not in known] if view.named else []

    def describe_row(self, table: Any, row_index: int) -> list[EncodedFeature]:
        """Explain each feature of one row.

        Parameters
        ----------
        table : dataframe, or array-like of shape (n_rows, n_columns)
        row_index : int
            Counted from 0.

        Returns
        -------
        list of EncodedFeature
            In the order of `get_feature_names_out`.
        """
        check_is_fitted(self, "plans_")
        view = TableView(table).row(row_index)
        columns = self._find_columns(view)
        encoded = iter(zip(self._names, self._encode(view, columns)[0], strict=True))
        described = []
        for plan, j in zip(self.plans_, columns, strict=True):
            raw = view.values(j)[0]
            for operation in plan.describe(raw):
                name, value = next(encoded)
                described.append(EncodedFeature(name, plan.column, plain(raw), operation, float(value)))
        return described

    def to_dict(self) -> JsonDict:
        """Write down what was learned, in JSON's types."""
        check_is_fitted(self, "plans_")
        return {
            "version": 1,
            "dtype": _dtype_name(self.dtype),
            "max_categories": int(self.max_categories),
            "named": hasattr(self, "feature_names_in_"),
            "n_features_in": self.n_features_in_,
            "n_features_out": len(self._names),
            "columns": [plan.to_dict() for plan in self.plans_],
        }

    @classmethod
    def from_dict(cls, data: object) -> TableEncoder:
        """Read an encoder back; it then encodes bit for bit as before.

        Parameters
        ----------
        data : object
            What `to_dict` gave. Every field is checked, and a wrong one named in a `ModelFileError`.
        """
        document = Field(data, "encoder", MODEL)
        document.version(1)
        fields = document.fields(
            "version", "dtype", "max_categories", "named", "n_features_in", "n_features_out", "columns"
        )
        encoder = cls(fields["dtype"].one_of(*_DTYPES), fields["max_categories"].whole(1))
        columns = fields["columns"].parts(fields["n_features_in"].whole(1))
        plans = [plan_from_dict(column.value, column.path) for column in columns]
        if len({plan.column for plan in plans}) < len(plans):
            fields["columns"].refuse("columns of distinct names")
        for column, plan in zip(columns, plans, strict=True):
            if isinstance(plan, CategoryPlan) and len(plan.values) > encoder.max_categories:
                column["values"].refuse(f"a list of 0 to {encoder.max_categories}")
        encoder._learned(plans, named=fields["named"].flag())
        fields["n_features_out"].one_of(len(encoder._names))
        return encoder

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # The matrix has the type that `dtype` says, whatever came.
        tags.transformer_tags.preserves_dtype = []
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags


def _dtype_name(dtype: Any) -> str:
    try:
        return str(np.dtype(dtype).name)
    except TypeError:
        return repr(dtype)


def _distinct(names: list[str]) -> list[str]:
    # `a is missing` may be a column's own name as well: whoever looks features up by name needs them distinct.
    taken = set(names)
    if len(taken) == len(names):
        return names
    seen: set[str] = set()
    distinct = []
    for name in names:
        candidate, n = name, 1
        while candidate in seen or (n > 1 and candidate in taken):
            n += 1
            candidate = f"{name} ({n})"
        seen.add(candidate)
        distinct.append(candidate)
    return distinct
