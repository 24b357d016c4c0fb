"""Two submissions at a time, each in walls of its own, and none that stops the others."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest
from corpus import program

from backlit.grading.course.submissions import Submission
from backlit.grading.course.workers import _Worker, grade_all
from backlit.grading.sandbox.limits import Limits
from backlit.grading.sandbox.process_table import family

pytestmark = pytest.mark.needs("linux")

OPTIONS = {"activation": "sigmoid", "loss": "quadratic", "points": None, "seed": 1, "limits": Limits(time=1.0)}


def submission(folder: Path, name: str, text: str | bytes) -> Submission:
    path = folder / f"{name}.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Submission(name, path)


def test_every_submission_has_its_row(tmp_path):
    right = program("right/equations_columns").read_text()
    submissions = [
        submission(tmp_path, "endless", "while True: pass\n"),
        submission(tmp_path, "right", right),
        submission(tmp_path, "syntax", "def f(:\n"),
        submission(tmp_path, "binary", bytes(range(256))),
        submission(tmp_path, "empty", ""),
        Submission("gone", tmp_path / "gone.py"),
        Submission("none", None, "There is nothing."),
    ]
    results = {result.submission.student: result.verdict for result in grade_all(submissions, OPTIONS)}
    assert results.pop("right").verdict == "pass"
    said = {student: " ".join(verdict.remarks) for student, verdict in results.items() if verdict.verdict == "error"}
    words = {"endless": "in time", "syntax": "SyntaxError", "binary": "could not be loaded", "empty": "Nothing"}
    for student, word in (words | {"gone": "no file", "none": "There is nothing."}).items():
        assert word in said[student]


def test_a_grader_that_breaks_costs_one_row(tmp_path):
    worker = _Worker(OPTIONS)
    try:
        worker.begin(submission(tmp_path, "a", "while True: pass\n"))
        os.kill(worker._process.pid, signal.SIGKILL)
        assert "The grader itself ended here, with exit code -9" in worker.result().verdict.remarks[0]
        worker.begin(submission(tmp_path, "b", program("right/equations_columns").read_text()))
        assert worker.result().verdict.verdict == "pass"
    finally:
        worker.end()


def test_whoever_stops_leaves_no_process(tmp_path):
    before = set(family(os.getpid()))
    endless = [submission(tmp_path, name, "while True: pass\n") for name in "abc"]
    with closing(grade_all(endless, OPTIONS | {"limits": Limits(time=0.3)})) as results:
        next(results)
    deadline = time.monotonic() + 60
    while set(family(os.getpid())) - before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert set(family(os.getpid())) <= before
