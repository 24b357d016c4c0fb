"""Judging a whole pass equation by equation, where no modelled mistake explains its numbers.

Each equation is judged on the student's own earlier values, so that an error is carried forward and costs one equation.
"""

from __future__ import annotations

from collections.abc import Sequence

from backlit.grading.algorithm import Pass, bp2, run
from backlit.grading.conventions import Convention
from backlit.grading.findings import compared, equation_of_line, raised
from backlit.grading.matching import (
    RIGHT,
    Observed,
    close,
    explains,
    numbers_of,
)
from backlit.grading.recipe import Recipe
from backlit.grading.verdict import Finding


def step_by_step(
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
