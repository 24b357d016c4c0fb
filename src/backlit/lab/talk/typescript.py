"""The contract in TypeScript, generated: ``python -m backlit.lab.talk.typescript > frontend/src/protocol.ts``.

A test holds that file equal to what this writes.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from typing import Any, Literal, Union, get_args, get_origin

from backlit.explanation.trace.tree import Floats
from backlit.lab.talk.protocol import COMMANDS, PUSHED, UPLOAD
from backlit.lab.talk.wire import hints_of

_HEAD = """// Generated from src/backlit/lab/talk/protocol.py by `python -m backlit.lab.talk.typescript`. Do not edit.

/** Numbers of any number of axes, in row-major order. */
export interface Floats {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}
"""
_PLAIN = {bool: "boolean", int: "number", float: "number", str: "string", Any: "unknown", Floats: "Floats"}


def protocol_in_typescript() -> str:
    """Return the whole file."""
    commands, replies = list(COMMANDS), [*COMMANDS.values(), *PUSHED, UPLOAD]
    kinds: dict[type, None] = {}
    for kind in (*commands, *replies):
        _collect(kind, kinds)
    blocks = [_HEAD, *(_interface(kind, given=kind in COMMANDS) for kind in kinds)]
    pairs = "".join(
        f"  {command.__name__}: {{ arguments: {command.__name__}; reply: {reply.__name__} }};\n"
        for command, reply in COMMANDS.items()
    )
    blocks.append(
        f"/** Every command, what it takes and what it is answered with. */\nexport interface Commands {{\n{pairs}}}\n"
    )
    pushed = "".join(f"  {kind.__name__}: {kind.__name__};\n" for kind in PUSHED)
    blocks.append(f"/** What comes without being asked for. */\nexport interface Events {{\n{pushed}}}\n")
    return "\n".join(blocks)


def _collect(kind: Any, kinds: dict[type, None]) -> None:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind not in kinds:
            for hint in hints_of(kind).values():
                _collect(hint, kinds)
            kinds[kind] = None
        return
    for argument in get_args(kind):
        _collect(argument, kinds)


def _interface(kind: type, *, given: bool) -> str:
    hints = hints_of(kind)
    fields = dataclasses.fields(kind)
    optional = {field.name for field in fields if given and field.default is not dataclasses.MISSING}
    lines = [f"  {field.name}{'?' if field.name in optional else ''}: {_type(hints[field.name])};" for field in fields]
    words = "\n".join(f" * {line}".rstrip() for line in inspect.cleandoc(kind.__doc__ or "").splitlines())
    if not lines:
        return f"/**\n{words}\n */\nexport type {kind.__name__} = Record<string, never>;\n"
    return f"/**\n{words}\n */\nexport interface {kind.__name__} {{\n" + "\n".join(lines) + "\n}\n"


def _type(hint: Any) -> str:
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, Union):
        return " | ".join("null" if each is type(None) else _type(each) for each in arguments)
    if origin is Literal:
        return " | ".join(f'"{each}"' for each in arguments)
    if origin is tuple:
        inner = _type(arguments[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if origin is dict:
        return "Record<string, unknown>"
    return str(hint.__name__)


if __name__ == "__main__":
    print(protocol_in_typescript(), end="")
