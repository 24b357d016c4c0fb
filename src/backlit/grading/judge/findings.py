"""Turning a mistake into a finding: equation, layer, component, expected and found, and a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.grading.judge.algorithm import run, sigma_prime
from backlit.grading.judge.catalogue import CATALOGUE, Switch, key_of, order_of
from backlit.grading.judge.one_pass import Pass
from backlit.grading.judge.verdict import Example, Finding
from backlit.grading.reading.cases import Array, Case, simple_case

_QUANTITIES = {
    "z": ("z",),
    "a": ("a",),
    "BP1": ("delta",),
    "BP2": ("delta",),
    "BP3": ("nabla_b",),
    "BP4": ("nabla_w",),
    "update": ("b_new", "w_new"),
}
_SYMBOLS = {"z": "z", "a": "a", "delta": "δ", "nabla_b": "∂C/∂b", "nabla_w": "∂C/∂w", "b_new": "b", "w_new": "w"}
_IN_EXAMPLES = {"σ′(z)": "sigma_prime"}
EQUATION_NAMES = {
    "z": "the weighted input z",
    "a": "the activation a",
    "sigma_prime": "the derivative σ′",
    "BP1": "BP1, the error of the output layer",
    "BP2": "BP2, the error moved back one layer",
    "BP3": "BP3, the gradient of a bias",
    "BP4": "BP4, the gradient of a weight",
    "update": "the update",
    "cost": "the cost C",
}


def component_of(quantity: str, layer: int, index: tuple[int, ...]) -> str:
    """``"δ^2_1"``, ``"∂C/∂w^3_12"``: neurons counted from 1."""
    numbers = [str(i + 1) for i in (index if quantity in ("nabla_w", "w_new") else index[:1])]
    return (
        f"{_SYMBOLS.get(quantity, quantity)}^{layer}_{(',' if any(len(n) > 1 for n in numbers) else '').join(numbers)}"
    )


def first_difference(found: NDArray[Any], expected: Array) -> tuple[int, ...] | None:
    """Return the index of the first number that differs, or None if the shapes do."""
    if found.shape != expected.shape:
        return None
    scale = max(float(np.max(np.abs(expected), initial=0.0)), 1e-12)
    with np.errstate(all="ignore"):
        differs = ~(np.abs(found - expected) <= 1e-9 * scale)
    return tuple(int(i) for i in np.argwhere(differs)[0]) if differs.any() else None


def message_for(equation: str, mistake: str | None) -> str:
    """Say what to look at."""
    start = f"Look at {EQUATION_NAMES[equation]}."
    if mistake is None:
        return f"{start} The numbers differ from the right ones, and none of the usual mistakes explains them."
    return " ".join([start, *(CATALOGUE[key].hint for key in mistake.split("+"))])


def compared(
    equation: str,
    quantity: str,
    layer: int,
    found: NDArray[Any],
    expected: Array,
    mistake: str | None,
    line: int | None = None,
    case: Case | None = None,
) -> Finding:
    """Make a finding of two arrays that differ; `case` is where they were computed, if nothing else is wrong before."""
    index = first_difference(found, expected)
    if index is None:
        component = f"{_SYMBOLS.get(quantity, quantity)}^{layer}"
        return Finding(
            equation, layer, component, None, f"shape {found.shape}", mistake, message_for(equation, mistake), line
        )
    component = component_of(quantity, layer, index)
    numbers = float(expected[index]), float(found[index])
    message = message_for(equation, mistake)
    factor = common_factor(found, expected) if mistake is None else None
    if factor is not None:
        message += (
            f" Every number of {_SYMBOLS.get(quantity, quantity)}^{layer} is {factor:.4g} times what it should be."
        )
    example = None if case is None else Example(case.exercise(), _IN_EXAMPLES.get(quantity, quantity), index)
    return Finding(equation, layer, component, *numbers, mistake, message, line, example=example)


def common_factor(found: NDArray[Any], expected: Array) -> float | None:
    """Return what all numbers are multiplied by, if it is the same for all."""
    scale = float(np.max(np.abs(expected), initial=0.0))
    if scale == 0.0 or expected.size < 2 or not np.all(np.isfinite(found)):
        return None
    factor = float(np.sum(found * expected) / np.sum(expected * expected))
    same = np.max(np.abs(found - factor * expected)) <= 1e-9 * scale * max(1.0, abs(factor))
    return factor if same and factor != 0.0 else None


def raised(equation: str, error: str, mistake: str | None, line: int | None, layer: int | None = None) -> Finding:
    """Make a finding of an exception."""
    if mistake is None:
        message = f"Look at {EQUATION_NAMES[equation]}. The program stopped there with: {error}."
    else:
        message = message_for(equation, mistake)
    return Finding(equation, layer, None, None, error, mistake, message, line)


def without_numbers(equation: str, mistake: str, found: str | None = None, line: int | None = None) -> Finding:
    """Make a finding that no single number shows."""
    return Finding(equation, None, None, None, found, mistake, message_for(equation, mistake), line)


def simple_cases(like: Case) -> list[Case]:
    """Return networks that are small enough to be followed by hand, in the order in which they are to be preferred."""
    # as hard to foresee as the others, and the same on every machine
    rng = np.random.default_rng(np.abs(np.round(1e6 * like.x[:, 0])).astype(np.uint32))
    sizes = (2,) * like.n_layers
    return [simple_case(rng, like.task, sizes, n) for n in ([1, 1, 3, 3] if like.n_examples > 1 else [1, 1])]


def from_switches(switches: frozenset[Switch], cases: Sequence[Case]) -> list[Finding]:
    """Make one finding for each equation in which a mistake was matched.

    What is expected of an equation is computed from the earlier mistakes: an error costs the equation where it is made.
    """
    findings: list[Finding] = []
    made: set[Switch] = set()
    ordered = sorted(switches, key=lambda switch: (order_of(switch), switch))
    for equation in dict.fromkeys(switch[0] for switch in ordered):
        here = {switch for switch in ordered if switch[0] == equation}
        mistake = "+".join(dict.fromkeys(key_of(switch) for switch in ordered if switch in here))
        findings.append(_finding(equation, mistake, frozenset(made), frozenset(made | here), cases))
        made |= here
    return findings


def _finding(
    equation: str, mistake: str, before: frozenset[Switch], after: frozenset[Switch], cases: Sequence[Case]
) -> Finding:
    # else a network without equal widths is the better example, but a mistake may raise there
    simple = [] if before else simple_cases(cases[0])
    for case in [*simple, *sorted(cases, key=lambda case: case.is_square)]:
        try:
            right, wrong = run(case, before), run(case, after)
        except (ValueError, KeyError, IndexError):
            continue
        for quantity, layer, expected, found in _pairs(equation, right, wrong):
            if found.shape != expected.shape or first_difference(found, expected) is not None:
                shown = None if before else case
                return compared(equation, quantity, layer, found, expected, mistake, case=shown)
    return Finding(equation, None, None, None, None, mistake, message_for(equation, mistake))


def _pairs(equation: str, right: Pass, wrong: Pass) -> list[tuple[str, int, Array, Array]]:
    last = right.last
    if equation == "sigma_prime":
        z = right.z[last]
        return [("σ′(z)", last, sigma_prime(right, last, z), sigma_prime(wrong, last, z))]
    layers = range(last, 1, -1) if equation in ("BP1", "BP2", "BP3", "BP4") else range(2, last + 1)
    expected, found = right.numbers(), wrong.numbers()
    return [(q, layer, expected[q, layer], found[q, layer]) for layer in layers for q in _QUANTITIES[equation]]


_HINTS_IN_LINES = (
    ("BP4", r"nabla_w|\bdw|grad_?w|outer"),
    ("BP3", r"nabla_b|\bdb|grad_?b"),
    ("BP1", r"\by\b|cost|loss|target"),
    ("BP2", r"delta|dz|error\b|prime|deriv|backward"),
    ("a", r"sigmoid|activat|exp\(|tanh|relu"),
)


def equation_of_line(text: str) -> str:
    """Guess from a line of source which equation it belongs to, for exceptions that nothing else explains."""
    return next((equation for equation, words in _HINTS_IN_LINES if re.search(words, text, re.IGNORECASE)), "z")
