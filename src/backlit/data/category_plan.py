"""What the encoder learned of a column of categories: which values have a place of their own."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backlit.data.number_plans import FloatArray, Plan
from backlit.data.table_view import TableView
from backlit.data.values import canonical_text, is_missing

if TYPE_CHECKING:
    import polars as pl

# of which texts the canonical one may be another, and what that may be; see `canonical_text`
_WRITTEN_OTHERWISE = r"\.0+$|^(?i:true|false)$"
_MAY_BE_WRITTEN_OTHERWISE = re.compile(r"[-+]?\d+|true|false")


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
        features[np.arange(len(features)), self.places(view, j)] = 1

    def places(self, view: TableView, j: int) -> NDArray[np.intp]:
        """Return the place, counted from 0, of each value of column `j` of a table, ``(n_rows,)``."""
        view.kind(j)  # refuses lists and the like, which no category can be
        texts = view.texts(j)
        if texts is not None:
            return self._places_of_texts(texts)
        values, which = view.different(j)
        places = [self._other + self.missing if is_missing(value) else self._place(value) for value in values]
        return np.array(places, dtype=np.intp)[which]

    def _places_of_texts(self, cells: pl.Series) -> NDArray[np.intp]:
        import polars as pl

        # one look for each cell, by polars: nothing is done for each different one, of which there may be many
        known = [value for value in self.values if canonical_text(value) == value]
        of_known = np.array([self._own[value] for value in known] or [self._other], dtype=np.intp)
        codes = cells.cast(pl.Enum(known), strict=False).to_physical()
        places = of_known[codes.fill_null(0).to_numpy()]
        strange = codes.is_null()
        if not strange.any():
            return places
        places[strange.to_numpy()] = self._other
        if any(map(_MAY_BE_WRITTEN_OTHERWISE.fullmatch, known)):
            rows = (strange & cells.str.contains(_WRITTEN_OTHERWISE)).arg_true()
            there, which = np.unique(cells.gather(rows).to_numpy(), return_inverse=True)
            places[rows.to_numpy()] = np.array([self._place(value) for value in there] or [0], dtype=np.intp)[which]
        if self.missing and cells.null_count():
            places[cells.is_null().to_numpy()] = self._other + 1
        return places

    @cached_property
    def _own(self) -> dict[str, int]:
        return {value: place for place, value in enumerate(self.values)}

    @property
    def _other(self) -> int:
        return len(self.values)

    def _place(self, value: object) -> int:
        return self._own.get(canonical_text(value), self._other)

    def describe(self, value: object) -> list[str]:
        """Give the condition of each place."""
        known = f"one of the {len(self.values)} values with a place of their own"
        conditions = [f'{self.column} = "{value}"' for value in self.values]
        return [*conditions, f"{self.column} is not {known}"] + [f"{self.column} is missing"] * self.missing
