"""Any table → a matrix of floats: what was learned in training is applied, column by column, to what comes later.

`TableEncoder` is this for scikit-learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backlit.data.categories import chosen_categories
from backlit.data.columns.column import Column
from backlit.data.columns.counted import of_each
from backlit.data.columns.schema import TableSchema
from backlit.data.features import EncodedFeature, Features
from backlit.data.learned import DTYPES, NUMBERS, PIECEWISE, Learned, dtype_name
from backlit.data.meaning import choices_of, learn_schema, losses, read_view
from backlit.data.plans import JsonDict, Plan, fit_plan, plan_for
from backlit.data.statistics import Statistics
from backlit.data.table_view import NO_ZONES, TableView
from backlit.data.values import plain
from backlit.errors import DataError, InvalidInputError, ShapeError


class TableEncoding:
    """What `TableEncoder` does, without scikit-learn, whose import takes longer than most predictions.

    Parameters and attributes are those of `TableEncoder`.
    """

    def __init__(
        self,
        dtype: Any = "float64",
        max_categories: int = 50,
        categorical_features: Any = "from_dtype",
        columns: Any = None,
        numbers: str = "scaled",
        n_bins: int = 32,
        bins_above: int = 0,
    ) -> None:
        self.dtype = dtype
        self.max_categories = max_categories
        self.categorical_features = categorical_features
        self.columns = columns
        self.numbers = numbers
        self.n_bins = n_bins
        self.bins_above = bins_above

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
        choices = choices_of(self.columns)
        chosen = {view.names[j]: "category" for j in chosen_categories(self.categorical_features, view)}
        choices = replace(choices, columns={**choices.columns, **chosen}).with_categories(view.categories())
        schema = learn_schema(view, choices, int(self.max_categories))
        self._fit(read_view(view, schema, view.positions), schema)
        for said in losses(schema, int(self.max_categories)):
            from sklearn.exceptions import DataConversionWarning

            warnings.warn(said, DataConversionWarning, stacklevel=2)
        return self

    def fit_read(self, table: Any, schema: TableSchema, zones: Mapping[str, str] = NO_ZONES) -> Self:
        """Learn the columns of a table that a schema has already read.

        Parameters
        ----------
        table : dataframe
            With the columns of the schema, in their order.
        schema : TableSchema
        zones : mapping of str to str
            By whose clocks columns of moments go, where their type does not say.
        """
        self._check_parameters()
        self._fit(TableView(table, zones), schema)
        return self

    def _fit(self, view: TableView, schema: TableSchema) -> None:
        used = [(j, column) for j, column in enumerate(schema.columns) if column.is_used]

        def plan(of: tuple[int, Column]) -> Plan:
            return fit_plan(view, of[0], *self._limits, as_category=of[1].kind == "category")

        self._fitted(of_each(used, plan, view.n_rows), schema, named=view.named)

    def fit_statistics(self, statistics: Iterable[Statistics], schema: TableSchema, *, named: bool = True) -> None:
        """Learn columns from what is known of each that is used, in the order of the schema.

        Parameters
        ----------
        statistics : iterable of Statistics
        schema : TableSchema
        named : bool, default True
            Whether the columns' names are the table's own.
        """
        self._check_parameters()
        self._fitted([plan_for(each, *self._limits) for each in statistics], schema, named=named)

    def _fitted(self, plans: list[Plan], schema: TableSchema, *, named: bool) -> None:
        if not plans:
            left_out = "; ".join(f"{column.name}: {column.kind}" for column in schema.columns[:5])
            raise DataError(f"No column is left to learn from ({left_out}). Say what one is: columns={{…}} (--column).")
        self._learned(plans, schema, named=named)

    @property
    def _limits(self) -> tuple[int, int, int]:
        return int(self.max_categories), self.n_bins if self.numbers == PIECEWISE else 0, int(self.bins_above)

    def _check_parameters(self) -> None:
        if dtype_name(self.dtype) not in DTYPES:
            raise InvalidInputError(f"dtype should be 'float32' or 'float64', but is {self.dtype!r}.")
        for name, least in (("max_categories", 1), ("n_bins", 2), ("bins_above", 0)):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < least:
                raise InvalidInputError(f"{name} should be an integer ≥ {least}, but is {value!r}.")
        if self.numbers not in NUMBERS:
            raise InvalidInputError(f"numbers should be 'scaled' or 'piecewise', but is {self.numbers!r}.")

    def _learned(self, plans: list[Plan], schema: TableSchema, *, named: bool) -> None:
        self.plans_, self.schema_ = plans, schema
        self.n_features_in_ = len(schema.columns)
        if named:
            self.feature_names_in_ = np.array([column.name for column in schema.columns], dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self._features = Features.of(plans)

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
        self._check_fitted()
        view, columns = self._read(TableView(table))
        return self._features.encode(view, columns, dtype_name(self.dtype))

    def transform_read(self, table: Any) -> NDArray[np.floating]:
        """Encode a table that the schema has already read; see `transform`."""
        return self._features.encode(*self.columns_of(table), dtype_name(self.dtype))

    def columns_of(self, table: Any) -> tuple[TableView, list[int]]:
        """Return a view of a table that the schema has already read, and where each plan's column stands in it."""
        view = TableView(table)
        return view, self._find_columns(view)

    def _read(self, view: TableView) -> tuple[TableView, list[int]]:
        """Return a table read as in training, and where each plan's column stands in it."""
        columns = self._find_columns(view)
        positions = {plan.column: j for plan, j in zip(self.plans_, columns, strict=True)}
        return read_view(view, self.schema_, positions), columns

    def _find_columns(self, view: TableView) -> list[int]:
        if not (view.named and hasattr(self, "feature_names_in_")):
            if len(view.names) != self.n_features_in_:
                raise ShapeError(
                    f"X has {len(view.names)} features, but TableEncoder is expecting {self.n_features_in_} features "
                    "as input. Give the columns of training, in their order."
                )
            return [j for j, column in enumerate(self.schema_.columns) if column.is_used]
        absent = [plan.column for plan in self.plans_ if plan.column not in view.positions]
        if absent:
            extra = [name for name in view.names if name not in self.schema_.by_name]
            listed = ", ".join(map(repr, absent[:5])) + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
            unknown = f" Not known from training: {', '.join(map(repr, extra[:5]))}." if extra else ""
            raise DataError(f"The table lacks {listed}, which training had. Add or rename the columns.{unknown}")
        return [view.positions[plan.column] for plan in self.plans_]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the columns of the matrix.

        Parameters
        ----------
        input_features : array-like of str, optional
            Only checked against the names of training.
        """
        self._check_fitted()
        if input_features is not None and hasattr(self, "feature_names_in_"):
            if list(input_features) != list(self.feature_names_in_):
                raise InvalidInputError("input_features is not equal to feature_names_in_")
        elif input_features is not None and len(input_features) != self.n_features_in_:
            raise InvalidInputError(
                f"input_features should have length equal to number of features ({self.n_features_in_}), "
                f"got {len(input_features)}"
            )
        return np.array(self._features.names, dtype=object)

    def extra_columns(self, table: Any) -> list[str]:
        """List the columns of a table that training did not have and that `transform` therefore ignores."""
        self._check_fitted()
        view = TableView(table)
        return [name for name in view.names if name not in self.schema_.by_name] if view.named else []

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
        self._check_fitted()
        view, columns = self._read(TableView(table).row(row_index))
        encoded = iter(
            zip(self._features.names, self._features.encode(view, columns, dtype_name(self.dtype))[0], strict=True)
        )
        described = []
        for plan, j in zip(self.plans_, columns, strict=True):
            raw = view.values(j)[0]
            for operation in plan.describe(raw):
                name, value = next(encoded)
                described.append(EncodedFeature(name, plan.column, plain(raw), operation, float(value)))
        return described

    def to_dict(self) -> JsonDict:
        """Write down what was learned, in JSON's types."""
        self._check_fitted()
        # said only where it is not what encoders of before are
        bins = {"n_bins": int(self.n_bins)} if self.numbers == PIECEWISE else {}
        bins |= {"bins_above": int(self.bins_above)} if bins and self.bins_above else {}
        return {
            "version": 2,
            "dtype": dtype_name(self.dtype),
            "max_categories": int(self.max_categories),
            **bins,
            "named": hasattr(self, "feature_names_in_"),
            "n_features_out": len(self._features.names),
            "columns": [plan.to_dict() for plan in self.plans_],
            "schema": self.schema_.to_document(),
        }

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read an encoder back; it then encodes bit for bit as before.

        Parameters
        ----------
        data : object
            What `to_dict` gave. Every field is checked, and a wrong one named in a `ModelFileError`.
        """
        learned = Learned.from_dict(data)
        encoder = cls(learned.dtype, learned.max_categories)
        if learned.n_bins is not None:
            encoder.numbers, encoder.n_bins, encoder.bins_above = PIECEWISE, learned.n_bins, learned.bins_above
        encoder._learned(learned.plans, learned.schema, named=learned.named)
        learned.width.one_of(len(encoder._features.names))
        return encoder

    def _check_fitted(self) -> None:
        if not hasattr(self, "plans_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(f"This {type(self).__name__} has learned no table yet. Call fit first.")
