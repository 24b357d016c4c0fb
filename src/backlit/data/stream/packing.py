"""Rows of a table → records of a cache, without the features between: of a category its place is all that is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from backlit.data.encoding import TableEncoding
from backlit.data.features import Features, scaled_part
from backlit.data.piecewise_plan import PiecewisePlan, bin_of
from backlit.data.plans import CategoryPlan
from backlit.data.stream.records import Records
from backlit.data.table_view import TableView


@dataclass(frozen=True, eq=False)
class Packing:
    """Encodes a table as an encoder does, into records.

    Attributes
    ----------
    encoder : TableEncoding
    records : Records
        Their layout.
    narrow : Features
        What is neither a category nor a bin.
    of_narrow : Records
        Their layout alone, in which all but places and bins stand where they do in `records`.
    """

    encoder: TableEncoding
    records: Records
    narrow: Features
    of_narrow: Records

    @classmethod
    def of(cls, encoder: TableEncoding, number: str) -> Self:
        """Return the packing of an encoder, for features of type `number`."""
        plans = encoder.plans_
        narrow = Features.of([scaled_part(plan) for plan in plans if not isinstance(plan, CategoryPlan)])
        layout = Records.of(Features.of(plans), number)
        return cls(encoder, layout, narrow, Records.of(narrow, number))

    def pack(self, table: Any) -> NDArray[Any]:
        """Return the records, ``(n_rows,)``, of a table that the schema has already read."""
        view, columns = self.encoder.columns_of(table)
        if self.records.are_pixels and view.has_whole_bytes(columns):
            pixels = np.ascontiguousarray(view.block(columns, whole_bytes=True))
            return pixels.view(self.records.dtype)[:, 0]
        by_plan = list(zip(self.encoder.plans_, columns, strict=True))
        number = self.records.number
        narrow = [j for plan, j in by_plan if not isinstance(plan, CategoryPlan)]
        x = self.narrow.encode(view, narrow, number)
        layout = self.records.dtype
        if self.records.is_plain:
            return np.ascontiguousarray(x).view(layout)[:, 0]
        records = np.empty(view.n_rows, dtype=layout)
        names = layout.names or ()
        of = self.of_narrow
        if len(of.floats):
            records["floats"][:, : len(of.floats)] = x[:, of.floats]
        for name, places, scale in (("bytes", of.bytes_, 1), ("pixels", of.pixels, 255)):
            if name in names:
                records[name] = np.rint(x[:, places] * scale)
        categories = [(plan, j) for plan, j in by_plan if isinstance(plan, CategoryPlan)]
        for k, (category, j) in enumerate(categories):
            records["codes"][:, k] = category.places(view, j)
        in_bins = [(plan, j) for plan, j in by_plan if isinstance(plan, PiecewisePlan)]
        for k, (plan, j) in enumerate(in_bins):
            full, between = bin_of(_numbers(view, j, plan), plan.edges, number)
            records["codes"][:, len(categories) + k] = full
            records["floats"][:, len(of.floats) + k] = between
        return records


def _numbers(view: TableView, j: int, plan: PiecewisePlan) -> NDArray[np.float64]:
    return view.numbers(j, plan.scaled.kind)  # type: ignore[arg-type]
