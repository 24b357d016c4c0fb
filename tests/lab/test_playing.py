"""Playing: off the page's thread, in frames, to be stopped and gone back in exactly."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from backlit.lab.playing import FRAMES_A_SECOND
from backlit.lab.session import LabSession
from backlit.lab.state.state import with_built_in


class Watched:
    """A session whose frames are kept."""

    def __init__(self, name: str = "moons"):
        self.frames, self.ended = [], threading.Event()
        self.session = LabSession(with_built_in(name), self.take)

    def take(self, envelope, frame):
        self.frames.append((time.monotonic(), frame))
        if frame.ended:
            self.ended.set()

    def ask(self, command: str, **arguments):
        told = self.session.handle({"id": 1, "command": command, "arguments": arguments})
        assert told["id"] == 1
        return told.get("reply") or told["error"]


def test_it_plays_as_many_epochs_as_were_asked_for_and_says_so():
    lab = Watched()
    assert lab.ask("Play", epochs=40)["time"]["playing"]
    assert lab.ended.wait(20)
    last = lab.frames[-1][1]
    assert (last.epoch, last.position, last.ended) == (40, 40, "all epochs done")
    assert len(last.pictures.curves.validation_cost) == 40
    view = lab.ask("Look")
    assert (view["time"]["position"], view["time"]["playing"]) == (40, False)


def test_where_it_was_stopped_can_be_gone_back_from_exactly():
    lab = Watched()
    lab.ask("Play")
    while len(lab.frames) < 4:
        time.sleep(0.005)
    n = lab.ask("Pause")["time"]["length"]
    end = lab.session.state
    assert lab.frames[-1][1].ended == "paused"
    anew = replace(end.history, kept={})
    for place in (n, n // 2):
        lab.ask("GoTo", position=place)
        network = lab.session.state.network
        assert all(map(np.array_equal, anew.at(place).network.weights, network.weights))


def test_whatever_else_is_asked_for_pauses_first():
    lab = Watched()
    lab.ask("Play")
    view = lab.ask("Edit", layer=2, neuron=1, value=1.0)
    assert [move["kind"] for move in view["time"]["moves"]][-1] == "edit"
    assert not view["time"]["playing"]
    # a training that had gone on behind it would take it back now
    assert lab.ask("Pause")["time"]["moves"][-1]["kind"] == "edit"


def test_frames_come_no_faster_than_a_page_can_draw():
    lab = Watched("xor")
    lab.ask("SetPictures", boundary=True)
    lab.ask("Play")
    began = time.monotonic()
    while len(lab.frames) < 5 or time.monotonic() - began < 0.5:  # more than half a second on a busy machine
        time.sleep(0.01)
    lab.ask("Pause")
    times = [when for when, frame in lab.frames if not frame.ended]
    assert len(times) <= (time.monotonic() - began) * FRAMES_A_SECOND + 3
    assert lab.frames[0][1].pictures.boundary is not None
    assert lab.frames[0][1].pictures.curves is None


def test_pictures_can_be_changed_while_it_plays():
    lab = Watched()
    lab.ask("SetPictures")
    lab.ask("Play")
    lab.ask("SetPictures", confusion=True)
    n = len(lab.frames)
    while len(lab.frames) < n + 3:
        time.sleep(0.005)
    lab.ask("Pause")
    assert lab.frames[-1][1].pictures.confusion is not None
    assert lab.session.state.pictures.confusion  # also after the pause


def test_a_speed_is_kept():
    lab = Watched()
    began = time.monotonic()
    lab.ask("Play", speed=40.0, epochs=8)
    assert lab.ended.wait(20)
    assert time.monotonic() - began >= 7 / 40


def test_a_training_that_diverges_says_where_and_keeps_what_was_before():
    lab = Watched("sine")
    lab.ask("SetTraining", solver="gd", learning_rate=1e5, batch_size=None)
    lab.ask("SetNetwork", hidden=[3], activations=["relu"], output_activation="identity", loss="quadratic", seed=1)
    lab.ask("Play")
    assert lab.ended.wait(20)
    view = lab.ask("Look")
    assert "diverged: a value in layer" in lab.frames[-1][1].ended
    assert "diverged" in view["notes"][0]
    assert all(np.isfinite(w).all() for w in lab.session.state.network.weights)
    assert view["time"]["position"] == lab.session.state.history.length


@pytest.mark.parametrize("arguments", [{"speed": -1.0}, {"speed": 1e9}, {"epochs": 0}])
def test_nonsense_is_refused(arguments):
    assert "InvalidInputError" in Watched("xor").ask("Play", **arguments)["kind"]


def test_what_nobody_thought_of_is_said_in_words_too(monkeypatch):
    from backlit.lab import session

    monkeypatch.setattr(session, "view_of", None)
    assert "The lab failed: TypeError" in Watched("xor").ask("Look")["message"]
