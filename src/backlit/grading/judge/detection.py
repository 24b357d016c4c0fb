"""What is found by trying: the convention of a submission that makes a whole pass, and what else it is right for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from backlit.grading.judge.matching import FLOAT32_TOLERANCE, NO_MISTAKES, close, explains, is_right, numbers_of
from backlit.grading.judge.side_effects import side_effect_findings
from backlit.grading.judge.verdict import Finding
from backlit.grading.reading.answers import Observed
from backlit.grading.reading.cases import Case, Task, random_case
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.recipe import Recipe


def takes_mini_batches(recipe: Recipe) -> bool:
    """Whether examples come one by one, in a list."""
    return recipe.main == "training" and "mini_batch" in recipe.roles("training")


def draw_probes(task: Task, seed: int, n_layers: int | None, *, labels: bool = False) -> list[Case]:
    """Draw the networks on which conventions are tried: a square one, and one whose widths differ."""
    rng = np.random.default_rng([seed, 1])
    sizes = [(3, 3, 3), (3, 5, 2)] if n_layers in (None, 3) else [(3,) * n_layers, (3, 5, 2, 4, 6)[:n_layers]]
    probes = [random_case(rng, task, size, 1) for size in sizes]
    return [probe.one_hot() for probe in probes] if labels else probes


def detect_convention(recipe: Recipe, task: Task, seed: int) -> tuple[Convention, list[Finding]]:
    """Find the layout under which most of the submission fits; batches, if it knows of batches at all.

    A program that accumulates into a global is found out here, by its very first two calls, because later it may be
    unable to do anything else.
    """
    found = _try(recipe, task, seed, labels=False)
    if found.rank[0] == 0 and found.accumulates is None:  # labels are for those whom nothing else suits
        with_labels = _try(recipe, task, seed, labels=True)
        if with_labels.rank[0] > 0 or (found.asks_for_labels and with_labels.rank > found.rank):
            found = with_labels
    return found.convention, [found.accumulates] if found.accumulates is not None else []


_Rank = tuple[int, int, int]


@dataclass(frozen=True)
class _Tried:
    rank: _Rank
    convention: Convention
    accumulates: Finding | None = None
    asks_for_labels: bool = False


def _try(recipe: Recipe, task: Task, seed: int, *, labels: bool) -> _Tried:
    probes = draw_probes(task, seed, recipe.n_layers, labels=labels)
    ranked: dict[bool, list[_Tried]] = {False: [], True: []}
    asks = False
    for plain in recipe.conventions():
        convention = replace(plain, labels=labels)
        side_effects = side_effect_findings(recipe, convention, probes[0])
        if side_effects and side_effects[0].mistake == "accumulates":
            return _Tried((0, 0, 0), convention, side_effects[0])
        observed = [recipe.observe(case, convention) for case in probes]
        # float32 is a matter of its own
        right = sum(explains(o, numbers_of(o.case, NO_MISTAKES), FLOAT32_TOLERANCE) for o in observed)
        ran = sum(o.error is None for o in observed)
        # y is an index there, and no index has decimals
        asks = asks or any(o.error is not None and ("IndexError" in o.error or "integer" in o.error) for o in observed)
        rank = (right, _fitting_shapes(observed), ran)
        ranked[convention.batches].append(_Tried(rank, convention))
    best = {many: max(found, key=lambda tried: tried.rank, default=None) for many, found in ranked.items()}
    single, batch = best[False], best[True]
    if single is None or batch is None:
        only = single or batch
        assert only is not None
        return replace(only, asks_for_labels=asks)
    only_so = single.rank[2] == 0 < batch.rank[2]  # one example alone never runs
    many = only_so or (batch.rank >= single.rank and _knows_batches(recipe, batch.convention, task, seed))
    return replace(batch if many else single, asks_for_labels=asks)


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
    case = random_case(rng, task, (3, 5, 2) if recipe.n_layers in (None, 3) else (3, 5, 2, 4, 6)[: recipe.n_layers], 7)
    if convention.labels:
        case = case.one_hot()
    once = recipe.observe(case, convention)
    twice = recipe.observe(case.repeated(), convention)
    if once.error is not None or twice.error is not None:
        return _knows_square_batches(recipe, convention, case)
    last = case.n_layers
    kind = "nabla" if recipe.main == "gradients" else None
    if kind is None:
        return once.numbers["b_new", last].shape == case.b[last].shape
    if once.numbers["nabla_b", last].shape == case.b[last].shape:
        return True
    w_once, w_twice = once.numbers["nabla_w", last], twice.numbers["nabla_w", last]
    return (
        w_once.shape == w_twice.shape
        and w_once.size > 1
        and not close(w_twice, 2.0 * w_once.astype(float), FLOAT32_TOLERANCE)
    )


def _knows_square_batches(recipe: Recipe, convention: Convention, case: Case) -> bool:
    """Whether a program that raises on batches is meant for them.

    Where all shapes fit, a gradient is the mean over the examples, or a bias's is their sum.
    """
    rng = np.random.default_rng(3)
    square = random_case(rng, case.task, (3,) * case.n_layers, 3)
    square = square.one_hot() if convention.labels else square
    observed = recipe.observe(square, convention)
    right = numbers_of(square, NO_MISTAKES)
    assert right is not None
    sums = {key: square.n_examples * array for key, array in right.items() if key[0] == "nabla_b"}
    return any(
        close(found, right[key]) or (key in sums and close(found, sums[key])) for key, found in observed.numbers.items()
    )


_HIDDEN = ("sigmoid", "tanh", "relu")
_OUTPUT = (
    *(("sigmoid", "cross_entropy"), ("softmax", "cross_entropy"), ("sigmoid", "quadratic"), ("identity", "quadratic")),
    *(("tanh", "quadratic"), ("relu", "quadratic")),
)


def fitting_task(observed: Sequence[Observed]) -> Task | None:
    """Return the activations and the loss for which every number is right, or None."""
    if any(o.error is not None for o in observed):
        return None
    tasks = (Task(hidden, output, loss) for hidden, (output, loss) in product(_HIDDEN, _OUTPUT))
    return next((task for task in tasks if is_right([_asked_for(task, o) for o in observed])), None)


def remark_on(task: Task) -> str:
    """Say what the submission is right for."""
    names = task.hidden if task.hidden == task.output else f"{task.hidden},{task.output}"
    return f"Every number is right for --activation {names} --loss {task.loss}. If that was asked for, grade it so."


def _asked_for(task: Task, o: Observed) -> Observed:
    return replace(o, case=replace(o.case, task=task))
