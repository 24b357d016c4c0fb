"""A place in a document: it is asked for the value it should hold, and its errors say where it is."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from backlit.documents import strict_json
from backlit.documents.strict_json import AS_TEXT, NotFinite, shown
from backlit.errors import BacklitError, InvalidInputError, ModelFileError

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Kind:
    """What holds for every field of one kind of document.

    Attributes
    ----------
    error : type
        What is raised where a field is wrong.
    remedy : str
        What to do then; ends the message.
    not_finite : NotFinite or None
        How numbers that are not finite are written; None where there can be none. Texts of `AS_TEXT` are read as well.
    """

    error: type[Exception] = InvalidInputError
    remedy: str = ""
    not_finite: NotFinite | None = None


MODEL = Kind(ModelFileError, "The file is damaged or was edited: save the model again.")
"""A model file and its parts, whichever room reads them."""


@dataclasses.dataclass(frozen=True, eq=False)
class Field:
    """A value of a document, and where it stands.

    Attributes
    ----------
    value : object
        Not trusted.
    path : str
        ``encoder.columns[3].scale``; empty for a document that has no name of its own.
    kind : Kind
    """

    value: Any
    path: str
    kind: Kind

    def refuse(self, expected: str) -> NoReturn:
        """Raise: something else was expected here."""
        value = self.value
        if isinstance(value, dict | list | tuple):
            came = "an object" if isinstance(value, dict) else f"a list of {len(value)}"
        else:
            came = "null" if value is None else shown(value)
        self.fail(f"{self.path or 'the document'} must be {expected}, but {came} came.")

    def fail(self, message: str) -> NoReturn:
        """Raise the error of this kind of document."""
        raise self.kind.error(f"{message} {self.kind.remedy}".rstrip())

    @contextlib.contextmanager
    def naming(self) -> Iterator[None]:
        """Say where something is wrong with what somebody else finds wrong."""
        try:
            yield
        except BacklitError as error:
            raise self.kind.error(f"{self.path}: {error}") from error

    # Objects and lists.

    def object(self) -> dict[str, Any]:
        """Return an object, whatever its fields."""
        if not isinstance(self.value, dict):
            self.refuse("an object")
        return self.value

    def __getitem__(self, name: str) -> Field:
        """Return a field of an object, which must be there."""
        if name not in self.object():
            self.fail(f"{self._under(name)} is missing.")
        return Field(self.value[name], self._under(name), self.kind)

    def fields(self, *names: str, **defaults: Any) -> dict[str, Field]:
        """Return the fields of an object that has these, may have others, and has no more.

        Parameters
        ----------
        *names : str
            What must be there.
        **defaults : object
            What may be missing, and what then stands for it.
        """
        for name in self.object():
            if name not in names and name not in defaults:
                known = ", ".join((*names, *defaults))
                self.fail(f"{self.path or 'the document'} has an unknown field {shown(name)}. Its fields are {known}.")
        found = {name: self[name] for name in names}
        for name, default in defaults.items():
            found[name] = Field(self.value.get(name, default), self._under(name), self.kind)
        return found

    def fields_of(self, cls: type) -> dict[str, Field]:
        """Return the fields of an object that has those of a dataclass, and no others."""
        return self.fields(*(field.name for field in dataclasses.fields(cls)))

    def _under(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def header(self, format: str, version: int) -> None:
        """Check that a document is of this format, and of this version or an older one."""
        self["format"].one_of(format)
        self.version(version)

    def version(self, newest: int) -> None:
        """Check that the version is one that this backlit knows.

        It comes before the other fields, for a newer version may have others.
        """
        field = self["version"]
        if field.whole(1) > newest:
            raise self.kind.error(
                f"{field.path} is {shown(field.value)}: it was written by a newer backlit, and this one reads version "
                f"{newest}. Upgrade: pip install --upgrade backlit"
            )

    def parts(self, count: int | None = None, *, least: int = 0, most: int | None = None) -> list[Field]:
        """Return the parts of a list, which must have this many."""
        if not isinstance(self.value, list):
            self.refuse("a list")
        n = len(self.value)
        if count is not None and n != count:
            self.refuse(f"a list of {count}")
        if n < least or (most is not None and n > most):
            self.refuse(f"a list of {least} to {most}" if most is not None else f"a list of {least} or more")
        return [Field(part, f"{self.path}[{i}]", self.kind) for i, part in enumerate(self.value)]

    def texts(self, count: int | None = None) -> list[str]:
        """Return the texts of a list, which must have this many."""
        # a column may have thousands of values; where one is wrong, its part says which
        if isinstance(self.value, list) and count in (None, len(self.value)) and set(map(type, self.value)) <= {str}:
            return self.value
        return [part.text() for part in self.parts(count)]

    # What may be absent.

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

    # Single values. True is no number, although Python counts it among the integers.

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            self.refuse("text")
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.refuse("true or false")
        return self.value

    def one_of(self, *allowed: T) -> T:
        """Return the one of these values that is here."""
        if not any(type(self.value) is type(value) and self.value == value for value in allowed):
            listed = ", ".join(map(repr, allowed))
            self.refuse(f"one of {listed}" if len(allowed) > 1 else listed)
        found: T = self.value
        return found

    def whole(self, least: int = 0, most: int | None = None) -> int:
        """Return a whole number."""
        if type(self.value) is not int or self.value < least or (most is not None and self.value > most):
            self.refuse(f"a whole number from {least}" + ("" if most is None else f" to {most}"))
        return self.value

    def number(self, *, least: float | None = None, most: float | None = None, above: float | None = None) -> float:
        """Return a number; a finite one where there is any bound.

        Parameters
        ----------
        least, most : float, optional
            Bounds that it may reach.
        above : float, optional
            A bound that it may not reach.
        """
        bounds = {"from": least, "above": above, "to": most}
        said = "".join(f" {word} {bound:g}" for word, bound in bounds.items() if bound is not None)
        spellings = () if said or self.kind.not_finite is None else (self.kind.not_finite, AS_TEXT)
        for spelling in spellings:
            if (spelled := spelling.number(self.value)) is not None:
                return spelled
        number = _finite(self.value)
        if (
            number is None
            or (least is not None and number < least)
            or (most is not None and number > most)
            or (above is not None and number <= above)
        ):
            texts = [repr(text) for spelling in spellings[:1] for text in dict.fromkeys(spelling) if text is not None]
            self.refuse(f"a finite number{said}" + (f", or {', '.join(texts)}" if texts else ""))
        return number

    def array(self, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        """Return an array.

        Parameters
        ----------
        shape : tuple of int
            Of one or two axes.
        dtype : {"float32", "float64"}
            Each number must be one of this type.
        """
        rows = [self] if len(shape) == 1 else self.parts(shape[0])
        exact = np.array([row._numbers(shape[-1]) for row in rows], dtype=np.float64).reshape(shape)
        with np.errstate(over="ignore"):
            array: NDArray[Any] = exact.astype(dtype)
        if not np.array_equal(array, exact, equal_nan=True):
            self.refuse(f"numbers of {dtype}, as the document says")
        return array

    def _numbers(self, count: int) -> list[float]:
        if not isinstance(self.value, list) or len(self.value) != count:
            self.refuse(f"a list of {count} numbers")
        # most lists are good; where one is not, its parts say which of them is wrong
        if set(map(type, self.value)) <= {int, float}:
            with contextlib.suppress(OverflowError):
                if all(map(math.isfinite, self.value)):
                    return self.value
        return [part.number() for part in self.parts()]


def _finite(value: object) -> float | None:
    if type(value) not in (int, float):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return number if math.isfinite(number) else None


def read(text: str | bytes, path: str, kind: Kind) -> Field:
    """Return what a JSON text holds.

    Parameters
    ----------
    text : str or bytes
    path : str
        What errors call the document.
    kind : Kind

    Raises
    ------
    InvalidInputError
        The error of this kind, if it is not JSON of the strict sort.
    """
    try:
        return Field(strict_json.parse(text), path, kind)
    except InvalidInputError as error:
        raise kind.error(f"{path} cannot be read: {error}. {kind.remedy}".rstrip()) from error
