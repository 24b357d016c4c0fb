"""The talk between the judge and a student's program: what it offers, what to call, and what came of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

Value: TypeAlias = "NDArray[Any] | float | int | bool | str | list[Value] | tuple[Value, ...] | dict[str, Value] | None"
"""What may be handed to and fro: numbers, arrays, and lists, tuples and dictionaries of them."""


STOPS = ("time", "memory", "exit", "output", "crash")
"""Why the process of a program may not survive a call."""


class StoppedError(Exception):
    """The student's process did not survive a call."""


@dataclass(frozen=True)
class FunctionInfo:
    """A function or method that a submission offers.

    Attributes
    ----------
    name : str
    parameters : tuple of str
        Names of all parameters, ``self`` left out.
    n_required : int
        How many of them have no default.
    line : int or None
        Where it begins in the student's file. In a notebook, lines are counted through all code cells.
    """

    name: str
    parameters: tuple[str, ...]
    n_required: int
    line: int | None = None


def function_info(name: str, function: Callable[..., Any], skip: int = 0) -> FunctionInfo | None:
    """Say how a function is called; None for compiled ones that hide it.

    Parameters
    ----------
    name : str
    function : callable
    skip : int, default 0
        How many parameters are bound already, such as ``self``.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError):
        return None
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    code = getattr(inspect.unwrap(function), "__code__", None)
    line = None if code is None else code.co_firstlineno
    return FunctionInfo(name, tuple(p.name for p in plain), sum(p.default is p.empty for p in plain), line)


@dataclass(frozen=True)
class Inventory:
    """What a submission offers.

    Attributes
    ----------
    functions : tuple of FunctionInfo
    classes : dict of str to tuple of FunctionInfo
        Class name → its methods, ``__init__`` included.
    """

    functions: tuple[FunctionInfo, ...]
    classes: dict[str, tuple[FunctionInfo, ...]]


@dataclass(frozen=True)
class Call:
    """One step of a script.

    Attributes
    ----------
    function : str
        ``"bp1"``, or ``"Network"`` to construct, or ``".backprop"`` for a method of the last constructed object.
    args : tuple of Value
    keywords : mapping of str to Value
    attributes : mapping of str to Value
        Set on the object after constructing it (weights, biases, sizes, …).
    read : tuple of str
        Attributes of the object to report afterwards.
    """

    function: str
    args: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    attributes: Mapping[str, Value] = field(default_factory=dict)
    read: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of one call.

    Attributes
    ----------
    value : Value
        What came back; arrays keep dtype and shape. None if the call raised.
    args_after : tuple of Value
        The arguments after the call, which shows damage done in place.
    attributes : dict of str to Value
        What `Call.read` asked for; attributes that do not exist are left out.
    error : str, optional
        The exception in one line: ``"ValueError: shapes (3,2) and (3,) not aligned"``.
    line : int, optional
        Line of the student's file where it was raised. In a notebook, lines are counted through all code cells.
    stopped : str, optional
        ``"time"``, ``"memory"``, ``"exit"``, ``"output"`` or ``"crash"``: the process did not survive this call.
    """

    value: Value
    args_after: tuple[Value, ...]
    attributes: dict[str, Value]
    error: str | None = None
    line: int | None = None
    stopped: str | None = None


def write_attributes(instance: Any, attributes: Mapping[str, Value]) -> None:
    """Set attributes of an object; in ``"layers.0.W"``, that of an object in a list of it."""
    for path, value in attributes.items():
        *way, name = path.split(".")
        setattr(_reached(instance, way), name, value)


def read_attributes(instance: Any, paths: Sequence[str]) -> dict[str, Any]:
    """Return the attributes that an object has; paths are as in `write_attributes`."""
    found = {}
    for path in paths:
        with suppress(AttributeError, IndexError, KeyError, TypeError):
            found[path] = _reached(instance, path.split("."))
    return found


def _reached(instance: Any, way: Sequence[str]) -> Any:
    for part in way:
        instance = instance[int(part)] if part.isdigit() else getattr(instance, part)
    return instance


class Student(Protocol):
    """A student's program, wherever it runs."""

    def inventory(self) -> Inventory:
        """Say what the program offers."""
        ...

    def run(self, script: Sequence[Call]) -> list[Outcome]:
        """Make calls one after another, and report each.

        Objects live within one script. That each script starts from a freshly loaded module is not promised: globals
        that accumulate must show.
        """
        ...
