"""What a `TableEncoder` learned, read from a model file: today's, and that of versions before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backlit.data.checked import CheckedFields
from backlit.data.columns.column import Column, Kind
from backlit.data.columns.schema import TableSchema
from backlit.data.plans import Plan, plan_from_dict

DTYPES = ("float32", "float64")
_DAMAGED = "The file is damaged or was edited: save the model again."
_KINDS: dict[str, Kind] = {"boolean": "flag", "pixel": "number"}


@dataclass(frozen=True)
class Learned:
    """What stands in the dictionary of an encoder.

    Attributes
    ----------
    dtype : {"float32", "float64"}
    max_categories : int
    named : bool
    width : int
        Features.
    plans : list of Plan
    schema : TableSchema
    """

    dtype: str
    max_categories: int
    named: bool
    width: int
    plans: list[Plan]
    schema: TableSchema

    @classmethod
    def from_dict(cls, data: object) -> Learned:
        """Read what `TableEncoder.to_dict` gave; a wrong field is named in a `ModelFileError`."""
        fields = CheckedFields(data, "encoder")
        version = fields.version(2)
        dtype, max_categories = fields.choice("dtype", DTYPES), fields.integer("max_categories", 1)
        named, width = fields.flag("named"), fields.integer("n_features_out", 1)
        n_columns = fields.integer("n_features_in", 1) if version == 1 else None
        columns = fields.items("columns")
        document = fields.anything("schema") if version > 1 else None
        fields.done()
        plans = [plan_from_dict(column, f"encoder.columns[{j}]") for j, column in enumerate(columns)]
        names = [plan.column for plan in plans]
        if n_columns is not None and len(plans) != n_columns:
            raise fields.error("columns", f"a list of n_features_in = {n_columns} columns", len(plans))
        if len(set(names)) < len(names):
            raise fields.error("columns", "columns of distinct names", names)
        for j, plan in enumerate(plans):
            if len(getattr(plan, "values", ())) > max_categories:
                expected = f"at most max_categories = {max_categories} values"
                raise fields.error(f"columns[{j}].values", expected, len(plan.values))  # type: ignore[attr-defined]
        if version == 1:
            # What earlier versions decided anew for each file is what their plans expect.
            schema = TableSchema(tuple(Column(plan.column, _KINDS.get(plan.kind, plan.kind)) for plan in plans))  # type: ignore[arg-type]
        else:
            schema = TableSchema.from_document(document, "encoder.schema", _DAMAGED)
        if [column.name for column in schema.columns if column.is_used] != names:
            raise fields.error("schema", "of the same columns as the encoder", names)
        return cls(dtype, max_categories, named, width, plans, schema)

    def check_width(self, width: int) -> None:
        """Raise unless the columns give so many features."""
        if width != self.width:
            fields: Any = CheckedFields({}, "encoder")
            raise fields.error("n_features_out", f"{width}, as the columns give", self.width)
