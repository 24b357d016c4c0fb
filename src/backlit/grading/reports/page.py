"""The verdict as a page for the student, before anybody decides how it is set.

What to begin with comes first: which equation, where, the likely mistake, and one number worked as the lecture writes
it, beside the student's own. It is told in the blocks of an explanation, so that the views of explanations set it.
"""

from __future__ import annotations

from collections.abc import Iterator

from backlit.explanation.exercise import Exercise
from backlit.explanation.explanation import Explanation, explain
from backlit.explanation.plain_text import number as printed
from backlit.explanation.plain_text import printable
from backlit.explanation.story.document import (
    Block,
    Definition,
    Document,
    Equation,
    Equations,
    Heading,
    Name,
    Sentence,
    Table,
)
from backlit.explanation.story.maths import formula, number, pieces
from backlit.explanation.story.one_number import WorkedNumber, work_number
from backlit.explanation.story.selection import Choice
from backlit.explanation.story.tell import tell
from backlit.grading.judge.findings import EQUATION_NAMES
from backlit.grading.judge.verdict import Example, Finding, Score, Verdict

_DIGITS = range(4, 13)
_LONGEST_NAME = 60
_LONGEST_SENTENCE = 600
_SHOWN_AS = {"sigma_prime": "σ′"}
# a number to work for each equation, where a finding brings none
_ANY = {
    "z": ("z", 2),
    "a": ("a", 2),
    "sigma_prime": ("sigma_prime", 2),
    "BP1": ("delta", 3),
    "BP2": ("delta", 2),
    "BP3": ("nabla_b", 2),
    "BP4": ("nabla_w", 2),
    "update": ("w_new", 2),
}
_ANY_NETWORK = {
    "sizes": [1, 1, 1],
    "weights": [[[1.0]], [[1.0]]],
    "biases": [[0.0], [0.0]],
    "x": [1.0],
    "y": [1.0],
}


def page_of(verdict: Verdict, title: str, *, details: bool = False) -> Document:
    """Return the page of a verdict.

    Parameters
    ----------
    verdict : Verdict
    title : str
        Name of the submission.
    details : bool, default False
        With every equation and what was seen of it, and the whole step that the example is from.
    """
    page = _Page(verdict, printable(title, _LONGEST_NAME))
    blocks = [*page.headline(), *page.first(), *page.others(), *page.standing()]
    if details:
        blocks += page.table()
    blocks += [*page.next_step(), *page.notes()]
    if details:
        blocks += page.whole_step()
    return Document(tuple(blocks), page.digits)


