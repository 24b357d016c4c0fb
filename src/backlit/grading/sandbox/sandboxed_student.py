"""A student's file in a process of its own, behind walls and within limits: `SandboxedStudent`.

This is the side of the grader. It sends requests, reads plain values, and watches time, memory and output; `child` is
the other side, `isolation` the walls, `wire` what passes between them.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from backlit.errors import InvalidInputError
from backlit.grading.reading.student import Call, Inventory, Outcome, StoppedError
from backlit.grading.sandbox.limits import Limits
from backlit.grading.sandbox.messages import decode_inventory, decode_outcome, encode_call
from backlit.grading.sandbox.process import Process, StopError
from backlit.grading.sandbox.wire import WireError, decode_text

_LARGEST_FILE = 8 * 2**20
_STOPS = {
    "time": "it did not end in time",
    "memory": "it took too much memory",
    "exit": "it called exit()",
    "output": "it printed too much",
    "crash": "its process crashed",
}


class SandboxedStudent:
    """A student's file, run in a process of its own. A context manager; at its end no process and no file is left.

    Parameters
    ----------
    path : path
        A ``.py`` file or a notebook.
    limits : Limits, optional

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or is too large to be homework.
    """

    def __init__(self, path: str | Path, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._name = Path(path).name
        if Path(path).suffix.lower() not in (".py", ".ipynb"):
            raise InvalidInputError(f"{self._name} is neither a .py file nor a notebook (.ipynb). Give one of these.")
        try:
            self._source = Path(path).read_bytes()
        except OSError as error:
            raise InvalidInputError(f"Cannot read {str(path)!r}: {error.strerror}.") from None
        if len(self._source) > _LARGEST_FILE:
            raise InvalidInputError(f"{self._name} has more than {_LARGEST_FILE // 2**20} MiB, which is no program.")
        self._process: Process | None = None
        self._inventory: Inventory | None = None
        self._directory = ""
        self._deadline = time.monotonic() + self._limits.total_time
        self._starts_left = 1 + self._limits.restarts
        self._last_stop = "time"
        self._remarks: list[str] = []

    def __enter__(self) -> SandboxedStudent:
        self._deadline = time.monotonic() + self._limits.total_time
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes of the program, and remove its files."""
        if self._process is not None:
            self._process.kill()
            self._process = None
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the teacher is to know: walls that were not to be had, cells that failed, what stopped the program."""
        return tuple(dict.fromkeys(self._remarks))

    def inventory(self) -> Inventory:
        """Say what the program offers.

        Raises
        ------
        StoppedError
            If the file cannot be loaded.
        """
        if self._inventory is None:
            try:
                self._start()
            except StopError as stop:
                raise StoppedError(f"{_STOPS[stop.reason]} while it was being loaded") from None
        assert self._inventory is not None
        return self._inventory

    def run(self, script: Sequence[Call]) -> list[Outcome]:
        """Make calls one after another, and report each. Once one stops the program, the rest counts as stopped."""
        outcomes: list[Outcome] = []
        try:
            process = self._process or self._start()
            process.send({"script": [encode_call(call) for call in script]})
            deadline = self._next_deadline()
            while len(outcomes) < len(script):
                outcome = decode_outcome(process.receive(deadline))
                outcomes.append(outcome)
                if outcome.stopped is not None:
                    self._remark(outcome.stopped, script[len(outcomes) - 1].function)
        except StopError as stop:
            self._stop(stop.reason, script[len(outcomes)].function)
        except WireError:
            self._stop("crash", script[len(outcomes)].function)
        rest = [Outcome(None, call.args, {}, None, None, self._last_stop) for call in script[len(outcomes) :]]
        return outcomes + rest

    def _start(self) -> Process:
        """Start the process, and load the file in it."""
        self.close()
        if self._starts_left == 0 or time.monotonic() >= self._deadline:
            self._remarks.append("The program was stopped so often or for so long that the rest was not tried.")
            raise StopError(self._last_stop)
        self._starts_left -= 1
        self._directory = tempfile.mkdtemp(prefix="backlit-grade-")
        self._process = process = Process(self._directory, self._limits)
        try:
            self._remarks += process.load(self._source, self._name)
            answer = process.receive(self._next_deadline())
            fields = answer.fields("failure", "inventory")
            failure = None if fields["failure"].is_null else decode_text(fields["failure"].value)
            if fields["inventory"].is_null:
                self.close()
                raise StoppedError(str(failure))
            self._inventory = decode_inventory(fields["inventory"])
        except StopError as stop:
            self._stop(stop.reason, None)
            raise
        except WireError:
            self._stop("crash", None)
            raise StopError("crash") from None
        if failure is not None:
            self._remarks.append(failure)
        return process

    def _next_deadline(self) -> float:
        return min(time.monotonic() + self._limits.time, self._deadline)

    def _stop(self, reason: str, function: str | None) -> None:
        self._last_stop = reason
        if self._process is not None:
            self._remark(reason, function)
        self.close()

    def _remark(self, reason: str, function: str | None) -> None:
        where = "while it was being loaded" if function is None else f"in {function.lstrip('.')}"
        self._remarks.append(f"The program was stopped {where}: {_STOPS[reason]}.")
