"""What of a column its plan is learned from: in memory all of its values, of a stream what stands for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from backlit.data.table_view import TableView
from backlit.data.values import Kind, canonical_text, is_missing
from backlit.data.zones import local_days


@dataclass(frozen=True, eq=False)
class Statistics:
    """One column.

    Attributes
    ----------
    column : str
    kind : str
        What it holds; "category" also where it was said to be one.
    missing : bool
        Whether a value is missing.
    numbers : ndarray of float64
        Of numbers, flags, dates and durations in days: all values, NaN where missing, or of a stream values that stand
        for them (its quantiles are theirs to the error of a sketch; the least and the greatest are among them).
    counts : Counter of str
        Of a category: how often each value stands there, by its canonical text.
    is_pixel : bool
        Whether it is one of an image: whole bytes, without gaps.
    zone : str or None
        Of dates: by whose clocks they go.
    has_clock : bool
        Of dates: whether there are times of the day other than midnight.
    """

    column: str
    kind: Kind
    missing: bool
    numbers: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    counts: Counter[str] | None = None
    is_pixel: bool = False
    zone: str | None = None
    has_clock: bool = False

    @classmethod
    def of(cls, view: TableView, j: int, *, as_category: bool = False) -> Self:
        """Return what is to be known of column `j` of a table, perhaps as categories whatever it holds."""
        column, kind = view.names[j], view.kind(j)
        if as_category and kind != "empty":
            kind = "category"
        if kind == "category":
            values, which = view.different(j)
            often = zip(values, np.bincount(which).tolist(), strict=True)
            counts, n_known = count_texts(Counter({value: n for value, n in often if not is_missing(value)}))
            return cls(column, kind, n_known < len(which), counts=counts)
        if view.is_pixel(j):
            return cls(column, kind, False, is_pixel=True)
        if kind == "empty":
            return cls(column, kind, True)
        numbers = view.numbers(j, kind)
        missing = bool(np.isnan(numbers).any())
        if kind != "date":
            return cls(column, kind, missing, numbers)
        zone = view.zone(j)
        return cls(column, kind, missing, numbers, zone=zone, has_clock=has_clock(numbers, zone))


def count_texts(raw: Counter[object]) -> tuple[Counter[str], int]:
    """Return how often values stand there by their canonical text, and how many values there are in all."""
    counts: Counter[str] = Counter()
    for value, count in raw.items():
        counts[canonical_text(value)] += count
    return counts, sum(raw.values())


def has_clock(days: NDArray[np.float64], zone: str | None) -> bool:
    """Tell whether moments, in days and NaN where missing, are at other times of the day than midnight."""
    present = days[~np.isnan(days)]
    return bool(np.any(local_days(present, zone) % 1))
