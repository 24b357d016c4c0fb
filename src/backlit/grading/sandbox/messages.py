"""Calls, what came of them, and inventories as what goes over the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backlit.documents.field import Field
from backlit.grading.reading.student import Call, FunctionInfo, Inventory, Outcome
from backlit.grading.sandbox.wire import MAX_ITEMS, MAX_TEXT, WireError, decode, decode_pairs, decode_text, encode


def encode_call(call: Call) -> dict[str, Any]:
    """Return a call as what JSON can hold."""
    return {
        "function": call.function,
        "args": encode(tuple(call.args)),
        "keywords": encode(dict(call.keywords)),
        "attributes": encode(dict(call.attributes)),
        "read": list(call.read),
    }


def decode_call(document: Any) -> Call:
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
        "error": None if error is None else error[:MAX_TEXT],
        "line": line,
        "stopped": outcome.stopped,
    }


def decode_outcome(document: Field) -> Outcome:
    """Return the outcome that `encode_outcome` made a document of.

    Raises
    ------
    WireError
        If no outcome makes such a document.
    """
    fields = document.fields("value", "args_after", "attributes", "error", "line", "stopped")
    error, stopped = fields["error"], fields["stopped"].one_of(None, "exit")
    outcome = Outcome(
        decode(fields["value"].value),
        tuple(decode(arg.value) for arg in fields["args_after"].parts(most=MAX_ITEMS)),
        {decode_text(name): decode(attribute) for name, attribute in decode_pairs(fields["attributes"].value)},
        None if error.is_null else decode_text(error.value),
        _line(fields["line"]),
        stopped,
    )
    # a program cannot both fail and answer
    return outcome if outcome.error is None and stopped is None else replace(outcome, value=None)


def encode_inventory(inventory: Inventory) -> dict[str, Any]:
    """Return an inventory as what JSON can hold."""

    def infos(functions: tuple[FunctionInfo, ...]) -> list[Any]:
        return [[info.name, list(info.parameters), info.n_required, info.line] for info in functions]

    return {
        "functions": infos(inventory.functions),
        "classes": [[name, infos(methods)] for name, methods in inventory.classes.items()],
    }


def decode_inventory(document: Field) -> Inventory:
    """Return the inventory that `encode_inventory` made a document of.

    Raises
    ------
    WireError
        If no inventory makes such a document.
    """
    fields = document.fields("functions", "classes")
    pairs = [pair.parts(2) for pair in fields["classes"].parts(most=MAX_ITEMS)]
    classes = {decode_text(name.value): _decode_infos(methods) for name, methods in pairs}
    return Inventory(_decode_infos(fields["functions"]), classes)


def _decode_infos(document: Field) -> tuple[FunctionInfo, ...]:
    return tuple(_decode_info(*info.parts(4)) for info in document.parts(most=MAX_ITEMS))


def _decode_info(name: Field, parameters: Field, n_required: Field, line: Field) -> FunctionInfo:
    names = tuple(decode_text(parameter.value) for parameter in parameters.parts(most=MAX_ITEMS))
    return FunctionInfo(decode_text(name.value), names, n_required.whole(), _line(line))


def _line(line: Field) -> int | None:
    return None if line.is_null else line.whole(1, 10**7 - 1)
