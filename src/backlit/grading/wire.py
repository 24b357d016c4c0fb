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
from dataclasses import replace
from typing import Any

import numpy as np

from backlit.grading.student import Call, FunctionInfo, Inventory, Outcome, Value

MAX_MESSAGE = 16 * 2**20
"""Bytes of the longest message that is read."""

DTYPES = frozenset("?bBhHiIlLqQefdFD")
"""Type characters of the arrays that may travel: booleans, integers, and real and complex floats."""

_MAX_DEPTH = 16
_MAX_ITEMS = 100_000
_MAX_DIMENSIONS = 16
_MAX_TEXT = 10_000


class WireError(Exception):
    """A message, or a value that was to become one, is not what the wire carries."""


def pack(message: dict[str, Any]) -> bytes:
    """Return a message as one line."""
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def unpack(line: bytes) -> dict[str, Any]:
    """Return the message of one line.

    Raises
    ------
    WireError
        If it is not one.
    """
    if len(line) > MAX_MESSAGE:
        raise WireError("a message is too long")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError(f"a message is no JSON: {type(error).__name__}") from None
    if not isinstance(message, dict):
        raise WireError("a message is no object")
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
            return str(value[:_MAX_TEXT])
        if isinstance(value, np.ndarray):
            if value.dtype == object:
                return {"list": [self.encode(item, depth + 1) for item in value.tolist()] if value.ndim else []}
            return {"array": _encode_array(np.asarray(value))}
        if isinstance(value, list):
            return {"list": [self.encode(item, depth + 1) for item in value]}
        if isinstance(value, tuple):
            return {"tuple": [self.encode(item, depth + 1) for item in value]}
        if isinstance(value, dict):
            return {"dict": [[str(key)[:_MAX_TEXT], self.encode(item, depth + 1)] for key, item in value.items()]}
        if hasattr(value, "__array__"):
            return {"array": _encode_array(np.asarray(value))}
        raise WireError(f"a {type(value).__name__} came, which is no number, array, or list of them")

    def _count(self, depth: int) -> None:
        self._items += 1
        if depth > _MAX_DEPTH:
            raise WireError(f"lists are nested more than {_MAX_DEPTH} deep")
        if self._items > _MAX_ITEMS:
            raise WireError(f"more than {_MAX_ITEMS} values came")


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
        return _text(document)
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
        return {_text(key): decode(item, depth + 1) for key, item in _pairs(content)}
    raise WireError("not a value")


def _decode_float(content: Any) -> float:
    try:
        return float(_text(content))
    except ValueError:
        raise WireError("not a number") from None


def _decode_array(content: Any) -> np.ndarray[Any, Any]:
    if not isinstance(content, dict) or content.keys() != {"dtype", "shape", "data"}:
        raise WireError("not an array")
    name, shape, data = content["dtype"], content["shape"], content["data"]
    # by a table rather than by np.dtype(name), which understands far more than plain numbers
    dtype = _DTYPE_NAMES.get(name) if isinstance(name, str) else None
    if dtype is None or not isinstance(shape, list) or not isinstance(data, str) or len(shape) > _MAX_DIMENSIONS:
        raise WireError("not an array")
    if not all(type(n) is int and 0 <= n <= MAX_MESSAGE for n in shape):
        raise WireError("not a shape")
    try:
        raw = base64.b64decode(data, validate=True)
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


def _text(document: Any) -> str:
    if not isinstance(document, str) or len(document) > _MAX_TEXT:
        raise WireError("not a text")
    # no control characters, which could play tricks on the terminal of whoever reads the report
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in document)


def _texts(document: Any) -> tuple[str, ...]:
    if not isinstance(document, list):
        raise WireError("not a list of texts")
    return tuple(_text(item) for item in document)


def _pairs(document: Any) -> list[tuple[Any, Any]]:
    if not isinstance(document, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in document):
        raise WireError("not pairs")
    return [(key, item) for key, item in document]


