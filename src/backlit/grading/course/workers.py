"""Grading many submissions, each in a process of its own besides the program's, a few at a time.

A grading that breaks takes its worker along, and nobody else: the worker is replaced, and the row says so. When the
caller goes on to something else, or is interrupted, the workers end, and with them what they were grading.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from backlit.errors import BacklitError
from backlit.grading.course.submissions import Submission
from backlit.grading.grade import grade
from backlit.grading.judge.verdict import Verdict

# -I shuts out the user's environment, so the import path is handed over
_BOOTSTRAP = (
    "import os, sys; sys.path[:] = sys.argv[1].split(os.pathsep); "
    "from backlit.grading.course.workers import work; work(int(sys.argv[2]))"
)


@dataclass(frozen=True)
class Result:
    """What became of one submission.

    Attributes
    ----------
    submission : Submission
    verdict : Verdict
        ``"error"`` with the reason as its remark where nothing could be graded.
    seconds : float
        How long it took.
    """

    submission: Submission
    verdict: Verdict
    seconds: float = 0.0


def grade_all(
    submissions: Sequence[Submission], options: Mapping[str, Any], *, at_once: int = 2
) -> Generator[Result, None, None]:
    """Grade submissions, and yield each result when it is there.

    Parameters
    ----------
    submissions : sequence of Submission
    options : mapping of str
        Arguments of `backlit.grade`.
    at_once : int, default 2
        How many are graded at the same time.
    """
    waiting = []
    for submission in submissions:
        if submission.path is None:
            yield Result(submission, _error(submission.problem or "There is no file to grade."))
        else:
            waiting.append(submission)
    waiting.reverse()
    workers = [_Worker(options) for _ in range(min(at_once, len(waiting)))]
    try:
        for worker in workers:
            worker.begin(waiting.pop())
        while busy := {worker.connection: worker for worker in workers if worker.submission is not None}:
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                yield worker.result()
                if waiting:
                    worker.begin(waiting.pop())
    finally:
        for worker in workers:
            worker.end()


def _error(reason: str) -> Verdict:
    return Verdict("error", (), (), (), (reason,))


class _Worker:
    """A process that grades one submission after another, and is replaced when it breaks."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = dict(options)
        self.submission: Submission | None = None
        self._began = 0.0
        self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self.connection = Connection(ours.detach())
        path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
        # not multiprocessing's own processes, which would run the caller's script once more
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _BOOTSTRAP, path, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is the caller's to answer
        )
        theirs.close()
        self.connection.send(self._options)

    def begin(self, submission: Submission) -> None:
        self.submission, self._began = submission, time.monotonic()
        with suppress(BrokenPipeError):  # `result` says so
            self.connection.send(str(submission.path))

    def result(self) -> Result:
        """Take what came of the submission that was begun."""
        assert self.submission is not None
        submission, self.submission = self.submission, None
        try:
            verdict = self.connection.recv()
        except (EOFError, OSError):
            self.end()
            code = self._process.returncode
            verdict = _error(f"The grader itself ended here, with exit code {code}. Grade this file alone to see why.")
            self._start()
        return Result(submission, verdict, time.monotonic() - self._began)

    def end(self) -> None:
        """End the process; the walls around a student's program fall in with it."""
        self.connection.close()
        self._process.kill()
        self._process.wait()


def work(descriptor: int) -> None:
    """Grade what the other end of a socket asks for, until it hangs up. Runs in a process of its own."""
    from backlit.grading.sandbox.isolation import close_memory

    close_memory()  # students' programs may run as this very user
    with suppress(EOFError, OSError), Connection(descriptor) as connection:
        options = connection.recv()
        while True:
            connection.send(_graded(connection.recv(), options))


def _graded(path: str, options: dict[str, Any]) -> Verdict:
    try:
        return grade(path, **options)
    except BacklitError as error:
        return _error(str(error))
    except Exception as error:  # no student's program is worth the others' grades
        return _error(f"The grader failed: {type(error).__name__}: {error}. This is a mistake in backlit.")
