"""What the grader says: findings, scores, and the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from backlit.grading.reading.conventions import Convention

EQUATIONS = ("z", "a", "sigma_prime", "BP1", "BP2", "BP3", "BP4", "update", "cost")
"""What is judged, in the order of the algorithm; the cost is no equation of it, and comes last."""

ASKED = ("BP1", "BP2", "BP3", "BP4")
"""The equations that are asked for where nobody says otherwise."""


@dataclass(frozen=True)
class Example:
    """The numbers that show what is wrong, so that the right one can be worked beside it.

    Attributes
    ----------
    exercise : dict
        A network, a batch and a step, in JSON's types, as `backlit.explanation.exercise.Exercise` reads them.
    quantity : str
        ``"z"``, ``"a"``, ``"sigma_prime"``, ``"delta"``, ``"nabla_b"``, ``"nabla_w"``, ``"b_new"`` or ``"w_new"``.
    index : tuple of int
        Counted from 0: neuron and example; neuron for biases; neuron and neuron before for weights.
    """

    exercise: dict[str, Any]
    quantity: str
    index: tuple[int, ...]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    equation : str
        One of `EQUATIONS`.
    layer : int or None
        Counted from 1, the input.
    component : str or None
        The first number that differs: ``"δ^2_1"``, ``"∂C/∂w^3_12"``; counted from 1.
    expected : float or None
    found : float, str or None
        A string where it is no number: ``"shape (3, 1)"``, ``"ValueError: …"``.
    mistake : str or None
        Key of the catalogue, ``"a+b"`` for a pair, None if none matches.
    message : str
        One or two sentences for the student.
    line : int or None
        Line of the student's file where it raised, or else where the function that is judged begins; where known.
    cell : int or None
        In a notebook, the code cell in which that line lies, counted from 1; the line then counts within it.
    example : Example or None
        Where one number differs from the lecture's own, and no earlier mistake has a part in it.
    """

    equation: str
    layer: int | None
    component: str | None
    expected: float | None
    found: float | str | None
    mistake: str | None
    message: str
    line: int | None = None
    cell: int | None = None
    example: Example | None = None


Status = Literal["right", "wrong", "missing"]
"""What became of an equation: seen and right; seen or run into, and wrong; or not seen in any number."""


@dataclass(frozen=True)
class Score:
    """Points for one equation.

    Attributes
    ----------
    equation : str
    points, possible : float
    checks : int
        How many numbers were compared that depend on it; 0 if it is missing.
    status : {"right", "wrong", "missing"}
        Points are given for ``"right"`` alone. ``"missing"``: no number showed it.
    n_wrong : int
        How many of the numbers compared are wrong.
    seen_in : str or None
        The function, method or class in which it was seen: ``"output_error"``, ``"Network.backprop"``.
    note : str or None
        Why it is missing, in a sentence.
    """

    equation: str
    points: float
    possible: float
    checks: int
    status: Status = "right"
    seen_in: str | None = None
    note: str | None = None
    n_wrong: int = 0


@dataclass(frozen=True)
class Recognized:
    """A part of a submission, and what it was taken for.

    Attributes
    ----------
    name : str
        As it is called in the submission: ``"output_error"``, ``"Network.backprop"``.
    role : str
        What it was taken for, in a few words: ``"BP1"``, ``"the gradients of a whole pass"``.
    line : int or None
        Where it begins. In a notebook, lines are counted within the cell.
    cell : int or None
        The notebook's code cell, counted from 1.
    """

    name: str
    role: str
    line: int | None = None
    cell: int | None = None


@dataclass
class Judgement:
    """What was found in a part of a submission; the verdict is made of them.

    Attributes
    ----------
    findings : list of Finding
    checks : dict of str to int
        For each equation that was seen, how many numbers were compared that depend on it.
    wrong : dict of str to (int, int)
        For equations that are wrong, how many numbers were compared that depend on them, and how many of them differ.
    conventions : tuple of str
    seen_in : dict of str to str
        For each equation that was looked for, the function, method or class in which.
    notes : dict of str to str
        Why an equation was not seen, where more can be said than that it was not.
    remarks : tuple of str
        What else the reader is to know.
    layout : Convention or None
        What the conventions say, for whatever is tried afterwards.
    """

    findings: list[Finding] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, tuple[int, int]] = field(default_factory=dict)
    conventions: tuple[str, ...] = ()
    seen_in: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    layout: Convention | None = None


@dataclass(frozen=True)
class Verdict:
    """The outcome of grading one submission.

    Attributes
    ----------
    verdict : {"pass", "fail", "error"}
        ``"pass"``: every equation that was asked for was seen and is right, and so is all else that was seen.
        ``"fail"``: something is wrong or missing. ``"error"``: nothing was recognized, or nothing could be run.
    findings : tuple of Finding
        The first is the first cause. What is merely missing has none.
    scores : tuple of Score
        One for each equation that was asked for or seen, in the order of the algorithm.
    conventions : tuple of str
        What was understood of the submission: ``"column vectors, one example at a time"``.
    remarks : tuple of str
        What else is to be known, such as isolation that was not to be had, or what stopped the program.
    recognized : tuple of Recognized
        What was graded, and what each part was taken for.
    """

    verdict: Literal["pass", "fail", "error"]
    findings: tuple[Finding, ...]
    scores: tuple[Score, ...]
    conventions: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    recognized: tuple[Recognized, ...] = ()

    def equations(self, status: Status) -> tuple[str, ...]:
        """Return the equations that are right, wrong or missing."""
        return tuple(score.equation for score in self.scores if score.status == status)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dictionaries and lists, ready for JSON."""
        return asdict(self)
