"""The verdict as a student reads it, on a terminal or in a browser; and one finding for other reports."""

from __future__ import annotations

import textwrap

from backlit.explanation.plain_text import WIDTH
from backlit.explanation.views.html import render_document_html
from backlit.explanation.views.text import render_document_text
from backlit.grading.judge.verdict import Finding, Verdict
from backlit.grading.reports.page import page_of


def render_text(verdict: Verdict, *, title: str = "", width: int = WIDTH, details: bool = False) -> str:
    """Return a verdict as plain text, on one screen.

    Parameters
    ----------
    verdict : Verdict
    title : str, optional
        Name of the submission.
    width : int, default 88
        Columns, at least 60.
    details : bool, default False
        With every equation and what was seen of it, and the whole step that the example is from.

    Returns
    -------
    str
    """
    return render_document_text(page_of(verdict, title, details=details), width)


def render_html(verdict: Verdict, *, title: str = "", details: bool = False) -> str:
    """Return a verdict as an HTML page that asks for nothing from outside; see `render_text`."""
    return render_document_html(page_of(verdict, title, details=details))


def render_finding(finding: Finding, width: int = WIDTH) -> list[str]:
    """Return one finding as lines."""
    where = [finding.equation]
    if finding.layer is not None:
        where.append(f"layer {finding.layer}")
    if finding.component is not None:
        where.append(finding.component)
    if finding.cell is not None:
        where.append(f"line {finding.line} of code cell {finding.cell}")
    elif finding.line is not None:
        where.append(f"line {finding.line} of your file")
    lines = ["  " + ", ".join(where)]
    if finding.expected is not None:
        lines.append(f"    expected  {_number(finding.expected)}")
    if finding.found is not None:
        lines.append(f"    found     {_number(finding.found)}")
    lines += _wrap(finding.message, width, "    ")
    return lines


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.8g}"


def _wrap(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
