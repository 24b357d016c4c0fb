"""What stands out among the results of a course."""

from __future__ import annotations

from pathlib import Path

from backlit.grading.course.overview import overview, title_of, where
from backlit.grading.course.submissions import Submission
from backlit.grading.course.workers import Result
from backlit.grading.judge.verdict import Finding, Score, Verdict


def result(student, verdict="fail", mistakes=(), points=1, seconds=1.0, missing=(), remarks=()):
    findings = tuple(Finding(equation, 2, None, 1.0, 2.0, mistake, "") for equation, mistake in mistakes)
    scores = [Score("BP1", points, 2, 9, "right"), *(Score(equation, 0, 1, 0, "missing") for equation in missing)]
    of_verdict = Verdict(verdict, findings, () if verdict == "error" else tuple(scores), (), remarks)
    return Result(Submission(student, Path(f"{student}.py")), of_verdict, seconds)


RESULTS = [
    result("ann", "pass", points=2),
    result("bob", mistakes=[("BP2", "sign"), ("BP4", None)]),
    result("cyd", mistakes=[("BP2", "sign+missing_sigma_prime")], seconds=9.0),
    result("dan", missing=["BP3"]),
    result("eve", "error", remarks=("The program's answers could not be judged: SyntaxError",)),
]


def rows_of(column):
    return next(rows for head, rows in overview(RESULTS) if column in head)


def test_the_title_counts():
    assert title_of(RESULTS) == (
        "5 submissions: 1 right, 3 with something wrong or missing, 1 that could not be graded"
    )
    assert title_of(RESULTS[:1]).startswith("1 submission: 1 right")


def test_who_is_where_in_the_order_of_the_algorithm():
    assert [where(each) for each in RESULTS] == ["all right", "BP2", "BP2", "BP3", "could not be graded"]
    assert rows_of("who") == [
        ["BP2", "2", "bob, cyd"],
        ["BP3", "1", "dan"],
        ["all right", "1", "ann"],
        ["could not be graded", "1", "eve"],
    ]


def test_common_mistakes_come_first_with_names():
    students, equations, mistakes = zip(*rows_of("mistake"), strict=True)
    assert (students, equations) == (("2", "1", "1"), ("BP2", "BP2", "BP4"))
    assert mistakes[0] == "The sign is the other way round.  (bob, cyd)"
    assert mistakes[1] == "The factor σ′(z) is missing.  (cyd)"
    assert "not in the catalogue" in mistakes[2]


def test_points_reasons_and_the_slowest():
    assert [row[:2] for row in rows_of("points")] == [["2 of 2", "1"], ["1 of 2", "2"], ["1 of 3", "1"]]
    assert rows_of("why") == [["eve", "SyntaxError"]]
    assert rows_of("slowest")[0] == ["9.0", "cyd"]


def test_many_names_are_cut_short():
    rows = overview([result(f"s{i}", "pass") for i in range(9)])[0][1]
    assert rows == [["all right", "9", "s0, s1, s2, s3, s4, s5, and 3 more"]]
