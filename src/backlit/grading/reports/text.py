"""The verdict as a student reads it on a terminal."""

from __future__ import annotations

import textwrap

from backlit.grading.judge.verdict import Finding, Verdict

_HEADLINES = {
    "pass": "PASS: every equation that was asked for was seen, and is right.",
    "fail": "FAIL: something is not right yet, or missing.",
    "error": "The program could not be graded.",
}


def render_text(verdict: Verdict, *, title: str = "", width: int = 88) -> str:
    """Return a verdict as plain text.

    Parameters
    ----------
    verdict : Verdict
    title : str, optional
        Name of the submission.
    width : int, default 88
        Columns.

    Returns
    -------
    str
    """
    lines = [f"{title}  {_HEADLINES[verdict.verdict]}".strip()]
    if verdict.recognized:
        parts = "; ".join(f"{part.name} as {part.role}" for part in verdict.recognized)
        lines += ["", *_wrap(f"Graded: {parts}.", width, "")]
    if verdict.conventions:
        lines += ["", *_wrap("Understood as: " + "; ".join(verdict.conventions) + ".", width, "")]
    if verdict.scores:
        lines += ["", "equation      points"]
        for score in verdict.scores:
            mark = "✓" if score.points == score.possible else "✗"
            checks = "1 number checked" if score.checks == 1 else f"{score.checks} numbers checked"
            if score.status == "missing":
                mark, checks = "·", "missing"
            lines.append(f"{mark} {score.equation:<12}{score.points:g} of {score.possible:g}   {checks}")
        total, possible = (sum(getattr(s, name) for s in verdict.scores) for name in ("points", "possible"))
        lines.append(f"  {'total':<12}{total:g} of {possible:g}")
    for i, finding in enumerate(verdict.findings):
        if i == 0:
            lines += ["", "Begin with this one:" if len(verdict.findings) > 1 else "What to look at:"]
        elif i == 1:
            lines += ["", "Then:"]
        lines += render_finding(finding, width)
    notes: dict[str, list[str]] = {}
    for score in verdict.scores:
        if score.note is not None:
            notes.setdefault(score.note, []).append(score.equation)
    for note, equations in notes.items():
        lines += ["", *_wrap(f"Missing: {', '.join(equations)}. {note}", width, "")]
    for remark in verdict.remarks:
        lines += ["", *_wrap(f"Note: {remark}", width, "")]
    return "\n".join(lines)


def render_finding(finding: Finding, width: int = 88) -> list[str]:
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
