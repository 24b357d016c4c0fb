"""What a `TableEncoder` learned, read from a model file: today's, and that of versions before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.data.category_plan import CategoryPlan
from backlit.data.columns.column import Column, Kind
from backlit.data.columns.schema import TableSchema
from backlit.data.plans import Plan, plan_from_dict
from backlit.documents.field import MODEL, Field

DTYPES = ("float32", "float64")
PIECEWISE = "piecewise"
NUMBERS = ("scaled", PIECEWISE)
_KINDS: dict[str, Kind] = {"boolean": "flag", "pixel": "number"}


@dataclass(frozen=True)
class Learned:
    """What stands in the dictionary of an encoder.

    Attributes
    ----------
    dtype : {"float32", "float64"}
    max_categories : int
    n_bins : int or None
        None: numbers are scaled, without bins.
    bins_above : int
        Columns of at most so many different values have none.
    named : bool
    width : Field
        How many features the file says there are.
    plans : list of Plan
    schema : TableSchema
    """

    dtype: str
    max_categories: int
    n_bins: int | None
    bins_above: int
    named: bool
    width: Field
    plans: list[Plan]
    schema: TableSchema

    @classmethod
    def from_dict(cls, data: object) -> Learned:
        """Read what `TableEncoder.to_dict` gave; a wrong field is named in a `ModelFileError`."""
        document = Field(data, "encoder", MODEL)
        document.version(2)
        is_old = document["version"].value == 1
        own = "n_features_in" if is_old else "schema"
        bins = {"n_bins": None, "bins_above": 0}
        fields = document.fields(
            "version", "dtype", "max_categories", "named", "n_features_out", "columns", own, **bins
        )
        max_categories = fields["max_categories"].whole(1)
        columns = fields["columns"].parts(fields[own].whole(1) if is_old else None)
        plans = [plan_from_dict(column.value, column.path) for column in columns]
        names = [plan.column for plan in plans]
        if len(set(names)) < len(names):
            fields["columns"].refuse("columns of distinct names")
        for column, plan in zip(columns, plans, strict=True):
            if isinstance(plan, CategoryPlan) and len(plan.values) > max_categories:
                column["values"].refuse(f"a list of 0 to {max_categories}")
        if is_old:
            # What earlier versions decided anew for each file is what their plans expect.
            schema = TableSchema(tuple(Column(plan.column, _KINDS.get(plan.kind, plan.kind)) for plan in plans))  # type: ignore[arg-type]
        else:
            schema = TableSchema.from_document(fields[own].value, fields[own].path, MODEL)
            if [column.name for column in schema.columns if column.is_used] != names:
                fields[own].refuse("of the same columns as the encoder")
        named = fields["named"].flag()
        n_bins = None if fields["n_bins"].is_null else fields["n_bins"].whole(2)
        above, width = fields["bins_above"].whole(0), fields["n_features_out"]
        return cls(fields["dtype"].one_of(*DTYPES), max_categories, n_bins, above, named, width, plans, schema)


def dtype_name(dtype: Any) -> str:
    """Return how a type of numbers is called, or what came in its place."""
    try:
        return str(np.dtype(dtype).name)
    except TypeError:
        return repr(dtype)
