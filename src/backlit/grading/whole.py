"""Judging a whole pass: all its numbers at once against the algorithm with modelled mistakes, else step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from backlit.grading.algorithm import Pass, bp2, run, update
from backlit.grading.cases import Array, Case, Task, draw_cases, random_case
from backlit.grading.catalogue import Switch, alone_and_in_pairs, singles
from backlit.grading.conventions import Convention
from backlit.grading.findings import compared, equation_of_line, from_switches, raised
from backlit.grading.matching import (
    FLOAT32_TOLERANCE,
    Observed,
    close,
    explains,
    find_mistakes,
    is_right,
    numbers_of,
)
from backlit.grading.state import state_findings
from backlit.grading.submission import Recipe
from backlit.grading.verdict import Finding

RIGHT: frozenset[Switch] = frozenset()


@dataclass
class Judgement:
    """What was found in a part of a submission.

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


def judge_whole(recipe: Recipe, task: Task, seed: int, lines: Sequence[str]) -> Judgement:
    """Judge a class or plain functions that make a whole pass."""
    convention, state = detect_convention(recipe, task, seed)
    state = state or state_findings(recipe, convention, _probes(task, seed, recipe.n_layers)[-1])
    cases = draw_cases(seed, task, batches=convention.batches or _takes_mini_batches(recipe), n_layers=recipe.n_layers)
    judgement = Judgement(conventions=convention.describe())
    if any(finding.mistake != "in_place_damage" for finding in state):
        judgement.findings = state
        _count(judgement, recipe, [])
        return judgement
    observed = [recipe.observe(case, convention) for case in cases]
    _count(judgement, recipe, observed)
    sums = _sums_divided_in_the_update(recipe, convention, cases, observed)
    if sums:
        judgement.conventions += ("backprop returns sums over the batch, the update divides by n",)
        findings = []
    else:
        findings = _gradient_findings(recipe, observed, convention, lines)
        findings += _update_findings(recipe, convention, cases)
        findings += _updater_findings(recipe, convention, cases)
    findings += _forward_findings(recipe, convention, cases, {f.equation for f in findings})
    if any(finding.equation == "update" for finding in state):
        # weights that change under way spoil numbers in ways that nothing else explains
        findings = [finding for finding in findings if finding.mistake not in (None, "float32")]
    order = {equation: i for i, equation in enumerate(judgement.checks)}
    judgement.findings = sorted([*findings, *state], key=lambda finding: order.get(finding.equation, len(order)))
    return judgement


def _count(judgement: Judgement, recipe: Recipe, observed: Sequence[Observed]) -> None:
    n = sum(array.size for o in observed for array in o.numbers.values())
    judgement.checks = dict.fromkeys(("z", "a", "sigma_prime", "BP1", "BP2", "BP3", "BP4"), n)
    if "training" in recipe.functions or recipe.updater is not None:
        judgement.checks["update"] = n


def _takes_mini_batches(recipe: Recipe) -> bool:
    return recipe.main == "training" and "mini_batch" in recipe.roles("training")


def _probes(task: Task, seed: int, n_layers: int | None) -> list[Case]:
    rng = np.random.default_rng([seed, 1])
    sizes = [(3, 3, 3), (3, 5, 2)] if n_layers in (None, 3) else [(3,) * n_layers, (3, 5, 2, 4)[:n_layers]]
    return [random_case(rng, task, size, 1) for size in sizes]


def detect_convention(recipe: Recipe, task: Task, seed: int) -> tuple[Convention, list[Finding]]:
    """Find the layout under which most of the submission fits; batches, if it knows of batches at all.

    A program that accumulates into a global is found out here, by its very first two calls, because later it may be
    unable to do anything else.
    """
    probes = _probes(task, seed, recipe.n_layers)
    ranked: dict[bool, list[tuple[tuple[int, int, int], Convention]]] = {False: [], True: []}
    for convention in recipe.conventions():
        state = state_findings(recipe, convention, probes[0])
        if state and state[0].mistake == "accumulates":
            return convention, state
        observed = [recipe.observe(case, convention) for case in probes]
        right = sum(explains(o, numbers_of(o.case, RIGHT)) for o in observed)
        ran = sum(o.error is None for o in observed)
        ranked[convention.batches].append(((right, _fitting_shapes(observed), ran), convention))
    best = {many: max(found, key=lambda item: item[0], default=None) for many, found in ranked.items()}
    single, batch = best[False], best[True]
    if single is None or batch is None:
        only = single or batch
        assert only is not None
        return only[1], []
    if batch[0] >= single[0] and _knows_batches(recipe, batch[1], task, seed):
        return batch[1], []
    return single[1], []


def _fitting_shapes(observed: Sequence[Observed]) -> int:
    return sum(
        array.shape == (o.case.b if name[-1] == "b" or name[0] == "b" else o.case.w)[layer].shape
        for o in observed
        for (name, layer), array in o.numbers.items()
    )


