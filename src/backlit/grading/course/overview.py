"""What stands out among the results of a course: who is where, how points are spread, which mistakes are common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from backlit.explanation.plain_text import printable
from backlit.grading.course.workers import Result
from backlit.grading.judge.catalogue import CATALOGUE
from backlit.grading.judge.verdict import EQUATIONS

_NAMES_SHOWN = 6
_SLOWEST = 3
_BAR = 30
_LONGEST_REASON = 120
_NOT_GRADED = "could not be graded"
_UNKNOWN = "The numbers differ in a way that is not in the catalogue."
_STOPS = "An exception, or nothing that fits, comes back."

Tables = list[tuple[list[str], list[list[str]]]]


def title_of(results: Sequence[Result]) -> str:
    """Say how many there are, and what became of them."""
    verdicts = Counter(result.verdict.verdict for result in results)
    n = len(results)
    return (
        f"{n} submission{'s' * (n != 1)}: {verdicts['pass']} right, {verdicts['fail']} with something wrong or "
        f"missing, {verdicts['error']} that could not be graded"
    )


def overview(results: Sequence[Result]) -> Tables:
    """Return tables, each a head and its rows; the last column holds words, the others numbers."""
    tables = [_who_is_where(results), _points(results), _mistakes(results), _not_graded(results), _slowest(results)]
    return [(head, rows) for head, rows in tables if rows]


def where(result: Result) -> str:
    """Return the equation that a student is at: the first that is wrong, or else missing; or a word."""
    verdict = result.verdict
    if verdict.verdict == "pass":
        return "all right"
    if verdict.verdict == "error":
        return _NOT_GRADED
    if verdict.findings:
        return verdict.findings[0].equation
    return next(iter((*verdict.equations("wrong"), *verdict.equations("missing"))), "?")


def points_of(result: Result) -> tuple[float, float]:
    """Return the points, and how many there could be."""
    scores = result.verdict.scores
    return sum(score.points for score in scores), sum(score.possible for score in scores)


def _who_is_where(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    at: dict[str, list[str]] = {}
    for result in results:
        at.setdefault(where(result), []).append(result.submission.student)
    order = [*EQUATIONS, "?", "all right", _NOT_GRADED]
    rows = [[place, str(len(at[place])), _names(at[place])] for place in order if place in at]
    return ["at", "students", "who"], rows


def _points(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    counts = Counter(points_of(result) for result in results if result.verdict.verdict != "error")
    largest = max(counts.values(), default=1)
    # how many there could be differs between those who hand in an update and those who do not
    shares = sorted(counts, key=lambda points: (-points[0] / max(points[1], 1e-9), -points[0]))
    rows = [
        [f"{points:g} of {possible:g}", str(n), "█" * max(1, round(_BAR * n / largest))]
        for points, possible in shares
        for n in [counts[points, possible]]
    ]
    return ["points", "students", ""], rows


def _mistakes(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    made: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for finding in result.verdict.findings:
            unknown = _STOPS if isinstance(finding.found, str) else _UNKNOWN
            for mistake in (finding.mistake or unknown).split("+"):
                made.setdefault((finding.equation, mistake), []).append(result.submission.student)
    often = sorted(made.items(), key=lambda item: (-len(item[1]), EQUATIONS.index(item[0][0])))
    rows = [[str(len(names)), equation, f"{_hint(mistake)}  ({_names(names)})"] for (equation, mistake), names in often]
    return ["students", "equation", "mistake"], rows


def _hint(mistake: str) -> str:
    return CATALOGUE[mistake].hint if mistake in CATALOGUE else mistake


def _not_graded(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [printable(result.submission.student), printable(_reason(result), _LONGEST_REASON)]
        for result in results
        if result.verdict.verdict == "error"
    ]
    return [_NOT_GRADED, "why"], rows


def _reason(result: Result) -> str:
    return next(iter(result.verdict.remarks), "").removeprefix("The program's answers could not be judged: ")


def _slowest(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    slowest = sorted(results, key=lambda result: -result.seconds)[:_SLOWEST]
    return ["seconds", "slowest"], [[f"{r.seconds:.1f}", printable(r.submission.student)] for r in slowest]


def _names(names: Sequence[str]) -> str:
    shown = [printable(name, 30) for name in names[:_NAMES_SHOWN]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")
