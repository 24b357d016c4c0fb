"""What a call leaves behind: gradients that accumulate, and arrays that are changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backlit.grading.judge.findings import compared, without_numbers
from backlit.grading.judge.matching import close
from backlit.grading.judge.verdict import Finding
from backlit.grading.reading.cases import Case
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.recipe import Recipe

_DAMAGE = {"x": "z", "y": "BP1", "weights": "update", "biases": "update", "parameters": "update"}


def side_effect_findings(recipe: Recipe, convention: Convention, case: Case) -> list[Finding]:
    """Call the same thing twice on one object and look at what changed."""
    if recipe.main != "gradients":
        return []
    answers = recipe.answers(case, convention, "gradients", times=2)
    first, second = (recipe.read(answer, case, convention, "gradients") for answer in answers)
    damage = _damage(recipe, answers[0].given, answers[0].outcome.args_after)
    damage = damage or _damaged_attributes(recipe, answers[0].before, answers[0].outcome.attributes)
    if first.error is None and answers[0].outcome.error is None:
        if damage is not None:
            return [damage]
        if second.error is not None:
            return [without_numbers("BP4", "accumulates", f"the second call: {second.error}", second.line)]
        for name, equation in (("nabla_b", "BP3"), ("nabla_w", "BP4")):
            for layer in case.w:
                before, after = first.numbers[name, layer], second.numbers[name, layer]
                if before.shape != after.shape or not close(after, before.astype(float)):
                    return [compared(equation, name, layer, after, before.astype(float), "accumulates")]
    return []


def _damage(recipe: Recipe, given: tuple[Any, ...], after: tuple[Any, ...]) -> Finding | None:
    for role, before, now in zip(recipe.roles("gradients"), given, after, strict=False):
        if not same(before, now):
            return in_place(_DAMAGE.get(role, "update"), role)
    return None


def _damaged_attributes(recipe: Recipe, before: Mapping[str, Any], after: Mapping[str, Any]) -> Finding | None:
    for name in recipe.attributes:
        if name in after and not same(before[name], after[name]):
            return in_place("update", name)
    return None


def in_place(equation: str, name: str) -> Finding:
    """Make a finding of an argument that was changed."""
    return without_numbers(equation, "in_place_damage", f"{name} was changed")


def same(before: Any, after: Any) -> bool:
    """Whether two values hold the same numbers."""
    if isinstance(before, Mapping):
        return isinstance(after, Mapping) and all(key in after and same(before[key], after[key]) for key in before)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(same, before, after))
    if isinstance(before, np.ndarray):
        return isinstance(after, np.ndarray) and before.shape == after.shape and np.array_equal(before, after)
    return True
