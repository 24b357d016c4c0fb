"""`grade`: check somebody's backpropagation."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from backlit.errors import InvalidInputError, UnknownNameError
from backlit.grading.judge.cost import judge_cost_function
from backlit.grading.judge.equations import judge_equations
from backlit.grading.judge.scoring import scores_of, sorted_findings, verdict_of
from backlit.grading.judge.trials import find_equation_functions
from backlit.grading.judge.verdict import EQUATIONS, Finding, Judgement, Recognized, Verdict
from backlit.grading.judge.whole_pass import judge_whole_pass
from backlit.grading.reading.cases import Task, draw_cases, random_case
from backlit.grading.reading.forms.registry import find_form
from backlit.grading.reading.live_student import LiveStudent
from backlit.grading.reading.notebook import code_cells, place
from backlit.grading.reading.student import STOPS, Inventory, StoppedError, Student
from backlit.grading.reading.submission import find_recipe
from backlit.grading.reading.unrecognized import nothing_recognized

if TYPE_CHECKING:
    from backlit.grading.sandbox.limits import Limits

_INCOMPLETE = "A part is missing without which it cannot be judged; see the note."
Placed = TypeVar("Placed", Finding, Recognized)

# so many functions of single equations make a submission of that kind, even beside a backprop that calls them
_ENOUGH_EQUATIONS = 3


def _silent(words: str) -> None:
    """Ignore what is said of progress."""


def grade(
    source: object,
    *,
    activation: str | Sequence[str] = "sigmoid",
    loss: str = "quadratic",
    points: Mapping[str, float] | None = None,
    seed: int | None = None,
    limits: Limits | None = None,
    progress: Callable[[str], None] = _silent,
) -> Verdict:
    """Check a program for backpropagation, equation by equation.

    Parameters
    ----------
    source : path, module, class, function, or mapping or sequence of functions
        A path to a ``.py`` file or notebook, as str or Path, is run in a process of its own, with limits. Live objects
        are called in this process.
    activation : str or pair of str, default "sigmoid"
        σ of all layers, or of the hidden layers and of the output layer. ``"softmax"`` alone means sigmoid below it.
    loss : str, default "quadratic"
    points : mapping of str to float, optional
        Points for equations (see `EQUATIONS`); those named here with more than 0 are the ones asked for, and without
        them the submission does not pass. Default: BP1 to BP4 are asked for. What else the submission offers is judged
        too, and gives 1 point.
    seed : int, optional
        Seed of the random networks. Default: a new one each time, so that no answer can be prepared.
    limits : Limits, optional
        Limits on time, memory and output; for paths only.
    progress : callable, optional
        Called with a few words on what is done next.

    Returns
    -------
    Verdict

    Raises
    ------
    UnknownNameError
        If there is no such activation, loss or equation.
    InvalidInputError
        If the source is none of the above, or the file does not exist.

    Examples
    --------
    >>> import numpy as np, backlit as bl
    >>> def bias_gradient(delta):
    ...     return delta
    >>> verdict = bl.grade([bias_gradient])
    >>> verdict.verdict, verdict.equations("right"), verdict.equations("missing")
    ('fail', ('BP3',), ('BP1', 'BP2', 'BP4'))
    >>> bl.grade([bias_gradient], points={"BP3": 1}).verdict
    'pass'
    """
    task = _task(activation, loss, points)
    cells = _cells(source)
    lines = _lines(source) if cells is None else "".join(cells).splitlines()
    with _open(source, limits) as student:
        verdict = grade_student(
            student,
            task,
            points=points,
            seed=secrets.randbits(63) if seed is None else seed,
            lines=lines,
            progress=progress,
        )
    return verdict if cells is None else _in_cells(verdict, cells)


def check_options(options: Mapping[str, Any]) -> None:
    """Raise what `grade` would raise for its arguments, whatever the program."""
    _task(options["activation"], options["loss"], options["points"])


def _task(activation: str | Sequence[str], loss: str, points: Mapping[str, float] | None) -> Task:
    for equation in points or {}:
        if equation not in EQUATIONS:
            raise UnknownNameError("equation", equation, EQUATIONS)
    return Task.from_names(activation, loss)


def _in_cells(verdict: Verdict, cells: Sequence[str]) -> Verdict:
    """Say of each line in which cell of the notebook it lies."""

    def placed(part: Placed) -> Placed:
        if part.line is None:
            return part
        cell, line = place(cells, part.line)
        return replace(part, cell=cell, line=line)

    return replace(
        verdict,
        findings=tuple(map(placed, verdict.findings)),
        recognized=tuple(map(placed, verdict.recognized)),
    )


def _open(source: object, limits: Limits | None) -> AbstractContextManager[Student]:
    if not isinstance(source, str | Path):
        return nullcontext(LiveStudent(source))
    if not Path(source).is_file():
        raise InvalidInputError(
            f"There is no file {str(source)!r} to grade. Give the path of a .py file or a notebook."
        )
    from backlit.grading.sandbox.limits import Limits
    from backlit.grading.sandbox.sandboxed_student import SandboxedStudent

    sandboxed: AbstractContextManager[Student] = SandboxedStudent(source, limits or Limits())
    return sandboxed


def _cells(source: object) -> list[str] | None:
    """Return a notebook's code cells; None if it is something else."""
    if not isinstance(source, str | Path) or Path(source).suffix.lower() != ".ipynb":
        return None
    try:
        return code_cells(Path(source).read_bytes())
    except (OSError, ValueError):
        return None


