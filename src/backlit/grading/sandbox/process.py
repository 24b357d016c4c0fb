"""The student's process as the grader sees it: started, spoken to, watched, and killed with all its descendants."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from typing import Any

from backlit.documents.field import Field
from backlit.errors import BacklitError
from backlit.grading.sandbox.limits import Limits
from backlit.grading.sandbox.process_table import (
    descendants,
    family,
    kill_all,
    may_change_user,
    memory_of,
    processes_of,
)
from backlit.grading.sandbox.wire import EXITED, MAX_ITEMS, MAX_MESSAGE, WireError, decode_text, pack, unpack

_SECONDS_TO_START = 60.0  # Python and NumPy on a machine that is busy; none of it is the student's
_SECONDS_BETWEEN_LOOKS = 0.02
_USERS = range(60_000, 65_000)  # usually nobody's, and outside the ranges that systems hand out
# -I shuts out the user's environment, so the grader's own import path is handed over
_BOOTSTRAP = (
    "import sys, json, runpy; sys.path[:] = json.loads(sys.argv.pop()); "
    "runpy.run_module('backlit.grading.sandbox.child', run_name='__main__')"
)


class StopError(Exception):
    """The student's process is to be stopped, or has ended.

    Attributes
    ----------
    reason : str
        As in `Outcome.stopped`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Process:
    """One process of a student's program, and all that it starts.

    Parameters
    ----------
    directory : str
        An empty directory for it alone.
    limits : Limits
    """

    def __init__(self, directory: str, limits: Limits) -> None:
        if sys.platform == "win32":
            raise BacklitError("Files can be graded on Linux and macOS. On Windows, use WSL, or grade live functions.")
        self._limits = limits
        self._user = _give_away(directory)
        self._uid = None if self._user is None else self._user.uid
        ours, theirs = socket.socketpair()
        setting = {"fd": theirs.fileno(), "directory": directory, "uid": self._uid, "limits": asdict(limits)}
        path = [os.path.abspath(entry) for entry in sys.path if entry]
        # -B: the student's user may not write into anybody's __pycache__
        command = [sys.executable, "-I", "-B", "-c", _BOOTSTRAP, json.dumps(setting), json.dumps(path)]
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=_environment(directory),
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        self._wire, self._buffer, self._printed = ours, bytearray(), 0
        self._next_look = 0.0
        assert self._child.stdout is not None
        self._output = self._child.stdout
        self._selector = selectors.DefaultSelector()
        for file in (ours, self._output):
            os.set_blocking(file.fileno(), False)
            self._selector.register(file, selectors.EVENT_READ)

    def load(self, source: bytes, name: str) -> list[str]:
        """Wait until the process is up, and hand it the program; return the isolation that was not to be had, in words.

        Raises
        ------
        BacklitError
            If nothing can be graded here, whatever the program.
        """
        self.receive(time.monotonic() + _SECONDS_TO_START)
        self.send({"source": base64.b64encode(source).decode(), "name": name})
        walls = self.receive(time.monotonic() + _SECONDS_TO_START)
        fields = walls.fields("walls missing", "readable")
        if not fields["readable"].flag():
            raise BacklitError(
                f"Programs run as a user without rights, but only root can read the Python in {sys.base_prefix}, its "
                f"packages, or the folder for temporary files, {tempfile.gettempdir()}. Install Python and backlit "
                "where everybody may read, or grade as an ordinary user instead of root."
            )
        words = [decode_text(wall.value) for wall in fields["walls missing"].parts(most=MAX_ITEMS)]
        if self._uid is None:
            words.append(
                "The program ran as the user who graded it, since only root can give it a user of its own."
                if os.getuid() != 0
                else "The program ran as root without root's privileges, since root cannot become anybody else here."
            )
        return words

    def send(self, message: dict[str, Any]) -> None:
        """Send a request.

        Raises
        ------
        StopError
            If the process does not take it.
        """
        data = memoryview(pack(message))
        self._printed = 0
        deadline = time.monotonic() + self._limits.time
        while data:
            try:
                data = data[self._wire.send(data) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StopError("time") from None
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            except OSError:
                raise StopError(self._how_it_ended()) from None

    def receive(self, deadline: float) -> Field:
        """Return the next message.

        Parameters
        ----------
        deadline : float
            In seconds of `time.monotonic`.

        Raises
        ------
        StopError
            If the time is over, a limit was passed, or the process has ended.
        WireError
            If what came is no message.
        """
        while True:
            end = self._buffer.find(b"\n")
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                return unpack(line)
            if len(self._buffer) > MAX_MESSAGE:
                raise WireError("a message is too long")
            now = time.monotonic()
            if now > deadline:
                raise StopError("time")
            if now >= self._next_look:  # not for each of hundreds of requests
                self._look_at_memory()
                self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
            self._read(min(_SECONDS_BETWEEN_LOOKS, deadline - now))

    def _read(self, timeout: float) -> None:
        ready = self._selector.select(max(timeout, 0.0))
        for key, _ in ready:
            try:
                data = os.read(key.fd, 1 << 18)
            except (BlockingIOError, ConnectionResetError):
                continue
            if key.fileobj is self._output:
                self._printed += len(data)
                if self._printed > self._limits.output * 1024:
                    raise StopError("output")
                if not data:
                    self._selector.unregister(self._output)
            elif not data:
                raise StopError(self._how_it_ended())
            else:
                self._buffer += data
        if not ready and self._exit_code() is not None:
            raise StopError(self._how_it_ended())

    def _look_at_memory(self) -> None:
        used = sum(map(memory_of, family(self._child.pid)))
        # the three processes share what Python and NumPy take, but for some 30 MiB that were written to in each
        if used > (self._limits.memory + 100) * 2**20:
            raise StopError("memory")

    def _exit_code(self) -> int | None:
        """How the process ended, or None. It stays a zombie until `kill`, so that its pid goes to nobody else."""
        if not hasattr(os, "waitid"):
            return self._child.poll()
        ended = os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return None if ended is None else ended.si_status

    def _how_it_ended(self) -> str:
        deadline = time.monotonic() + 1.0
        while (code := self._exit_code()) is None and time.monotonic() < deadline:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        return "exit" if code == EXITED else "crash"

    def kill(self) -> None:
        """Kill the process and all its descendants, and wait for its end."""
        own = [] if self._uid is None else [self._uid]
        kill_all(lambda: [*descendants(self._child.pid), *(pid for uid in own for pid in processes_of(uid))])
        if self._child.returncode is None:  # else its pid may be another's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)
        self._child.kill()
        self._child.wait()
        self._selector.close()
        self._wire.close()
        self._output.close()
        if self._user is not None:
            self._user.close()


class _User:
    """A user that nobody else uses. Other graders of this machine see that it is taken until it is closed.

    That it has no process would not do: the program's process becomes this user only once its walls are up, and a
    grader that picked the same one meanwhile would kill the processes of both.
    """

    def __init__(self) -> None:
        while True:
            self.uid = random.SystemRandom().choice(_USERS)
            self._name = socket.socket(socket.AF_UNIX)
            with contextlib.suppress(OSError):
                if sys.platform == "linux":
                    self._name.bind(f"\0backlit-grade-{self.uid}")  # a name without a file; it ends with its owner
                if not any(processes_of(self.uid)):
                    return
            self._name.close()

    def close(self) -> None:
        self._name.close()


def _give_away(directory: str) -> _User | None:
    """Give a directory to a user that nobody else uses, and return it; None where that cannot be done."""
    if os.getuid() != 0 or not may_change_user():
        return None
    user = _User()
    try:
        os.chown(directory, user.uid, user.uid)
    except OSError:  # as in a user namespace, which has no such user
        user.close()
        return None
    return user


def _environment(directory: str) -> dict[str, str]:
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")}
    return {
        "HOME": directory,
        "TMPDIR": directory,
        "LANG": "C.UTF-8",
        "PATH": os.defpath,
        "MPLBACKEND": "agg",
        **threads,
    }
