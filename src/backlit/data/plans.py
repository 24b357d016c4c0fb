"""Which plan a column gets, and how it is read back. Adding a kind of column means adding a plan, and here a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np

from backlit.data.category_plan import CategoryPlan
from backlit.data.date_plan import DatePlan
from backlit.data.number_plans import BooleanPlan, DurationPlan, EmptyPlan, JsonDict, NumberPlan, PixelPlan, Plan
from backlit.data.piecewise_plan import PiecewisePlan, with_bins
from backlit.data.scaling import LIMIT, spread_of
from backlit.data.statistics import Statistics
from backlit.data.table_view import TableView
from backlit.documents.field import MODEL, Field

__all__ = [
    "BooleanPlan",
    "CategoryPlan",
    "DatePlan",
    "DurationPlan",
    "EmptyPlan",
    "JsonDict",
    "NumberPlan",
    "PiecewisePlan",
    "PixelPlan",
    "Plan",
    "fit_plan",
    "plan_for",
    "plan_from_dict",
]


def fit_plan(
    view: TableView, j: int, max_categories: int, n_bins: int = 0, bins_above: int = 0, *, as_category: bool = False
) -> Plan:
    """Learn column `j` of a table, perhaps as categories whatever it holds; the rest is as for `plan_for`."""
    return plan_for(Statistics.of(view, j, as_category=as_category), max_categories, n_bins, bins_above)


def plan_for(statistics: Statistics, max_categories: int, n_bins: int = 0, bins_above: int = 0) -> Plan:
    """Return the plan of a column: with at most so many categories, and where `n_bins` is not 0 with so many bins.

    Of at most `bins_above` different values it has none.
    """
    column, kind, missing = statistics.column, statistics.kind, statistics.missing
    if statistics.counts is not None:
        return CategoryPlan.fit(column, statistics.counts, max_categories, missing=missing)
    if statistics.is_pixel:
        return PixelPlan(column)
    numbers = statistics.numbers
    present = numbers[~np.isnan(numbers)]
    if present.size == 0:
        return EmptyPlan(column)
    if kind == "boolean":
        return BooleanPlan(column, missing)
    center, spread = spread_of(numbers, present, column)
    if kind == "date":
        plan: NumberPlan = DatePlan(column, center, spread, missing, statistics.has_clock, statistics.zone)
    else:
        plan = (DurationPlan if kind == "duration" else NumberPlan)(column, center, spread, missing)
    return with_bins(plan, present, n_bins, bins_above) if n_bins else plan


def plan_from_dict(data: object, where: str) -> Plan:
    """Read a plan back, checking every field."""
    document = Field(data, where, MODEL)
    kinds = (EmptyPlan, PixelPlan, NumberPlan, DurationPlan, BooleanPlan, DatePlan, CategoryPlan, PiecewisePlan)
    plans = {plan.kind: plan for plan in kinds}
    plan = plans[document["kind"].one_of(*plans)]
    names = [each.name for each in fields(plan) if each.init and each.name != "zone"]
    # files of before do not say the zone
    zone = {"zone": None} if plan is DatePlan else {}
    learned = document.fields("kind", *names, **zone)
    return plan(**{name: _READ[name](field) for name, field in learned.items() if name != "kind"})


def _distinct_texts(field: Field) -> tuple[str, ...]:
    texts = tuple(field.texts())
    if len(set(texts)) < len(texts):
        field.refuse("a list without repetition")
    return texts


def _scaled(field: Field) -> Plan:
    field["kind"].one_of(*(plan.kind for plan in (NumberPlan, DurationPlan, DatePlan)))
    return plan_from_dict(field.value, field.path)


def _rising(field: Field) -> tuple[float, ...]:
    numbers = tuple(part.number(least=-LIMIT, most=LIMIT) for part in field.parts(least=3))
    if any(high <= low for low, high in pairwise(numbers)):
        field.refuse("a list of rising numbers")
    return numbers


# how each field of a plan is read
_READ: dict[str, Callable[[Field], Any]] = {
    "column": Field.text,
    "center": lambda field: field.number(least=-LIMIT, most=LIMIT),
    "spread": lambda field: field.number(least=0, most=2 * LIMIT),
    "missing": Field.flag,
    "clock": Field.flag,
    "zone": lambda field: None if field.is_null else field.text(),
    "values": _distinct_texts,
    "scaled": _scaled,
    "edges": _rising,
}