class _Page:
    def __init__(self, verdict: Verdict, title: str) -> None:
        self.verdict, self.title = verdict, title
        self.finding = verdict.findings[0] if verdict.findings else None
        self.explanation: Explanation | None = None
        self.worked: WorkedNumber | None = None
        if self.finding is not None and self.finding.example is not None:
            self._work(self.finding, self.finding.example)
        self.digits = _digits(self.finding)

    def _work(self, finding: Finding, example: Example) -> None:
        exercise = example.exercise
        if len(exercise["x"]) == 1:  # one example is no batch of which a mean would be taken
            exercise = exercise | {"x": exercise["x"][0], "y": exercise["y"][0]}
        assert finding.layer is not None and finding.expected is not None
        self.explanation = explain(Exercise.from_dict(exercise))
        worked = work_number(self.explanation, example.quantity, finding.layer, example.index)
        # a program with conventions of its own is held to these, and then the lecture's number is another
        if worked is not None and abs(worked.value - finding.expected) <= 1e-6 * max(abs(finding.expected), 1e-6):
            self.worked = worked

    def headline(self) -> Iterator[Block]:
        scores = self.verdict.scores
        if self.verdict.verdict == "error":
            yield Heading(0, (f"{self.title} could not be graded.",))
            return
        points = f"{sum(score.points for score in scores):g} of {sum(score.possible for score in scores):g} points"
        says = "PASS: all that was asked for was seen, and is right" if self.verdict.verdict == "pass" else "FAIL"
        yield Heading(0, (f"{self.title}   {says}, {points}.",))

    def first(self) -> Iterator[Block]:
        """What to begin with."""
        finding = self.finding
        if finding is None:
            return
        where = ", ".join(filter(None, [self._seen_in(finding.equation), self._place(finding)]))
        yield Heading(3, (f"Begin with {EQUATION_NAMES[finding.equation]}",), f"[{where}]" if where else "")
        yield _say(_hint(finding))
        if self.worked is None:
            yield _definition(finding.equation)
            yield from self._numbers(finding)
            return
        assert self.explanation is not None and not isinstance(finding.found, str | None)
        definition, *rows = self.worked.blocks
        yield definition
        yield _say(self._network(), depth=2)
        yield from rows
        yield Equations((Equation((self.worked.symbol, number(finding.found)), Name("in your program")),))

    def _numbers(self, finding: Finding) -> Iterator[Block]:
        found = finding.found if isinstance(finding.found, str | None) else printed(finding.found, self.digits)
        if found is None or finding.component is None:
            return
        expected = "" if finding.expected is None else f"expected {printed(finding.expected, self.digits)}, "
        yield _say(f"{finding.component}: {expected}found {found}", depth=2)

    def _network(self) -> str:
        assert self.explanation is not None
        explanation, example = self.explanation, self.finding and self.finding.example
        assert example is not None
        sizes = "-".join(map(str, explanation.sizes))
        if len(explanation.examples) > 1:
            return f"For example, in a network {sizes} with {len(explanation.examples)} examples (numbers: --details):"
        x, y = (
            "(" + ", ".join(printed(value, 4) for value in values) + ")"
            for values in (explanation.examples[0].x, explanation.examples[0].y)
            if values is not None
        )
        return f"For example, in a network {sizes} with x = {x} and y = {y}:"

    def _seen_in(self, equation: str) -> str | None:
        seen = next((score.seen_in for score in self.verdict.scores if score.equation == equation), None)
        return None if seen is None else printable(seen, _LONGEST_NAME)

    def _place(self, finding: Finding) -> str:
        if finding.line is None:
            return ""
        if finding.cell is not None:
            return f"line {finding.line} of code cell {finding.cell}"
        return f"{self.title}:{finding.line}"

    def others(self) -> Iterator[Block]:
        """What to look at afterwards, a line each."""
        for i, finding in enumerate(self.verdict.findings[1:]):
            if i == 0:
                yield Heading(3, ("Then",))
            place = self._place(finding)
            yield _say(f"{_shown(finding.equation)}{f', {place}' if place else ''}: {_hint(finding)}")

    def standing(self) -> Iterator[Block]:
        """What is right so far, wrong and missing, and what was recognized."""
        right, missing = self.verdict.equations("right"), self.verdict.equations("missing")
        if self.verdict.verdict != "error":
            yield Heading(3, ("So far",))
        if right:
            yield _say(f"✓ right: {', '.join(map(_shown, right))}")
        if self.verdict.equations("wrong"):
            wrong = (_shown(s.equation) + _counted(s) for s in self.verdict.scores if s.status == "wrong")
            yield _say(f"✗ wrong: {', '.join(wrong)}")
        for note in dict.fromkeys(score.note for score in self.verdict.scores if score.equation in missing):
            equations = [s.equation for s in self.verdict.scores if s.equation in missing and s.note == note]
            yield _say(f"· missing: {', '.join(map(_shown, equations))}. {note or ''}".rstrip(". ") + ".")
        if self.verdict.recognized:
            parts = "; ".join(f"{part.name} as {part.role}" for part in self.verdict.recognized)
            yield _say(f"Graded: {parts}.")

    def next_step(self) -> Iterator[Block]:
        """What to do next."""
        missing = self.verdict.equations("missing")
        if self.finding is not None:
            more = " --details shows every number of the example." if self.worked is not None else ""
            yield _say(f"Next: mend {_shown(self.finding.equation)}, and grade again.{more}")
        elif missing and self.verdict.verdict == "fail":
            yield Heading(3, (f"Next: write {EQUATION_NAMES[missing[0]]}",))
            yield _definition(missing[0])

    def notes(self) -> Iterator[Block]:
        for remark in self.verdict.remarks:
            yield _say(f"Note: {remark}")

    def table(self) -> Iterator[Block]:
        """Every equation, and what was seen of it."""
        rows = tuple(_row(score) for score in self.verdict.scores)
        if rows:
            yield Heading(3, ("Equations",))
            yield Table(("equation", "points", "numbers compared", "seen in"), rows)
        if self.verdict.conventions:
            yield _say(f"Understood as: {'; '.join(self.verdict.conventions)}.")

    def whole_step(self) -> Iterator[Block]:
        """The example from its beginning to its end."""
        if self.explanation is not None:
            yield Heading(1, ("The example, worked in full",))
            yield from tell(self.explanation, Choice(None, None), self.digits).blocks[1:]


def _say(text: str, depth: int = 1) -> Sentence:
    # a program chooses its names and the words of its errors
    return Sentence((printable(text, _LONGEST_SENTENCE),), depth)


def _hint(finding: Finding) -> str:
    return finding.message.removeprefix(f"Look at {EQUATION_NAMES[finding.equation]}. ")


def _counted(score: Score) -> str:
    return f" ({score.n_wrong} of {score.checks} numbers)" if score.n_wrong else ""


def _row(score: Score) -> tuple[str, ...]:
    mark = {"right": "✓", "wrong": "✗", "missing": "·"}[score.status]
    points = f"{score.points:g} of {score.possible:g}"
    compared = "missing" if score.status == "missing" else str(score.checks or "")
    if score.n_wrong:
        compared += f", {score.n_wrong} wrong"
    return f"{mark} {_shown(score.equation)}", points, compared, printable(score.seen_in or "", _LONGEST_NAME)


def _shown(equation: str) -> str:
    return _SHOWN_AS.get(equation, equation)


def _digits(finding: Finding | None) -> int:
    """Return how many digits it takes to see that two numbers differ."""
    if finding is None or finding.expected is None or isinstance(finding.found, str | None):
        return _DIGITS[0]
    expected, found = finding.expected, finding.found
    return next((n for n in _DIGITS if printed(expected, n) != printed(found, n)), _DIGITS[-1])


def _definition(equation: str) -> Block:
    if equation == "cost":
        return Definition("cost", formula("C = (1/n) Σ_x C_x"), pieces("the mean of what the examples cost"))
    quantity, layer = _ANY[equation]
    worked = work_number(explain(Exercise.from_dict(_ANY_NETWORK)), quantity, layer, (0, 0))
    assert worked is not None
    return worked.blocks[0]