def _knows_batches(recipe: Recipe, convention: Convention, task: Task, seed: int) -> bool:
    if _takes_mini_batches(recipe):
        return False  # its examples come one by one
    rng = np.random.default_rng([seed, 2])
    # a batch as large as no layer is wide
    case = random_case(rng, task, (3, 5, 2) if recipe.n_layers in (None, 3) else (3, 5, 2, 4)[: recipe.n_layers], 7)
    once = recipe.observe(case, convention)
    twice = recipe.observe(case.repeated(), convention)
    if once.error is not None or twice.error is not None:
        return False
    last = case.n_layers
    kind = "nabla" if recipe.main == "gradients" else None
    if kind is None:
        return once.numbers["b_new", last].shape == case.b[last].shape
    if once.numbers["nabla_b", last].shape == case.b[last].shape:
        return True
    w_once, w_twice = once.numbers["nabla_w", last], twice.numbers["nabla_w", last]
    return w_once.shape == w_twice.shape and w_once.size > 1 and not close(w_twice, 2.0 * w_once.astype(float))


def _gradient_findings(
    recipe: Recipe, observed: list[Observed], convention: Convention, lines: Sequence[str]
) -> list[Finding]:
    if is_right(observed):
        return []
    cases = [o.case for o in observed]
    switches = find_mistakes(observed, islice(alone_and_in_pairs(), len(singles()) + 1))
    if switches is not None:
        return _with_errors(from_switches(switches, cases), observed)
    precision = _precision_finding(observed)
    if precision is not None:
        return [precision]
    switches = find_mistakes(observed, alone_and_in_pairs())
    if switches is not None:
        return _with_errors(from_switches(switches, cases), observed)
    return _step_by_step(recipe, observed, convention, lines)


def _with_errors(findings: list[Finding], observed: Sequence[Observed]) -> list[Finding]:
    # the line of an exception belongs to the first cause only if there is no other
    error = next((o for o in observed if o.error is not None), None)
    if error is None or len(findings) != 1:
        return findings
    return [
        replace(findings[0], found=findings[0].found if findings[0].found is not None else error.error, line=error.line)
    ]


def _precision_finding(observed: Sequence[Observed]) -> Finding | None:
    right = [numbers_of(o.case, RIGHT) for o in observed]
    if not all(explains(o, numbers, FLOAT32_TOLERANCE) for o, numbers in zip(observed, right, strict=True)):
        return None
    if any(o.error is not None for o in observed):
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
    if not only_stored:
        equation = "z"
    else:
        equation = {"nabla_b": "BP3", "nabla_w": "BP4"}.get(name, "update")
    return compared(equation, name, layer, found.astype(float), expected, "float32")


def _sums_divided_in_the_update(
    recipe: Recipe, convention: Convention, cases: Sequence[Case], observed: list[Observed]
) -> bool:
    if recipe.main != "gradients" or "training" not in recipe.functions or not convention.batches:
        return False
    sums = frozenset({("BP3", "sum_instead_of_mean"), ("BP4", "sum_instead_of_mean")})
    if not all(explains(o, numbers_of(o.case, sums)) for o in observed) or is_right(observed):
        return False
    return is_right([recipe.observe(case, convention, "training") for case in cases])


def _forward_findings(recipe: Recipe, convention: Convention, cases: Sequence[Case], found: set[str]) -> list[Finding]:
    """Judge the function that only feeds forward, which often repeats what backprop does by itself."""
    if "forward" not in recipe.functions or found & {"z", "a"}:
        return []
    observed = [recipe.observe(case, convention, "forward") for case in cases]
    if is_right(observed) or any(o.error is not None and "no output was found" in o.error for o in observed):
        return []
    switches = find_mistakes(observed, alone_and_in_pairs(("z", "a")))
    if switches is not None:
        return from_switches(switches, cases)
    bad = next(o for o in observed if not explains(o, numbers_of(o.case, RIGHT)))
    if bad.error is not None:
        return [raised("z", bad.error, None, bad.line)]
    last = bad.case.n_layers
    return [compared("a", "a", last, bad.numbers["a", last], run(bad.case).a[last], None)]


