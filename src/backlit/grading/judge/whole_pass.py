"""Judging a whole pass: all its numbers at once against the algorithm with modelled mistakes.

Where no mistake explains them, each equation is judged on the student's own earlier values, so that an error is carried
forward and costs one equation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from itertools import islice

import numpy as np

from backlit.grading.judge.algorithm import run
from backlit.grading.judge.catalogue import Switch, alone_and_in_pairs, singles
from backlit.grading.judge.cost import judge_cost
from backlit.grading.judge.detection import detect_convention, draw_probes, fitting_task, remark_on, takes_mini_batches
from backlit.grading.judge.evidence import n_wrong, shown
from backlit.grading.judge.findings import (
    compared,
    equation_of_line,
    from_switches,
    raised,
    simple_cases,
    without_numbers,
)
from backlit.grading.judge.further_calls import LOUD, constant_findings, mistake_in_squares, overwritten
from backlit.grading.judge.matching import (
    FLOAT32_TOLERANCE,
    IN_FLOAT32,
    NO_MISTAKES,
    QUOTIENT_TOLERANCE,
    as_gradients,
    close,
    explains,
    find_mistakes,
    has_single,
    is_right,
    numbers_of,
)
from backlit.grading.judge.own_steps import judge_own_steps
from backlit.grading.judge.side_effects import side_effect_findings
from backlit.grading.judge.update import judge_update, n_wrong_in_steps, with_sums
from backlit.grading.judge.verdict import EQUATIONS, Finding, Judgement
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
        recipe, convention, draw_probes(task, seed, recipe.n_layers, labels=convention.labels)[-1]
    )
    many = convention.batches or takes_mini_batches(recipe)
    cases = draw_cases(seed, task, batches=many, n_layers=recipe.n_layers, labels=convention.labels)
    if not cases:  # it makes networks without a hidden layer alone, whatever sizes it is given
        line = (recipe.functions.get("forward") or recipe.functions[recipe.main]).line
        judgement = Judgement(conventions=convention.describe(), layout=convention)
        judgement.findings = [without_numbers("z", "fixed_depth", line=line)]
        judgement.notes = dict.fromkeys(EQUATIONS, f"It makes networks of {recipe.n_layers} layers and no others.")
        return judgement
    convention = with_sums(recipe, convention, cases)
    judgement = Judgement(conventions=convention.describe(), layout=convention)
    if recipe.n_layers is not None and not recipe.stops_early:
        judgement.conventions += (f"networks of {recipe.n_layers} layers, the input counted, and no others",)
    name = recipe.name_of(recipe.functions[recipe.main])
    judgement.seen_in = dict.fromkeys(("z", "a", "sigma_prime", "BP1", "BP2", "BP3", "BP4"), name)
    for info in (recipe.functions.get("training"), recipe.updater):
        if info is not None:
            judgement.seen_in["update"] = recipe.name_of(info)
    accumulates = any(finding.mistake == "accumulates" for finding in side_effects)
    if accumulates and recipe.class_name is None:
        # a new object starts anew, but what gathers in globals spoils all that could be asked now
        judgement.findings = side_effects
        judgement.notes = dict.fromkeys(
            EQUATIONS, "It remembers earlier calls, so that its numbers could not be judged."
        )
        return judgement
    progress("comparing its numbers")
    observed = [recipe.observe(case, convention) for case in cases]
    judgement.remarks += (IN_FLOAT32,) if any(map(has_single, observed)) else ()
    findings = _judge_gradients(judgement, recipe, observed, convention, lines, progress)
    findings += _forward_findings(recipe, convention, cases, {f.equation for f in findings})
    if recipe.stops_early and "z" not in {finding.equation for finding in findings}:
        line = (recipe.functions.get("forward") or recipe.functions[recipe.main]).line
        findings.append(without_numbers("z", "fixed_depth", line=line))
    if accumulates or any(finding.equation == "update" for finding in side_effects):
        # what changes under way spoils numbers in ways that nothing else explains
        findings = [finding for finding in findings if finding.mistake not in (None, "float32")]
    judgement.findings = findings
    judge_cost(judgement, observed, convention, recipe.line_of("BP1"))
    findings = judgement.findings
    judgement.wrong = {f.equation: n_wrong(observed, f.equation) for f in findings} | judgement.wrong
    order = {equation: i for i, equation in enumerate(EQUATIONS)}
    judgement.findings = sorted([*findings, *side_effects], key=lambda finding: order[finding.equation])
    return judgement


def _judge_gradients(
    judgement: Judgement,
    recipe: Recipe,
    observed: list[Observed],
    convention: Convention,
    lines: Sequence[str],
    progress: Callable[[str], None],
) -> list[Finding]:
    """Judge gradients and the step, and note which equations they show."""
    cases = [o.case for o in observed]
    findings, judgement.checks = _gradient_findings(recipe, observed, convention, lines, progress)
    if findings:
        other = fitting_task([recipe.observe(case.one_hot(), convention) for case in cases])
        judgement.remarks += (remark_on(other),) if other is not None else ()
    steps, n = judge_update(recipe, convention, cases)
    if any(o.error is not None for o in observed):
        # whether gradients are sums, of which the step makes means, could not be told
        steps = [finding for finding in steps if finding.mistake != "divided_by_n_twice"]
    if steps:
        judgement.wrong["update"] = n_wrong_in_steps(recipe, convention, cases)
    elif n:
        judgement.checks["update"] = n
    return findings + steps


def _gradient_findings(
    recipe: Recipe,
    observed: list[Observed],
    convention: Convention,
    lines: Sequence[str],
    progress: Callable[[str], None],
) -> tuple[list[Finding], dict[str, int]]:
    """Return what is wrong, and how many numbers show each equation."""
    if is_right(observed):
        return [], shown(observed, NO_MISTAKES)
    constant = constant_findings(recipe, observed, convention)
    if constant:
        return constant, {}
    used_once = overwritten(recipe, convention, observed)
    if used_once:
        return [without_numbers("BP2", "overwritten")], _not_in({("BP2", "overwritten")}, shown(used_once, NO_MISTAKES))
    silent = all(o.error is None and not _any_number(o) for o in observed)
    if recipe.main == "gradients" and silent and not convention.labels:
        # decimals cut off leave nothing; targets far away give numbers that have more than decimals
        observed = [recipe.observe(replace(o.case, y=LOUD * o.case.y), convention) for o in observed]
    cases = [o.case for o in observed]
    progress("looking for the mistake")
    failed = [o for o in observed if o.error is not None]
    if failed and all(o.error is not None or is_right([o]) for o in observed):
        # exceptions alone say little of where the mistake is
        found = mistake_in_squares(recipe, observed, convention)
        if found:
            return [replace(finding, found=failed[0].error, line=failed[0].line) for finding in found], {}
    precision = _precision_finding(observed)
    if precision is None or precision.mistake != "float32":  # whose roundings hide mistakes that change little
        switches = find_mistakes(observed, islice(alone_and_in_pairs(), len(singles()) + 1))
        if switches is not None:
            return _with_errors(from_switches(switches, cases), observed), _not_in(switches, shown(observed, switches))
    if precision is not None:
        checks = shown(observed, NO_MISTAKES)
        if precision.mistake == "difference_quotient":  # which is none of the four equations
            checks = {equation: n for equation, n in checks.items() if equation in ("z", "a")}
        return [precision], checks
    progress("looking for two mistakes at once")
    switches = find_mistakes(observed, alone_and_in_pairs())
    if switches is not None:
        return _with_errors(from_switches(switches, cases), observed), _not_in(switches, shown(observed, switches))
    return _equation_by_equation(recipe, observed, convention, lines)


def _not_in(switches: Set[Switch], checks: dict[str, int]) -> dict[str, int]:
    return {equation: n for equation, n in checks.items() if equation not in {made for made, _ in switches}}


def _any_number(o: Observed) -> bool:
    return any(np.any(array != 0) for array in o.numbers.values())


def _equation_by_equation(
    recipe: Recipe, observed: Sequence[Observed], convention: Convention, lines: Sequence[str]
) -> tuple[list[Finding], dict[str, int]]:
    """Judge each equation on the student's own earlier values, where no modelled mistake explains the numbers."""
    failed = [o for o in observed if o.error is not None]
    if len(failed) == len(observed):
        error = failed[0]
        unwritten = error.error is not None and ("NotImplementedError" in error.error or "nothing came" in error.error)
        return [_of_line(error, lines, "not_written" if unwritten else None)], {}
    if failed:
        wrong = (judge_own_steps([], [as_gradients(o)]).findings for o in observed if o.error is None)
        return next((found for found in wrong if found), [_of_line(failed[0], lines)]), {}
    examples = [o.case.example(i) for o in observed for i in range(min(o.case.n_examples, 3))]
    singles = [recipe.observe(example, convention) for example in examples]
    simple = [recipe.observe(case, convention) for case in simple_cases(observed[0].case)]
    own = judge_own_steps(*(list(map(as_gradients, some)) for some in (singles, observed, simple)))
    findings = own.findings
    if recipe.main == "training" and not {"BP3", "BP4"} <= own.checks.keys():
        bad = next(o for o in observed if not explains(o, numbers_of(o.case, NO_MISTAKES)))
        (name, layer), found = next(iter(bad.numbers.items()))
        expected = run(bad.case).numbers()[name, layer]
        findings = [compared("update", name, layer, found, expected, None, case=bad.case)]
    if not findings:
        failed = [o for o in [*singles, *observed] if o.error is not None]
        bad = next(o for o in [*failed, *observed] if o.error is not None or not is_right([o]))
        findings = [_of_line(bad, lines)]
    wrong_equations = {finding.equation for finding in findings}
    return findings, {equation: n for equation, n in own.checks.items() if equation not in wrong_equations}


