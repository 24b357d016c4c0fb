"""One encoder and decoder of messages: dataclasses of the contract to JSON and back, numbers exact.

What comes from a page is not trusted: every field is checked against its type in `protocol`, with an error that names
it. Arrays go one way only, to the page.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import types
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from backlit.documents.field import Field, Kind
from backlit.documents.strict_json import AS_TEXT, dump_in_order, parse
from backlit.lab.talk.protocol import COMMANDS

_KIND = Kind(remedy="This is not what the lab's page sends. Reload the page.")
_NAMES = {command.__name__: command for command in COMMANDS}


def encode(value: Any, buffers: list[bytes] | None = None) -> Any:
    """Return a reply in JSON's types.

    Parameters
    ----------
    value : Any
        A dataclass of the contract, or what its fields hold.
    buffers : list of bytes, optional
        Where the bytes of arrays are put. Default: into the JSON, as base64.
    """
    if isinstance(value, np.ndarray):
        raw = np.ascontiguousarray(value, dtype="<f8").tobytes()
        if buffers is None:
            return {"$array": list(value.shape), "base64": base64.b64encode(raw).decode()}
        buffers.append(raw)
        return {"$array": list(value.shape), "buffer": len(buffers) - 1}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$number": AS_TEXT.spell(value)}
    if isinstance(value, tuple | list):
        return [encode(part, buffers) for part in value]
    kind: Any = type(value)
    if names := _names_of(kind):
        return {name: encode(getattr(value, name), buffers) for name in names}
    return value


@cache
def _names_of(kind: type) -> tuple[str, ...]:
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple(field.name for field in dataclasses.fields(kind))


def dumps(message: Any) -> bytes:
    """Return an encoded message as JSON."""
    return dump_in_order(message).encode()


def decode_command(text: bytes | str | dict[str, Any]) -> tuple[int, Any]:
    """Return the number and the command of a message from the page.

    Raises
    ------
    InvalidInputError
        Naming the field that is wrong.
    """
    document = text if isinstance(text, dict) else parse(text)
    fields = Field(document, "message", _KIND).fields("id", "command", arguments={})
    kind = _NAMES[fields["command"].one_of(*_NAMES)]
    return fields["id"].whole(0), _object(kind, fields["arguments"])


def _object(kind: Any, document: Field) -> Any:
    own = dataclasses.fields(kind)
    required = [field.name for field in own if field.default is dataclasses.MISSING]
    optional = {field.name: field.default for field in own if field.default is not dataclasses.MISSING}
    given = document.fields(*required, **optional)
    hints, present = hints_of(kind), document.value
    return kind(
        **{name: value_of(hints[name], each) if name in present else each.value for name, each in given.items()}
    )


def value_of(hint: Any, field: Field) -> Any:
    """Return what a field holds, checked against a type of the contract."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, Union):
        return None if field.is_null else value_of(next(each for each in arguments if each is not type(None)), field)
    if origin is Literal:
        return field.one_of(*arguments)
    if origin is tuple:
        return tuple(value_of(arguments[0], part) for part in field.parts())
    if origin is dict:
        if not isinstance(field.value, dict):
            field.refuse("an object")
        return field.value
    if dataclasses.is_dataclass(hint):
        return _object(hint, field)
    return _PLAIN[hint](field)


_PLAIN: dict[type, Callable[[Field], Any]] = {
    bool: lambda field: field.flag(),
    int: lambda field: field.whole(-(2**53), 2**53),
    float: lambda field: field.number(),
    str: lambda field: field.text(),
}


@cache
def hints_of(kind: type) -> dict[str, Any]:
    """Return the types of a dataclass's fields."""
    return get_type_hints(kind)


def error_of(error: Exception) -> dict[str, str]:
    """Return what a page is told of an error."""
    return {"kind": type(error).__name__, "message": str(error)}