def _lines(source: object) -> list[str]:
    """Return the program's text, to see which equation a line that raised belongs to."""
    try:
        if isinstance(source, str | Path):
            return Path(source).read_text(encoding="utf-8").splitlines() if Path(source).suffix == ".py" else []
        if isinstance(source, ModuleType):
            return inspect.getsource(source).splitlines()
    except (OSError, TypeError, UnicodeDecodeError):
        pass
    return []


def grade_student(
    student: Student,
    task: Task,
    *,
    points: Mapping[str, float] | None = None,
    seed: int = 0,
    lines: Sequence[str] = (),
    progress: Callable[[str], None] = _silent,
) -> Verdict:
    """Check a program that is already open; see `grade`."""
    try:
        progress("loading the program")
        inventory = student.inventory()
        judgements, recognized = _judge(student, inventory, task, seed, lines, progress)
    except StoppedError as stop:
        why = "it was stopped too early" if str(stop) in STOPS else str(stop)
        return _could_not_grade(f"The program's answers could not be judged: {why}.", *_remarks(student))
    if not judgements:
        return _could_not_grade(*nothing_recognized(inventory), *_remarks(student))
    findings = tuple(sorted_findings(judgements))
    conventions = tuple(dict.fromkeys(line for judgement in judgements for line in judgement.conventions))
    scores = scores_of(judgements, points)
    remarks = dict.fromkeys([*(remark for j in judgements for remark in j.remarks), *_remarks(student)])
    return Verdict(verdict_of(scores, points), findings, scores, conventions, tuple(remarks), tuple(recognized))


def _judge(
    student: Student,
    inventory: Inventory,
    task: Task,
    seed: int,
    lines: Sequence[str],
    progress: Callable[[str], None],
) -> tuple[list[Judgement], list[Recognized]]:
    progress("finding out how to call it")
    functions = find_equation_functions(inventory, task)
    enough = len(functions) >= _ENOUGH_EQUATIONS or any(equation.startswith("BP") for equation in functions)
    probe = random_case(np.random.default_rng([seed, 3]), task, (3, 5, 2), 1)
    recipe = find_recipe(student, inventory, probe, "\n".join(lines))
    judgements: list[Judgement] = []
    recognized: list[Recognized] = []
    if functions and (recipe is None or enough):
        progress("trying each equation")
        judgements.append(judge_equations(student, functions, task, seed))
        begin = {function.name: function.line for function in inventory.functions}
        _place(judgements, {equation: begin.get(function.name) for equation, function in functions.items()})
        recognized += [Recognized(f.name, equation, begin.get(f.name)) for equation, f in functions.items()]
    if recipe is not None and not any(judgement.findings for judgement in judgements):
        judgements.append(judge_whole_pass(recipe, task, seed, lines, progress))
        _place(judgements, {equation: recipe.line_of(equation) for equation in EQUATIONS})
        recognized += [Recognized(*part) for part in recipe.parts()]
    if judgements and not any(judgement.findings for judgement in judgements):
        layout = judgements[-1].layout
        many = layout is not None and layout.batches
        cases = draw_cases(seed, task, batches=many, labels=layout is not None and layout.labels)
        judge_cost_function(student, inventory, judgements[-1], cases)
    if recipe is None and (form := find_form(inventory, task)) is not None:
        judgements.append(Judgement(remarks=(form.remark(),), notes=dict.fromkeys(EQUATIONS, _INCOMPLETE)))
        recognized.append(Recognized(*form.recognized))
    return judgements, recognized


def _place(judgements: Sequence[Judgement], begin: Mapping[str, int | None]) -> None:
    """Give findings that raised nowhere the line on which the function that is judged begins."""
    for judgement in judgements:
        judgement.findings = [
            replace(finding, line=begin.get(finding.equation)) if finding.line is None else finding
            for finding in judgement.findings
        ]


def _could_not_grade(*remarks: str) -> Verdict:
    return Verdict("error", (), (), (), remarks)


def _remarks(student: Student) -> list[str]:
    remarks: Any = getattr(student, "remarks", ())
    return list(remarks() if callable(remarks) else remarks)
