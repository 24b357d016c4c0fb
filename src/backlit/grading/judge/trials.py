"""Trying functions for single equations: what they are given, and what they make of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backlit.core.losses import get_loss
from backlit.grading.judge.one_pass import Pass
from backlit.grading.judge.side_effects import same
from backlit.grading.reading.cases import Array, Task
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.names import EQUATION_FUNCTIONS, equation_roles, find
from backlit.grading.reading.student import Call, Inventory, Outcome, Student

Average = Literal["gradients", "error", "update"]

_SPREAD = np.linspace(-2.5, 3.0, 6)[:, np.newaxis]


@dataclass(frozen=True)
class EquationFunction:
    """One function of a submission: its name, and the role of each of its parameters."""

    name: str
    roles: tuple[str, ...]


def find_equation_functions(inventory: Inventory, task: Task) -> dict[str, EquationFunction]:
    """Return the functions for single equations that a program offers."""
    found = {}
    for equation in EQUATION_FUNCTIONS:
        names = EQUATION_FUNCTIONS[equation]
        if equation in ("a", "sigma_prime"):  # a file may hold several; the one asked for comes first
            names = tuple(sorted(names, key=lambda name: not name.startswith(("activation", task.hidden))))
        info = find(inventory.functions, names)
        roles = equation_roles(equation, info) if info is not None else None
        if info is not None and roles is not None:
            found[equation] = EquationFunction(info.name, roles)
    return found


@dataclass(frozen=True, eq=False)
class Trial:
    """One call of an equation's function.

    Attributes
    ----------
    p : Pass
        The right pass from which the arguments were taken.
    layer : int
    found : array or None
        In the judge's layout; None if it raised or returned no array.
    error, line
        What it raised.
    damaged : str or None
        Role of an argument that was changed in place.
    second : array or None
        What the same call gave the second time.
    """

    p: Pass
    layer: int
    found: NDArray[Any] | None
    error: str | None = None
    line: int | None = None
    damaged: str | None = None
    second: NDArray[Any] | None = None
    stopped: bool = False


def _layers(equation: str, p: Pass) -> list[int]:
    layers = list(range(2, p.last + 1))
    if equation == "BP1":
        return [p.last]
    if equation in ("BP2", "a", "sigma_prime"):
        return layers[:-1]  # for a and σ′: the hidden activation
    return layers


def _argument(role: str, equation: str, p: Pass, layer: int, convention: Convention, average: Average) -> Any:
    case = p.case
    share = 1.0 / case.n_examples if average == "error" else 1.0
    makers: dict[str, Callable[[], Any]] = {
        "w": lambda: convention.give_w(case.w[layer + 1 if equation == "BP2" else layer]),
        "b": lambda: convention.give_b(case.b[layer]),
        "z": lambda: convention.give(p.z[layer]),
        "a": lambda: convention.give(p.a[layer]),
        "a_previous": lambda: convention.give(p.a[layer - 1]),
        "y": lambda: convention.give(case.y),
        "delta": lambda: convention.give(share * p.delta[layer + 1 if equation == "BP2" else layer]),
        "nabla_a": lambda: convention.give(
            np.asarray(get_loss(case.task.loss, case.task.output).nabla_a(p.a[layer], case.y))
        ),
        "parameter": lambda: convention.give_w(case.w[layer]),
        "gradient": lambda: convention.give_w(p.nabla_w[layer]),
        "eta": lambda: case.eta,
        "n": lambda: case.n_examples,
    }
    return makers[role]()


def _trial(
    equation: str,
    function: EquationFunction,
    p: Pass,
    layer: int,
    args: tuple[Any, ...],
    outcomes: Sequence[Outcome],
    convention: Convention,
) -> Trial:
    outcome = outcomes[0]
    if outcome.error is not None:
        return Trial(p, layer, None, outcome.error, outcome.line)
    in_place_update = equation == "update" and outcome.value is None
    value = outcome.args_after[0] if in_place_update and not same(args[0], outcome.args_after[0]) else outcome.value
    if value is None:
        return Trial(p, layer, None, "nothing", None)
    if equation in ("z", "a") and isinstance(value, tuple) and value and isinstance(value[0], np.ndarray):
        value = value[0]  # beside it stands what the backward pass is to remember
        outcomes = [
            replace(outcome, value=outcome.value[0]) for outcome in outcomes if isinstance(outcome.value, tuple)
        ]
    try:
        found = _taken(equation, value, convention)
        second = outcomes[-1].value
        again = found if second is None else _taken(equation, second, convention)
    except ValueError as error:
        return Trial(p, layer, None, str(error))
    pairs = zip(function.roles, args, outcome.args_after, strict=False)
    damaged = next((role for role, before, after in pairs if not same(before, after)), None)
    return Trial(p, layer, found, damaged=None if equation == "update" else damaged, second=again)


def _taken(equation: str, value: Any, convention: Convention) -> NDArray[Any]:
    if equation == "BP3":
        return convention.take_b(value)
    return convention.take_w(value) if equation in ("BP4", "update") else convention.take(value)


def run_trials(
    student: Student,
    equation: str,
    function: EquationFunction,
    passes: Sequence[Pass],
    convention: Convention,
    average: Average,
    times: int,
) -> list[Trial]:
    """Call one function on every layer of some passes, each call several times, all in one script."""
    places = [(p, layer) for p in passes for layer in _layers(equation, p)]
    given = [
        tuple(_argument(role, equation, p, layer, convention, average) for role in function.roles)
        for p, layer in places
    ]
    outcomes = student.run([Call(function.name, args) for args in given for _ in range(times)])
    trials: list[Trial] = []
    for i, ((p, layer), args) in enumerate(zip(places, given, strict=True)):
        own = outcomes[i * times : (i + 1) * times]
        if len(own) < times or any(outcome.stopped is not None for outcome in own):
            reason = next((outcome.stopped for outcome in own if outcome.stopped is not None), "no answer")
            return [*trials, Trial(p, layer, None, f"the program was stopped: {reason}", stopped=True)]
        trials.append(_trial(equation, function, p, layer, args, own, convention))
    return trials


def caller(student: Student, name: str, convention: Convention) -> Callable[[Array], Array] | None:
    """Return the student's own σ or σ′, to be judged by what follows from it; None if it is constant."""

    def call(z: Array) -> Array:
        outcome = student.run([Call(name, (convention.give(z),))])[0]
        try:
            return convention.take(outcome.value).astype(float)
        except ValueError:
            return np.full_like(z, np.nan)

    # of a constant anything may follow, such as δ = 0
    with np.errstate(all="ignore"):
        return call if np.ptp(call(_SPREAD)) > 0 else None
