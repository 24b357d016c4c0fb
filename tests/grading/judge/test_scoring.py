"""Points and verdicts: nothing passes that was not seen."""

from __future__ import annotations

import pytest

from backlit.grading.judge.findings import raised
from backlit.grading.judge.scoring import asked_for, scores_of, verdict_of
from backlit.grading.judge.verdict import EQUATIONS, Judgement

FOUR = dict.fromkeys(("BP1", "BP2", "BP3", "BP4"), 5)
WRONG = raised("BP2", "ValueError", None, None)


def test_what_is_asked_for():
    assert asked_for(None) == asked_for({}) == ("BP1", "BP2", "BP3", "BP4")
    assert asked_for({"BP2": 3, "z": 1, "BP1": 0}) == ("z", "BP2")


@pytest.mark.parametrize(
    ("checks", "findings", "points", "verdict", "missing"),
    [
        (FOUR, [], None, "pass", ()),
        (FOUR, [WRONG], None, "fail", ()),
        ({"a": 5}, [], None, "fail", ("BP1", "BP2", "BP3", "BP4")),
        ({"a": 5}, [], {"BP1": 2, "BP2": 3}, "fail", ("BP1", "BP2")),
        ({"BP3": 5}, [], {"BP3": 2}, "pass", ()),
        (FOUR, [WRONG], {"BP3": 2}, "fail", ()),
        (FOUR | {"BP3": 0}, [], None, "fail", ("BP3",)),
        ({}, [], {"BP1": 0}, "fail", ()),
    ],
)
def test_missing_and_wrong_equations_do_not_pass(checks, findings, points, verdict, missing):
    scores = scores_of([Judgement(findings, checks, seen_in=dict.fromkeys(checks, "f"))], points)
    assert verdict_of(scores, points) == verdict
    assert tuple(s.equation for s in scores if s.status == "missing") == missing
    assert all((s.points == s.possible) == (s.status == "right") for s in scores if s.possible)
    assert [s.equation for s in scores] == [e for e in EQUATIONS if e in {s.equation for s in scores}]


def test_a_note_says_why_something_is_missing():
    judgement = Judgement([], {"BP1": 0, "BP2": 0}, seen_in={"BP1": "f", "BP2": "f"}, notes={"BP2": "for a reason"})
    notes = {score.equation: score.note for score in scores_of([judgement], None)}
    assert notes["BP2"] == "for a reason"
    assert "No number that came back" in notes["BP1"]
    assert notes["BP3"] == notes["BP4"] == "Nothing was recognized that computes it."


def test_of_a_wrong_equation_it_is_counted_what_was_compared_and_what_was_wrong():
    judgements = [Judgement([WRONG], wrong={"BP2": (12, 7)}), Judgement([WRONG], {"BP2": 3}, wrong={"BP2": (4, 4)})]
    (score,) = scores_of(judgements, {"BP2": 1})
    assert (score.status, score.checks, score.n_wrong) == ("wrong", 16, 11)
