"""`backlit grade --all`: a folder of submissions, for the teacher."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import typer

_EXIT_INTERRUPTED = 130


def grade_all(folder: Path, file_name: str | None, options: Mapping[str, Any], out: Path | None) -> None:
    """Grade a folder, write a table or a document, and print what stands out."""
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import counted, print_report, remark
    from backlit.errors import InvalidInputError
    from backlit.grading.course.overview import overview, title_of
    from backlit.grading.course.submissions import find_submissions
    from backlit.grading.course.workers import Result
    from backlit.grading.course.workers import grade_all as graded
    from backlit.grading.reports.course_table import render_course_json, render_csv
    from backlit.persistence import atomic_write, check_writable

    if out is not None and out.suffix.lower() not in (".csv", ".json"):
        raise typer.BadParameter(f"--out with --all ends in .csv or .json, but {out.name} came.")
    try:
        submissions, passed_over = find_submissions(folder, file_name)
    except InvalidInputError as error:
        raise typer.BadParameter(str(error)) from None
    if passed_over:
        remark(f"Passed over, as neither .py files nor notebooks: {', '.join(passed_over)}.")
    if out is not None:
        refuse_to_overwrite(out, *(s.path for s in submissions if s.path is not None))
        check_writable(out)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what is done is kept
    results: list[Result] = []
    interrupted = False
    with counted(len(submissions)) as count:
        try:
            with closing(graded(submissions, options)) as each:
                for result in each:
                    results.append(result)
                    count(result.submission.student)
        except KeyboardInterrupt:
            interrupted = True
    order = {submission.student: i for i, submission in enumerate(submissions)}
    results.sort(key=lambda result: order[result.submission.student])
    if out is not None:
        is_table = out.suffix.lower() == ".csv"
        with atomic_write(out) as stream:
            stream.write(render_csv(results) if is_table else (render_course_json(results) + "\n").encode())
    written = [f"A row for each is in {out}."] if out is not None else []
    print_report(f"{title_of(results)}.", overview(results), written)
    if interrupted:
        remark(f"Interrupted: {len(results)} of {len(submissions)} are graded{', and written' if out else ''}.")
        raise typer.Exit(_EXIT_INTERRUPTED)
