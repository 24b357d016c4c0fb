"""What the encoder learned of a column of numbers and the like: one frozen dataclass a kind, from fit to explanation.

A plan knows its column's name, the names of the features it gives, how to compute them, how to say in words how they
are computed, and how to be written down and read back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from backlit.data.scaling import describe_scaling, scale_and_clip, shown
from backlit.data.table_view import TableView
from backlit.data.values import is_missing, number_of

FloatArray = NDArray[np.floating]
JsonDict = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What was learned of one column.

    Attributes
    ----------
    column : str
        The column's name.
    """

    kind: ClassVar[str]
    column: str

    def names(self) -> list[str]:
        """Name the features, in their order."""
        return [self.column]

    def encode(self, view: TableView, j: int, features: FloatArray) -> None:
        """Fill `features`, (n_rows, n_features) zeros, from column `j` of a table."""
        raise NotImplementedError

    def describe(self, value: object) -> list[str]:
        """Say how each feature came from a value."""
        raise NotImplementedError

    def to_dict(self) -> JsonDict:
        """Write the plan down in JSON's types."""
        fields = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {"kind": self.kind, **fields}


@dataclass(frozen=True)
class EmptyPlan(Plan):
    """A column that was entirely missing in training: nothing is known of it, and its one feature is always 0."""

    kind = "empty"

    def encode(self, view: TableView, j: int, features: FloatArray) -> None:
        """Leave the zeros."""

    def describe(self, value: object) -> list[str]:
        """Say that there is nothing to say."""
        return ["0: the column was empty in training"]


WHITE = 255.0
"""What pixels are divided by."""


@dataclass(frozen=True)
class PixelPlan(Plan):
    """A byte of an image, divided by 255. A missing one (training had none) is 0, the background."""

    kind = "pixel"

    def describe(self, value: object) -> list[str]:
        """Say by what was divided."""
        return ["0: missing" if is_missing(value) else f"{shown(number_of(value, 'number'))} / 255"]


@dataclass(frozen=True)
class NumberPlan(Plan):
    """A number, standardized robustly; a missing one is the median, so 0, and has a second feature that says so.

    Attributes
    ----------
    center : float
        Median.
    spread : float
        Interquartile range; half the range where that is 0; 0 for a constant column, whose feature is always 0.
    missing : bool
        Whether a value was missing in training.
    """

    kind = "number"
    center: float
    spread: float
    missing: bool

    def names(self) -> list[str]:
        """Name the number, then perhaps the indicator."""
        return [self.column, f"{self.column} is missing"] if self.missing else [self.column]

    def describe(self, value: object) -> list[str]:
        """Give the formula with its numbers."""
        number = None if is_missing(value) else number_of(value, "number")
        return [describe_scaling(number, self.center, self.spread)] + [f"{self.column} is missing"] * self.missing


@dataclass(frozen=True)
class DurationPlan(NumberPlan):
    """A span of time in days, then like a number."""

    kind = "duration"

    def encode(self, view: TableView, j: int, features: FloatArray) -> None:
        """Scale the days."""
        days = view.numbers(j, "duration")
        features[:, 0] = scale_and_clip(days, self.center, self.spread)
        if self.missing:
            features[:, 1] = np.isnan(days)

    def describe(self, value: object) -> list[str]:
        """Give the formula with its numbers."""
        number = None if is_missing(value) else number_of(value, "duration")
        formula = f"in days: {describe_scaling(number, self.center, self.spread)}"
        return [formula] + [f"{self.column} is missing"] * self.missing


@dataclass(frozen=True)
class BooleanPlan(Plan):
    """False is −1, True is +1, and missing between them, 0, with a feature of its own if training had any."""

    kind = "boolean"
    missing: bool

    def names(self) -> list[str]:
        """Name the boolean, then perhaps the indicator."""
        return [self.column, f"{self.column} is missing"] if self.missing else [self.column]

    def encode(self, view: TableView, j: int, features: FloatArray) -> None:
        """Write −1, 0 and 1."""
        flags = view.numbers(j, "boolean")
        features[:, 0] = np.nan_to_num(2 * flags - 1, nan=0.0)
        if self.missing:
            features[:, 1] = np.isnan(flags)

    def describe(self, value: object) -> list[str]:
        """Say which of the three it is."""
        word = "missing: 0" if is_missing(value) else ("true: 1" if number_of(value, "boolean") else "false: −1")
        return [word] + [f"{self.column} is missing"] * self.missing
