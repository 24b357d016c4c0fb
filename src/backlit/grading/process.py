"""The student's process as the grader sees it: started, spoken to, watched, and killed with all its descendants."""

from __future__ import annotations

import contextlib
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from typing import Any

from backlit.errors import BacklitError
from backlit.grading.limits import Limits
from backlit.grading.wire import MAX_MESSAGE, WireError, unpack

_SECONDS_TO_START = 60.0  # Python and NumPy on a machine that is busy; none of it is the student's
_SECONDS_BETWEEN_LOOKS = 0.02
_USERS = range(60_000, 65_000)  # usually nobody's, and outside the ranges that systems hand out
# -I shuts out the user's environment, so the grader's own import path is handed over
_BOOTSTRAP = (
    "import sys, json, runpy; sys.path[:] = json.loads(sys.argv.pop()); "
    "runpy.run_module('backlit.grading.child', run_name='__main__')"
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
        self._uid = _unused_uid() if os.getuid() == 0 else None
        if self._uid is not None:
            os.chown(directory, self._uid, self._uid)
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
        assert self._child.stdout is not None
        self._output = self._child.stdout
        self._selector = selectors.DefaultSelector()
        for file in (ours, self._output):
            os.set_blocking(file.fileno(), False)
            self._selector.register(file, selectors.EVENT_READ)

    def walls_missing(self) -> list[str]:
        """Wait until the process is up; return the isolation that was not to be had, in words."""
        missing = self.receive(time.monotonic() + _SECONDS_TO_START).get("ready")
        return [str(item) for item in missing] if isinstance(missing, list) else []

    def send(self, message: dict[str, Any]) -> None:
        """Send a request.

        Raises
        ------
        StopError
            If the process does not take it.
        """
        data = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
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

    def receive(self, deadline: float) -> dict[str, Any]:
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
        next_look = 0.0
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
            if now >= next_look:
                self._look_at_memory()
                next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
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
        if not ready and self._child.poll() is not None:
            raise StopError(self._how_it_ended())

    def _look_at_memory(self) -> None:
        used = sum(_private_bytes(pid) for pid in _descendants(self._child.pid))
        # the three processes share what Python and NumPy take, but for some 30 MiB that were written to in each
        if used > (self._limits.memory + 100) * 2**20:
            raise StopError("memory")

    def _how_it_ended(self) -> str:
        from backlit.grading.child import EXITED

        with contextlib.suppress(subprocess.TimeoutExpired):
            return "exit" if self._child.wait(timeout=1.0) == EXITED else "crash"
        return "crash"

    def kill(self) -> None:
        """Kill the process and all its descendants, and wait for its end."""
        for _ in range(100):  # until nothing is left, as a fork bomb may be faster than one look
            pids = [*_descendants(self._child.pid), *(_processes_of(self._uid) if self._uid is not None else ())]
            for pid in pids:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not pids:
                break
            time.sleep(0.002)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.kill()
        self._child.wait()
        self._selector.close()
        self._wire.close()
        self._output.close()


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


def _unused_uid() -> int:
    while True:
        uid = random.SystemRandom().choice(_USERS)
        if not any(_processes_of(uid)):
            return uid


def _pids() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return []


def _processes_of(uid: int) -> list[int]:
    pids = []
    for pid in _pids():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
            if int(fields["Uid"].split()[0]) == uid and fields["State"].split()[0] != "Z":
                pids.append(pid)
    return pids


def _descendants(root: int) -> list[int]:
    """Return a process's descendants that live, the process itself left out."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
            # behind the name, which may hold anything: state, parent
            state, parent = file.read().rpartition(")")[2].split()[:2]
            if state != "Z":
                children.setdefault(int(parent), []).append(pid)
    found, waiting = [], [root]
    while waiting:
        new = children.get(waiting.pop(), [])
        found += new
        waiting += new
    return found


def _private_bytes(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/statm") as file:
        _, resident, shared = file.read().split()[:3]
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0
