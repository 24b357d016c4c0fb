"""What the encoder learned of a column of dates: days like a number, and where in the year, the week and the day."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from backlit.data.number_plans import FloatArray, JsonDict, NumberPlan
from backlit.data.scaling import describe_scaling, enough_digits, scale_and_clip, shown
from backlit.data.table_view import TableView
from backlit.data.values import is_missing, number_of
from backlit.data.zones import local_days
from backlit.errors import DataError

_CYCLES = {"year": (365.2425, 0.0), "week": (7.0, 3.0), "day": (1.0, 0.0)}  # period and phase in days; 1970 began on
# a Thursday, so that 3 days make Monday the beginning of the week.


@dataclass(frozen=True)
class DatePlan(NumberPlan):
    """A date: days since 1970-01-01 like a number, then sine and cosine of the year, the week and, with times, the day.

    Attributes
    ----------
    clock : bool
        Whether training had times of the day other than midnight.
    zone : str or None
        By whose clocks the cycles go; "" where times in training had none, None in files that do not say.
    """

    kind = "date"
    clock: bool
    zone: str | None = field(default=None, compare=False)

    def _cycles(self) -> list[str]:
        return ["year", "week", "day"] if self.clock else ["year", "week"]

    def names(self) -> list[str]:
        """Name the days, the cycles and perhaps the indicator."""
        waves = [f"{self.column} ({wave} of the {cycle})" for cycle in self._cycles() for wave in ("sine", "cosine")]
        return [self.column, *waves] + [f"{self.column} is missing"] * self.missing

    def encode(self, view: TableView, j: int, features: FloatArray) -> None:
        """Scale the days and go round the cycles."""
        self._check_zone(view.zone(j))
        days = view.numbers(j, "date")
        features[:, 0] = scale_and_clip(days, self.center, self.spread)
        clocks = local_days(days, self.zone)
        for k, cycle in enumerate(self._cycles()):
            period, phase = _CYCLES[cycle]
            angle = 2 * np.pi * np.mod((clocks + phase) / period, 1.0)
            # A missing date is at the center of the circle.
            features[:, 2 * k + 1] = np.nan_to_num(np.sin(angle), nan=0.0)
            features[:, 2 * k + 2] = np.nan_to_num(np.cos(angle), nan=0.0)
        if self.missing:
            features[:, -1] = np.isnan(days)

    def to_dict(self) -> JsonDict:
        """See `Plan`; what is not known of the zone is not said."""
        return {key: value for key, value in super().to_dict().items() if key != "zone" or value is not None}

    def _check_zone(self, zone: str | None) -> None:
        if self.zone is None or zone is None or bool(zone) == bool(self.zone):
            return
        if zone:
            raise DataError(
                f"Column {self.column!r} holds times with a zone, {zone}, but those of training had none. Convert them "
                "to the clocks of training and take the zone off (tz_localize(None) in pandas, replace_time_zone(None) "
                "in polars), or train on times with a zone."
            )
        raise DataError(
            f"Column {self.column!r} holds times without a zone, but those of training had one, {self.zone}. Say which "
            "they are in: tz_localize in pandas, replace_time_zone in polars."
        )

    def describe(self, value: object) -> list[str]:
        """Give the formulas with their numbers."""
        days = None if is_missing(value) else number_of(value, "date")
        said = [f"in days since 1970-01-01: {describe_scaling(days, self.center, self.spread)}"]
        for cycle in self._cycles():
            if days is None:
                said += ["0: missing"] * 2
                continue
            period, phase = _CYCLES[cycle]
            turn = float((local_days(np.array([days]), self.zone)[0] + phase) / period % 1)
            said += [
                f"{_of_turn(wave, turn)}, the part of the {cycle} that has passed" for wave in (math.sin, math.cos)
            ]
        return said + [f"{self.column} is missing"] * self.missing


def _of_turn(wave: Callable[[float], float], turn: float) -> str:
    digits = enough_digits(lambda keep: wave(2 * math.pi * keep(turn)))
    return f"{wave.__name__}(2π · {shown(turn, digits)})"
