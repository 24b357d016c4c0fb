"""Judging functions for single equations, each on inputs that are right, and on the student's own σ and σ′."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from backlit.grading.judge.algorithm import (
    activation,
    bp1,
    bp2,
    bp3,
    bp4,
    run,
    sigma_prime,
    update,
    weighted_input,
)
from backlit.grading.judge.catalogue import Switch, key_of, singles
from backlit.grading.judge.findings import compared, raised, simple_cases
from backlit.grading.judge.matching import FLOAT32_TOLERANCE, close, count_different
from backlit.grading.judge.one_pass import Pass
from backlit.grading.judge.side_effects import in_place, same
from backlit.grading.judge.trials import Average, EquationFunction, Trial, caller, run_trials
from backlit.grading.judge.verdict import EQUATIONS, Finding, Judgement
from backlit.grading.judge.wrong_functions import prime_from_value
from backlit.grading.reading.cases import Array, Task, draw_cases
from backlit.grading.reading.conventions import Convention, conventions
from backlit.grading.reading.student import Student

AVERAGES: dict[Average, str] = {
    "gradients": "the gradients are averaged over the batch",
    "error": "δ^L is divided by the number of examples",
    "update": "gradients are sums, and the update divides by n",
}


def judge_equations(student: Student, functions: dict[str, EquationFunction], task: Task, seed: int) -> Judgement:
    """Judge every equation that is offered."""
    judge = _Judge(student, functions, task, seed)
    convention, average = judge.detect()
    described = convention.describe()
    if convention.batches:
        described += (AVERAGES[average],)
    judgement = Judgement(conventions=described, seen_in={eq: f.name for eq, f in functions.items()}, layout=convention)
    for equation in EQUATIONS:
        if equation in functions:
            trials = judge.trials(equation, convention, average, times=2)
            judgement.checks[equation] = sum(t.found.size for t in trials if t.found is not None)
            finding = judge.finding(equation, trials, convention, average)
            if finding is not None:
                judgement.wrong[equation] = (
                    judgement.checks[equation],
                    judge.n_wrong(equation, trials, convention, average),
                )
                judgement.findings.append(finding)
    return judgement


class _Judge:
    def __init__(self, student: Student, functions: dict[str, EquationFunction], task: Task, seed: int) -> None:
        self.student, self.functions, self.task = student, functions, task
        self.cases = {many: [run(case) for case in draw_cases(seed, task, batches=many)] for many in (False, True)}
        self.stopped: dict[str, list[Trial]] = {}
        self._own_functions: dict[tuple[Convention, frozenset[str]], tuple[Any, Any]] = {}
        self._known: dict[tuple[object, ...], list[Trial]] = {}

    def detect(self) -> tuple[Convention, Average]:
        """Choose the convention under which most equations are right; batches, if anything shows knowledge of them."""
        scores = []
        for convention in conventions():
            averages: list[Average] = ["gradients", "error", "update"] if convention.batches else ["gradients"]
            if "n" not in self._roles("update") and "update" in averages:
                averages.remove("update")
            for average in averages:
                right = [self._is_right(eq, convention, average) for eq in self.functions]
                scores.append((sum(right), convention, average))
        best_single = max((s for s in scores if not s[1].batches), key=lambda s: s[0])
        best_batch = max((s for s in scores if s[1].batches), key=lambda s: s[0])
        # what works for one example alone as well as for many shows its mind only where a batch is summed up
        silent = not self.functions.keys() & {"BP3", "BP4"}
        many = best_batch[0] > best_single[0] or (silent and best_batch[0] == best_single[0])
        chosen = best_batch if many or self._knows_batches(best_batch[1]) else best_single
        return chosen[1], chosen[2]

    def _roles(self, equation: str) -> tuple[str, ...]:
        return self.functions[equation].roles if equation in self.functions else ()

    def _is_right(self, equation: str, convention: Convention, average: Average) -> bool:
        trials = self.trials(equation, convention, average, few=True)
        own = self._own(convention)
        return all(self._right(equation, t, average, own) for t in trials)

    def _knows_batches(self, convention: Convention) -> bool:
        # a bias gradient of the bias's shape, or a weight gradient that does not double with the batch
        if "BP3" in self.functions:
            for trial in self.trials("BP3", convention, "gradients", few=True):
                if trial.p.case.n_examples > 1 and trial.found is not None:
                    return trial.found.shape == trial.p.case.b[trial.layer].shape or self._averages_weights(convention)
        return self._averages_weights(convention)

    def _averages_weights(self, convention: Convention) -> bool:
        if "BP4" not in self.functions:
            return False
        trials = self.trials("BP4", convention, "gradients", few=True)
        many = [t for t in trials if t.p.case.n_examples > 1 and t.found is not None]
        return bool(many) and all(
            close(t.found, bp4(t.p, t.layer)) or close(t.found, bp4(t.p, t.layer) / t.p.case.n_examples)
            for t in many
            if t.found is not None
        )

    def trials(
        self, equation: str, convention: Convention, average: Average, *, few: bool = False, times: int = 1
    ) -> list[Trial]:
        """Call one function on every layer of every case."""
        key = (equation, convention, average, few, times)
        if equation in self.stopped:
            return self.stopped[equation]
        if key not in self._known:
            passes = self.cases[convention.batches]
            passes = [passes[1], passes[3]] if few else passes
            function = self.functions[equation]
            trials = run_trials(self.student, equation, function, passes, convention, average, times)
            if any(trial.stopped for trial in trials):
                self.stopped[equation] = trials
            self._known[key] = trials
        return self._known[key]

    def _own(self, convention: Convention) -> tuple[Callable[[Array], Array] | None, Callable[[Array], Array] | None]:
        """The student's own σ and σ′, called for every value that is needed."""
        key = convention, frozenset(self.stopped)
        if key not in self._own_functions:
            self._own_functions[key] = self._caller("a", convention), self._caller("sigma_prime", convention)
        return self._own_functions[key]

    def _caller(self, equation: str, convention: Convention) -> Callable[[Array], Array] | None:
        if equation not in self.functions or "a" in self._roles(equation) or equation in self.stopped:
            return None
        return caller(self.student, self.functions[equation].name, convention)

    def _right(self, equation: str, trial: Trial, average: Average, own: tuple[Any, Any]) -> bool:
        if trial.found is None:
            return False
        return any(close(trial.found, expected) for expected in self._acceptable(equation, trial, average, own))

    def _acceptable(self, equation: str, trial: Trial, average: Average, own: tuple[Any, Any]) -> Iterator[Array]:
        # the student's functions are called only if what is right without them does not do
        p, layer = trial.p, trial.layer
        yield _evaluate(equation, p, layer, average)
        if equation == "sigma_prime" and own[0] is not None:
            yield prime_from_value(self.task.hidden, own[0](p.z[layer]))
        if equation in ("BP1", "BP2") and own[1] is not None:
            yield _evaluate(equation, replace(p, sigma_prime=own[1]), layer, average)

    def finding(
        self, equation: str, trials: Sequence[Trial], convention: Convention, average: Average
    ) -> Finding | None:
        """Return what is wrong with one equation, or None."""
        own = self._own(convention)
        if all(self._right(equation, t, average, own) for t in trials):
            return _side_effect_finding(equation, trials)
        empty = next((t for t in trials if _is_not_written(t)), None)
        if empty is not None:
            return raised(equation, "nothing", "not_written", empty.line)
        mistake = self._mistake(equation, trials, average, own)
        wrong = [t for t in trials if not self._right(equation, t, average, own)]
        shown = self._simple(equation, convention, average, own)
        shown = shown or next((t for t in wrong if t.found is not None and not t.p.case.is_square), None)
        shown = shown or next((t for t in wrong if t.found is not None), None)
        error = next((t for t in wrong if t.error is not None), None)
        if shown is None or shown.found is None:
            assert error is not None
            return raised(equation, error.error or "", mistake, error.line, error.layer)
        expected = list(self._acceptable(equation, shown, average, own))[-1 if equation in ("BP1", "BP2") else 0]
        case = shown.p.case
        finding = compared(equation, _QUANTITY[equation], shown.layer, shown.found, expected, mistake, case=case)
        if error is not None:
            return replace(finding, line=error.line)
        return finding

    def n_wrong(self, equation: str, trials: Sequence[Trial], convention: Convention, average: Average) -> int:
        """Return how many numbers differ from the nearest of those that are right."""
        own = self._own(convention)

        def different(found: Array, expected: Array) -> int:
            return found.size if found.shape != expected.shape else count_different(found, expected)

        return sum(
            min(different(t.found, expected) for expected in self._acceptable(equation, t, average, own))
            for t in trials
            if t.found is not None
        )

    def _simple(self, equation: str, convention: Convention, average: Average, own: tuple[Any, Any]) -> Trial | None:
        """Return a call that is wrong on numbers that can be followed by hand, if there is one."""
        if equation in self.stopped:
            return None
        passes = [run(case) for case in simple_cases(self.cases[convention.batches][0].case)]
        trials = run_trials(self.student, equation, self.functions[equation], passes, convention, average, 1)
        numbers = [
            t
            for t in trials
            if t.found is not None and t.found.shape == _evaluate(equation, t.p, t.layer, average).shape
        ]
        return next((t for t in numbers if not self._right(equation, t, average, own)), None)

    def _mistake(self, equation: str, trials: Sequence[Trial], average: Average, own: tuple[Any, Any]) -> str | None:
        if all(
            t.found is not None
            and any(close(t.found, e, FLOAT32_TOLERANCE) for e in self._acceptable(equation, t, average, own))
            for t in trials
        ):
            return "float32"
        if all(t.found is None for t in trials):
            return None
        switches = [s for s in singles((equation,)) if average == "gradients" or key_of(s) != "sum_instead_of_mean"]
        candidates = [(s,) for s in switches] + [
            pair for pair in combinations(switches, 2) if key_of(pair[0]) != key_of(pair[1])
        ]
        for prime in dict.fromkeys((None, own[1])):
            for candidate in candidates:
                if all(_explains(equation, t, frozenset(candidate), average, prime) for t in trials):
                    return "+".join(key_of(s) for s in candidate)
        return None


