"""The process in which a student's program runs: puts up its walls, loads the file, and answers requests.

It is started by `sandbox`, in an interpreter of its own, and becomes up to three processes: a guardian that leaves the
grader's namespaces; the first process of the new namespaces, whose end takes all others along; and the one that runs
the student's code, as an unprivileged user. The reference answers are not in any of them.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import Any

from backlit.grading import isolation
from backlit.grading.limits import Limits
from backlit.grading.program import Failure, Program
from backlit.grading.wire import WireError, decode_call, encode_inventory, encode_outcome, pack, unpack

EXITED, KILLED = 90, 91
"""Exit codes of the guardian: how the student's process ended."""


def main() -> None:
    """Run the process; its setting comes as JSON in the first argument."""
    setting = json.loads(sys.argv[1])
    uid, directory, limits = setting["uid"], setting["directory"], Limits(**setting["limits"])
    if sys.platform != "win32":
        os.umask(0o077)
        had, missing = isolation.enter_namespaces()
        isolation.die_with_parent()
        isolation.adopt_orphans()
        _split(setting["fd"])
        isolation.die_with_parent()
        if "mount" in had:
            missing += isolation.close_file_system(directory)
            if uid is not None and not missing:
                isolation.open_libraries(directory)
        if "pid" in had:
            _split(setting["fd"])
        missing += isolation.limit_resources(limits, per_user=uid is None)
        isolation.drop_privileges(uid)
        isolation.die_with_parent()
    else:
        missing = ["On Windows the program runs with the rights of this user; only its time and output were limited."]
    os.chdir(directory)
    _serve(setting["fd"], missing)


def _split(fd: int) -> None:
    """Go on in a child process; the parent waits for it, and ends as it ended."""
    pid = os.fork()
    if pid == 0:
        return
    os.close(fd)
    while True:
        ended, status = os.wait()
        if ended == pid:
            break
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code in (EXITED, KILLED) else EXITED if code >= 0 else KILLED)


class _Line:
    """The wire's end in this process."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._reader = os.fdopen(os.dup(fd), "rb")
        os.set_inheritable(fd, False)

    def receive(self) -> dict[str, Any]:
        line = self._reader.readline()
        if not line:
            os._exit(0)  # the grader has gone
        return unpack(line)

    def send(self, message: dict[str, Any]) -> None:
        data = memoryview(pack(message))
        while data:
            data = data[os.write(self._fd, data) :]


def _serve(fd: int, missing: list[str]) -> None:
    line, pid = _Line(fd), os.getpid()
    line.send({"ready": missing})
    request = line.receive()
    source = base64.b64decode(request["source"])
    with open(request["name"], "wb") as file:
        file.write(source)  # programs may read themselves
    _hide_the_answers()
    program = Program(source, request["name"])
    _leave_unless(pid)
    failure = program.failure
    if failure is not None and failure.fatal:
        line.send(_loaded(None, failure))
    else:
        line.send(_loaded(program, failure))
    while True:
        script = [decode_call(call) for call in line.receive()["script"]]
        for outcome in program.run(script):
            _leave_unless(pid)
            line.send(encode_outcome(outcome))


def _loaded(program: Program | None, failure: Failure | None) -> dict[str, Any]:
    return {
        "inventory": None if program is None else encode_inventory(program.inventory()),
        "failure": None if failure is None else failure.message,
    }


def _hide_the_answers() -> None:
    """Let no submission hand in this package's own backpropagation."""
    for name in [name for name in sys.modules if name.split(".")[0] == "backlit"]:
        del sys.modules[name]
    sys.modules["backlit"] = None  # type: ignore[assignment]  # the documented way to make an import fail


def _leave_unless(pid: int) -> None:
    """End a process that the student's program forked, and that came back here to answer too."""
    if os.getpid() != pid:
        os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except WireError:
        os._exit(1)
