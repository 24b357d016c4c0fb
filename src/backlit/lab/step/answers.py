"""Whether an answer is right, and where it is not, which term is wrong: the grader's catalogue of mistakes.

The lecture's algorithm is run on the exercise's own network with one mistake at a time. Where that gives the number
that was typed, and the right algorithm does not, the mistake is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import numpy as np

from backlit.errors import BacklitError
from backlit.explanation.trace.tree import WorkedStep
from backlit.grading.judge.algorithm import run
from backlit.grading.judge.catalogue import CATALOGUE, key_of, singles
from backlit.grading.judge.verdict import EQUATIONS
from backlit.grading.reading.cases import Case, Task
from backlit.lab.state.numbers import OF_A_WEIGHT, OF_THE_BATCH, number_at
from backlit.lab.talk.replies import CellView, Reference

NEAR = 0.002
"""Relative error of an answer that was worked out by hand with few digits."""
_LONGEST = 60
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_EQUATION = {"z": "z", "a": "a", "sigma_prime": "sigma_prime", "nabla_b": "BP3", "nabla_w": "BP4", "b_new": "update",
             "w_new": "update"}  # fmt: skip


def judged(cell: CellView, text: str, step: WorkedStep, example: int) -> CellView:
    """Return a cell as it stands after an answer.

    Parameters
    ----------
    cell : CellView
    text : str
        As it was typed: ``0.25``, ``0,25``, ``−1.5e-3``, ``2×10^-4``, ``3/8``.
    step : WorkedStep
    example : int
        The one in view, counted from 0.
    """
    text = text.strip()[:_LONGEST]
    answer = _read(text)
    if answer is None:
        return replace(cell, state="open", answer=text, words=f"{text!r} is not a number. Write it as 0.25 or 2.5e-3.")
    number, half_unit = answer
    value = number_at(step, cell.place, example)
    if _is_near(number, value, half_unit):
        return replace(cell, state="right", answer=text, words="Right.")
    return replace(cell, state="wrong", answer=text, words=_why(number, half_unit, cell.place, step, example))


def _read(text: str) -> tuple[float, float] | None:
    """Return a number, and half a unit of its last digit; 0 for that where too few digits were typed to lean on it."""
    plain = text.replace("−", "-").replace("–", "-").replace(" ", "").translate(_RAISED)
    plain = re.sub(r"[·×x*]10\^?\(?(-?\d+)\)?$", r"e\1", plain)
    if "." not in plain and plain.count(",") == 1:
        plain = plain.replace(",", ".")
    fraction = re.fullmatch(r"([-+]?\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)", plain)
    if fraction:
        below = float(fraction[2])
        return (float(fraction[1]) / below, 0.0) if below else None
    if not re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d{1,3})?", plain, re.IGNORECASE):
        return None
    try:
        exact = Decimal(plain)
    except InvalidOperation:
        return None
    _, digits, exponent = exact.as_tuple()
    significant = len("".join(map(str, digits)).lstrip("0"))
    assert isinstance(exponent, int)
    return float(exact), 0.5 * 10.0**exponent if significant >= 2 else 0.0


def _is_near(number: float, value: float, half_unit: float) -> bool:
    return bool(abs(number - value) <= max(NEAR * abs(value), 1.000001 * half_unit, 1e-12))


def _why(number: float, half_unit: float, place: Reference, step: WorkedStep, example: int) -> str:
    value = number_at(step, place, example)
    switch = next(_mistakes(number, half_unit, value, place, step, example), None)
    if switch is not None:
        equation, mistake = switch[0], CATALOGUE[key_of(switch)]
        own = _equation_of(place, step)
        where = "" if equation == own else f"Already in {_NAMES.get(equation, equation)}: "
        return f"{where}{mistake.hint}"
    other = _taken_from(number, half_unit, place, step, example)
    if other is not None:
        return other
    if abs(number - value) <= 0.05 * abs(value):
        return "Nearly: carry more digits from line to line, or look for a slip of the pen."
    if _is_near(-number, value, half_unit):
        return "The sign is the other way round."
    return f"Not yet. Look at {_NAMES[_equation_of(place, step)]} once more, factor by factor."


_OF_PROGRAMS = {"integer_arrays", "broadcast", "wrong_sigma", "wrong_sigma_prime", "matrix_product"}
"""Mistakes that programs make rather than people: named where nothing simpler explains a number."""

_NAMES = {
    "z": "z = w a + b", "a": "a = σ(z)", "sigma_prime": "σ′(z)", "BP1": "BP1", "BP2": "BP2", "BP3": "BP3", "BP4": "BP4",
    "update": "the update w ← w − μ ∂C/∂w", "cost": "the cost",
}  # fmt: skip


def _equation_of(place: Reference, step: WorkedStep) -> str:
    if place.quantity in ("delta", "nabla_a"):
        return "BP1" if place.layer == step.n_layers else "BP2"
    return _EQUATION.get(place.quantity, "cost")


def _mistakes(
    number: float, half_unit: float, value: float, place: Reference, step: WorkedStep, example: int
) -> Iterator[tuple[str, str]]:
    """Yield the mistakes that would give this number: those of its own equation first, then those before it."""
    case, e = _case(step, example, of_batch=place.quantity in OF_THE_BATCH), 0
    if case is None or place.quantity in ("nabla_a", "cost", "sigma_prime"):
        return
    own = _equation_of(place, step)
    before = EQUATIONS[: EQUATIONS.index(own) + 1]
    for equation in reversed(before):
        for switch in sorted(singles((equation,)), key=lambda each: key_of(each) in _OF_PROGRAMS):
            with suppress(ValueError, IndexError, KeyError, BacklitError):
                found = run(case, frozenset([switch])).numbers()[place.quantity, place.layer]
                wrong = float(found[place.neuron - 1, (place.k or 1) - 1 if place.quantity in OF_A_WEIGHT else e])
                if not _is_near(wrong, value, 0.0) and _is_near(number, wrong, half_unit):
                    yield switch


def _case(step: WorkedStep, example: int, *, of_batch: bool) -> Case | None:
    hidden = set(step.activations[:-1])
    if len(hidden) > 1:  # the grader's algorithm has one σ for all hidden layers
        return None
    examples = step.examples if of_batch else step.examples[example : example + 1]
    ys = [each.y for each in examples if each.y is not None]
    try:
        task = Task.from_names([*(hidden or {step.activations[-1]}), step.activations[-1]], step.loss)
    except BacklitError:
        return None
    return Case(
        task,
        step.sizes,
        {each.layer: np.asarray(each.w, dtype=np.float64) for each in step.parameters},
        {each.layer: np.asarray(each.b, dtype=np.float64)[:, None] for each in step.parameters},
        np.stack([each.x for each in examples]).astype(np.float64).T,
        np.stack(ys).astype(np.float64).T,
        step.learning_rate,
    )


def _taken_from(number: float, half_unit: float, place: Reference, step: WorkedStep, example: int) -> str | None:
    """Say so where the answer is the right number of another neuron of the layer."""
    for j in range(1, step.sizes[place.layer - 1] + 1):
        other = replace(place, neuron=j)
        if j != place.neuron and _is_near(number, number_at(step, other, example), half_unit) and number:
            return f"This is the number of neuron {j}; neuron {place.neuron} is asked for."
    return None
