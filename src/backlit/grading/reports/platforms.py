"""The verdict for other programs: Gradescope's ``results.json``, and JUnit XML for learning platforms and CI."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

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


def render_junit(verdict: Verdict, *, title: str = "submission") -> str:
    """Return a verdict as XML: one test case per equation, or one that errs if nothing could be graded.

    Parameters
    ----------
    verdict : Verdict
    title : str, optional
        Name of the submission.

    Returns
    -------
    str
    """
    suite = ElementTree.Element("testsuite", name="backlit grade")
    for score in verdict.scores:
        case = ElementTree.SubElement(suite, "testcase", classname=_clean(title), name=score.equation)
        for finding in [finding for finding in verdict.findings if finding.equation == score.equation][:1]:
            failure = ElementTree.SubElement(case, "failure", message=_clean(finding.message))
            failure.set("type", finding.mistake or "wrong")
            failure.text = _clean("\n".join(render_finding(finding)))
        if score.status == "missing":
            failure = ElementTree.SubElement(case, "failure", message=_clean(score.note or "missing"))
            failure.set("type", "missing")
    if verdict.verdict == "error":
        case = ElementTree.SubElement(suite, "testcase", classname=_clean(title), name="grading")
        error = ElementTree.SubElement(case, "error", message=_clean(" ".join(verdict.remarks)))
        error.set("type", "could not grade")
    elif verdict.remarks:
        ElementTree.SubElement(suite, "system-out").text = _clean("\n".join(verdict.remarks))
    for name, tag in [("tests", "testcase"), ("failures", "failure"), ("errors", "error")]:
        suite.set(name, str(sum(1 for _ in suite.iter(tag))))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode")


def _clean(text: str) -> str:
    """Return a text without the control characters that XML has no way to hold."""
    return "".join(char for char in text if char in "\n\t" or char.isprintable())
