"""Calls that are made only where something is wrong: networks and targets that tell one mistake from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backlit.grading.judge.algorithm import run
from backlit.grading.judge.catalogue import alone_and_in_pairs
from backlit.grading.judge.findings import compared, from_switches
from backlit.grading.judge.matching import as_gradients, find_mistakes, is_right
from backlit.grading.judge.own_steps import judge_own_steps
from backlit.grading.judge.verdict import Finding
from backlit.grading.reading.answers import Observed
from backlit.grading.reading.cases import random_case
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.forms import scalar_graph
from backlit.grading.reading.recipe import Recipe

LOUD = 1e6
"""What targets are multiplied by to be far away."""


def constant_findings(recipe: Recipe, observed: Sequence[Observed], convention: Convention) -> list[Finding]:
    """Tell gradients that are the same whatever the network and its examples are."""
    if recipe.main != "gradients" or any(o.error is not None for o in observed):
        return []
    first = observed[:2]
    rng = np.random.default_rng([1, 9])  # no numbers of a case
    others = [random_case(rng, o.case.task, o.case.sizes, o.case.n_examples) for o in first]
    others = [other.one_hot() for other in others] if convention.labels else others
    again = [recipe.observe(replace(case, y=LOUD * case.y), convention) for case in others]
    if any(o.error is not None for o in again):
        return []
    findings = []
    for name, equation in (("nabla_b", "BP3"), ("nabla_w", "BP4")):
        keys = [(i, key) for i, o in enumerate(first) for key in o.numbers if key[0] == name]
        if all(np.array_equal(first[i].numbers[key], again[i].numbers[key]) for i, key in keys):
            case, layer = first[0].case, first[0].case.n_layers
            found, expected = first[0].numbers[name, layer], run(case).numbers()[name, layer]
            findings.append(compared(equation, name, layer, found, expected, "constant", case=case))
    return findings


def mistake_in_squares(recipe: Recipe, observed: Sequence[Observed], convention: Convention) -> list[Finding]:
    """Look at a program that always raises where no shape can be wrong: as many examples as neurons in each layer."""
    if not convention.batches:
        return []
    rng = np.random.default_rng(2)
    first = observed[0].case
    cases = [random_case(rng, first.task, (n,) * first.n_layers, n) for n in (3, 4)]
    cases = [case.one_hot() for case in cases] if convention.labels else cases
    squares = [recipe.observe(case, convention) for case in cases]
    if any(o.error is not None for o in squares):
        return []
    switches = find_mistakes(squares, alone_and_in_pairs())
    return (
        from_switches(switches, cases)
        if switches is not None
        else judge_own_steps([], list(map(as_gradients, squares))).findings
    )


def overwritten(recipe: Recipe, convention: Convention, observed: Sequence[Observed]) -> list[Observed]:
    """Return where numbers that differentiate themselves are right, if that is only where each of them is used once."""
    if recipe.form is None or recipe.form.form is not scalar_graph.FORM or any(o.error is not None for o in observed):
        return []
    once = replace(recipe, form=replace(recipe.form, parts={**recipe.form.parts, scalar_graph.ONCE: "yes"}))
    rng = np.random.default_rng([1, 10])
    # of what is asked for, nothing is used twice: only the inputs are
    cases = [random_case(rng, observed[0].case.task, (2, 3, 1), 1) for _ in range(3)]
    right = [once.observe(case, convention) for case in cases]
    return right if is_right(right) else []
