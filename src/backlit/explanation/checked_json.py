"""A place in a JSON document, which is asked for what it should hold and says where it is when it does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, NoReturn, TypeVar

import numpy as np

from backlit.errors import BacklitError, InvalidInputError
from backlit.explanation.trace.tree import Floats

T = TypeVar("T")

NOT_FINITE = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
"""How numbers that JSON lacks are written."""


@dataclass(frozen=True, eq=False)
class Place:
    """A value of a document.

    Attributes
    ----------
    path : str
        Where it stands: ``examples[0].layers[1].z``.
    value : object
    """

    path: str
    value: Any

    def refuse(self, expected: str) -> NoReturn:
        """Raise: something else was expected here."""
        found = "null" if self.value is None else f"{self.value!r:.60}"
        if isinstance(self.value, dict | list):
            found = "an object" if isinstance(self.value, dict) else f"a list of {len(self.value)}"
        raise InvalidInputError(f"The explanation's {self.path or 'document'} must be {expected}, but {found} came.")

    def keys(self, cls: type) -> Place:
        """Check that it is an object with the fields of a dataclass, no less and no more."""
        names = [field.name for field in fields(cls)]
        if not isinstance(self.value, dict):
            self.refuse("an object")
        for name in names:
            if name not in self.value:
                raise InvalidInputError(f"The explanation lacks {self._under(name)}.")
        for name in self.value:
            if name not in names:
                raise InvalidInputError(f"The explanation has the unknown key {self._under(name):.100}.")
        return self

    def __getitem__(self, name: str) -> Place:
        return Place(self._under(name), self.value[name])

    def _under(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    @property
    def is_null(self) -> bool:
        """Whether nothing is here."""
        return self.value is None

    def expect(self, present: bool) -> bool:
        """Check that something is here, or null where nothing can be; return which."""
        if present and self.is_null:
            self.refuse("given")
        if not present and not self.is_null:
            self.refuse("null, to fit the rest of the document")
        return present

    def parts(self, count: int | None = None, *, at_least: int = 0) -> list[Place]:
        """Return the parts of a list."""
        if not isinstance(self.value, list):
            self.refuse("a list")
        if (count is not None and len(self.value) != count) or len(self.value) < at_least:
            self.refuse(f"a list of {count}" if count is not None else f"a list of {at_least} or more")
        return [Place(f"{self.path}[{i}]", part) for i, part in enumerate(self.value)]

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            self.refuse("text")
        return self.value

    def one_of(self, *allowed: T) -> T:
        """Return the one of these values that is here."""
        if (type(self.value), self.value) not in [(type(value), value) for value in allowed]:
            self.refuse(" or ".join(map(repr, allowed)))
        found: T = self.value
        return found

    def whole(self, least: int) -> int:
        """Return a whole number."""
        if type(self.value) is not int or self.value < least:
            self.refuse(f"a whole number from {least}")
        return self.value

    def number(self) -> float:
        """Return a number, finite or not."""
        return float(Place(self.path, [self.value]).array((1,), "float64")[0])

    def array(self, shape: tuple[int, ...], dtype: str) -> Floats:
        """Return an array that nobody can write to.

        Parameters
        ----------
        shape : tuple of int
            Of one or two axes.
        dtype : {"float32", "float64"}
            Each number must be one of this type.
        """
        rows = [self] if len(shape) == 1 else self.parts(shape[0])
        exact = np.array([_row(row, shape[-1]) for row in rows], dtype=np.float64).reshape(shape)
        with np.errstate(over="ignore"):
            array: Floats = exact.astype(dtype)
        if not np.array_equal(array, exact, equal_nan=True):
            self.refuse(f"numbers of {dtype}, as the document says")
        array.setflags(write=False)
        return array

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Say where something is wrong with what somebody else finds wrong."""
        try:
            yield
        except BacklitError as error:
            raise InvalidInputError(f"The explanation's {self.path}: {error}") from error


def _row(place: Place, count: int) -> list[float]:
    expected = f"a list of {count} numbers"
    if not isinstance(place.value, list) or len(place.value) != count:
        place.refuse(expected)
    values = place.value
    if set(map(type, values)) - {int, float}:
        if not all(type(value) in (int, float) or (isinstance(value, str) and value in NOT_FINITE) for value in values):
            place.refuse(f'{expected}, or "NaN", "Infinity", "-Infinity"')
        finite = [value for value in values if not isinstance(value, str)]
        values = [NOT_FINITE[value] if isinstance(value, str) else value for value in values]
    else:
        finite = values
    try:
        if not np.isfinite(np.array(finite, dtype=np.float64)).all():
            raise OverflowError
    except OverflowError:
        place.refuse(f"{expected} that a float can hold")
    return values
