"""Judging a whole pass: all its numbers at once against the algorithm with modelled mistakes.

Where no mistake explains them, each equation is judged on the student's own earlier values, so that an error is carried
forward and costs one equation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from backlit.grading.judge.algorithm import bp2, run
from backlit.grading.judge.catalogue import alone_and_in_pairs, singles
from backlit.grading.judge.detection import detect_convention, draw_probes, takes_mini_batches
from backlit.grading.judge.findings import compared, equation_of_line, from_switches, raised
from backlit.grading.judge.matching import (
    FLOAT32_TOLERANCE,
    NO_MISTAKES,
    QUOTIENT_TOLERANCE,
    close,
    explains,
    find_mistakes,
    is_right,
    numbers_of,
)
from backlit.grading.judge.one_pass import Pass
from backlit.grading.judge.side_effects import side_effect_findings
from backlit.grading.judge.update import update_findings, updater_findings
from backlit.grading.judge.verdict import Finding, Judgement
from backlit.grading.reading.answers import Observed
from backlit.grading.reading.cases import Case, Task, draw_cases
from backlit.grading.reading.conventions import LAYOUTS, Convention
from backlit.grading.reading.recipe import Recipe


def judge_whole_pass(
    recipe: Recipe, task: Task, seed: int, lines: Sequence[str], progress: Callable[[str], None]
) -> Judgement:
    """Judge a class or plain functions that make a whole pass."""
    progress("finding out how its arrays are laid out")
    convention, side_effects = detect_convention(recipe, task, seed)
    side_effects = side_effects or side_effect_findings(
        recipe, convention, draw_probes(task, seed, recipe.n_layers)[-1]
    )
    cases = draw_cases(seed, task, batches=convention.batches or takes_mini_batches(recipe), n_layers=recipe.n_layers)
    judgement = Judgement(conventions=convention.describe())
    accumulates = any(finding.mistake == "accumulates" for finding in side_effects)
    if accumulates and recipe.class_name is None:
        # a new object starts anew, but what gathers in globals spoils all that could be asked now
        judgement.findings = side_effects
        _count(judgement, recipe, [])
        return judgement
    progress("comparing its numbers")
    observed = [recipe.observe(case, convention) for case in cases]
    _count(judgement, recipe, observed)
    sums = _sums_divided_in_the_update(recipe, convention, cases, observed)
    if sums:
        judgement.conventions += ("backprop returns sums over the batch, the update divides by n",)
        findings = []
    else:
        findings = _gradient_findings(recipe, observed, convention, lines, progress)
        findings += update_findings(recipe, convention, cases)
        findings += updater_findings(recipe, convention, cases)
    findings += _forward_findings(recipe, convention, cases, {f.equation for f in findings})
    if accumulates or any(finding.equation == "update" for finding in side_effects):
        # what changes under way spoils numbers in ways that nothing else explains
        findings = [finding for finding in findings if finding.mistake not in (None, "float32")]
    order = {equation: i for i, equation in enumerate(judgement.checks)}
    judgement.findings = sorted([*findings, *side_effects], key=lambda finding: order.get(finding.equation, len(order)))
    return judgement


def _count(judgement: Judgement, recipe: Recipe, observed: Sequence[Observed]) -> None:
    n = sum(array.size for o in observed for array in o.numbers.values())
    judgement.checks = dict.fromkeys(("z", "a", "sigma_prime", "BP1", "BP2", "BP3", "BP4"), n)
    if "training" in recipe.functions or recipe.updater is not None:
        judgement.checks["update"] = n
    judgement.seen_in = dict.fromkeys(judgement.checks, recipe.name_of(recipe.functions[recipe.main]))


def _gradient_findings(
    recipe: Recipe,
    observed: list[Observed],
    convention: Convention,
    lines: Sequence[str],
    progress: Callable[[str], None],
) -> list[Finding]:
    if is_right(observed):
        return []
    progress("looking for the mistake")
    cases = [o.case for o in observed]
    switches = find_mistakes(observed, islice(alone_and_in_pairs(), len(singles()) + 1))
    if switches is not None:
        return _with_errors(from_switches(switches, cases), observed)
    precision = _precision_finding(observed)
    if precision is not None:
        return [precision]
    progress("looking for two mistakes at once")
    switches = find_mistakes(observed, alone_and_in_pairs())
    if switches is not None:
        return _with_errors(from_switches(switches, cases), observed)
    return _equation_by_equation(recipe, observed, convention, lines)


def _equation_by_equation(
    recipe: Recipe, observed: Sequence[Observed], convention: Convention, lines: Sequence[str]
) -> list[Finding]:
    """Judge each equation on the student's own earlier values, where no modelled mistake explains the numbers."""
    failed = [o for o in observed if o.error is not None]
    if len(failed) == len(observed):
        error = failed[0]
        text = lines[error.line - 1] if error.line is not None and error.line <= len(lines) else ""
        unwritten = error.error is not None and ("NotImplementedError" in error.error or "nothing came" in error.error)
        mistake = "not_written" if unwritten else None
        return [raised(equation_of_line(text), error.error or "", mistake, error.line)]
    if recipe.main != "gradients":
        bad = next(o for o in observed if o.error is None and not explains(o, numbers_of(o.case, NO_MISTAKES)))
        (name, layer), found = next(iter(bad.numbers.items()))
        return [compared("update", name, layer, found, run(bad.case).numbers()[name, layer], None)]
    for o in observed:
        if o.error is None and not explains(o, numbers_of(o.case, NO_MISTAKES)):
            finding = _first_wrong_step(o)
            if finding is not None:
                return [finding]
    bad = next(o for o in observed if o.error is not None)
    text = lines[bad.line - 1] if bad.line is not None and bad.line <= len(lines) else ""
    return [raised(equation_of_line(text), bad.error or "", None, bad.line)]


