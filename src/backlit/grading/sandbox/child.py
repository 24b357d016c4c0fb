"""The process in which a student's program runs: puts up its walls, loads the file, and answers requests.

It is started by `process`, in an interpreter of its own, and becomes up to three processes: a guardian that leaves the
grader's namespaces, and ends everything when the student's process or the grader ends; the first process of the new
namespaces, whose end takes all others along; and the one that runs the student's code, as an unprivileged user. The
reference answers are not in any of them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import sys
from typing import Any

from backlit.grading.sandbox import isolation
from backlit.grading.sandbox.landlock import can_restrict_files
from backlit.grading.sandbox.libc import libc
from backlit.grading.sandbox.limits import Limits
from backlit.grading.sandbox.messages import decode_call, encode_inventory, encode_outcome
from backlit.grading.sandbox.process_table import descendants, kill_all
from backlit.grading.sandbox.program import Failure, Program
from backlit.grading.sandbox.wire import EXITED, KILLED, WireError, pack, unpack

_MILLISECONDS_BETWEEN_LOOKS = 20
_MNT_DETACH = 2


def main() -> None:
    """Run the process; its setting comes as JSON in the first argument."""
    setting = json.loads(sys.argv[1])
    uid, directory, limits = setting["uid"], setting["directory"], Limits(**setting["limits"])
    os.umask(0o077)
    isolation.keep_libraries()
    above = os.open(os.path.dirname(directory), getattr(os, "O_PATH", os.O_RDONLY))  # while all may still be written
    had, missing = isolation.enter_namespaces()
    isolation.adopt_orphans()
    isolation.close_memory()
    _guard(setting["fd"], directory, above, namespaces="pid" in had)
    isolation.die_with_parent()
    may_write = own_processes = False
    if "mount" in had:
        may_write, unclosed = isolation.close_file_system(directory)
        own_processes, unhidden = isolation.hide_processes()
        missing += unclosed + unhidden
    if uid is not None and (may_write or can_restrict_files()):
        isolation.open_libraries(directory if may_write else None)
    os.chdir(directory)
    if "pid" in had:
        _split(setting["fd"])
    missing += isolation.limit_resources(limits, per_user=uid is None)
    isolation.drop_privileges(uid)
    isolation.die_with_parent()
    line = _Line(setting["fd"])
    line.send({"up": True})
    request = line.receive()
    source = base64.b64decode(request["source"])
    with open(request["name"], "wb") as file:
        file.write(source)  # programs may read themselves
    missing += isolation.filter_access(may_write=may_write, own_processes=own_processes)
    line.send({"walls missing": missing, "readable": isolation.libraries_are_readable()})
    _serve(line, source, request["name"])


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
    os._exit(_exit_code(status))


def _guard(fd: int, directory: str, above: int, *, namespaces: bool) -> None:
    """Go on in a child process; the parent waits for the end of it or of the grader, and leaves nothing behind.

    The grader removes the directory itself, unless it was killed; then it is removed here, through a descriptor of the
    folder above, which the child must not have.

    That the kernel kills a child with its parent would not do: it goes by the thread that started the child, and does
    not reach grandchildren.
    """
    grader = select.poll()
    grader.register(fd, 0)  # the wire hangs up when the grader ends, however it ends
    pid = os.fork()
    if pid == 0:
        os.close(above)
        return
    code = None
    while code is None and not grader.poll(_MILLISECONDS_BETWEEN_LOOKS):
        code = _reap(pid)
    if code is None:
        os.kill(pid, signal.SIGKILL)
    if not namespaces:  # where the first process takes all others along, and /proc shows pids that mean nothing here
        kill_all(lambda: descendants(os.getpid()))
    if grader.poll(0):
        _remove(directory, above)
    os._exit(KILLED if code is None else code)


def _remove(directory: str, above: int) -> None:
    if sys.platform == "linux":
        libc().umount2(directory.encode(), _MNT_DETACH)  # the file system in memory, where there is one
    shutil.rmtree(os.path.basename(directory), ignore_errors=True, dir_fd=above)


def _reap(pid: int) -> int | None:
    """Let children that have ended go; return how one of them ended, if it did."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0] != 0:
            if ended[0] == pid:
                return _exit_code(ended[1])
    return None


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code in (EXITED, KILLED) else EXITED if code >= 0 else KILLED


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
        message: dict[str, Any] = unpack(line).value
        return message

    def send(self, message: dict[str, Any]) -> None:
        data = memoryview(pack(message))
        while data:
            data = data[os.write(self._fd, data) :]


def _serve(line: _Line, source: bytes, name: str) -> None:
    pid = os.getpid()
    _hide_the_answers()
    program = Program(source, name)
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
