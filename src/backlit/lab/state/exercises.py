"""Exercises on a step: which cells are hidden, which are asked for, and a teacher's sheet of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backlit.errors import InvalidInputError, UnknownNameError
from backlit.explanation.trace.tree import Floats, WorkedStep
from backlit.explanation.views.mathml import mathml_of
from backlit.lab.state.numbers import OF_A_WEIGHT, OF_THE_BATCH, checked, symbol_of
from backlit.lab.talk.replies import CellView, ExerciseView, Quantity, Reference

MOST_CELLS = 60
_PER_EXAMPLE: tuple[Quantity, ...] = ("z", "a", "sigma_prime", "nabla_a", "delta")
_ORDER: tuple[Quantity, ...] = (*_PER_EXAMPLE, "cost", "nabla_b", "nabla_w", "b_new", "w_new")
"""What is worked out after what: whatever follows a number that is asked for would give it away."""
_LAST_OF_ERRORS = _ORDER.index("nabla_w")


@dataclass(frozen=True)
class Kind:
    """A kind of exercise.

    Attributes
    ----------
    words, text : str
        What it is called, and what the student is asked.
    asks : tuple of (quantity, layers)
        Layers are ``"all"``, ``"hidden"`` or ``"output"``.
    """

    words: str
    text: str
    asks: tuple[tuple[Quantity, str], ...]


KINDS: dict[str, Kind] = {
    "forward": Kind("feed forward", "Work out z and a of every neuron.", (("z", "all"), ("a", "all"))),
    "output_error": Kind("BP1, the output error", "Work out the error δ of every output.", (("delta", "output"),)),
    "backpropagate": Kind(
        "BP2, back through the layers", "Work out the error δ of every hidden neuron.", (("delta", "hidden"),)
    ),
    "gradients": Kind(
        "BP3 and BP4, the gradients",
        "Work out the gradient of every weight and bias.",
        (("nabla_b", "all"), ("nabla_w", "all")),
    ),
    "update": Kind("the step", "Work out every weight and bias after the step.", (("b_new", "all"), ("w_new", "all"))),
    "whole": Kind(
        "the whole step",
        "Work out the whole step: z and a, the errors δ, the gradients.",
        (("z", "all"), ("a", "all"), ("delta", "all"), ("nabla_b", "all"), ("nabla_w", "all")),
    ),
}


@dataclass(frozen=True, eq=False)
class Work:
    """An exercise that is being worked on.

    Attributes
    ----------
    title, text : str
    cells : tuple of CellView
        What is asked for; all but the open ones are shown.
    number : int
        On its sheet, from 1.
    """

    title: str
    text: str
    cells: tuple[CellView, ...]
    number: int = 1

    @classmethod
    def on(
        cls,
        step: WorkedStep,
        kind: str,
        places: Sequence[Reference],
        shown: dict[int, tuple[int, ...]],
        example: int,
        title: str = "",
    ) -> Work:
        """Begin an exercise.

        Parameters
        ----------
        step : WorkedStep
        kind : str
            One of `KINDS`, or ``"cells"`` for the places that are given.
        places : sequence of Reference
        shown : dict of int to tuple of int
            Neurons in view, which alone are asked for.
        example : int
            The one in view, counted from 0.
        title : str
        """
        if step.cost is None:
            raise InvalidInputError("These examples have no target y. Choose examples with one for an exercise.")
        if kind == "cells":
            chosen, words, text = list(places), "Some cells", "Work out the hidden numbers."
        elif kind in KINDS:
            words, text = KINDS[kind].words, KINDS[kind].text
            chosen = [place for asked in KINDS[kind].asks for place in _places(step, *asked, shown)]
        else:
            raise UnknownNameError("kind of exercise", kind, (*KINDS, "cells"))
        if not 1 <= len(chosen) <= MOST_CELLS:
            raise InvalidInputError(
                f"An exercise asks for 1 to {MOST_CELLS} numbers, but this would be {len(chosen)}. "
                "Show fewer neurons, or choose a network that suits."
            )
        cells = []
        for place in chosen:
            if place.quantity not in _ORDER:
                raise InvalidInputError(f"{place.quantity} is given, so it cannot be asked for. Choose another number.")
            of_batch = place.quantity in OF_THE_BATCH or place.quantity == "cost"
            told = replace(checked(step, place), example=None if of_batch else example + 1)
            cells.append(CellView(told, mathml_of(symbol_of(step, told, example), 6), "open", "", ""))
        return cls(title or words[:1].upper() + words[1:], text, tuple(cells))

    @property
    def done(self) -> bool:
        """Whether no cell is left."""
        return all(cell.state in ("right", "shown") for cell in self.cells)

    @property
    def asks_for_errors(self) -> bool:
        """Whether δ, or what follows from it, is still hidden."""
        return not self.done and any(_ORDER.index(cell.place.quantity) <= _LAST_OF_ERRORS for cell in self.cells)

    def find(self, place: Reference) -> CellView:
        """Return the cell of a place."""
        for cell in self.cells:
            if _key(cell.place) == _key(place):
                return cell
        raise InvalidInputError("This number is not asked for in the exercise. Choose a hidden cell.")

    def put(self, changed: CellView) -> Work:
        """Return the work with one cell as it now stands."""
        cells = tuple(changed if _key(cell.place) == _key(changed.place) else cell for cell in self.cells)
        return replace(self, cells=cells)

    def hides(self, place: Reference) -> bool:
        """Whether a number must not be told now."""
        for cell in self.cells:
            if _key(cell.place) == _key(place):
                return cell.state in ("open", "wrong")
        return self.hides_all(place.quantity, place.layer)

    def hides_all(self, quantity: Quantity, layer: int = 0) -> bool:
        """Whether numbers of this kind would give away what is asked for."""
        if self.done or quantity not in _ORDER:
            return False
        asked = {cell.place.quantity for cell in self.cells}
        first = min(_ORDER.index(each) for each in asked)
        rank = _ORDER.index(quantity)
        if asked == {"delta"} and quantity == "delta":  # a layer that nothing is asked of is given
            return False
        if quantity in ("sigma_prime", "nabla_a") and asked & {"delta"} and not asked & {"z", "a"}:
            return quantity == "nabla_a"
        return rank >= first and not (quantity == "cost" and first >= _ORDER.index("sigma_prime"))

    def masked(
        self, quantity: Quantity, layer: int, values: Floats, rows: Sequence[int], columns: Sequence[int]
    ) -> Floats:
        """Return numbers of a layer with those that must not be told as NaN.

        Parameters
        ----------
        values : array, ``(n_l,)`` or ``(len(rows), len(columns))``
        rows, columns : sequence of int
            Which neurons a matrix is of, counted from 0.
        """
        if self.done:
            return values
        told = np.full(values.shape, np.nan) if self.hides_all(quantity, layer) else np.array(values, dtype=np.float64)
        for cell in self.cells:
            place = cell.place
            if place.quantity != quantity or place.layer != layer:
                continue
            at: Any = place.neuron - 1
            if quantity in OF_A_WEIGHT:
                assert place.k is not None
                at = (list(rows).index(place.neuron - 1), list(columns).index(place.k - 1))
            told[at] = np.nan if cell.state in ("open", "wrong") else values[at]
        return told

    def view(self, sheet: Sheet | None) -> ExerciseView:
        """Return what a page shows of it."""
        right = sum(cell.state == "right" for cell in self.cells)
        return ExerciseView(
            self.title, self.text, self.number, 1 if sheet is None else len(sheet.tasks), self.cells, right
        )


@dataclass(frozen=True, eq=False)
class Task:
    """An exercise of a sheet: the network and its example as a document, and what is asked for."""

    title: str
    exercise: dict[str, Any]
    example: int
    places: tuple[Reference, ...]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Exercises to be worked on one after the other."""

    title: str
    tasks: tuple[Task, ...]


def _places(step: WorkedStep, quantity: Quantity, which: str, shown: dict[int, tuple[int, ...]]) -> list[Reference]:
    last = step.n_layers
    layers = {"all": range(2, last + 1), "hidden": range(2, last), "output": range(last, last + 1)}[which]
    if quantity in OF_A_WEIGHT:
        return [Reference(quantity, at, j, k) for at in layers for j in shown[at] for k in shown[at - 1]]
    return [Reference(quantity, at, j) for at in layers for j in shown[at]]


def _key(place: Reference) -> tuple[object, ...]:
    return place.quantity, place.layer, place.neuron, place.k
