"""Judging the value of the cost, where a program gives it: beside its gradients, or by a function of outputs.

A cost that comes with gradients must be the one that they are the gradients of. Where both have the same well-known
factor, such as that of the mean of squares, this is a convention, and said; where one has it alone, the cost is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from backlit.core.losses import get_loss
from backlit.grading.judge.algorithm import run
from backlit.grading.judge.catalogue import Switch, singles
from backlit.grading.judge.evidence import shown
from backlit.grading.judge.findings import message_for, raised
from backlit.grading.judge.matching import NO_MISTAKES, TOLERANCE, explains, numbers_of
from backlit.grading.judge.verdict import Finding, Judgement
from backlit.grading.reading.answers import Observed, read_cost
from backlit.grading.reading.cases import Case
from backlit.grading.reading.conventions import Convention
from backlit.grading.reading.names import COST_FUNCTIONS, find, role_of
from backlit.grading.reading.student import Call, FunctionInfo, Inventory, Student

# as the gradients of these costs are called in the catalogue of mistakes
_OTHERS: dict[str, tuple[str, Callable[[int], float], str]] = {
    "doubled": ("‖y − a‖², without the ½", lambda n_out: 2.0, "quadratic"),
    "mean_over_outputs": ("½‖y − a‖² as a mean over the outputs", lambda n_out: 1.0 / n_out, "quadratic"),
    "doubled_mean_over_outputs": ("the mean of the squares (y − a)²", lambda n_out: 2.0 / n_out, "quadratic"),
    "cross_entropy_mean": ("the cross-entropy as a mean over the outputs", lambda n_out: 1.0 / n_out, "cross_entropy"),
}
_NOT_JUDGED = "The cost was seen and is not judged: the outputs that it is made of are wrong."


@dataclass(frozen=True)
class _Seen:
    """One cost that came, and the one that is right."""

    case: Case
    found: float
    expected: float

    def is_(self, factor: float) -> bool:
        scale = max(abs(factor * self.expected), 1e-12)
        return bool(abs(self.found - factor * self.expected) <= 10 * TOLERANCE * scale)


def judge_cost(judgement: Judgement, observed: Sequence[Observed], convention: Convention, line: int | None) -> None:
    """Judge the cost that came with gradients, once those are judged; a convention of both takes back a finding."""
    if not observed or any(o.cost is None for o in observed):
        return
    judgement.seen_in["cost"] = judgement.seen_in.get("BP1", "")
    wrong = {finding.equation for finding in judgement.findings}
    if wrong & {"z", "a"}:
        made = [frozenset({switch}) for switch in singles(("z", "a"))]
        fitting = [s for s in made if _is_right(list(_costs(observed[:1], s)), convention)]
        whole = (list(_costs(observed, switches)) for switches in fitting)
        if not any(len(costs) == len(observed) and _is_right(costs, convention) for costs in whole):
            judgement.notes["cost"] = _NOT_JUDGED
            return
        judgement.checks["cost"] = len(observed)
        return
    costs = list(_costs(observed, NO_MISTAKES))
    other = _other(costs, convention)
    consistent: frozenset[Switch] = frozenset({("BP1", f"gradient_of_wrong_loss:{other}")})
    if other is not None and all(explains(o, numbers_of(o.case, consistent)) for o in observed):
        judgement.findings = [finding for finding in judgement.findings if finding.equation != "BP1"]
        judgement.checks |= shown(observed, consistent)
        judgement.conventions += (f"the cost is {_OTHERS[other][0]}, and so are its gradients",)
    elif not _is_right(costs, convention):
        judgement.findings.append(_finding(costs, other, convention, line))
        judgement.wrong["cost"] = _count(costs, convention)
        return
    judgement.checks["cost"] = len(costs)


def judge_cost_function(student: Student, inventory: Inventory, judgement: Judgement, cases: Sequence[Case]) -> None:
    """Judge a function of outputs and targets: any well-known cost is right, since no gradients come with it."""
    info = find(inventory.functions, COST_FUNCTIONS)
    roles = _roles(info) if info is not None else None
    convention = judgement.layout
    if info is None or roles is None or convention is None or "cost" in judgement.seen_in:
        return
    seen = []
    for case in cases:
        given = {"a": convention.give(run(case).a[case.n_layers]), "y": convention.give_y(case.y), "n": case.n_examples}
        outcome = student.run([Call(info.name, tuple(given[role] for role in roles))])[0]
        found = read_cost(outcome.value)
        if outcome.error is not None or found is None:
            judgement.remarks += (f"{info.name} was seen and is not judged: no number came of it.",)
            return
        seen.append(Observed(case, {}, cost=found))
    judgement.seen_in["cost"] = info.name
    costs = list(_costs(seen, NO_MISTAKES))
    other = _other(costs, convention) or _other(costs, replace(convention, sums=True))
    if _is_right(costs, replace(convention, sums=True)):
        judgement.checks["cost"] = len(costs)
    elif other is not None:
        judgement.checks["cost"] = len(costs)
        judgement.conventions += (f"{info.name} gives {_OTHERS[other][0]}",)
    else:
        judgement.findings.append(_finding(costs, None, convention, info.line))
        judgement.wrong["cost"] = _count(costs, convention)


def _roles(info: FunctionInfo) -> tuple[str, ...] | None:
    roles: list[str] = []
    for parameter in info.parameters[: info.n_required]:
        role = role_of(parameter, tuple(role for role in ("a", "y", "n") if role not in roles))
        if role is None:
            return None
        roles.append(role)
    return tuple(roles) if {"a", "y"} <= set(roles) else None


def _costs(observed: Sequence[Observed], switches: Set[Switch]) -> Iterator[_Seen]:
    for o in observed:
        assert o.cost is not None
        case, loss = o.case, get_loss(o.case.task.loss, o.case.task.output)
        try:
            a = run(case, frozenset(switches)).a[case.n_layers]
        except ValueError:  # shapes do not fit
            return
        with np.errstate(all="ignore"):
            expected = float(np.sum(np.asarray(loss.value(a.T, case.y.T)))) / case.n_examples
        yield _Seen(case, o.cost, expected)


def _all(costs: Sequence[_Seen], factor: float, convention: Convention) -> bool:
    return all(cost.is_(factor * (cost.case.n_examples if convention.sums else 1)) for cost in costs)


def _is_right(costs: Sequence[_Seen], convention: Convention) -> bool:
    """Whether costs are means over the batch; beside gradients that are sums, they may be sums too."""
    return _all(costs, 1.0, convention) or _all(costs, 1.0, replace(convention, sums=False))


def _count(costs: Sequence[_Seen], convention: Convention) -> tuple[int, int]:
    return len(costs), sum(not _is_right([cost], convention) for cost in costs)


def _other(costs: Sequence[_Seen], convention: Convention) -> str | None:
    """Return which other well-known cost it is."""
    if _is_right(costs, convention):
        return None
    for name, (_, factor, loss) in _OTHERS.items():
        if costs[0].case.task.loss == loss and all(
            _all([cost], factor(cost.case.sizes[-1]), convention) for cost in costs
        ):
            return name
    return None


def _finding(costs: Sequence[_Seen], other: str | None, convention: Convention, line: int | None) -> Finding:
    bad = next(cost for cost in costs if not _all([cost], 1.0, convention))
    mistake = None
    if _all(costs, -1.0, convention):
        mistake = "sign"
    elif all(cost.is_(cost.case.n_examples) for cost in costs):
        mistake = "sum_instead_of_mean"
    elif other is not None:
        mistake = "cost_of_other_gradients"
    message = message_for("cost", mistake)
    if other is not None and mistake == "cost_of_other_gradients":
        message += f" What comes is {_OTHERS[other][0]}."
    if not np.isfinite(bad.found):
        return raised("cost", f"{bad.found}", None, line)
    return Finding("cost", bad.case.n_layers, "C", bad.expected, bad.found, mistake, message, line)
