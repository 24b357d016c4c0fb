"""What the encoder learned of each kind of column: one frozen dataclass a kind, from fit to explanation.

A plan knows its column's name, the names of the features it gives, how to compute them, how to say in words how they
are computed, and how to be written down and read back. Adding a kind of column means adding a plan here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from backlit.data.scaling import LIMIT, describe_scaling, scale_and_clip, shown, spread_of
from backlit.data.table_view import TableView
from backlit.data.values import canonical_text, is_missing, number_of
from backlit.documents.field import MODEL, Field

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
    def fit(cls, column: str, cells: list[object], max_categories: int) -> CategoryPlan:
        """Choose the values that get a place.

        Where there are more than `max_categories`, the most frequent stay, and those that occur once never do: a
        column of names or numbers of documents, a new one in each row, then gives no places but the common one.
        """
        raw = Counter(cell for cell in cells if not is_missing(cell))
        counts: Counter[str] = Counter()
        for value, count in raw.items():
            counts[canonical_text(value)] += count
        kept = list(counts)
        if len(kept) > max_categories:
            kept = sorted((v for v in kept if counts[v] > 1), key=lambda v: (-counts[v], v))[:max_categories]
        return cls(column, tuple(sorted(kept)), missing=sum(raw.values()) < len(cells))

    def names(self) -> list[str]:
        """Name each place."""
        own = [f"{self.column} = {value}" for value in self.values]
        return [*own, f"{self.column} is other"] + [f"{self.column} is missing"] * self.missing

    def encode(self, view: TableView, j: int, features: FloatArray) -> None:
        """Write a 1 in the place of each value."""
        view.kind(j)  # refuses lists and the like, which no category can be
        places = _Places(self)
        features[np.arange(len(features)), [places[value] for value in view.values(j)]] = 1

    def describe(self, value: object) -> list[str]:
        """Give the condition of each place."""
        known = f"one of the {len(self.values)} values with a place of their own"
        conditions = [f'{self.column} = "{value}"' for value in self.values]
        return [*conditions, f"{self.column} is not {known}"] + [f"{self.column} is missing"] * self.missing


class _Places(dict[object, int]):
    """The place of each raw value, worked out once for each distinct one."""

    def __init__(self, plan: CategoryPlan) -> None:
        super().__init__()
        self._own = {value: place for place, value in enumerate(plan.values)}
        self._other = len(plan.values)
        self._missing = self._other + plan.missing

    def __missing__(self, value: object) -> int:
        # NaN is never found again, since it does not equal itself, so it is not kept.
        if is_missing(value):
            return self._missing
        self[value] = place = self._own.get(canonical_text(value), self._other)
        return place


_CYCLES = {"year": (365.2425, 0.0), "week": (7.0, 3.0), "day": (1.0, 0.0)}  # period and phase in days; 1970 began on
# a Thursday, so that 3 days make Monday the beginning of the week.


@dataclass(frozen=True)
class DatePlan(NumberPlan):
    """A date: days since 1970-01-01 like a number, then sine and cosine of the year, the week and, with times, the day.

    Attributes
    ----------
    clock : bool
        Whether training had times of the day other than midnight.
    """

    kind = "date"
    clock: bool

    def _cycles(self) -> list[str]:
        return ["year", "week", "day"] if self.clock else ["year", "week"]

    def names(self) -> list[str]:
        """Name the days, the cycles and perhaps the indicator."""
        waves = [f"{self.column} ({wave} of the {cycle})" for cycle in self._cycles() for wave in ("sine", "cosine")]
        return [self.column, *waves] + [f"{self.column} is missing"] * self.missing

    def encode(self, view: TableView, j: int, features: FloatArray) -> None:
        """Scale the days and go round the cycles."""
        days = view.numbers(j, "date")
        features[:, 0] = scale_and_clip(days, self.center, self.spread)
        for k, cycle in enumerate(self._cycles()):
            period, phase = _CYCLES[cycle]
            angle = 2 * np.pi * np.mod((days + phase) / period, 1.0)
            # A missing date is at the center of the circle.
            features[:, 2 * k + 1] = np.nan_to_num(np.sin(angle), nan=0.0)
            features[:, 2 * k + 2] = np.nan_to_num(np.cos(angle), nan=0.0)
        if self.missing:
            features[:, -1] = np.isnan(days)

    def describe(self, value: object) -> list[str]:
        """Give the formulas with their numbers."""
        days = None if is_missing(value) else number_of(value, "date")
        said = [f"in days since 1970-01-01: {describe_scaling(days, self.center, self.spread)}"]
        for cycle in self._cycles():
            period, phase = _CYCLES[cycle]
            turn = "" if days is None else shown((days + phase) / period % 1)
            said += (
                [f"{wave}(2π · {turn}), the part of the {cycle} that has passed" for wave in ("sin", "cos")]
                if (turn)
                else ["0: missing"] * 2
            )
        return said + [f"{self.column} is missing"] * self.missing


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
    document = Field(data, where, MODEL)
    kinds = (EmptyPlan, PixelPlan, NumberPlan, DurationPlan, BooleanPlan, DatePlan, CategoryPlan)
    plans = {plan.kind: plan for plan in kinds}
    plan = plans[document["kind"].one_of(*plans)]
    learned = document.fields("kind", *(field.name for field in fields(plan)))
    return plan(**{name: _READ[name](field) for name, field in learned.items() if name != "kind"})


def _distinct_texts(field: Field) -> tuple[str, ...]:
    texts = tuple(field.texts())
    if len(set(texts)) < len(texts):
        field.refuse("a list without repetition")
    return texts


# how each field of a plan is read
_READ: dict[str, Callable[[Field], Any]] = {
    "column": Field.text,
    "center": lambda field: field.number(least=-LIMIT, most=LIMIT),
    "spread": lambda field: field.number(least=0, most=2 * LIMIT),
    "missing": Field.flag,
    "clock": Field.flag,
    "values": _distinct_texts,
}
