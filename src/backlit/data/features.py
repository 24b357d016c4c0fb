"""Columns → the matrix: each plan's features side by side, numbers and pixels in blocks of many columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from backlit.data.category_plan import CategoryPlan
from backlit.data.piecewise_plan import PiecewisePlan, fill_bins
from backlit.data.plans import NumberPlan, PixelPlan, Plan
from backlit.data.scaling import divide_bytes, scale_block
from backlit.data.table_view import TableView


@dataclass(frozen=True, eq=False)
class Features:
    """The features that plans give, in their order.

    Attributes
    ----------
    plans : list of Plan
    names : list of str
        Distinct.
    offsets : ndarray of shape (n_plans + 1,)
        The first feature of each plan, and the end.
    """

    plans: list[Plan]
    names: list[str]
    offsets: NDArray[np.intp]

    @classmethod
    def of(cls, plans: list[Plan]) -> Self:
        """Lay out the features of plans."""
        named = [plan.names() for plan in plans]
        offsets = np.cumsum([0, *map(len, named)]).astype(np.intp)
        return cls(plans, _distinct([name for names in named for name in names]), offsets)

    @property
    def number_places(self) -> list[int]:
        """Where the scaled numbers of columns of numbers, dates and durations stand, counted from 0."""
        return [int(self.offsets[k]) for k, plan in enumerate(self.plans) if isinstance(scaled_part(plan), NumberPlan)]

    def category_places(self, above: int) -> list[tuple[int, int]]:
        """Return the first place, and the one behind the last, of each category of more than so many values."""
        plans = [(k, plan) for k, plan in enumerate(self.plans) if isinstance(plan, CategoryPlan)]
        return [(int(self.offsets[k]), int(self.offsets[k + 1])) for k, plan in plans if len(plan.values) > above]

    def encode(self, view: TableView, columns: list[int], dtype: str) -> NDArray[np.floating]:
        """Return the matrix of a table, (n_rows, n_features).

        Parameters
        ----------
        view : TableView
        columns : list of int
            Where each plan's column stands in it.
        dtype : {"float32", "float64"}
        """
        out = np.zeros((view.n_rows, len(self.names)), dtype=dtype)
        if view.n_rows == 0:
            return out
        numbers, pixels = [], []
        for k, (plan, j) in enumerate(zip(self.plans, columns, strict=True)):
            if isinstance(plan, PixelPlan):
                pixels.append(k)
            elif type(scaled_part(plan)) is NumberPlan:
                numbers.append(k)
            else:
                plan.encode(view, j, out[:, self.offsets[k] : self.offsets[k + 1]])
        if pixels:
            places = [columns[k] for k in pixels]
            block = view.block(places, whole_bytes=view.has_whole_bytes(places))
            divide_bytes(block, [self.plans[k].column for k in pixels], out, self.offsets[pixels])
        if numbers:
            self._encode_numbers(view, columns, numbers, out)
        return out

    def _encode_numbers(
        self, view: TableView, columns: list[int], numbers: list[int], out: NDArray[np.floating]
    ) -> None:
        plans = [plan for k in numbers if isinstance(plan := scaled_part(self.plans[k]), NumberPlan)]
        block = view.block([columns[k] for k in numbers])
        scale_block(
            block,
            [plan.column for plan in plans],
            center=np.array([plan.center for plan in plans]),
            spread=np.array([plan.spread for plan in plans]),
            out=out,
            places=self.offsets[numbers],
            indicators=np.where([plan.missing for plan in plans], self.offsets[numbers] + 1, -1),
        )
        binned = [(i, k, plan) for i, k in enumerate(numbers) if isinstance(plan := self.plans[k], PiecewisePlan)]
        if binned:
            edges = [plan.edges for *_, plan in binned]
            places = [int(self.offsets[k + 1]) - len(plan.edges) + 1 for _, k, plan in binned]
            fill_bins(block, [i for i, *_ in binned], edges, out, places)


def scaled_part(plan: Plan) -> Plan:
    """Return the plan of a column without its bins."""
    return plan.scaled if isinstance(plan, PiecewisePlan) else plan


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
