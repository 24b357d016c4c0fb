"""What the grader says: findings, scores, and the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

EQUATIONS = ("z", "a", "sigma_prime", "BP1", "BP2", "BP3", "BP4", "update")
"""The equations that are judged, in the order of the algorithm."""


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


@dataclass(frozen=True)
class Score:
    """Points for one equation.

    Attributes
    ----------
    equation : str
    points, possible : float
    checks : int
        How many numbers were compared.
    """

    equation: str
    points: float
    possible: float
    checks: int


@dataclass
class Judgement:
    """What was found in a part of a submission; the verdict is made of them.

    Attributes
    ----------
    findings : list of Finding
    checks : dict of str to int
        Numbers compared for each equation that was judged.
    conventions : tuple of str
    """

    findings: list[Finding] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)
    conventions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The outcome of grading one submission.

    Attributes
    ----------
    verdict : {"pass", "fail", "error"}
    findings : tuple of Finding
        The first is the first cause.
    scores : tuple of Score
    conventions : tuple of str
        What was understood of the submission: ``"column vectors, one example at a time"``.
    remarks : tuple of str
        What else is to be known, such as isolation that was not to be had, or what stopped the program.
    """

    verdict: Literal["pass", "fail", "error"]
    findings: tuple[Finding, ...]
    scores: tuple[Score, ...]
    conventions: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dictionaries and lists, ready for JSON."""
        return asdict(self)
