"""The verdict as text, JUnit XML and Gradescope's results.json."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import pytest

from backlit.grading.judge.verdict import Finding, Score, Verdict
from backlit.grading.reports.platforms import render_gradescope, render_junit
from backlit.grading.reports.text import render_html, render_text

FINDING = Finding("BP2", 2, "δ^2_1", 0.25, -0.5, "sign", "Look at <BP2> & the sign.\x1b", 12)
FAIL = Verdict(
    "fail", (FINDING,), (Score("BP1", 2, 2, 9), Score("BP2", 0, 3, 4, "wrong")), ("column vectors",), ("No walls.",)
)
ERROR = Verdict("error", (), (), (), ("Nothing was found.",))


def test_text_and_html_say_everything():
    for words in (
        "FAIL, 2 of 5 points",
        "student.py:12",
        "δ^2_1: expected 0.25, found −0.5",
        "sign.\ufffd",
        "No walls.",
    ):
        assert words in render_text(FAIL, title="student.py")
        assert words in render_html(FAIL, title="student.py")
    assert "Look at &lt;BP2&gt;" in render_html(FAIL)
    assert "column vectors" not in render_text(FAIL)
    assert "column vectors" in render_text(FAIL, details=True)
    assert "Nothing was found." in render_text(ERROR)


def test_junit_counts_and_escapes():
    suite = ElementTree.fromstring(render_junit(FAIL, title="student.py"))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    failure = suite.find("testcase[@name='BP2']/failure")
    assert failure.get("message") == "Look at <BP2> & the sign."
    suite = ElementTree.fromstring(render_junit(ERROR))
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")


# field → what it may hold, as https://gradescope-autograders.readthedocs.io/en/latest/specs/ has it ("Output format")
FORMATS = ("text", "html", "simple_format", "md", "ansi")
VISIBILITIES = ("hidden", "after_due_date", "after_published", "visible")
GRADESCOPE = {
    "score": (int, float),
    "execution_time": (int, float),
    "output": str,
    "output_format": FORMATS,
    "test_output_format": FORMATS,
    "test_name_format": FORMATS,
    "visibility": VISIBILITIES,
    "stdout_visibility": VISIBILITIES,
    "extra_data": dict,
    "tests": list,
    "leaderboard": list,
}
GRADESCOPE_TEST = {
    "score": (int, float),
    "max_score": (int, float),
    "status": ("passed", "failed"),
    "name": str,
    "name_format": FORMATS,
    "number": str,
    "output": str,
    "output_format": FORMATS,
    "tags": list,
    "visibility": VISIBILITIES,
    "extra_data": dict,
}


def assert_fields(document, fields):
    for name, value in document.items():
        allowed = fields[name]
        if isinstance(allowed, tuple) and isinstance(allowed[0], str):
            assert value in allowed, name
        else:
            assert isinstance(value, allowed), name


@pytest.mark.parametrize("verdict", [FAIL, ERROR])
def test_gradescope_knows_every_field(verdict):
    document = json.loads(render_gradescope(verdict))
    assert_fields(document, GRADESCOPE)
    for test in document["tests"]:
        assert_fields(test, GRADESCOPE_TEST)


def test_what_gave_no_points_has_not_passed():
    unjudged = Verdict("fail", (FINDING,), (Score("BP2", 0, 3, 4, "wrong"), Score("BP3", 0, 1, 0, "missing")), ())
    assert [test["status"] for test in json.loads(render_gradescope(unjudged))["tests"]] == ["failed", "failed"]


def test_gradescope_sums_points():
    document = json.loads(render_gradescope(FAIL))
    assert document["score"] == 2
    assert [(t["name"], t["score"], t["max_score"], t["status"]) for t in document["tests"]] == [
        ("BP1", 2, 2, "passed"),
        ("BP2", 0, 3, "failed"),
    ]
    assert json.loads(render_gradescope(ERROR))["score"] == 0
