"""Whether a submission that is wrong is right for something else than what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from backlit.grading.judge.matching import is_right
from backlit.grading.reading.answers import Observed
from backlit.grading.reading.cases import Task

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
