"""The verdict as the ``results.json`` that Gradescope's autograder reads."""

from __future__ import annotations

from backlit.documents.strict_json import dump_in_order
from backlit.grading.judge.verdict import Verdict
from backlit.grading.reports.text import render_finding


def render_gradescope(verdict: Verdict) -> str:
    """Return a verdict as Gradescope's ``results.json``: one test per equation.

    Parameters
    ----------
    verdict : Verdict

    Returns
    -------
    str

    Notes
    -----
    The fields are those of "Autograder specifications", section "Output format",
    https://gradescope-autograders.readthedocs.io/en/latest/specs/: ``output``, ``visibility``, ``stdout_visibility``,
    ``score``, and ``tests`` with ``name``, ``score``, ``max_score``, ``status``, ``output`` and ``output_format``.
    """
    tests = []
    for score in verdict.scores:
        findings = [finding for finding in verdict.findings if finding.equation == score.equation]
        lines = [line for finding in findings for line in render_finding(finding)]
        if score.note is not None:
            lines.append(f"Missing. {score.note}")
        tests.append(
            {
                "name": score.equation,
                "score": score.points,
                "max_score": score.possible,
                "status": "passed" if score.status == "right" else "failed",
                "output": "\n".join(lines),
                "output_format": "text",
                "visibility": "visible",
            }
        )
    remarks = [*verdict.conventions, *verdict.remarks]
    document = {
        "score": sum(score.points for score in verdict.scores),
        "output": "\n".join(remarks),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return dump_in_order(document, indent=2)
