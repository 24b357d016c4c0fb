"""Exercises: nothing that is asked for is told before, and a wrong answer is told which term is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import InvalidInputError
from backlit.lab.commands import act
from backlit.lab.state.exercises import KINDS
from backlit.lab.state.numbers import number_at
from backlit.lab.state.state import LabState, with_built_in
from backlit.lab.take_away.exports import EXPORTS
from backlit.lab.talk.protocol import (
    AddToSheet,
    Answer,
    AskDemon,
    EndExercise,
    Explain,
    OpenDocument,
    RankNeurons,
    Reveal,
    SetNetwork,
    SliceCost,
    StartExercise,
    TakeAway,
    TurnTo,
)
from backlit.lab.talk.replies import Reference
from every import every

BATCH = with_built_in("xor").choosing((1, 2, 3), 0)


def begun(kind: str, state: LabState = BATCH):
    return act(state, StartExercise(kind))


def answers(state: LabState, place: Reference, number: float):
    return next(cell for cell in act(state, Answer(place, repr(number)))[1].exercise.cells if cell.place == place)


@every("kind", KINDS)
def test_what_is_asked_for_is_nowhere_told(kind):
    state, view = begun(kind)
    step = BATCH.explanation
    for cell in view.exercise.cells:
        layer = view.trace.layers[cell.place.layer - 2]
        name = {"w_new": "w_after", "b_new": "b_after"}.get(cell.place.quantity, cell.place.quantity)
        shown = getattr(layer, name)
        at = (cell.place.neuron - 1, cell.place.k - 1) if cell.place.k else cell.place.neuron - 1
        assert np.isnan(shown[at]), cell.place
        with pytest.raises(InvalidInputError, match="part of the exercise"):
            act(state, Explain(cell.place))
        value = number_at(step, cell.place, 0)
        values = [
            array for layer in view.trace.layers for array in vars(layer).values() if isinstance(array, np.ndarray)
        ]
        assert not any(np.any(array == value) for array in values), f"{cell.place} is told elsewhere"
    assert np.isnan(view.trace.cost_after)  # by it a guess could be tried
    asked = [repr(number_at(step, cell.place, 0))[:9] for cell in view.exercise.cells]
    refused = []
    for name in set(EXPORTS) - {"sheet", "sheet-link"}:  # there is no sheet
        try:
            _, file = act(state, TakeAway(name))
        except InvalidInputError as error:
            assert "what the exercise asks for" in str(error)
            refused.append(name)
            continue
        assert not any(number in file.content for number in asked), name
    assert {"html", "latex", "markdown", "text", "json", "csv", "worksheet"} == set(refused)


@every("kind", ["output_error", "backpropagate", "gradients", "whole"])
def test_the_demon_and_checks_tell_no_gradient_either(kind):
    state, _ = begun(kind)
    assert act(state, Explain(Reference("b", 2, 1)))[1].check is None
    for command in (AskDemon(2, 1), RankNeurons(), SliceCost(2, 1, 1)):
        with pytest.raises(InvalidInputError, match="errors that the exercise asks for"):
            act(state, command)


@every("kind", KINDS)
def test_right_answers_finish_it_and_show_everything(kind):
    state, view = begun(kind)
    for cell in view.exercise.cells:
        state, view = act(state, Answer(cell.place, f"{number_at(BATCH.explanation, cell.place, 0):.4g}"))
    assert view.exercise.n_right == len(view.exercise.cells)
    assert np.isfinite(view.trace.layers[0].w_after).all()


def test_the_wrong_term_is_named():
    state, _ = begun("backpropagate")
    step, place = BATCH.explanation, Reference("delta", 2, 1, None, 1)
    layer, last = step.examples[0].layer(2), step.examples[0].layer(3)
    right, forgotten = float(layer.error.delta[0]), float(layer.error.nabla_a[0])
    assert answers(state, place, right).state == "right"
    found = answers(state, place, forgotten)
    assert (found.state, found.words) == ("wrong", "The factor σ′(z) is missing.")
    assert "sign" in answers(state, place, -right).words
    assert "neuron 2" in answers(state, place, float(layer.error.delta[1])).words
    twice = float(forgotten * layer.error.sigma_prime[0] ** 2)
    assert "twice" in answers(state, place, twice).words
    before = forgotten / last.error.sigma_prime[0] * layer.error.sigma_prime[0]
    assert answers(state, place, float(before)).words.startswith("Already in BP1: ")


def test_gradients_of_a_batch_are_means():
    state, _ = begun("gradients")
    place = Reference("nabla_b", 3, 1)
    value = number_at(BATCH.explanation, place, 0)
    assert answers(state, place, value).state == "right"
    assert "1/n is missing" in answers(state, place, 3 * value).words


@every(
    ("text", "state"),
    [
        ("0,5", "right"), ("1/2", "right"), ("5×10^-1", "right"), ("5·10⁻¹", "right"), ("−0.5", "wrong"),
        ("0.50", "right"), ("0.47", "wrong"), ("nonsense", "open"), ("", "open"), ("1/0", "open"), ("9" * 400, "wrong"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text, state):
    homework = {"sizes": [1, 1], "weights": [[[0.5]]], "biases": [[0.0]], "x": [1.0], "y": [0.0]}
    from backlit.lab.talk.protocol import EnterHomework

    lab, _ = act(BATCH, EnterHomework(homework))
    lab, _ = act(lab, StartExercise("cells", (Reference("z", 2, 1),)))
    assert act(lab, Answer(Reference("z", 2, 1), text))[1].exercise.cells[0].state == state


def test_a_cell_can_be_shown_without_an_answer():
    state, view = begun("output_error")
    _, view = act(state, Reveal(view.exercise.cells[0].place))
    assert view.exercise.cells[0].state == "shown"
    assert view.exercise.n_right == 0


def test_a_sheet_goes_through_a_link_and_back():
    state, _ = begun("output_error")
    state, _ = act(state, AddToSheet("first"))
    state, _ = act(act(state, EndExercise())[0], StartExercise("gradients"))
    state, view = act(state, AddToSheet("second"))
    assert "2 exercises" in view.notes[0]
    _, link = act(state, TakeAway("sheet-link"))
    opened, view = act(with_built_in("iris"), OpenDocument(f"http://127.0.0.1:1/#state={link.content}"))
    assert (view.exercise.title, view.exercise.number, view.exercise.of) == ("first", 1, 2)
    assert number_at(opened.explanation, view.exercise.cells[0].place, 0) == number_at(
        BATCH.explanation, Reference("delta", 3, 1), 0
    )
    _, view = act(opened, TurnTo(2))
    assert (view.exercise.title, len(view.exercise.cells), view.exercise.number) == ("second", 9, 2)
    assert len(view.trace.rows) == 3


def test_too_much_cannot_be_asked_for():
    with pytest.raises(InvalidInputError, match="1 to 60 numbers"):
        begun("gradients", act(BATCH, SetNetwork((12, 12), ("tanh", "tanh"), "sigmoid", "quadratic", 0))[0])
