"""Which plan a column gets, and how it is read back. Adding a kind of column means adding a plan, and here a line."""

from __future__ import annotations

import numpy as np

from backlit.data.category_plan import CategoryPlan
from backlit.data.checked import CheckedFields
from backlit.data.date_plan import DatePlan
from backlit.data.number_plans import BooleanPlan, DurationPlan, EmptyPlan, JsonDict, NumberPlan, PixelPlan, Plan
from backlit.data.scaling import LIMIT, spread_of
from backlit.data.table_view import TableView
from backlit.errors import ModelFileError

__all__ = [
    "BooleanPlan",
    "CategoryPlan",
    "DatePlan",
    "DurationPlan",
    "EmptyPlan",
    "JsonDict",
    "NumberPlan",
    "PixelPlan",
    "Plan",
    "fit_plan",
    "plan_from_dict",
]


def fit_plan(view: TableView, j: int, max_categories: int, *, as_category: bool = False) -> Plan:
    """Learn column `j` of a table, perhaps as categories whatever it holds."""
    column, kind = view.names[j], view.kind(j)
    if as_category and kind != "empty":
        kind = "category"
    if kind == "category":
        return CategoryPlan.fit(column, view.values(j), max_categories)
    if view.is_pixel(j):
        return PixelPlan(column)
    numbers = np.empty(0) if kind == "empty" else view.numbers(j, kind)
    present = numbers[~np.isnan(numbers)]
    if present.size == 0:
        return EmptyPlan(column)
    missing = present.size < view.n_rows
    if kind == "boolean":
        return BooleanPlan(column, missing)
    center, spread = spread_of(numbers, present, column)
    if kind == "date":
        return DatePlan(column, center, spread, missing, clock=bool(np.any(present % 1)))
    return (DurationPlan if kind == "duration" else NumberPlan)(column, center, spread, missing)


def plan_from_dict(data: object, where: str) -> Plan:
    """Read a plan back, checking every field."""
    fields = CheckedFields(data, where)
    plans = {plan.kind: plan for plan in (EmptyPlan, PixelPlan, NumberPlan, DurationPlan, BooleanPlan, DatePlan)}
    kind = fields.choice("kind", [*plans, CategoryPlan.kind])
    arguments: JsonDict = {"column": fields.text("column")}
    if kind in ("number", "duration", "date"):
        arguments["center"] = fields.number("center")
        arguments["spread"] = fields.number("spread", positive=True)
        if abs(arguments["center"]) > LIMIT or arguments["spread"] > 2 * LIMIT:
            raise ModelFileError(f"{where}.center and .spread are beyond ±{LIMIT:g}. The file is damaged.")
    if kind == "category":
        arguments["values"] = fields.texts("values")
    if kind not in ("empty", "pixel"):
        arguments["missing"] = fields.flag("missing")
    if kind == "date":
        arguments["clock"] = fields.flag("clock")
    fields.done()
    return plans.get(kind, CategoryPlan)(**arguments)
