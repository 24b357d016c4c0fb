"""The verdict as JUnit XML, which continuous integration and learning platforms read."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from backlit.grading.judge.verdict import Verdict
from backlit.grading.reports.text import render_finding


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
