"""A student's file, loaded: what it offers, and calls into it. Runs in the student's process."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from backlit.grading.reading.forms.registry import put_together
from backlit.grading.reading.notebook import code_cells, place, shell_names, without_magics
from backlit.grading.reading.student import (
    Call,
    FunctionInfo,
    Inventory,
    Outcome,
    function_info,
    read_attributes,
    write_attributes,
)

_MODULE = "submission"
_LONGEST_ERROR = 300


@dataclass(frozen=True)
class Failure:
    """Why a file was not loaded to its end.

    Attributes
    ----------
    message : str
    fatal : bool
        Whether nothing of it can be graded. A notebook counts up to the cell that failed.
    """

    message: str
    fatal: bool


class Program:
    """A student's program.

    Parameters
    ----------
    source : bytes
        Content of the file.
    name : str
        Its name; ``.ipynb`` is a notebook, everything else Python.
    """

    def __init__(self, source: bytes, name: str) -> None:
        self._module = ModuleType(_MODULE)
        self._module.__file__ = name
        vars(self._module).update(shell_names())
        self._files: set[str] = set()
        self._cells: list[str] = []
        sys.modules[_MODULE] = self._module  # where dataclasses and pickle look for it
        self.failure = self._load_notebook(source, name) if name.endswith(".ipynb") else self._load_file(source, name)

    def _load_file(self, source: bytes, name: str) -> Failure | None:
        try:
            self._run(importlib.util.decode_source(source), name)
        except BaseException as error:
            return Failure(f"{name} could not be loaded: {self._describe(error)}", fatal=True)
        return None

    def _load_notebook(self, source: bytes, name: str) -> Failure | None:
        try:
            self._cells = code_cells(source)
        except ValueError:
            return Failure(
                "The notebook is no JSON file with cells (nbformat 4). Save it again, then retry.", fatal=True
            )
        n_before = 0
        for i, cell in enumerate(self._cells, start=1):
            try:
                # lines are counted through all cells; `place` tells them apart again
                self._run("\n" * n_before + without_magics(cell), name)
            except BaseException as error:
                return Failure(
                    f"Code cell {i} of the notebook raised {self._describe(error)}; it and what follows were left out.",
                    fatal=False,
                )
            n_before += len(cell.splitlines())
        return None

    def _run(self, text: str, name: str) -> None:
        self._files.add(name)
        exec(compile(text, name, "exec", dont_inherit=True), vars(self._module))

    def inventory(self) -> Inventory:
        """Say what the program offers: its own functions and classes, and not those that it imported."""
        functions = []
        classes = {}
        for name, obj in list(vars(self._module).items()):
            if name.startswith("_") or not callable(obj):
                continue
            if (inspect.isroutine(obj) or inspect.isclass(obj)) and getattr(obj, "__module__", None) != _MODULE:
                continue
            if inspect.isclass(obj):
                classes[name] = tuple(info for info in _methods(obj) if info is not None)
            else:
                functions.append(function_info(name, obj))
        return Inventory(tuple(info for info in functions if info is not None), classes)

    def run(self, script: Sequence[Call]) -> Iterator[Outcome]:
        """Make calls one after another, and report each as it ends."""
        instance: Any = None
        memory: dict[str, Any] = {}
        for call in script:
            try:
                method = call.function.startswith(".")
                target = put_together(call.function, vars(self._module), memory)
                if target is None:
                    target = getattr(instance, call.function[1:]) if method else getattr(self._module, call.function)
                value = target(*call.args, **call.keywords)
                if not method and inspect.isclass(target):
                    instance, value = value, None
                    write_attributes(instance, call.attributes)
                yield Outcome(value, call.args, read_attributes(instance, call.read))
            except SystemExit:
                yield Outcome(None, call.args, {}, "SystemExit: the program called exit()", stopped="exit")
            except BaseException as error:
                yield Outcome(None, call.args, {}, self._describe(error, with_line=False), self._line(error))

    def _line(self, error: BaseException) -> int | None:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename in self._files]
        return lines[-1] if lines else None

    def _describe(self, error: BaseException, *, with_line: bool = True) -> str:
        """Return an exception in one line. Its own ``__str__`` may raise."""
        try:
            text = " ".join(f"{type(error).__name__}: {error}".split())
        except BaseException:
            text = type(error).__name__
        line = self._line(error)
        if isinstance(error, SyntaxError) and error.filename in self._files:
            text, line = f"{type(error).__name__}: {error.msg}", error.lineno
        text = text if len(text) <= _LONGEST_ERROR else text[: _LONGEST_ERROR - 1] + "…"
        if isinstance(error, SystemExit):
            text = "the program called exit()"
        if line is None or not with_line:
            return text
        return f"{text} (line {place(self._cells, line)[1] if self._cells else line})"


def _methods(cls: type) -> Iterator[FunctionInfo | None]:
    for name in dir(cls):
        try:
            static = inspect.getattr_static(cls, name)
        except AttributeError:
            continue
        if inspect.isfunction(static):
            yield function_info(name, static, skip=1)
        elif isinstance(static, staticmethod | classmethod) and (name not in vars(object)):
            yield function_info(name, static.__func__, skip=isinstance(static, classmethod))
