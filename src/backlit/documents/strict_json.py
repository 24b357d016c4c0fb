"""JSON that means the same to every reader, from sources that may be hostile.

Python's parser keeps the last of two equal keys, reads ``NaN``, turns ``1e999`` into ∞ and falls over deep nesting.
Here each of these is an error, when reading and when writing. JSON has no numbers that are not finite: `NotFinite` is
how a document spells them instead.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import reprlib
from typing import Any, NamedTuple, NoReturn

import numpy as np

from backlit.errors import InvalidInputError

MAX_DEPTH = 64
# Python neither writes nor reads whole numbers of more than 4300 digits.
_MAX_INT_BITS = 14_000

# What lies between brackets and strings is skipped. A string is one token, so that brackets inside it do not count. The
# closing quote is optional, the end is a token too, and repetitions give nothing back: otherwise some texts would take
# quadratic time.
_TOKEN = re.compile(r'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"?|([\[{])|([\]}])|\Z)', re.DOTALL)

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60


class NotFinite(NamedTuple):
    """What stands in a document for NaN, ∞ and −∞."""

    nan: str | None
    infinity: str | None
    minus_infinity: str | None

    def spell(self, number: float) -> str | None:
        """Return what stands for a number that is not finite."""
        return self.nan if math.isnan(number) else self.infinity if number > 0 else self.minus_infinity

    def number(self, spelled: object) -> float | None:
        """Return the number that something stands for, or None where it stands for none."""
        known = spelled is None or isinstance(spelled, str)
        return (math.nan, math.inf, -math.inf)[self.index(spelled)] if known and spelled in self else None


AS_TEXT = NotFinite("NaN", "Infinity", "-Infinity")
"""As JavaScript calls them: what a new format writes, and what is read wherever such a number may stand."""
AS_PYTHON = NotFinite("nan", "inf", "-inf")
"""What checkpoints and verdicts have always written, and so go on to write: older programs read them."""
AS_NULL = NotFinite(None, None, None)
"""In reports and recorded figures, where it is enough that there is no number; null is read as NaN."""


def plain(value: Any, not_finite: NotFinite | None = None) -> Any:
    """Return a value in JSON's types: tuples and arrays as lists, dataclasses as objects.

    Parameters
    ----------
    value : Any
        What is of another type stays as it is.
    not_finite : NotFinite, optional
        The spelling of numbers that are not finite. Default: they stay numbers, which `dump` refuses.
    """
    if isinstance(value, float):
        return value if not_finite is None or math.isfinite(value) else not_finite.spell(value)
    if isinstance(value, list | tuple):
        return list(value) if _are_finite_floats(value) else [plain(part, not_finite) for part in value]
    if isinstance(value, dict):
        return {name: plain(part, not_finite) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        finite = value.dtype.kind == "f" and bool(np.isfinite(value).all())
        return value.tolist() if finite else plain(value.tolist(), not_finite)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), not_finite) for field in dataclasses.fields(value)}
    return value


def parse(text: str | bytes) -> Any:
    """Return the value of a JSON text; bytes are UTF-8.

    Raises
    ------
    InvalidInputError
        If it is not JSON, repeats a key, nests too deeply, or holds a number that is not finite or a lone surrogate.
    """
    try:
        text = text if isinstance(text, str) else text.decode()
        _check_depth(text)
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except InvalidInputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"it is not valid JSON ({error})") from error
    check(value)
    return value


def dump(value: Any) -> str:
    """Return the one JSON text of a value, for a file: keys sorted, no spaces, floats exact."""
    check(value)
    return json.dumps(value, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def dump_in_order(value: Any, indent: int | None = None) -> str:
    """Return a JSON text for people and other programs: keys as they come, with spaces, floats exact."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, indent=indent)


def check(value: Any, where: str = "", depth: int = 1) -> None:
    """Raise if a value would not be the same after it was written as JSON and read again.

    Parameters
    ----------
    value : Any
    where : str
        Its name, for the message: ``training.history``.
    depth : int
        How deeply it is nested already, counted from 1.
    """
    if value is None:
        return
    if isinstance(value, int):
        if value.bit_length() > _MAX_INT_BITS:
            _refuse(where, "is too large a whole number")
    elif isinstance(value, float):
        if not math.isfinite(value):
            _refuse(where, f"is {value}; JSON holds finite numbers only, within the range of a float")
    elif isinstance(value, str):
        if not _is_unicode(value):
            _refuse(where, "holds half of a surrogate pair, which is not text")
    elif isinstance(value, dict | list | tuple):
        if depth > MAX_DEPTH:
            _refuse(where, f"is nested more than {MAX_DEPTH} levels deep, or contains itself")
        if isinstance(value, dict):
            for key, part in value.items():
                if not isinstance(key, str) or not _is_unicode(key):
                    _refuse(where, f"has the key {shown(key)}; every key must be text")
                check(part, f"{where}.{key[:60]}" if where else key[:60], depth + 1)
        elif not _are_finite_floats(value):
            for i, part in enumerate(value):
                check(part, f"{where}[{i}]", depth + 1)
    else:
        _refuse(where, f"is a {type(value).__name__}, which JSON cannot hold. Use dict, list, str, int, float or None")


def shown(value: object) -> str:
    """Return a short repr, for a message about something of any size."""
    return _REPR.repr(value)


def _refuse(where: str, what: str) -> NoReturn:
    raise InvalidInputError(f"{where or 'the value'} {what}")


def _are_finite_floats(values: list[Any] | tuple[Any, ...]) -> bool:
    # most of a large document is lists of numbers, which are checked as a whole
    return set(map(type, values)) == {float} and all(map(math.isfinite, values))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_depth(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        if token.lastindex == 1:
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidInputError(f"it is nested more than {MAX_DEPTH} levels deep")
        elif token.lastindex == 2:
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise InvalidInputError(f"the key {shown(key)} stands there twice")
        result[key] = value
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidInputError(f"it holds {name}, which is not a JSON number")