def encode_call(call: Call) -> dict[str, Any]:
    """Return a call as what JSON can hold."""
    return {
        "function": call.function,
        "args": encode(tuple(call.args)),
        "keywords": encode(dict(call.keywords)),
        "attributes": encode(dict(call.attributes)),
        "read": list(call.read),
    }


def decode_call(document: dict[str, Any]) -> Call:
    """Return the call that `encode_call` made a document of."""
    args, keywords, attributes = (decode(document[key]) for key in ("args", "keywords", "attributes"))
    assert isinstance(args, tuple) and isinstance(keywords, dict) and isinstance(attributes, dict)
    return Call(document["function"], args, keywords, attributes, tuple(document["read"]))


def encode_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as what JSON can hold.

    What the wire does not carry is an error of the student's: the function returned something that is no number.
    Damaged arguments are reported as far as they can be.
    """
    error, line = outcome.error, outcome.line
    value: Any = None
    try:
        value = encode(outcome.value)
    except Exception as reason:  # an object's own methods may raise anything
        error, line = f"TypeError: {reason}" if isinstance(reason, WireError) else f"{type(reason).__name__}", None
    attributes = {}
    for name, attribute in outcome.attributes.items():
        try:
            attributes[name] = encode(attribute)
        except Exception:
            attributes[name] = None
    args_after = []
    for arg in outcome.args_after:
        try:
            args_after.append(encode(arg))
        except Exception:
            args_after.append(None)
    return {
        "value": value,
        "args_after": args_after,
        "attributes": [[name, attribute] for name, attribute in attributes.items()],
        "error": None if error is None else error[:_MAX_TEXT],
        "line": line,
        "stopped": outcome.stopped,
    }


def decode_outcome(document: dict[str, Any]) -> Outcome:
    """Return the outcome that `encode_outcome` made a document of.

    Raises
    ------
    WireError
        If no outcome makes such a document.
    """
    if document.keys() != {"value", "args_after", "attributes", "error", "line", "stopped"}:
        raise WireError("not an outcome")
    error, line, stopped = document["error"], document["line"], document["stopped"]
    if not (line is None or (type(line) is int and 0 < line < 10**7)) or stopped not in (None, "exit"):
        raise WireError("not an outcome")
    if not isinstance(document["args_after"], list):
        raise WireError("not an outcome")
    outcome = Outcome(
        decode(document["value"]),
        tuple(decode(arg) for arg in document["args_after"]),
        {_text(name): decode(attribute) for name, attribute in _pairs(document["attributes"])},
        None if error is None else _text(error),
        line,
        stopped,
    )
    # a program cannot both fail and answer
    return outcome if outcome.error is None and stopped is None else replace(outcome, value=None)


def encode_inventory(inventory: Inventory) -> dict[str, Any]:
    """Return an inventory as what JSON can hold."""

    def infos(functions: tuple[FunctionInfo, ...]) -> list[Any]:
        return [[info.name, list(info.parameters), info.n_required] for info in functions]

    return {
        "functions": infos(inventory.functions),
        "classes": [[name, infos(methods)] for name, methods in inventory.classes.items()],
    }


def decode_inventory(document: Any) -> Inventory:
    """Return the inventory that `encode_inventory` made a document of.

    Raises
    ------
    WireError
        If no inventory makes such a document.
    """
    if not isinstance(document, dict) or document.keys() != {"functions", "classes"}:
        raise WireError("not an inventory")
    classes = {_text(name): _decode_infos(methods) for name, methods in _pairs(document["classes"])}
    return Inventory(_decode_infos(document["functions"]), classes)


def _decode_infos(document: Any) -> tuple[FunctionInfo, ...]:
    if not isinstance(document, list) or len(document) > _MAX_ITEMS:
        raise WireError("not functions")
    infos = []
    for item in document:
        if not isinstance(item, list) or len(item) != 3 or type(item[2]) is not int:
            raise WireError("not a function")
        infos.append(FunctionInfo(_text(item[0]), _texts(item[1]), item[2]))
    return tuple(infos)
