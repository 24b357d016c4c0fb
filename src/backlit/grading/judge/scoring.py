"""From what was judged to points and a verdict.

An equation is *seen* where numbers were compared that depend on it. It is right if it was seen and nothing is wrong
with it, and missing if it was asked for and not seen: then it gives no points, and the submission does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from backlit.grading.judge.verdict import ASKED, EQUATIONS, Finding, Judgement, Score

_NOT_FOUND = "Nothing was recognized that computes it."
_NOT_SHOWN = "No number that came back depends on it in a way that could be checked."
_NOT_YET = "What is wrong leaves no number of it that could be checked: grade again once that is mended."


def asked_for(points: Mapping[str, float] | None) -> tuple[str, ...]:
    """Return the equations that must be seen: those that have points, or else BP1 to BP4."""
    named = ASKED if not points else [equation for equation, possible in points.items() if possible > 0]
    return tuple(equation for equation in EQUATIONS if equation in named)


def sorted_findings(judgements: Sequence[Judgement]) -> list[Finding]:
    """Return all findings, in the order of the algorithm."""
    findings = [finding for judgement in judgements for finding in judgement.findings]
    return sorted(findings, key=lambda finding: EQUATIONS.index(finding.equation))


def scores_of(judgements: Sequence[Judgement], points: Mapping[str, float] | None) -> tuple[Score, ...]:
    """Return one score for each equation that was asked for or looked for."""
    wrong = {finding.equation for judgement in judgements for finding in judgement.findings}
    checks = {equation: sum(j.checks.get(equation, 0) for j in judgements) for equation in EQUATIONS}
    seen_in: dict[str, str] = {}
    notes: dict[str, str] = {}
    for judgement in reversed(judgements):
        seen_in |= judgement.seen_in
        notes |= judgement.notes
    scores = []
    for equation in EQUATIONS:
        if equation not in (*asked_for(points), *seen_in, *wrong) and not checks[equation]:
            continue
        possible = float((points or {}).get(equation, 1.0))
        if equation in wrong:
            counts = [judgement.wrong[equation] for judgement in judgements if equation in judgement.wrong]
            n, n_wrong = sum(n for n, _ in counts), sum(n_wrong for _, n_wrong in counts)
            scores.append(Score(equation, 0.0, possible, n, "wrong", seen_in.get(equation), n_wrong=n_wrong))
        elif checks[equation]:
            scores.append(Score(equation, possible, possible, checks[equation], "right", seen_in.get(equation)))
        else:
            note = notes.get(equation, (_NOT_YET if wrong else _NOT_SHOWN) if equation in seen_in else _NOT_FOUND)
            scores.append(Score(equation, 0.0, possible, 0, "missing", seen_in.get(equation), note))
    return tuple(scores)


def verdict_of(scores: Sequence[Score], points: Mapping[str, float] | None) -> Literal["pass", "fail"]:
    """Return whether everything asked for was seen, and everything seen is right."""
    asked = asked_for(points)
    all_right = all(s.status == "right" or (s.status == "missing" and s.equation not in asked) for s in scores)
    # that nothing at all was asked for is no reason to pass
    return "pass" if all_right and any(score.status == "right" for score in scores) else "fail"
