"""The results of a course as a table for spreadsheets (CSV), and with everything (JSON)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from backlit.documents.strict_json import AS_PYTHON, dump_in_order, plain
from backlit.grading.course.overview import points_of, where
from backlit.grading.course.workers import Result
from backlit.grading.judge.verdict import EQUATIONS

COLUMNS = (
    *("student", "file", "verdict", "points", "possible"),
    *EQUATIONS,
    *("begin_with", "mistake", "line", "message", "notes", "seconds"),
)

# what a spreadsheet takes for a formula at the beginning of a cell; where cells are parted by semicolons, also there
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[=+\-@\t\r＝＋－＠])")


def render_csv(results: Sequence[Result]) -> bytes:
    """Return a row for each submission, in UTF-8 with the mark by which spreadsheets know it.

    Text that a spreadsheet would take for a formula is preceded by an apostrophe. Points of an equation are empty where
    the program has none and none was asked for.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for result in results:
        writer.writerow([_FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell for cell in _row(result)])
    return text.getvalue().encode("utf-8-sig")


def _row(result: Result) -> list[str | float | int | None]:
    verdict, submission = result.verdict, result.submission
    points, possible = points_of(result)
    graded = verdict.verdict != "error"
    of_equations = {score.equation: score.points for score in verdict.scores}
    first = verdict.findings[0] if verdict.findings else None
    notes = [*verdict.remarks, *dict.fromkeys(score.note for score in verdict.scores if score.note is not None)]
    return [
        submission.student,
        "" if submission.path is None else str(submission.path),
        verdict.verdict,
        *(map(_plain, (points, possible)) if graded else (0, None)),
        *(_plain(of_equations[equation]) if equation in of_equations else None for equation in EQUATIONS),
        where(result) if verdict.verdict == "fail" else None,
        first and first.mistake,
        first and first.line,
        first and first.message,
        " ".join(notes),
        round(result.seconds, 1),
    ]


def _plain(points: float) -> float | int:
    return int(points) if points == int(points) else points


def render_course_json(results: Sequence[Result]) -> str:
    """Return everything of every verdict."""
    rows = [
        {
            "student": result.submission.student,
            "file": None if result.submission.path is None else str(result.submission.path),
            "seconds": result.seconds,
            **plain(result.verdict, AS_PYTHON),
        }
        for result in results
    ]
    return dump_in_order({"submissions": rows}, indent=2)
