"""Reading what a model file says, believing none of it: each field is asked for by name and type."""

from __future__ import annotations

import math
from collections.abc import Iterable

from backlit.errors import ModelFileError

_DAMAGED = "The file is damaged or was edited: save the model again."


class CheckedFields:
    """Fields of a dictionary that came from a file.

    Parameters
    ----------
    data : object
        What should be a dictionary.
    where : str
        What messages call it: ``"encoder.columns[3]"``.
    remedy : str
        What messages say is to be done.
    """

    def __init__(self, data: object, where: str, remedy: str = _DAMAGED) -> None:
        self.where, self._remedy = where, remedy
        if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
            raise ModelFileError(f"{where} should be a dictionary with names as keys, but is {_shown(data)}.")
        self._data = dict(data)

    def _take(self, key: str) -> object:
        if key not in self._data:
            raise ModelFileError(f"{self.where}.{key} is not there. The file is incomplete: save the model again.")
        return self._data.pop(key)

    def error(self, key: str, expected: str, value: object) -> ModelFileError:
        """Make the error of a field that holds something else than it should."""
        return ModelFileError(f"{self.where}.{key} should be {expected}, but is {_shown(value)}. {self._remedy}")

    def has(self, key: str) -> bool:
        """Tell whether a field is there."""
        return key in self._data

    def anything(self, key: str) -> object:
        """Take a field whatever it holds; None where it is not there."""
        return self._data.pop(key, None)

    def text(self, key: str) -> str:
        """Take a string."""
        value = self._take(key)
        if not isinstance(value, str):
            raise self.error(key, "text", value)
        return value

    def choice(self, key: str, options: Iterable[str]) -> str:
        """Take a string that is one of some."""
        value, options = self.text(key), list(options)
        if value not in options:
            raise self.error(key, "one of " + ", ".join(options), value)
        return value

    def flag(self, key: str) -> bool:
        """Take a boolean."""
        value = self._take(key)
        if not isinstance(value, bool):
            raise self.error(key, "true or false", value)
        return value

    def integer(self, key: str, minimum: int) -> int:
        """Take an integer that is not smaller than `minimum`."""
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise self.error(key, f"an integer ≥ {minimum}", value)
        return value

    def number(self, key: str, *, positive: bool = False, zero: bool = True) -> float:
        """Take a finite float; `positive`: not below 0; not `zero`: not 0 either."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e308 or math.isnan(value):
            raise self.error(key, "a finite number", value)
        if positive and (value < 0 or (value == 0 and not zero)):
            raise self.error(key, "0 or more" if zero else "above 0", value)
        return float(value)

    def items(self, key: str) -> list[object]:
        """Take a list."""
        value = self._take(key)
        if not isinstance(value, list):
            raise self.error(key, "a list", value)
        return list(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of distinct strings."""
        values = self.items(key)
        for value in values:
            if not isinstance(value, str):
                raise self.error(key, "a list of text", value)
        if len(set(values)) < len(values):
            raise self.error(key, "a list without repetition", values)
        return tuple(str(value) for value in values)

    def version(self, supported: int) -> int:
        """Take the version, and refuse those that are newer than what is known."""
        value = self.integer("version", 1)
        if value > supported:
            raise ModelFileError(
                f"{self.where}.version is {value}, but this backlit reads up to {supported}. Upgrade backlit."
            )
        return value

    def done(self) -> None:
        """Refuse whatever was not asked for."""
        if self._data:
            raise ModelFileError(
                f"{self.where} has an unknown field {next(iter(self._data))!r}. "
                "Was the file edited, or written by a newer backlit?"
            )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
