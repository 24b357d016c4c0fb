"""A form of submissions, and what of a submission fits it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backlit.grading.reading.student import Inventory

if TYPE_CHECKING:
    from backlit.grading.reading.cases import Task

Backprop = Callable[[Mapping[str, Any], dict[str, Any], Any, Any, list[Any], list[Any]], tuple[Any, ...]]


@dataclass(frozen=True)
class Found:
    """The parts of a submission that fit a form.

    Attributes
    ----------
    form : Form
    parts : dict of str to str
        What the form calls a part → what the submission calls it.
    lines : dict of str to int or None
        Where each part begins.
    missing : tuple of str
        What is not there and is needed, in words.
    """

    form: Form
    parts: Mapping[str, str]
    lines: Mapping[str, int | None] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the parts are called together."""
        return ", ".join(self.lines)

    @property
    def recognized(self) -> tuple[str, str, int | None]:
        """What the parts are called, what they were taken for, and where the first begins."""
        line = min((line for line in self.lines.values() if line is not None), default=None)
        return self.title, self.form.words, line

    def remark(self) -> str:
        """Say what would be needed to judge it."""
        return (
            f"{self.title} was recognized as {self.form.words}. To judge it, the grader also needs "
            f"{' and '.join(self.missing)}."
        )


@dataclass(frozen=True)
class Form:
    """A form of submissions.

    Attributes
    ----------
    name : str
    words : str
        What it is, for the student.
    known : dict
        What is known of its conventions: arguments of `backlit.grading.reading.conventions.conventions`.
    recognize : callable
        Takes an inventory and a task, and returns what was found, or None.
    backprop : callable
        Takes the parts (name in the form → the student's object), a dictionary that lasts for one script, x, y, weights
        and biases, and returns the student's gradients of the weights and of the biases, and the cost if there is one.
    layer : tuple of (part, names of its weights, names of its biases), optional
        The class of one layer, made of (n_in, n_out): it shows how weights and biases are laid out.
    """

    name: str
    words: str
    known: Mapping[str, Any]
    recognize: Callable[[Inventory, Task], Found | None]
    backprop: Backprop
    layer: tuple[str, tuple[str, ...], tuple[str, ...]] | None = None


def plain(name: str) -> str:
    """Compare names without regard to case and underscores."""
    return name.lower().replace("_", "")


def first_named(names: Iterable[str], known: Iterable[str]) -> str | None:
    """Return the first of some names that is known, in the order of those known."""
    by_name = {plain(name): name for name in reversed(list(names))}
    return next((by_name[plain(name)] for name in known if plain(name) in by_name), None)
