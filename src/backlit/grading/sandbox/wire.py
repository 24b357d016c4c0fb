"""What goes over the wire between the grader and the process of the student's program.

One message is one line of JSON. Arrays travel as their raw bytes in base64, beside dtype and shape, so every bit
arrives as it left. Nothing is ever unpickled or evaluated: whatever a hostile program writes, the grader reads numbers,
strings and lists of them, or refuses the message with a `WireError`.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any

import numpy as np

from backlit.documents.field import Field, Kind, read
from backlit.grading.reading.student import Value

MAX_MESSAGE = 16 * 2**20
"""Bytes of the longest message that is read."""

DTYPES = frozenset("?bBhHiIlLqQefdFD")
"""Type characters of the arrays that may travel: booleans, integers, and real and complex floats."""

_MAX_DEPTH = 16
MAX_ITEMS = 100_000
_MAX_DIMENSIONS = 16
MAX_TEXT = 10_000


EXITED, KILLED = 90, 91
"""Exit codes of the process at the other end: how the student's program ended."""


class WireError(Exception):
    """A message, or a value that was to become one, is not what the wire carries."""


_KIND = Kind(WireError)


def pack(message: dict[str, Any]) -> bytes:
    """Return a message as one line. Half of a surrogate pair, which is not text, becomes a question mark."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def unpack(line: bytes) -> Field:
    """Return the message of one line, an object.

    Raises
    ------
    WireError
        If it is not one.
    """
    if len(line) > MAX_MESSAGE:
        raise WireError("a message is too long")
    message = read(line, "a message", _KIND)
    message.object()
    return message


def encode(value: object) -> Any:
    """Return a value as what JSON can hold. Ragged object arrays become lists.

    Raises
    ------
    WireError
        If there is no such value on the wire: a generator, an object of one's own, a list that holds itself, …
    """
    return _Encoder().encode(value, 0)


class _Encoder:
    def __init__(self) -> None:
        self._items = 0

    def encode(self, value: object, depth: int) -> Any:
        self._count(depth)
        if isinstance(value, np.generic):
            return {"scalar": _encode_array(np.asarray(value))}
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            if abs(value) >= 2**63:
                raise WireError("an integer of more than 64 bits came")
            return int(value)
        if isinstance(value, float):
            return {"float": repr(float(value))}
        if isinstance(value, str):
            return str(value[:MAX_TEXT])
        if isinstance(value, np.ndarray):
            if value.dtype == object:
                return {"list": [self.encode(item, depth + 1) for item in value.tolist()] if value.ndim else []}
            return {"array": _encode_array(np.asarray(value))}
        if isinstance(value, list):
            return {"list": [self.encode(item, depth + 1) for item in value]}
        if isinstance(value, tuple):
            return {"tuple": [self.encode(item, depth + 1) for item in value]}
        if isinstance(value, dict):
            return {"dict": [[str(key)[:MAX_TEXT], self.encode(item, depth + 1)] for key, item in value.items()]}
        if hasattr(value, "__array__"):
            return {"array": _encode_array(np.asarray(value))}
        raise WireError(f"a {type(value).__name__} came, which is no number, array, or list of them")

    def _count(self, depth: int) -> None:
        self._items += 1
        if depth > _MAX_DEPTH:
            raise WireError(f"lists are nested more than {_MAX_DEPTH} deep")
        if self._items > MAX_ITEMS:
            raise WireError(f"more than {MAX_ITEMS} values came")


def _encode_array(array: np.ndarray[Any, Any]) -> Any:
    if array.dtype.char not in DTYPES:
        raise WireError(f"an array of type {array.dtype} came, which holds no plain numbers")
    if array.nbytes > MAX_MESSAGE // 2:
        raise WireError(f"an array of shape {array.shape} came, which is too large")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    data = base64.b64encode(array.tobytes()).decode("ascii")
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": data}


def decode(document: Any, depth: int = 0) -> Value:
    """Return the value that `encode` made a document of.

    Raises
    ------
    WireError
        If no value makes such a document.
    """
    if depth > _MAX_DEPTH + 1:
        raise WireError("too deep")
    if document is None or isinstance(document, bool):
        return document
    if isinstance(document, str):
        return decode_text(document)
    if isinstance(document, int):
        if abs(document) >= 2**63:
            raise WireError("an integer is too large")
        return document
    if not isinstance(document, dict) or len(document) != 1:
        raise WireError("not a value")
    ((kind, content),) = document.items()
    if kind == "float":
        return _decode_float(content)
    if kind in ("array", "scalar"):
        array = _decode_array(content)
        return array[()] if kind == "scalar" and array.ndim == 0 else array
    if kind in ("list", "tuple") and isinstance(content, list):
        items = [decode(item, depth + 1) for item in content]
        return tuple(items) if kind == "tuple" else items
    if kind == "dict" and isinstance(content, list):
        return {decode_text(key): decode(item, depth + 1) for key, item in decode_pairs(content)}
    raise WireError("not a value")


def _decode_float(content: Any) -> float:
    try:
        return float(decode_text(content))
    except ValueError:
        raise WireError("not a number") from None


def _decode_array(content: Any) -> np.ndarray[Any, Any]:
    fields = Field(content, "an array", _KIND).fields("dtype", "shape", "data")
    # by a table rather than by np.dtype(name), which understands far more than plain numbers
    dtype = _DTYPE_NAMES[fields["dtype"].one_of(*_DTYPE_NAMES)]
    shape = [length.whole(0, MAX_MESSAGE) for length in fields["shape"].parts(most=_MAX_DIMENSIONS)]
    try:
        raw = base64.b64decode(fields["data"].text(), validate=True)
    except (binascii.Error, ValueError):
        raise WireError("not base64") from None
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise WireError("shape and data do not fit")
    try:
        array = np.frombuffer(raw, dtype).reshape(shape)
    except ValueError:  # empty arrays whose other sizes multiply to more than there can be
        raise WireError("not a shape") from None
    return array.astype(dtype.newbyteorder("="))


_DTYPE_NAMES = {np.dtype(char).newbyteorder("<").str: np.dtype(char).newbyteorder("<") for char in sorted(DTYPES)}


def decode_text(document: Any) -> str:
    """Return a text of a document, with nothing in it that could play tricks on the terminal of whoever reads it."""
    text = Field(document, "a text", _KIND).text()
    if len(text) > MAX_TEXT:
        raise WireError("a text is too long")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def decode_pairs(document: Any) -> list[tuple[Any, Any]]:
    """Return the pairs of a document."""
    pairs = [pair.parts(2) for pair in Field(document, "pairs", _KIND).parts(most=MAX_ITEMS)]
    return [(key.value, item.value) for key, item in pairs]
