"""How one number comes about: its equation with the numbers put in, its summands and where each comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backlit.errors import InvalidInputError
from backlit.explanation.explanation import Explanation
from backlit.explanation.plain_text import number as printed
from backlit.explanation.story import backward, forward
from backlit.explanation.story.document import Definition, Equation, Equations, Maths
from backlit.explanation.story.maths import broken
from backlit.explanation.story.one_number import QUANTITIES, work_number
from backlit.explanation.story.selection import FEW, Choice
from backlit.explanation.story.story import Story
from backlit.explanation.views.mathml import mathml_of
from backlit.lab.state.numbers import checked, number_at, spoken, symbol_of
from backlit.lab.state.state import LabState
from backlit.lab.step.agreement import agreement
from backlit.lab.step.check import check_number
from backlit.lab.step.origins import goes_into, origin_of
from backlit.lab.step.summands import Sum, sum_of
from backlit.lab.talk.findings import FormulaRow, FormulaView
from backlit.lab.talk.replies import Reference

_LAWS = {
    "x": ("", "", "the input: the example itself"),
    "w": ("", "", "a weight: how much of what comes in is passed on"),
    "b": ("", "", "a bias: what is added whatever comes in"),
    "y": ("", "", "the target: what the output should be"),
    "nabla_a": ("BP2", "", "how fast the cost changes with this activation"),
    "cost": ("C", "", "how far the output is from the target"),
}


def explain_number(state: LabState, place: Reference, terms: int | None, digits: int) -> FormulaView:
    """Work out one number.

    Parameters
    ----------
    state : LabState
    place : Reference
        Where it has no example, that of the example in view, or the batch's.
    terms : int or None
        How many terms of a long sum are shown; None for all.
    digits : int
        Significant digits that are printed, 1 to 17.
    """
    if not 1 <= digits <= 17:
        raise InvalidInputError(f"digits must lie in 1 to 17, but {digits} came.")
    if terms is not None and terms < 1:
        raise InvalidInputError(f"terms must be at least 1, or null for all, but {terms} came.")
    step = state.explanation
    place = checked(step, place)
    if state.work is not None and state.work.hides(place):
        raise InvalidInputError("This number is a part of the exercise: work it out, or let it be shown first.")
    value = number_at(step, place, state.example)
    law_name, law, meaning, rows = _story(step, place, state.example, digits)
    summed = sum_of(step, place, state.example, terms, digits)
    told = _without_hidden(state, summed)
    return FormulaView(
        place=place,
        symbol=mathml_of(symbol_of(step, place, state.example), digits),
        spoken=f"{spoken(place)}: {printed(value, digits)}",
        law_name=law_name,
        law=law,
        meaning=meaning,
        rows=rows,
        summands=() if told is None else told.summands,
        times=None if told is None else told.times,
        value=value,
        printed=printed(value, digits),
        agreement=None
        if told is None or not told.adds_up
        else agreement(told.summands, None if told.times is None else told.times.value, value, digits, told.signs),
        # a gradient stands beside it, which an exercise may ask for
        check=check_number(state, place) if state.work is None or state.work.done else None,
        origin=origin_of(state, place),
        goes_into=goes_into(step, place),
    )


def _without_hidden(state: LabState, summed: Sum | None) -> Sum | None:
    """Return a sum, or None where it would tell a number that an exercise hides."""
    if summed is None or state.work is None:
        return summed
    factors = [factor for each in summed.summands for factor in each.factors]
    hidden = any(each.place is not None and state.work.hides(each.place) for each in factors)
    return None if hidden else summed


def _story(
    step: Explanation, place: Reference, example: int, digits: int
) -> tuple[str, str, str, tuple[FormulaRow, ...]]:
    """Return the law's name, the law, what it says, and the equations with the numbers put in."""
    if place.quantity in QUANTITIES and not (place.example is not None and place.quantity in ("nabla_b", "nabla_w")):
        e = example if place.example is None else place.example - 1
        index: tuple[int, ...] = (place.neuron - 1, e)
        if place.quantity in ("nabla_w", "w_new"):
            index = (place.neuron - 1, (place.k or 1) - 1)
        elif place.quantity in ("nabla_b", "b_new"):
            index = (place.neuron - 1,)
        told = step.cost is not None or place.quantity in ("z", "a")
        worked = work_number(step, place.quantity, place.layer, index) if told else None
        if worked is not None:
            law = next(block for block in worked.blocks if isinstance(block, Definition))
            rows = tuple(
                _row(row, digits) for block in worked.blocks if isinstance(block, Equations) for row in block.rows
            )
            return law.name, mathml_of(law.formula, digits), _words(law.meaning), rows
    if step.cost is not None and place.quantity in ("nabla_a", "cost") and not _is_mean(step, place):
        return _inner(step, place, example, digits)
    name, text, meaning = _LAWS.get(place.quantity, (place.quantity, "", ""))
    return name, text, meaning, ()


def _inner(
    step: Explanation, place: Reference, example: int, digits: int
) -> tuple[str, str, str, tuple[FormulaRow, ...]]:
    # rows of the story that lead to another number, which `work_number` therefore has not
    story = Story(step, Choice([max(place.neuron, 1)], FEW, [place.layer]))
    story.turn_to(example if place.example is None else place.example - 1)
    is_cost = place.quantity == "cost"
    if is_cost:
        forward.cost(story)
    elif place.layer == step.n_layers:
        backward.output_error(story)
    found = [row for block in story.blocks if isinstance(block, Equations) for row in block.rows]
    symbol = symbol_of(step, place, story.index)
    rows = tuple(_row(row, digits) for row in found if is_cost or row.parts[0] == symbol)
    name, text, meaning = _LAWS[place.quantity]
    return "BP1" if place.layer == step.n_layers and not is_cost else name, text, meaning, rows


def _is_mean(step: Explanation, place: Reference) -> bool:
    return place.quantity == "cost" and place.example is None and len(step.examples) > 1


def _row(row: Equation, digits: int) -> FormulaRow:
    return FormulaRow(mathml_of(row.parts[0], digits), tuple(_chunks(part, digits) for part in row.parts[1:]))


def _chunks(part: Maths, digits: int) -> tuple[str, ...]:
    return tuple(mathml_of(chunk, digits) for chunk in broken(part))


def _words(pieces: Sequence[Any]) -> str:
    return "".join(each for each in pieces if isinstance(each, str))
