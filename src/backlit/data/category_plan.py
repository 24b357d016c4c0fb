"""What the encoder learned of a column of categories: which values have a place of their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from backlit.data.number_plans import FloatArray, Plan
from backlit.data.table_view import TableView
from backlit.data.values import canonical_text, is_missing


@dataclass(frozen=True)
class CategoryPlan(Plan):
    """One place for each frequent value, one for all others, and one for "missing" if training had it.

    Attributes
    ----------
    values : tuple of str
        The values with a place of their own, sorted.
    missing : bool
        Whether a value was missing in training; if not, a missing value later takes the place of the others.
    """

    kind = "category"
    values: tuple[str, ...]
    missing: bool

    @classmethod
    def fit(cls, column: str, counts: Counter[str], max_categories: int, *, missing: bool) -> CategoryPlan:
        """Choose the values that get a place, by how often each stands there.

        Where there are more than `max_categories`, the most frequent stay, and those that occur once never do: a
        column of names or numbers of documents, a new one in each row, then gives no places but the common one.
        """
        kept = list(counts)
        if len(kept) > max_categories:
            kept = sorted((v for v in kept if counts[v] > 1), key=lambda v: (-counts[v], v))[:max_categories]
        return cls(column, tuple(sorted(kept)), missing=missing)

    def names(self) -> list[str]:
        """Name each place."""
        own = [f"{self.column} = {value}" for value in self.values]
        return [*own, f"{self.column} is other"] + [f"{self.column} is missing"] * self.missing

    def encode(self, view: TableView, j: int, features: FloatArray) -> None:
        """Write a 1 in the place of each value."""
        view.kind(j)  # refuses lists and the like, which no category can be
        own = {value: place for place, value in enumerate(self.values)}
        other = len(own)
        values, which = view.different(j)
        places = [
            other + self.missing if is_missing(value) else own.get(canonical_text(value), other) for value in values
        ]
        features[np.arange(len(features)), np.array(places, dtype=np.intp)[which]] = 1

    def describe(self, value: object) -> list[str]:
        """Give the condition of each place."""
        known = f"one of the {len(self.values)} values with a place of their own"
        conditions = [f'{self.column} = "{value}"' for value in self.values]
        return [*conditions, f"{self.column} is not {known}"] + [f"{self.column} is missing"] * self.missing