def _of_line(o: Observed, lines: Sequence[str], mistake: str | None = None) -> Finding:
    text = lines[o.line - 1] if o.line is not None and o.line <= len(lines) else o.error or ""
    return raised(equation_of_line(text), o.error or "", mistake, o.line)


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
    case = next(
        o.case for o, numbers in zip(observed, right, strict=True) if numbers and numbers[name, layer] is expected
    )
    equation = {"nabla_b": "BP3", "nabla_w": "BP4"}.get(name, "update") if only_stored else "z"
    single = only_stored or any(found.dtype == np.float32 for _, _, found, _ in off)
    if single or agree(FLOAT32_TOLERANCE):
        return compared(equation, name, layer, found.astype(float), expected, "float32", case=case)
    return compared("BP1", name, layer, found, expected, "difference_quotient", case=case)


def _feeds_one(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> bool:
    """Whether the function that only feeds forward is right for one example, where the rest takes batches."""
    single = [replace(convention, layout=layout, batches=False) for layout in LAYOUTS]
    examples = [case.example(0) for case in cases]
    return any(is_right([_observe_output(recipe, example, one) for example in examples]) for one in single)


def _are_labels(o: Observed) -> bool:
    whole = (array.dtype.kind in "iu" and array.size == o.case.n_examples for array in o.numbers.values())
    return o.error is None and all(whole)


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
    if all(_are_labels(o) for o in observed):
        return []  # it says which class, and not the outputs
    if convention.batches and any(o.error is not None for o in observed) and _feeds_one(recipe, convention, cases):
        return []
    switches = find_mistakes(observed, alone_and_in_pairs(("z", "a")))
    if switches is not None:
        return from_switches(switches, cases)
    bad = next(o for o in observed if not explains(o, numbers_of(o.case, NO_MISTAKES)))
    if bad.error is not None:
        return [raised("z", bad.error, None, bad.line)]
    last = bad.case.n_layers
    return [compared("a", "a", last, bad.numbers["a", last], run(bad.case).a[last], None, case=bad.case)]