def _first_wrong_step(o: Observed) -> Finding | None:
    case, right = o.case, run(o.case)
    last = case.n_layers
    single = case.n_examples == 1
    nabla_b = {layer: o.numbers["nabla_b", layer] for layer in case.b}
    nabla_w = {layer: o.numbers["nabla_w", layer] for layer in case.w}
    for layer in range(last, 1, -1):
        expected_b = right.nabla_b[layer]
        own = single and layer < last and nabla_b[layer + 1].shape == case.b[layer + 1].shape
        if own:
            expected_b = bp2(Pass(case, w=case.w, z=right.z, a=right.a, delta=nabla_b), layer)
        if not close(nabla_b[layer], expected_b):
            w_is_right = close(nabla_w[layer], expected_b @ right.a[layer - 1].T if own else right.nabla_w[layer])
            is_error = not w_is_right and nabla_b[layer].shape == expected_b.shape
            equation = ("BP1" if layer == last else "BP2") if is_error else "BP3"
            return compared(equation, "nabla_b", layer, nabla_b[layer], expected_b, None)
    for layer in range(last, 1, -1):
        expected_w = nabla_b[layer] @ right.a[layer - 1].T if single else right.nabla_w[layer]
        if not close(nabla_w[layer], expected_w):
            return compared("BP4", "nabla_w", layer, nabla_w[layer], expected_w, None)
    return None


def _with_errors(findings: list[Finding], observed: Sequence[Observed]) -> list[Finding]:
    # the line of an exception belongs to the first cause only if there is no other
    error = next((o for o in observed if o.error is not None), None)
    if error is None or len(findings) != 1:
        return findings
    finding = findings[0]
    return [replace(finding, found=error.error if finding.found is None else finding.found, line=error.line)]


def _precision_finding(observed: Sequence[Observed]) -> Finding | None:
    """Tell numbers that are right but for their last digits."""
    right = [numbers_of(o.case, NO_MISTAKES) for o in observed]
    if any(o.error is not None for o in observed):
        return None

    def agree(tolerance: float) -> bool:
        return all(explains(o, numbers, tolerance) for o, numbers in zip(observed, right, strict=True))

    if not agree(QUOTIENT_TOLERANCE):
        return None
    off = [
        (name, layer, o.numbers[name, layer], numbers[name, layer])
        for o, numbers in zip(observed, right, strict=True)
        if numbers is not None
        for name, layer in o.numbers
        if not close(o.numbers[name, layer], numbers[name, layer])
    ]
    only_stored = all(close(found, expected.astype(np.float32).astype(float), 1e-12) for _, _, found, expected in off)
    name, layer, found, expected = off[0]
    equation = {"nabla_b": "BP3", "nabla_w": "BP4"}.get(name, "update") if only_stored else "z"
    single = only_stored or any(found.dtype == np.float32 for _, _, found, _ in off)
    if single or agree(FLOAT32_TOLERANCE):
        return compared(equation, name, layer, found.astype(float), expected, "float32")
    return compared("BP1", name, layer, found, expected, "difference_quotient")


def _sums_divided_in_the_update(
    recipe: Recipe, convention: Convention, cases: Sequence[Case], observed: list[Observed]
) -> bool:
    if recipe.main != "gradients" or "training" not in recipe.functions or not convention.batches:
        return False
    sums = frozenset({("BP3", "sum_instead_of_mean"), ("BP4", "sum_instead_of_mean")})
    if not all(explains(o, numbers_of(o.case, sums)) for o in observed) or is_right(observed):
        return False
    return is_right([recipe.observe(case, convention, "training") for case in cases])


def _feeds_one(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> bool:
    """Whether the function that only feeds forward is right for one example, where the rest takes batches."""
    single = [replace(convention, layout=layout, batches=False) for layout in LAYOUTS]
    examples = [case.example(0) for case in cases]
    return any(is_right([_observe_output(recipe, example, one) for example in examples]) for one in single)


def _observe_output(recipe: Recipe, case: Case, convention: Convention) -> Observed:
    output = run(case).a[case.n_layers]
    return recipe.observe_output(case, convention, lambda array: close(array, output))


def _forward_findings(recipe: Recipe, convention: Convention, cases: Sequence[Case], found: set[str]) -> list[Finding]:
    """Judge the function that only feeds forward, which often repeats what backprop does by itself."""
    if "forward" not in recipe.functions or found & {"z", "a"}:
        return []
    observed = [_observe_output(recipe, case, convention) for case in cases]
    if is_right(observed) or any(o.error is not None and "no output was found" in o.error for o in observed):
        return []
    if convention.batches and any(o.error is not None for o in observed) and _feeds_one(recipe, convention, cases):
        return []
    switches = find_mistakes(observed, alone_and_in_pairs(("z", "a")))
    if switches is not None:
        return from_switches(switches, cases)
    bad = next(o for o in observed if not explains(o, numbers_of(o.case, NO_MISTAKES)))
    if bad.error is not None:
        return [raised("z", bad.error, None, bad.line)]
    last = bad.case.n_layers
    return [compared("a", "a", last, bad.numbers["a", last], run(bad.case).a[last], None)]
