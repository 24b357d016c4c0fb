"""Judging each equation on the student's own earlier values, where no modelled mistake explains the numbers.

One example at a time: there ∂C/∂b^l is δ^l, so that the student's own δ is known, and each equation can be asked for by
itself. What an equation makes of δ = 0 shows nothing, and what holds in one network must hold in all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from backlit.core.likelihood_losses import SHORT_CUTS
from backlit.grading.judge.algorithm import bp1, bp2, run
from backlit.grading.judge.catalogue import MATRIX_PRODUCTS
from backlit.grading.judge.findings import compared
from backlit.grading.judge.matching import FLOAT32_TOLERANCE, TOLERANCE, close
from backlit.grading.judge.one_pass import Pass
from backlit.grading.judge.verdict import EQUATIONS, Finding
from backlit.grading.reading.answers import Observed
from backlit.grading.reading.cases import Array, Case

_VISIBLE, _OF_QUOTIENTS = 1e-9, 1e-5


def _agree(found: Array, expected: Array) -> bool:
    return close(found, expected, FLOAT32_TOLERANCE if found.dtype == np.float32 else TOLERANCE)


@dataclass
class Steps:
    """What the student's own values say.

    Attributes
    ----------
    findings : list of Finding
        The steps that are wrong.
    checks : dict of str to int
        For each equation that holds in every network, how many numbers show it.
    """

    findings: list[Finding] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)


def judge_own_steps(singles: Sequence[Observed], batches: Sequence[Observed], simple: Sequence[Observed] = ()) -> Steps:
    """Judge every equation.

    Parameters
    ----------
    singles : sequence of Observed
        Gradients of one example, for each network.
    batches : sequence of Observed
        Gradients of the batches that these examples, and more, belong to; they must be means of what is right.
    simple : sequence of Observed, optional
        Gradients of networks that can be followed by hand, from which the finding is taken if they show the same.
    """
    steps = Steps(next((found for found in map(_wrong_steps, [*singles, *batches]) if found), []))
    if steps.findings:
        simpler = (finding for o in simple for finding in _wrong_steps(o))
        first = steps.findings[0]
        steps.findings[0] = next((finding for finding in simpler if finding.equation == first.equation), first)
    if any(o.error is not None for o in singles):
        return steps
    holding = [_holding(o, _agree) for o in singles]
    showing: dict[tuple[int, ...], set[str]] = {}
    for o in singles:  # of a layer whose relus are all off, one example shows nothing, but some of a network do
        showing.setdefault(o.case.sizes, set()).update(_holding(o, _shows))
    n = sum(array.size for o in singles for array in o.numbers.values())
    for equation in EQUATIONS:
        # as in `shown`: a program for square networks alone gives zeros elsewhere, of which much is true
        often = 2 * sum(equation in own for own in showing.values()) > len(showing)
        if often and all(equation in own for own in holding):
            steps.checks[equation] = n
    for finding in steps.findings:
        steps.checks.pop(finding.equation, None)
    return steps


def _holding(o: Observed, agree: Callable[[Array, Array], bool]) -> set[str]:
    """Return the equations that hold in one network."""
    case, right = o.case, run(o.case)
    nabla_b = {layer: o.numbers["nabla_b", layer] for layer in case.b}
    nabla_w = {layer: o.numbers["nabla_w", layer] for layer in case.w}
    last, layers = case.n_layers, range(2, case.n_layers + 1)
    b_right = {layer: agree(nabla_b[layer], right.nabla_b[layer]) for layer in layers}
    w_right = {layer: agree(nabla_w[layer], right.nabla_w[layer]) for layer in layers}
    own = {layer for layer in layers if nabla_b[layer].shape == case.b[layer].shape}
    outer = {
        layer: layer in own and agree(nabla_w[layer], nabla_b[layer].astype(float) @ right.a[layer - 1].T)
        for layer in layers
    }
    back = {
        layer: {layer, layer + 1} <= own and agree(nabla_b[layer], _own_bp2(case, right, nabla_b, layer))
        for layer in range(2, last)
    }
    # a program that uses it feels nothing of its σ′
    has_short_cut = (case.task.loss, case.task.output) in SHORT_CUTS
    holding: set[str] = set()
    if b_right[last] or w_right[last]:
        holding |= {"z", "a", "BP1"} | (set() if has_short_cut else {"sigma_prime"})
    if all(back[layer] or b_right[layer] or w_right[layer] for layer in back):
        holding |= {"z", "a", "sigma_prime", "BP2"}
    if all(outer.values()) or all(w_right.values()):
        holding |= {"z", "a", "BP4"}
    if all(outer.values()) or (b_right[last] and all(back.values())):
        holding.add("BP3")
    return holding


def _shows(found: Array, expected: Array) -> bool:
    """Whether numbers agree, and are not all 0, which much else would give."""
    return _agree(found, expected) and bool(np.any(np.abs(expected) > 1e-12))


def _own_bp2(case: Case, right: Pass, nabla_b: dict[int, Array], layer: int) -> Array:
    delta = {i: array.astype(float) for i, array in nabla_b.items()}
    return bp2(Pass(case, w=case.w, z=right.z, a=right.a, delta=delta), layer)


def _is_matrix_product(case: Case, right: Pass, found: Array) -> bool:
    for variant in MATRIX_PRODUCTS:
        p = Pass(case, frozenset({("BP1", f"matrix_product:{variant}")}), w=case.w, z=right.z, a=right.a)
        delta = bp1(p)
        if delta.shape != right.delta[right.last].shape and (
            _agree(found, delta) or _agree(found, np.sum(delta, axis=1, keepdims=True))
        ):
            return True
    return False


def _own_activation(case: Case, right: Pass, nabla_b: dict[int, Array], nabla_w: dict[int, Array]) -> Finding | None:
    """Tell outputs of a hidden layer that are wrong: ``∂C/∂w = δ a`` of one example holds them, and ``∂C/∂b = δ``."""
    if _agree(nabla_b[case.n_layers], right.nabla_b[case.n_layers]):
        return None  # which would not be, had the layers before handed on anything wrong
    for layer in range(1, case.n_layers):
        delta, product, expected = nabla_b[layer + 1], nabla_w[layer + 1], right.a[layer]
        j = int(np.argmax(np.abs(delta[:, 0]))) if delta.shape == case.b[layer + 1].shape else -1
        if j < 0 or product.shape != case.w[layer + 1].shape or not abs(float(delta[j, 0])) > _VISIBLE:
            return None
        own = (product[j] / float(delta[j, 0])).astype(float)[:, np.newaxis]
        if not _agree(product, delta.astype(float) @ own.T) or not np.all(np.isfinite(own)):
            return None
        if not close(own, expected, _OF_QUOTIENTS):
            if layer == 1:  # as the inputs are given, something else is wrong
                return None
            return _forward_finding(case, right, layer, own)
    return None


def _forward_finding(case: Case, right: Pass, layer: int, own: Array) -> Finding:
    """Blame z, if what σ was taken of adds up multiples of ``w a`` and b; else a."""
    of_a = compared("a", "a", layer, own, right.a[layer], None, case=case)
    with np.errstate(all="ignore"):
        z = {"sigmoid": np.log(own) - np.log1p(-own), "tanh": np.arctanh(np.clip(own, -1, 1))}.get(
            case.task.hidden, own
        )
    terms = np.hstack([case.w[layer] @ right.a[layer - 1], case.b[layer]])
    if not np.all(np.isfinite(z)) or len(z) <= terms.shape[1]:  # any two numbers are so added up
        return of_a
    factors = np.linalg.lstsq(terms, z, rcond=None)[0]
    if not close(terms @ factors, z, _OF_QUOTIENTS) or close(factors, np.ones((2, 1)), _OF_QUOTIENTS):
        return of_a
    of_z = compared("z", "z", layer, z, right.z[layer], None, case=case)
    wa, b = factors[:, 0]
    return replace(of_z, message=f"{of_z.message} σ seems to be taken of {wa:.3g} w a + {b:.3g} b.")


def _wrong_steps(o: Observed) -> list[Finding]:
    """Return what is wrong in one network, an equation once, from the output layer on."""
    if o.error is not None:
        return []
    case, right = o.case, run(o.case)
    last = case.n_layers
    single = case.n_examples == 1
    nabla_b = {layer: o.numbers["nabla_b", layer] for layer in case.b}
    nabla_w = {layer: o.numbers["nabla_w", layer] for layer in case.w}
    if single and (forward := _own_activation(case, right, nabla_b, nabla_w)) is not None:
        return [forward]
    findings: dict[str, Finding] = {}
    for layer in range(last, 1, -1):
        found, expected = nabla_b[layer], right.nabla_b[layer]
        w_is_right = _agree(nabla_w[layer], right.nabla_w[layer])
        if single and layer < last and nabla_b[layer + 1].shape == case.b[layer + 1].shape:
            own = _own_bp2(case, right, nabla_b, layer)
            w_is_right = w_is_right or _agree(nabla_w[layer], own @ right.a[layer - 1].T)
            expected = expected if _agree(found, expected) else own
        if not _agree(found, expected):
            if layer == last and not w_is_right and _is_matrix_product(case, right, found):
                return [compared("BP1", "delta", last, found, expected, "matrix_product", case=case)]
            is_error = not w_is_right and found.shape == expected.shape
            equation = ("BP1" if layer == last else "BP2") if is_error else "BP3"
            quantity = "delta" if is_error and single else "nabla_b"
            findings.setdefault(equation, compared(equation, quantity, layer, found, expected, None, case=case))
            if equation == "BP1":  # or what it is made of; then nothing more can be said of the rest
                return [findings["BP1"]]
            if equation == "BP3":  # what comes of δ is not to be blamed too
                nabla_b[layer] = expected
        expected_w = nabla_b[layer].astype(float) @ right.a[layer - 1].T if single else right.nabla_w[layer]
        if _agree(found, right.nabla_b[layer]) and not _agree(nabla_w[layer], expected_w):
            findings.setdefault("BP4", compared("BP4", "nabla_w", layer, nabla_w[layer], expected_w, None, case=case))
    return list(findings.values())
