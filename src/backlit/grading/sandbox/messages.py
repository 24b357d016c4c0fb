"""Calls, what came of them, and inventories as what goes over the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
        "error": None if error is None else error[:MAX_TEXT],
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
    error, line, stopped = document["error"], _line(document["line"]), document["stopped"]
    if stopped not in (None, "exit"):
        raise WireError("not an outcome")
    if not isinstance(document["args_after"], list):
        raise WireError("not an outcome")
    outcome = Outcome(
        decode(document["value"]),
        tuple(decode(arg) for arg in document["args_after"]),
        {decode_text(name): decode(attribute) for name, attribute in decode_pairs(document["attributes"])},
        None if error is None else decode_text(error),
        line,
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


def decode_inventory(document: Any) -> Inventory:
    """Return the inventory that `encode_inventory` made a document of.

    Raises
    ------
    WireError
        If no inventory makes such a document.
    """
    if not isinstance(document, dict) or document.keys() != {"functions", "classes"}:
        raise WireError("not an inventory")
    classes = {decode_text(name): _decode_infos(methods) for name, methods in decode_pairs(document["classes"])}
    return Inventory(_decode_infos(document["functions"]), classes)


def _decode_infos(document: Any) -> tuple[FunctionInfo, ...]:
    if not isinstance(document, list) or len(document) > MAX_ITEMS:
        raise WireError("not functions")
    infos = []
    for item in document:
        if not isinstance(item, list) or len(item) != 4 or type(item[2]) is not int:
            raise WireError("not a function")
        infos.append(FunctionInfo(decode_text(item[0]), _texts(item[1]), item[2], _line(item[3])))
    return tuple(infos)


def _texts(document: Any) -> tuple[str, ...]:
    if not isinstance(document, list):
        raise WireError("not a list of texts")
    return tuple(decode_text(item) for item in document)


def _line(document: Any) -> int | None:
    if not (document is None or (type(document) is int and 0 < document < 10**7)):
        raise WireError("not a line")
    return document