_QUANTITY = {
    "z": "z",
    "a": "a",
    "sigma_prime": "σ′(z)",
    "BP1": "delta",
    "BP2": "delta",
    "BP3": "nabla_b",
    "BP4": "nabla_w",
    "update": "w_new",
}


def _evaluate(equation: str, p: Pass, layer: int, average: Average) -> Array:
    """Compute what an equation, with p's mistakes, makes of the right inputs."""
    n = p.case.n_examples
    share = 1.0 / n if average == "error" else 1.0
    total = 1.0 if average == "gradients" else float(n)
    with np.errstate(all="ignore"):
        if equation == "z":
            return weighted_input(p, layer)
        if equation == "a":
            return activation(p, layer)
        if equation == "sigma_prime":
            return sigma_prime(p, layer, p.z[layer])
        if equation == "BP1":
            return share * bp1(p)
        if equation == "BP2":
            return share * bp2(p, layer)
        if equation == "BP3":
            return share * total * bp3(p, layer)
        if equation == "BP4":
            return share * total * bp4(p, layer)
        gradient = p.nabla_w[layer]
        return update(p, p.case.w[layer], gradient / n if average == "update" else gradient)


def _is_not_written(trial: Trial) -> bool:
    return trial.error is not None and (trial.error == "nothing" or trial.error.startswith("NotImplementedError"))


def _explains(
    equation: str, trial: Trial, switches: frozenset[Switch], average: Average, prime: Callable[[Array], Array] | None
) -> bool:
    try:
        expected = _evaluate(equation, replace(trial.p, switches=switches, sigma_prime=prime), trial.layer, average)
    except (ValueError, KeyError, IndexError):
        return trial.found is None
    return trial.found is not None and close(trial.found, expected)


def _side_effect_finding(equation: str, trials: Sequence[Trial]) -> Finding | None:
    for trial in trials:
        if trial.damaged is not None:
            return in_place(equation, trial.damaged)
        if trial.found is not None and trial.second is not None and not same(trial.found, trial.second):
            found, expected = trial.second, trial.found.astype(float)
            return compared(equation, _QUANTITY[equation], trial.layer, found, expected, "accumulates")
    return None
