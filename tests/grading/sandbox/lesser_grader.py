"""Grades hostile programs as a lesser user, or on a lesser system; started by `test_walls` as a program of its own.

Its argument is JSON: whether to ``open`` Python to everybody, ``uid`` to become (null: stay), ``refused`` system calls,
``limits``, ``source``, and ``calls``, a list of function names with arguments. What came of them is printed as JSON.
With ``linger``, it prints a line when the calls are done, and waits to be killed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import backlit as bl
from backlit.grading.reading.student import Call
from backlit.grading.sandbox.isolation import close_memory
from backlit.grading.sandbox.libc import check, libc
from backlit.grading.sandbox.limits import Limits
from backlit.grading.sandbox.sandboxed_student import SandboxedStudent
from backlit.grading.sandbox.seccomp import filter_system_calls

CLONE_NEWNS = 0x00020000


def closed_parent(path: Path) -> Path | None:
    """Return the topmost folder above that only its owner may enter."""
    return next((folder for folder in reversed([path, *path.parents]) if not folder.stat().st_mode & 1), None)


def open_python() -> None:
    """Show Python and the package to everybody, in a mount namespace of this process, even below a closed folder."""
    paths = {Path(sys.base_prefix), Path(sys.prefix), Path(bl.__file__).parents[1]}
    closed = {path: folder for path in paths if (folder := closed_parent(path)) is not None}
    if not closed:
        return
    check(libc().unshare(CLONE_NEWNS))
    run = lambda *command: subprocess.run(command, check=True)  # noqa: E731
    run("mount", "--make-rprivate", "/")
    kept = {path: tempfile.mkdtemp() for path in closed}
    for path, place in kept.items():
        run("mount", "--bind", path, place)
    for folder in set(closed.values()):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    for path, place in kept.items():
        path.mkdir(parents=True, exist_ok=True)
        run("mount", "--bind", place, path)


def main() -> None:
    order = json.loads(sys.argv[1])
    if order["open"]:
        open_python()
    if order["uid"] is not None:
        os.setgroups([])
        os.setresgid(order["uid"], order["uid"], order["uid"])
        os.setresuid(order["uid"], order["uid"], order["uid"])
    close_memory()  # as the command does
    if order["refused"]:
        assert filter_system_calls(refused=order["refused"]) == []
    with tempfile.TemporaryDirectory() as folder:
        path, secret = Path(folder, "hostile.py"), Path(folder, "solution.py")
        path.write_text(order["source"])
        secret.write_text("precious")
        secret.chmod(0o600)
        named = {"SECRET": str(secret), "GRADER": os.getpid(), "GRADERS": [os.getpid()]}
        answers = {}
        with SandboxedStudent(path, Limits(**order["limits"])) as student:
            student.inventory()
            for name, *args in order["calls"]:
                args = tuple(named.get(arg, arg) if isinstance(arg, str) else arg for arg in args)
                (outcome,) = student.run([Call(name, args)])
                value = outcome.value if outcome.value is None else str(outcome.value)
                answers[name] = {"value": value, "error": outcome.error, "stopped": outcome.stopped}
            if order.get("linger"):
                print("lingering", flush=True)
                time.sleep(300)
            remarks = list(student.remarks)
        report = {"answers": answers, "remarks": remarks, "solution": secret.read_text()}
        report["mode"] = oct(secret.stat().st_mode & 0o777)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
