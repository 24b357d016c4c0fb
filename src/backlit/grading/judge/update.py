"""Judging the step of gradient descent on the student's own gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from backlit.grading.judge.algorithm import update
from backlit.grading.judge.catalogue import Switch, singles
from backlit.grading.judge.findings import compared, raised
from backlit.grading.judge.matching import NO_MISTAKES, close, count_different, explains
from backlit.grading.judge.one_pass import Pass
from backlit.grading.judge.verdict import Finding
from backlit.grading.reading.answers import Numbers, Observed
from backlit.grading.reading.cases import Array, Case, random_case
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.recipe import Recipe

_TOLERANCE = 1e-7  # the gradients are the student's, with roundings of their own


@dataclass(frozen=True, eq=False)
class _Step:
    """One step of gradient descent, with the gradients that the student computes by itself for the same case.

    Attributes
    ----------
    case : Case
    nabla_b, nabla_w : dict of int to array
        Means over the batch, by layer.
    observed : Observed
        The parameters after the step.
    """

    case: Case
    nabla_b: dict[int, Array]
    nabla_w: dict[int, Array]
    observed: Observed

    def expected(self, switches: frozenset[Switch] = NO_MISTAKES) -> Numbers:
        """Return the parameters after a step with mistakes."""
        p = Pass(self.case, switches)
        stays = p.makes("update", "bias_not_updated")
        numbers = {("w_new", layer): update(p, w, self.nabla_w[layer]) for layer, w in self.case.w.items()}
        for layer, b in self.case.b.items():
            numbers["b_new", layer] = b if stays else update(p, b, self.nabla_b[layer])
        return numbers

    def moves(self) -> bool:
        """Whether the step changes anything, so that it can be told from none."""
        both = (self.nabla_b.values(), self.nabla_w.values())
        return all(any(bool(np.any(np.abs(gradient) > 1e-9)) for gradient in own) for own in both)

    def is_explained(self, switches: frozenset[Switch]) -> bool:
        """Whether a step with mistakes gives what was observed."""
        return self.observed.error is None and explains(self.observed, self.expected(switches), _TOLERANCE)


def judge_update(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> tuple[list[Finding], int]:
    """Judge the step on the student's own gradients; return what is wrong, and how many numbers show it."""
    steps = _steps(recipe, convention, cases)
    moving = [step for step in steps if step.moves()]
    if 2 * len(moving) <= len(steps):
        return _judge_steps(steps), 0  # a step along gradients that are 0 shows nothing
    return _judge_steps(steps), sum(array.size for step in moving for array in step.observed.numbers.values())


def n_wrong_in_steps(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> tuple[int, int]:
    """Return how many parameters were compared after steps, and how many of them differ from the right."""
    n = n_different = 0
    for step in _steps(recipe, convention, cases):
        right = step.expected()
        for key, found in step.observed.numbers.items():
            n += right[key].size
            fits = found.shape == right[key].shape
            n_different += count_different(found, right[key], _TOLERANCE) if fits else right[key].size
    return n, n_different


def with_sums(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> Convention:
    """Note in the convention if gradients are sums over the batch, and the step makes means of them.

    Of every example twice, a sum is double, and a mean is the same.
    """
    if recipe.main != "gradients" or not convention.batches:
        return convention
    # where all layers have the same width, what is laid out wrongly still has numbers
    case = max(cases, key=lambda case: (case.n_examples > 1, case.is_square))
    once, twice = (recipe.observe(each, convention) for each in (case, case.repeated()))
    if once.error is not None or twice.error is not None or not _is_doubled(once, twice):
        return convention
    sums = replace(convention, sums=True)
    as_sums, as_means = (_n_right(_steps(recipe, each, cases)) for each in (sums, convention))
    return sums if as_sums > as_means else convention


def _is_doubled(once: Observed, twice: Observed) -> bool:
    keys = [("nabla_b", once.case.n_layers), ("nabla_w", once.case.n_layers)]
    pairs = [(once.numbers[key].astype(float), twice.numbers[key]) for key in keys]
    return bool(np.any(pairs[0][0])) and all(
        close(double, 2.0 * single) or double.shape != single.shape for single, double in pairs
    )


def _n_right(steps: Sequence[_Step]) -> int:
    expected = [step.expected() for step in steps]
    return sum(
        close(found, right[key], _TOLERANCE)
        for step, right in zip(steps, expected, strict=True)
        for key, found in step.observed.numbers.items()
    )


def _steps(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> list[_Step]:
    if recipe.main != "gradients":
        return []
    steps = _training_steps(recipe, convention, cases) if "training" in recipe.functions else []
    return steps + (_updater_steps(recipe, convention, cases) if recipe.updater is not None else [])


def _training_steps(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> list[_Step]:
    steps = []
    rng = np.random.default_rng(0)
    one_by_one = "mini_batch" in recipe.roles("training")
    for case in cases:
        batch = random_case(rng, case.task, case.sizes, 4) if one_by_one or convention.batches else case
        batch = batch.one_hot() if convention.labels else batch
        own = _own_gradients(recipe, convention, batch, one_by_one=one_by_one and not convention.batches)
        if own is not None:
            steps.append(_Step(batch, *own, recipe.observe(batch, convention, "training")))
    return steps


def _updater_steps(recipe: Recipe, convention: Convention, cases: Sequence[Case]) -> list[_Step]:
    """Have a plain function that is given parameters and gradients step along the student's own gradients."""
    steps = []
    for case in cases:
        own = _own_gradients(recipe, convention, case, one_by_one=False)
        observed = recipe.observe_updater(case, convention) if own is not None else None
        if own is not None and observed is not None:
            steps.append(_Step(case, *own, observed))
    return steps


def _judge_steps(steps: Sequence[_Step]) -> list[Finding]:
    for switches in [NO_MISTAKES, *(frozenset([s]) for s in singles(("update",)))]:
        if steps and all(step.is_explained(switches) for step in steps):
            return [_finding(steps, switches)] if switches else []
    bad = next((step for step in steps if not step.is_explained(NO_MISTAKES)), None)
    if bad is None:
        return []
    if bad.observed.error is not None:
        return [raised("update", bad.observed.error, None, bad.observed.line)]
    return [_finding(steps, None)]


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


def _finding(steps: Sequence[_Step], switches: frozenset[Switch] | None) -> Finding:
    mistake = next(iter(switches))[1] if switches else None
    for step in steps:
        for (name, layer), expected in step.expected().items():
            found = step.observed.numbers.get((name, layer))
            if found is not None and not close(found, expected, _TOLERANCE):
                return compared("update", name, layer, found, expected, mistake, case=step.case)
    raise AssertionError("a step that differs in no number")
