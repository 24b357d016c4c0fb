"""The widget: the messages of the page through a notebook, without a browser."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

import backlit as bl
from backlit.errors import InvalidInputError, MissingExtraError
from backlit.lab.commands import act, first_lab
from backlit.lab.talk.protocol import TakeAway
from backlit.lab.widget import Lab


class Notebook:
    """Sends messages as a notebook does, and keeps what comes back."""

    def __init__(self, *arguments, **more):
        self.lab, self.came = bl.Lab(*arguments, **more), []
        self.lab.send = lambda content, buffers=None: self.came.append((content, buffers))

    def ask(self, command: str, **arguments):
        self.lab._heard(self.lab, {"id": 5, "command": command, "arguments": arguments}, [])
        content, buffers = self.came[-1]
        assert content["id"] == 5
        return content.get("reply") or content["error"], buffers


def array(told, buffers):
    return np.frombuffer(buffers[told["buffer"]], "<f8").reshape(told["$array"])


def test_numbers_come_as_buffers_beside_the_message():
    notebook = Notebook(bl.Network.initialize([2, 3, 1], seed=1), [[0.5, -1.0], [1.0, 0.0]], [[1.0], [0.0]])
    notebook.lab._heard(notebook.lab, {"ready": True}, [])
    assert notebook.came == []
    view, buffers = notebook.ask("Look")
    told = bl.explain(notebook.lab.network, [[0.5, -1.0]], [[1.0]])
    assert np.array_equal(array(view["trace"]["layers"][0]["delta"], buffers), told.examples[0].layer(2).error.delta)


def test_steps_and_errors_go_the_same_way():
    notebook = Notebook()
    assert notebook.ask("Step")[0]["time"]["position"] == 1
    assert "positions 0 to 1" in notebook.ask("GoTo", position=9)[0]["message"]


def test_files_come_as_buffers():
    notebook = Notebook()
    notebook.lab._heard(notebook.lab, {"id": 3, "file": "a.csv", "buffer": 0}, [memoryview(b"a,b\n1,2\n2,3\n")])
    assert notebook.came[-1][0]["reply"]["n_rows"] == 2
    notebook.lab._heard(notebook.lab, {"id": 4, "file": "a.csv", "buffer": 1}, [])
    assert "did not come" in notebook.came[-1][0]["error"]["message"]


def test_frames_come_while_it_plays():
    notebook = Notebook("moons")
    notebook.ask("Play", epochs=5)
    notebook.lab._session._player._thread.join(20)
    frames = [content for content, _ in notebook.came if content.get("event") == "Frame"]
    assert frames[-1]["content"]["epoch"] == 5


def test_two_labs_share_nothing():
    first, second = Notebook(), Notebook()
    first.ask("Step")
    assert second.ask("Look")[0]["time"]["position"] == 0


def test_what_can_be_looked_at():
    estimator = bl.MLPClassifier((3,), solver="gd", max_iter=900, tol=0.1, random_state=0)
    estimator.fit([[0.0, 1.0], [1.0, 0.0]] * 5, ["no", "yes"] * 5)
    assert Notebook(estimator, [[0.0, 1.0]], ["no"]).ask("Look")[0]["data"]["outputs"] == ["yes"]
    import pandas as pd

    table = pd.DataFrame({"a": range(12), "b": [0, 1] * 6})
    assert Notebook(table, y="b").ask("Look")[0]["data"]["task"] == "classification"
    text = act(first_lab(), TakeAway("link"))[1].content
    assert Notebook(text).ask("Look")[0]["data"]["name"] == "xor"
    with pytest.raises(InvalidInputError, match="a set came"):
        Lab({1})


def test_a_missing_extra_names_the_line_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "backlit.lab.widget")
    lab = importlib.import_module("backlit.lab.widget").Lab
    with pytest.raises(MissingExtraError, match=r"pip install 'backlit\[notebook\]'"):
        lab()
