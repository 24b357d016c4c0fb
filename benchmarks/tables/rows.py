"""Rows as contestants get them: the table for those who take tables, inputs and targets apart for the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Rows:
    """Some rows of a set.

    Attributes
    ----------
    table : polars.DataFrame
        With the target's column.
    target : str
    task : {"classification", "regression"}
    classes : sequence
        Of the whole set, in order; empty for numbers.
    """

    table: pl.DataFrame
    target: str
    task: str
    classes: Sequence[object]

    @property
    def inputs(self) -> pl.DataFrame:
        return self.table.drop(self.target)

    @property
    def y(self) -> np.ndarray:
        """Return numbers, or the place of each row's class among the classes."""
        values = self.table[self.target].to_numpy()
        return np.searchsorted(np.array(self.classes), values) if self.classes else values.astype(np.float64)


def text_columns(inputs: pl.DataFrame) -> list[str]:
    return [name for name, dtype in inputs.schema.items() if dtype == pl.String]
