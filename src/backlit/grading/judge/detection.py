"""Finding the convention of a submission that makes a whole pass, by trying."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backlit.grading.judge.matching import NO_MISTAKES, close, explains, numbers_of
from backlit.grading.judge.side_effects import side_effect_findings
from backlit.grading.judge.verdict import Finding
from backlit.grading.reading.answers import Observed
from backlit.grading.reading.cases import Case, Task, random_case
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.recipe import Recipe


def takes_mini_batches(recipe: Recipe) -> bool:
    """Whether examples come one by one, in a list."""
    return recipe.main == "training" and "mini_batch" in recipe.roles("training")


def draw_probes(task: Task, seed: int, n_layers: int | None) -> list[Case]:
    """Draw the networks on which conventions are tried: a square one, and one whose widths differ."""
    rng = np.random.default_rng([seed, 1])
    sizes = [(3, 3, 3), (3, 5, 2)] if n_layers in (None, 3) else [(3,) * n_layers, (3, 5, 2, 4)[:n_layers]]
    return [random_case(rng, task, size, 1) for size in sizes]


def detect_convention(recipe: Recipe, task: Task, seed: int) -> tuple[Convention, list[Finding]]:
    """Find the layout under which most of the submission fits; batches, if it knows of batches at all.

    A program that accumulates into a global is found out here, by its very first two calls, because later it may be
    unable to do anything else.
    """
    probes = draw_probes(task, seed, recipe.n_layers)
    ranked: dict[bool, list[tuple[tuple[int, int, int], Convention]]] = {False: [], True: []}
    for convention in recipe.conventions():
        side_effects = side_effect_findings(recipe, convention, probes[0])
        if side_effects and side_effects[0].mistake == "accumulates":
            return convention, side_effects
        observed = [recipe.observe(case, convention) for case in probes]
        right = sum(explains(o, numbers_of(o.case, NO_MISTAKES)) for o in observed)
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
    if takes_mini_batches(recipe):
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
