"""The finite-difference check of one number: the derivative that backpropagation gives beside a difference quotient."""

from __future__ import annotations

from typing import Literal

from backlit.core.gradient_check import TOLERANCE, check_parameter
from backlit.core.gradient_report import ParameterCheck
from backlit.errors import BacklitError
from backlit.explanation.plain_text import short
from backlit.lab.state.state import LabState
from backlit.lab.talk.findings import DifferenceCheck
from backlit.lab.talk.replies import Reference

_OF_THE_BATCH = ("w", "b", "nabla_w", "nabla_b", "w_new", "b_new")
_OF_AN_EXAMPLE = ("delta", "z")


def check_number(state: LabState, place: Reference) -> DifferenceCheck | None:
    """Return the check of a gradient, of the parameter it belongs to, or of δ; None for numbers that have none.

    δ^l_j is checked as the gradient of b^l_j for its example, which it equals.
    """
    if place.quantity not in (*_OF_THE_BATCH, *_OF_AN_EXAMPLE) or state.explanation.cost is None:
        return None
    if place.quantity in _OF_AN_EXAMPLE or (place.example is not None and place.quantity in ("nabla_w", "nabla_b")):
        e = state.example if place.example is None else place.example - 1
        rows: tuple[int, ...] = (state.rows[e],)
    else:
        rows = state.rows
    try:
        batch = state.holding(rows).given.batch()
        checked, kink = check_parameter(batch, place.layer, place.neuron, place.k)
    except BacklitError:
        return None
    digits = (short(checked.analytic, 10), short(checked.numeric, 10))
    said = f"By backpropagation {digits[0]}, by differences {digits[1]} ± {short(checked.numeric_error, 1)}"
    if kink:
        return _found(checked, "kink", f"{said}; the cost has a kink here ({kink}), where it has no derivative.")
    if checked.relative_error <= TOLERANCE:
        return _found(checked, "agrees", f"{said}: they agree.")
    if abs(checked.numeric - checked.analytic) <= checked.numeric_error:
        return _found(checked, "unclear", f"{said}: the quotient is too inexact here to tell.")
    return _found(checked, "differs", f"{said}: they differ.")


def _found(
    checked: ParameterCheck, verdict: Literal["agrees", "differs", "kink", "unclear"], sentence: str
) -> DifferenceCheck:
    return DifferenceCheck(checked.analytic, checked.numeric, checked.numeric_error, verdict, sentence)
