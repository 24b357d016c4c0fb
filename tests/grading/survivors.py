"""Finds the mutants that the grader passes, and says why each does: it is not run, it changes no number, or neither.

The last kind is what the grader is to be ashamed of, unless a reason is written beside it in `survivors.txt`.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from unittest import mock

import numpy as np
from corpus import task
from mutation import Mutant, mutants

from backlit.errors import BacklitError
from backlit.grading.grade import grade_student
from backlit.grading.judge import equations, whole_pass
from backlit.grading.reading.cases import Task
from backlit.grading.reading.live_student import LiveStudent
from backlit.grading.reading.student import Call, Outcome

_SECONDS = 20.0  # of processor time: the machine may be busy
_ROUNDING = 1e-9

Talk = list[tuple[Sequence[Call], list[Outcome]]]


class _Recorded(LiveStudent):
    """A live student that writes down what was asked of it once the judge knew how to ask."""

    def __init__(self, source: object) -> None:
        super().__init__(source)
        self.talk: Talk = []
        self.stage = ""

    def hear(self, words: str) -> None:
        """Take in what the judge says of its progress."""
        self.stage = words

    def run(self, script: Sequence[Call]) -> list[Outcome]:
        _seed()
        outcomes = super().run(script)
        # functions of single equations are called twice when it counts
        twice = len(script) > 1 and script[0].args is script[1].args
        if self.stage == "comparing its numbers" or (self.stage == "trying each equation" and twice):
            self.talk.append((script, outcomes))
        return outcomes


def _seed() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (students' programs draw from it)


def _module(text: str) -> ModuleType:
    module = ModuleType("submission")
    exec(compile(text, "submission.py", "exec"), module.__dict__)
    return module


def _task(path: Path) -> Task:
    names = {"activation": "sigmoid", "loss": "quadratic"} | task(path)
    return Task.from_names(names["activation"], names["loss"])


def survivors(path: Path, every: int = 1, seed: int = 5) -> Iterator[tuple[Mutant, str]]:
    """Yield the mutants of a right program that pass, or those of each so-manieth, and why each does.

    ``same numbers``: it answers as the right one does, whatever the judge asks, with other networks too. ``not run``:
    the same, as nothing of it is run. ``other initial weights``: the constructor's own, which the judge replaces. Or
    which functions answer otherwise.
    """
    text, asked = path.read_text(), _task(path)
    talk: Talk = []
    for other in (seed + 1, seed + 2):
        right = _Recorded(_module(text))
        assert grade_student(right, asked, seed=other, progress=right.hear).verdict == "pass"
        talk += right.talk
    for mutant in mutants(text)[::every]:
        if _passes(mutant.text, asked, seed):
            yield mutant, _reason(mutant, talk)


def _passes(text: str, asked: Task, seed: int) -> bool:
    # the name of the mistake, which takes longest to find, does not matter here
    nameless = [
        mock.patch.object(whole_pass, "find_mistakes", lambda observed, candidates: None),
        mock.patch.object(equations, "singles", lambda equations: []),
    ]
    with nameless[0], nameless[1], _alarm():
        try:
            module = _module(text)
        except Exception:
            return False
        try:
            _seed()
            return grade_student(LiveStudent(module), asked, seed=seed, lines=text.splitlines()).verdict == "pass"
        except BacklitError:
            return False


class _alarm:
    """Raise an error in a loop that does not end; LiveStudent takes it for the program's own."""

    def __enter__(self) -> None:
        signal.signal(signal.SIGPROF, self._ring)
        signal.setitimer(signal.ITIMER_PROF, _SECONDS, 0.5)

    def __exit__(self, *error: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        raise RuntimeError("it does not end")


def _reason(mutant: Mutant, talk: Talk) -> str:
    module, lines = _module(mutant.text), set[int]()
    student = LiveStudent(module)
    statement = _statement_line(mutant)

    def trace(frame: FrameType, event: str, argument: object) -> object:
        if frame.f_code.co_filename != "submission.py":
            return None
        lines.add(frame.f_lineno)
        return trace

    sys.settrace(trace)
    try:
        answers = []
        for script, _ in talk:
            _seed()
            answers.append(student.run(script))
    finally:
        sys.settrace(None)
    otherwise = {
        call.function
        for (script, right), found in zip(talk, answers, strict=True)
        for call, one, other in zip(script, right, found, strict=True)
        if not _same(_all_of(one), _all_of(other))
    }
    if not otherwise:
        return "same numbers" if statement in lines else "not run"
    classes = {name for name in otherwise if name.lstrip(".") == name and isinstance(getattr(module, name, None), type)}
    if otherwise == classes:
        return "other initial weights"
    return f"{', '.join(sorted(otherwise - classes))} answers otherwise"


def _all_of(outcome: Outcome) -> list[object]:
    return [outcome.value, outcome.args_after, outcome.attributes]


def _statement_line(mutant: Mutant) -> int:
    """Return where the change stands in the mutant's own text, which is written anew."""
    original = mutant.original.splitlines()
    changed = mutant.text.splitlines()
    differ = (i for i, (old, new) in enumerate(zip(original, changed, strict=False), 1) if old != new)
    return next(differ, min(len(original), len(changed)))


def _same(one: object, other: object) -> bool:
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return isinstance(other, list | tuple) and len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, np.ndarray | float | int):
        try:
            a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
        except (TypeError, ValueError):
            return False
        scale = max(float(np.max(np.abs(a), initial=0.0)), 1e-12)
        return a.shape == b.shape and bool(np.all(np.abs(a - b) <= _ROUNDING * scale))
    return type(one) is type(other)


if __name__ == "__main__":
    import warnings

    from corpus import RIGHT

    warnings.simplefilter("ignore")
    for program in [path for path in RIGHT if not sys.argv[1:] or path.stem in sys.argv[1:]]:
        for survivor, why in survivors(program):
            print(f"{program.stem}:{survivor} | {why}", flush=True)
