"""Any moment of a lab's history comes back bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backlit import Network
from backlit.errors import InvalidInputError
from backlit.lab.data.builtin import built_in
from backlit.lab.state.deeds import EditOf, EpochWith, StepBy
from backlit.lab.state.history import History

EPOCH = EpochWith("adam", 0.01, 16, 0.0, 7)


def same(a: Network, b: Network) -> bool:
    return all(map(np.array_equal, (*a.weights, *a.biases), (*b.weights, *b.biases)))


@pytest.fixture(scope="module")
def history() -> History:
    start = Network.initialize([2, 3, 1], ["tanh", "sigmoid"], seed=1)
    begun = History(built_in("moons").make(), "cross_entropy", start)
    for deed, count in [(EPOCH, 3), (StepBy((4, 5), 0.5), 2), (EditOf(2, 1, 2, 0.25), 1), (EPOCH, 2), (EPOCH, 2)]:
        begun = begun.with_done(deed, count)
    return begun


def test_what_was_done_in_a_row_is_one_move(history):
    assert [(move.kind, move.count) for move in history.moves()] == [
        ("epoch", 3),
        ("step", 2),
        ("edit", 1),
        ("epoch", 4),
    ]
    assert history.length == history.position == 10


def test_every_moment_is_the_same_from_wherever_it_is_reached(history):
    there = {place: history.at(place).network for place in range(11)}
    for order in [range(11), range(10, -1, -1), [9, 1, 10, 4]]:
        anew = replace(history, kept={})
        assert all(same(anew.at(place).network, there[place]) for place in order)
    assert not same(there[9], there[10])


def test_epochs_that_are_played_on_are_those_of_one_training(history):
    whole = replace(history, deeds=(), position=0, kept={}).with_done(EPOCH, 5)
    parts = replace(history, deeds=(), position=0, kept={}).with_done(EPOCH, 2).with_done(EPOCH, 3)
    assert same(whole.now.network, parts.now.network)
    assert parts.now.epochs == 5


def test_after_something_else_the_optimizer_begins_anew_with_the_next_shuffle(history):
    assert history.at(7).epochs == 4
    assert history.at(7).training.epoch == 4


def test_a_step_by_hand_is_the_one_that_the_trace_shows(history):
    shown = history.explain(history.at(3).network, (4, 5), 0.5).parameters[0].step.w_after
    assert np.array_equal(history.at(4).network.weights[0], shown)


def test_to_do_something_in_the_past_forgets_what_came_after(history):
    other = replace(history, position=4).with_done(EditOf(3, 1, None, 9.0), 1)
    assert other.length == 5
    assert other.now.network.biases[1][0] == 9.0
    assert max(other.kept) == 5
    assert same(replace(other, kept={}).now.network, other.now.network)


def test_moments_that_are_kept_take_bounded_room(history):
    begun = replace(history, deeds=(), position=0, kept={})
    for _ in range(300):
        begun = begun.with_done(EditOf(2, 1, 1, 1.0), 1)
    assert len(begun.kept) <= 256


def test_a_position_that_is_not_there_is_refused(history):
    with pytest.raises(InvalidInputError, match="positions 0 to 10, but 11"):
        history.at(11)
