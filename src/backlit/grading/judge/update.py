"""Judging the step of gradient descent on the student's own gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backlit.grading.judge.algorithm import update
from backlit.grading.judge.catalogue import Switch, singles
from backlit.grading.judge.findings import compared, raised
from backlit.grading.judge.matching import (
    RIGHT,
    close,
    explains,
)
from backlit.grading.judge.one_pass import Pass
from backlit.grading.judge.verdict import Finding
from backlit.grading.reading.answers import Observed
from backlit.grading.reading.cases import Array, Case, random_case
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.recipe import Recipe


def update_findings(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> list[Finding]:
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


def updater_findings(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> list[Finding]:
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
    stays = p.makes("update", "bias_not_updated")
    steps = {("w_new", layer): update(p, case.w[layer], nabla_w[layer]) for layer in case.w}
    for layer in case.b:
        steps["b_new", layer] = case.b[layer] if stays else update(p, case.b[layer], nabla_b[layer])
    return steps


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
