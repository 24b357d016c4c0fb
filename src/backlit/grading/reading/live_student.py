"""Live functions, a module or a class, graded in this very process.

Nothing protects the process here: it is for code that one has just written oneself. Files go through the sandbox.
"""

from __future__ import annotations

import copy
import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from backlit.errors import InvalidInputError
from backlit.grading.reading.forms.registry import put_together
from backlit.grading.reading.student import Call, Inventory, Outcome, function_info, read_attributes, write_attributes

_LONGEST_ERROR = 200


class LiveStudent:
    """A student's live objects.

    Parameters
    ----------
    source : module, class, function, mapping of str to either, or sequence of functions and classes
    """

    def __init__(self, source: object) -> None:
        self._objects = _named_objects(source)
        self._codes = {code.co_filename for obj in self._objects.values() for code in _codes(obj)}

    def inventory(self) -> Inventory:
        """Say what the objects offer."""
        functions, classes = [], {}
        for name, obj in self._objects.items():
            if inspect.isclass(obj):
                methods = inspect.getmembers(obj, inspect.isfunction)
                infos = [function_info(key, method, skip=1) for key, method in methods]
                classes[name] = tuple(info for info in infos if info is not None)
            else:
                info = function_info(name, obj)
                if info is not None:
                    functions.append(info)
        return Inventory(tuple(functions), classes)

    def run(self, script: Sequence[Call]) -> list[Outcome]:
        """Make calls one after another, on copies of their arguments, and report each."""
        outcomes, instance = [], None
        memory: dict[str, Any] = {}
        for call in script:
            args, keywords = copy.deepcopy(call.args), copy.deepcopy(dict(call.keywords))
            try:
                method = call.function.startswith(".")
                target = put_together(call.function, self._objects, memory)
                if target is None:
                    target = getattr(instance, call.function[1:]) if method else self._objects[call.function]
                value = target(*args, **keywords)
                if inspect.isclass(target):
                    instance, value = value, None
                    write_attributes(instance, copy.deepcopy(dict(call.attributes)))
                attributes = read_attributes(instance, call.read)
                value, attributes = copy.deepcopy((value, attributes))
                outcomes.append(Outcome(value, args, attributes))
            except Exception as error:  # whatever a student's code raises is a finding, not a failure of the grader
                outcomes.append(Outcome(None, args, {}, _one_line(error), self._line(error)))
        return outcomes

    def _line(self, error: Exception) -> int | None:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename in self._codes]
        return lines[-1] if lines else None


def _named_objects(source: object) -> dict[str, Callable[..., Any]]:
    if isinstance(source, ModuleType):
        items = {name: obj for name, obj in vars(source).items() if not name.startswith("_")}
    elif isinstance(source, Mapping):
        items = dict(source)
    elif isinstance(source, Sequence) and not isinstance(source, str | bytes):
        items = {getattr(obj, "__name__", str(i)): obj for i, obj in enumerate(source)}
    else:
        items = {getattr(source, "__name__", ""): source}
    objects: dict[str, Callable[..., Any]] = {
        str(name): obj for name, obj in items.items() if inspect.isclass(obj) or inspect.isroutine(obj)
    }
    if not objects:
        raise InvalidInputError(
            "grade() expects the path of a file, a module, a class, a function, or a dictionary or list of functions, "
            f"but {type(source).__name__} came, in which no function was found."
        )
    return objects


def _codes(obj: object) -> list[Any]:
    members = vars(obj).values() if inspect.isclass(obj) else [obj]
    return [member.__code__ for member in members if hasattr(member, "__code__")]


def _one_line(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= _LONGEST_ERROR else text[: _LONGEST_ERROR - 1] + "…"
