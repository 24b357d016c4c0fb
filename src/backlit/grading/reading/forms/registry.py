"""All forms whose parts the grader puts together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from backlit.grading.reading.forms import affine_functions, layer_objects, scalar_graph
from backlit.grading.reading.forms.form import Form, Found
from backlit.grading.reading.student import Inventory

if TYPE_CHECKING:
    from backlit.grading.reading.cases import Task

FORMS: tuple[Form, ...] = (affine_functions.FORM, layer_objects.FORM, scalar_graph.FORM)
_MARK = "@"


def find_form(inventory: Inventory, task: Task) -> Found | None:
    """Return the parts of a form; a complete one before one of which something is missing."""
    found = [one for form in FORMS if (one := form.recognize(inventory, task)) is not None]
    return min(found, key=lambda one: bool(one.missing), default=None)


def call_name(form: Form) -> str:
    """Return what a `Call` names to have a form's parts put together."""
    return f"{_MARK}{form.name}"


def put_together(function: str, program: Mapping[str, Any], memory: dict[str, Any]) -> Any:
    """Return the callable behind such a name, or None for any other name."""
    form = next((form for form in FORMS if function == call_name(form)), None)
    return None if form is None else partial(_run, form, program, memory)


def _run(
    form: Form, program: Mapping[str, Any], memory: dict[str, Any], names: Mapping[str, str], *numbers: Any
) -> tuple[Any, ...]:
    # which σ is asked for is a name, whatever the program calls so
    parts = {part: name if part.endswith(("_sigma", "_given")) else program[name] for part, name in names.items()}
    return form.backprop(parts, memory, *numbers)