def _update_findings(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> list[Finding]:
    """Judge the step on the student's own gradients."""
    if recipe.main != "gradients" or "training" not in recipe.functions:
        return []
    trials: list[tuple[Case, dict[int, Array], dict[int, Array], Observed]] = []
    rng = np.random.default_rng(0)
    one_by_one = "mini_batch" in recipe.roles("training")
    for case in cases:
        batch = random_case(rng, case.task, case.sizes, 4) if one_by_one or convention.batches else case
        own = _own_gradients(recipe, convention, batch, one_by_one=one_by_one and not convention.batches)
        if own is not None:
            trials.append((batch, *own, recipe.observe(batch, convention, "training")))
    return _judge_steps(trials)


def _judge_steps(trials: Sequence[tuple[Case, dict[int, Array], dict[int, Array], Observed]]) -> list[Finding]:
    candidates = [RIGHT, *(frozenset([s]) for s in singles(("update",)))]
    for switches in candidates:
        if trials and all(_is_step(*trial, switches) for trial in trials):
            return [_step_finding(trials, switches)] if switches else []
    bad = next((trial for trial in trials if not _is_step(*trial, RIGHT)), None)
    if bad is None:
        return []
    if bad[3].error is not None:
        return [raised("update", bad[3].error, None, bad[3].line)]
    return [_step_finding(trials, None)]


def _updater_findings(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> list[Finding]:
    """Judge a plain function that is given parameters and gradients, on the student's own gradients."""
    if recipe.updater is None:
        return []
    trials = []
    for case in cases:
        own = _own_gradients(recipe, convention, case, one_by_one=False)
        observed = recipe.observe_updater(case, convention) if own is not None else None
        if own is not None and observed is not None:
            trials.append((case, *own, observed))
    return _judge_steps(trials)


def _own_gradients(
    recipe: Recipe, convention: Convention, case: Case, *, one_by_one: bool
) -> tuple[dict[int, Array], dict[int, Array]] | None:
    parts = [case.example(i) for i in range(case.n_examples)] if one_by_one else [case]
    observed = [recipe.observe(part, convention) for part in parts]
    if any(o.error is not None for o in observed):
        return None
    means = [
        {layer: np.mean([o.numbers[name, layer] for o in observed], axis=0) for layer in case.w}
        for name in ("nabla_b", "nabla_w")
    ]
    if any(means[0][layer].shape != case.b[layer].shape for layer in case.b):
        return None
    if any(means[1][layer].shape != case.w[layer].shape for layer in case.w):
        return None
    return means[0], means[1]


def _steps(
    case: Case, nabla_b: dict[int, Array], nabla_w: dict[int, Array], switches: frozenset[Switch]
) -> dict[tuple[str, int], Array]:
    p = Pass(case, switches)
    b_new = {
        ("b_new", i): case.b[i] if p.makes("update", "bias_not_updated") else update(p, case.b[i], nabla_b[i])
        for i in case.b
    }
    return b_new | {("w_new", i): update(p, case.w[i], nabla_w[i]) for i in case.w}


def _is_step(
    case: Case, nabla_b: dict[int, Array], nabla_w: dict[int, Array], observed: Observed, switches: frozenset[Switch]
) -> bool:
    return observed.error is None and explains(observed, _steps(case, nabla_b, nabla_w, switches), 1e-7)


def _step_finding(
    trials: Sequence[tuple[Case, dict[int, Array], dict[int, Array], Observed]], switches: frozenset[Switch] | None
) -> Finding:
    mistake = next(iter(switches))[1] if switches else None
    for case, nabla_b, nabla_w, observed in trials:
        for (name, layer), expected in _steps(case, nabla_b, nabla_w, RIGHT).items():
            found = observed.numbers.get((name, layer))
            if found is not None and not close(found, expected, 1e-7):
                return compared("update", name, layer, found, expected, mistake)
    raise AssertionError("a step that differs in no number")


def _step_by_step(
    recipe: Recipe, observed: Sequence[Observed], convention: Convention, lines: Sequence[str]
) -> list[Finding]:
    """Judge each equation on the student's own earlier values, where no modelled mistake explains the numbers."""
    failed = [o for o in observed if o.error is not None]
    if len(failed) == len(observed):
        error = failed[0]
        text = lines[error.line - 1] if error.line is not None and error.line <= len(lines) else ""
        mistake = (
            "not_written"
            if error.error and ("NotImplementedError" in error.error or "nothing came" in error.error)
            else None
        )
        return [raised(equation_of_line(text), error.error or "", mistake, error.line)]
    if recipe.main != "gradients":
        bad = next(o for o in observed if o.error is None and not explains(o, numbers_of(o.case, RIGHT)))
        (name, layer), found = next(iter(bad.numbers.items()))
        return [compared("update", name, layer, found, run(bad.case).numbers()[name, layer], None)]
    for o in observed:
        if o.error is None and not explains(o, numbers_of(o.case, RIGHT)):
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
            own_pass = Pass(
                case, w=case.w, z=right.z, a=right.a, delta={layer + 1: nabla_b[layer + 1], last: nabla_b[last]}
            )
            expected_b = bp2(own_pass, layer)
        if not close(nabla_b[layer], expected_b):
            w_is_right = close(nabla_w[layer], expected_b @ right.a[layer - 1].T if own else right.nabla_w[layer])
            equation = (
                "BP3" if w_is_right or nabla_b[layer].shape != expected_b.shape else "BP1" if layer == last else "BP2"
            )
            return compared(equation, "nabla_b", layer, nabla_b[layer], expected_b, None)
    for layer in range(last, 1, -1):
        expected_w = nabla_b[layer] @ right.a[layer - 1].T if single else right.nabla_w[layer]
        if not close(nabla_w[layer], expected_w):
            return compared("BP4", "nabla_w", layer, nabla_w[layer], expected_w, None)
    return None
