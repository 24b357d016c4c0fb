"""What the encoder learned of a column of dates: days like a number, and where in the year, the week and the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backlit.data.number_plans import FloatArray, NumberPlan
from backlit.data.scaling import describe_scaling, scale_and_clip, shown
from backlit.data.table_view import TableView
from backlit.data.values import is_missing, number_of

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
