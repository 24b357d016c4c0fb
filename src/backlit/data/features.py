"""Columns → the matrix: each plan's features side by side, numbers and pixels in blocks of many columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from backlit.data.category_plan import CategoryPlan
from backlit.data.columns.counted import of_each
from backlit.data.piecewise_plan import PiecewisePlan, fill_bins
from backlit.data.plans import NumberPlan, PixelPlan, Plan
from backlit.data.scaling import divide_bytes, scale_block
from backlit.data.table_view import TableView
from backlit.errors import DataError

_STRIP = 1 << 16
"""Rows that are encoded together; of more rows several such strips at once. A column of fewer takes polars as long."""


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
        The formula in numbers, ``"u = (8.3252 − 3.5348) / 2.1802,  u / √(1 + (u/3)²)"``, or for a place of a category
        the condition that makes it 1, ``'income = "<=50K"'``.
    value : float
        The result.
    """

    name: str
    column: str
    raw_value: str | int | float | bool | None
    operation: str
    value: float


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
        if view.n_rows < 2 * _STRIP:
            self._fill(view, columns, out)
            return out
        for k in self._others:
            view.kind(columns[k])  # which finds what its cells are in polars, once for all strips

        def fill(begin: int) -> None:
            rows = view.rows(begin, min(begin + _STRIP, view.n_rows))
            self._fill(rows, columns, out[begin : begin + _STRIP])

        try:
            of_each(range(0, view.n_rows, _STRIP), fill, view.n_rows)
        except DataError:
            self._fill(view, columns, out)  # whose message counts rows from the first
            raise
        return out

    def _fill(self, view: TableView, columns: list[int], out: NDArray[np.floating]) -> None:
        if view.n_rows == 0:
            return
        for k in self._others:
            self.plans[k].encode(view, columns[k], out[:, self.offsets[k] : self.offsets[k + 1]])
        if self._pixels:
            places = [columns[k] for k in self._pixels]
            block = view.block(places, whole_bytes=view.has_whole_bytes(places))
            divide_bytes(block, [self.plans[k].column for k in self._pixels], out, self.offsets[self._pixels])
        if self._numbers is not None:
            self._numbers.encode(view.block([columns[k] for k in self._numbers.plans]), out)

    def __getstate__(self) -> dict[str, object]:
        # without what is found again from the plans
        return {"plans": self.plans, "names": self.names, "offsets": self.offsets}

    @cached_property
    def _pixels(self) -> list[int]:
        return [k for k, plan in enumerate(self.plans) if isinstance(plan, PixelPlan)]

    @cached_property
    def _numbers(self) -> _Numbers | None:
        of = [k for k, plan in enumerate(self.plans) if type(scaled_part(plan)) is NumberPlan]
        return _Numbers.of(of, self.plans, self.offsets) if of else None

    @cached_property
    def _others(self) -> list[int]:
        in_blocks = {*self._pixels, *(self._numbers.plans if self._numbers is not None else [])}
        return [k for k in range(len(self.plans)) if k not in in_blocks]


@dataclass(frozen=True, eq=False)
class _Numbers:
    """What columns of numbers are encoded by, side by side: of thousands it is not gathered for each piece of a table.

    Attributes
    ----------
    plans : list of int
        Which of all plans they are.
    """

    plans: list[int]
    columns: list[str]
    center: NDArray[np.float64]
    spread: NDArray[np.float64]
    places: NDArray[np.intp]
    indicators: NDArray[np.intp]
    binned: list[tuple[int, PiecewisePlan, int]]
    """Which of the columns has bins, by which plan, and where the bins begin."""

    @classmethod
    def of(cls, of: list[int], plans: list[Plan], offsets: NDArray[np.intp]) -> Self:
        scaled = [plan for k in of if isinstance(plan := scaled_part(plans[k]), NumberPlan)]
        binned = [(i, k, plan) for i, k in enumerate(of) if isinstance(plan := plans[k], PiecewisePlan)]
        return cls(
            of,
            [plan.column for plan in scaled],
            center=np.array([plan.center for plan in scaled]),
            spread=np.array([plan.spread for plan in scaled]),
            places=offsets[of],
            indicators=np.where([plan.missing for plan in scaled], offsets[of] + 1, -1),
            binned=[(i, plan, int(offsets[k + 1]) - len(plan.edges) + 1) for i, k, plan in binned],
        )

    def encode(self, block: NDArray[np.floating], out: NDArray[np.floating]) -> None:
        """Fill the features of the columns from their numbers, ``(n_rows, n_columns)``."""
        scale_block(block, self.columns, self.center, self.spread, out, self.places, self.indicators)
        if self.binned:
            which, plans, begins = zip(*self.binned, strict=True)
            fill_bins(block, list(which), [plan.edges for plan in plans], out, list(begins))


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
