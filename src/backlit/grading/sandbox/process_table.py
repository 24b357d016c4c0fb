"""What ``/proc`` tells of processes, and ending them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from functools import cache

_ROUNDS = 200
_SECONDS_BETWEEN_ROUNDS = 0.002
_CHANGE_USER = 1 << 0 | 1 << 6 | 1 << 7  # CAP_CHOWN, CAP_SETGID, CAP_SETUID
_COUNTED = ("RssAnon", "RssShmem", "VmSwap")


def pids() -> list[int]:
    """Return all processes that are to be seen."""
    with contextlib.suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return []


def processes_of(uid: int) -> list[int]:
    """Return the processes of a user that have not ended."""
    found = []
    for pid in pids():
        fields = _status(pid)
        with contextlib.suppress(KeyError):
            if int(fields["Uid"].split()[0]) == uid and fields["State"].split()[0] != "Z":
                found.append(pid)
    return found


def descendants(root: int) -> list[int]:
    """Return a process's descendants that have not ended, the process itself left out."""
    children: dict[int, list[int]] = {}
    for pid in pids():
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


def family(root: int) -> list[int]:
    """Return a process's descendants, as `descendants`, without a look at every other process of the machine.

    One that has just been started may be missed, and one that has ended may be among them.
    """
    if not _lists_children():
        return descendants(root)
    found, waiting = [], [root]
    while waiting:
        new = _children(waiting.pop())
        found += new
        waiting += new
    return found


@cache
def _lists_children() -> bool:
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # not in every kernel


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children") as file:
                found += map(int, file.read().split())
    return found


def may_change_user() -> bool:
    """Whether this process has the privilege to become another user."""
    privileges = _status(os.getpid()).get("CapEff")
    return privileges is None or int(privileges, 16) & _CHANGE_USER == _CHANGE_USER


def memory_of(pid: int) -> int:
    """Return the bytes that a process holds beside files: its own, shared ones, and what was swapped out."""
    fields = _status(pid)
    return sum(1024 * int(fields[name].split()[0]) for name in _COUNTED if name in fields)


def kill_all(find: Callable[[], Iterable[int]]) -> None:
    """Kill processes until `find` finds no more, as a fork bomb may be faster than one look."""
    for _ in range(_ROUNDS):
        found = list(find())
        if not found:
            return
        _kill(found, find)
        time.sleep(_SECONDS_BETWEEN_ROUNDS)


def _kill(found: Iterable[int], find: Callable[[], Iterable[int]]) -> None:
    # a pid may come to name another process at any moment; a descriptor whose pid is found again names the right one
    held: dict[int, int | None] = {pid: _descriptor(pid) for pid in found}
    still = set(find())
    for pid, descriptor in held.items():
        with contextlib.suppress(OSError):
            if pid in still and descriptor is not None:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            elif pid in still:
                os.kill(pid, signal.SIGKILL)
        if descriptor is not None:
            os.close(descriptor)


def _descriptor(pid: int) -> int | None:
    """None on systems that have no such thing, and for a process that has gone."""
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            return os.pidfd_open(pid)
    return None


def _status(pid: int) -> dict[str, str]:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", errors="replace") as file:
        return dict(line.split(":", 1) for line in file if ":" in line)
    return {}
