"""`backlit grade`."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backlit.cli.options import default_of

if TYPE_CHECKING:
    from backlit.grading.judge.verdict import Verdict

_EXIT_CODES = {"pass": 0, "fail": 1, "error": 2}
GRADE, LIMITS = "backlit.grading.grade.grade", "backlit.grading.sandbox.limits.Limits"


class ReportFormat(StrEnum):
    """How a verdict is shown."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"
    JUNIT = "junit"
    GRADESCOPE = "gradescope"


def grade(
    submission: Annotated[
        Path | None,
        typer.Argument(
            help="A .py file or a notebook. With --all: its name in each student's folder, where there are several.",
            show_default=False,
        ),
    ] = None,
    all: Annotated[
        Path | None,
        typer.Option(help="A folder of submissions: files, or a folder for each student.", show_default=False),
    ] = None,
    activation: Annotated[str, typer.Option(help="σ, or hidden,output: relu,softmax.")] = default_of(
        GRADE, "activation"
    ),
    loss: Annotated[str, typer.Option(help="The loss C_x.")] = default_of(GRADE, "loss"),
    points: Annotated[
        str | None, typer.Option(help="Points: BP1=2,BP2=3. Default: 1 per equation.", show_default=False)
    ] = None,
    format: Annotated[ReportFormat, typer.Option(help="How to show the verdict.")] = ReportFormat.TEXT,
    details: Annotated[
        bool, typer.Option("--details", help="Every equation, and every number of the example.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where to write it. Default: standard output.", show_default=False)
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Write a file to start from, and grade nothing.")
    ] = False,
    time_limit: Annotated[float, typer.Option(help="Seconds for one request.")] = default_of(LIMITS, "time"),
    memory_limit: Annotated[int, typer.Option(help="MiB for the whole program.")] = default_of(LIMITS, "memory"),
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the networks. Default: a new one.", show_default=False)
    ] = None,
) -> None:
    """Check somebody's backpropagation, equation by equation.

    The program runs in a process of its own, with limits and without network. Exit codes: 0 all right, 1 something is
    wrong or missing, 2 could not be graded. With --all: 0 once each submission has its row, whatever that says; 130 if
    interrupted, and what is done is written.

    Example: [bold]backlit grade student.py[/bold]
    Example: [bold]backlit grade --template --out student.py[/bold]
    Example: [bold]backlit grade --all submissions --out grades.csv[/bold]
    """
    from rich.markup import escape

    from backlit.cli.grade_all import grade_all
    from backlit.cli.options import refuse_to_overwrite
    from backlit.cli.output import page_width, status, write_page
    from backlit.errors import BacklitError
    from backlit.grading.grade import check_options
    from backlit.grading.grade import grade as judge
    from backlit.grading.reading.names import template as starting_file
    from backlit.grading.sandbox.isolation import close_memory
    from backlit.grading.sandbox.limits import Limits

    if template:
        target = out or submission
        if target is not None and target.exists():
            raise typer.BadParameter(f"{target} exists already; a template never replaces a file.")
        write_page(starting_file().rstrip("\n"), target)
        return
    if submission is None and all is None:
        raise typer.BadParameter("Give the file to grade, --all and a folder, or --template for a file to start from.")
    chosen = _points(points)
    activations: Any = [name.strip() for name in activation.split(",")]
    close_memory()  # the student's program may run as this very user
    try:
        limits = Limits(time=time_limit, memory=memory_limit, total_time=max(Limits.total_time, 4 * time_limit))
        options = {
            "activation": activations[0] if len(activations) == 1 else activations,
            "loss": loss,
            "points": chosen,
            "seed": seed,
            "limits": limits,
        }
        if all is not None:
            check_options(options)
            if details or format is not ReportFormat.TEXT:
                raise typer.BadParameter("--all prints an overview, and writes a table or JSON with --out.")
            grade_all(all, None if submission is None else str(submission), options, out)
            return
        assert submission is not None
        refuse_to_overwrite(out, submission)
        with status(f"Grading {escape(submission.name)} …") as progress:
            verdict = judge(submission, **options, progress=progress)
    except BacklitError as error:  # exit code 1 would say that the program is wrong
        raise typer.BadParameter(str(error)) from None
    page = _render(verdict, format, submission.name, width=page_width(), details=details)
    write_page(page, out, colored=format is ReportFormat.TEXT)
    raise typer.Exit(_EXIT_CODES[verdict.verdict])


def _render(verdict: Verdict, format: ReportFormat, title: str, *, width: int, details: bool) -> str:
    from backlit.documents.strict_json import AS_PYTHON, dump_in_order, plain
    from backlit.grading.reports.platforms import render_gradescope, render_junit
    from backlit.grading.reports.text import render_html, render_text

    if format is ReportFormat.JSON:
        return dump_in_order(plain(verdict, AS_PYTHON), indent=2)
    if format is ReportFormat.JUNIT:
        return render_junit(verdict, title=title)
    if format is ReportFormat.GRADESCOPE:
        return render_gradescope(verdict)
    if format is ReportFormat.HTML:
        return render_html(verdict, title=title, details=details)
    return render_text(verdict, title=title, width=width, details=details)


def _points(text: str | None) -> dict[str, float] | None:
    """Parse ``BP1=2,BP2=3``."""
    if text is None:
        return None
    chosen = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        try:
            chosen[name.strip()] = value = float(number)
        except ValueError:
            value = math.nan
        if not 0 <= value < math.inf:
            raise typer.BadParameter(f"--points expects something like BP1=2,BP2=3, but {part!r} came.")
    return chosen
