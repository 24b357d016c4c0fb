"""Python in a browser, without the browser: nothing but NumPy, no threads, and the sources as they are packed."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

from backlit.lab.in_browser import sources
from backlit.lab.session import LabSession

ONLY_NUMPY = """
import json, sys, threading
# an editable installation has a finder of its own, which would find the checkout
sys.meta_path = [f for f in sys.meta_path if "editable" not in getattr(type(f), "__module__", "")]
class Nothing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {"backlit", "numpy", "array_api_compat", *sys.stdlib_module_names} or name == "backlit._native":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Nothing())
def start(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = start
sys.path.insert(0, sys.argv[1])
import backlit
assert backlit.__file__.startswith(sys.argv[1]), backlit.__file__
from backlit.lab.in_browser import BrowserLab
pushed = []
lab = BrowserLab(pushed.append)
def ask(command, **arguments):
    return json.loads(lab.handle(json.dumps({"id": 1, "command": command, "arguments": arguments})))
assert ask("Open")["reply"]["view"]["network"]["sizes"] == [2, 2, 1]
for command, arguments in [
    ("Step", {}), ("Explain", {"place": {"quantity": "delta", "layer": 2, "neuron": 1}}), ("Pictures", {}),
    ("AskDemon", {"layer": 2, "neuron": 1, "dz": 1}),
    ("TakeAway", {"kind": "html"}), ("StartExercise", {"kind": "backpropagate"}), ("Play", {"speed": 0, "epochs": 40}),
]:
    assert "reply" in (told := ask(command, **arguments)), (command, told)
while lab.turn():
    pass
assert json.loads(pushed[-1])["content"]["ended"] == "all epochs done"
assert ask("Look")["reply"]["time"]["length"] == 41
assert "This takes polars, which is not there" in ask("ChooseData", name="iris")["error"]["message"]
"""


def test_numpy_alone_is_enough(tmp_path):
    with zipfile.ZipFile(io.BytesIO(sources())) as archive:
        archive.extractall(tmp_path)
    assert not [name for name in archive.namelist() if name.endswith((".so", ".js", ".pyc"))]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ONLY_NUMPY, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_training_in_turns_comes_to_the_same_bits():
    states = []
    for seconds in (0.0, 60.0):  # an epoch a turn, and all in one
        session = LabSession(threads=False)
        assert "reply" in session.handle({"id": 1, "command": "Play", "arguments": {"speed": 0, "epochs": 5}})
        turns = 1
        while session.turn(seconds):
            turns += 1
        assert turns == (5 if seconds == 0.0 else 1)
        states.append(session.state)
    (one, other) = (state.network for state in states)
    assert states[0].history.position == states[1].history.position == 5
    assert all((a == b).all() for a, b in zip(one.weights, other.weights, strict=True))
