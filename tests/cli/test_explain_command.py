"""`backlit explain`: one row, a batch, or a network typed in by hand; in every format."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys

import pytest

import backlit as bl
from backlit.explanation import explain
from backlit.explanation.exercise import Exercise

# Matt Mazur, "A Step by Step Backpropagation Example" (2015)
MAZUR = {
    "sizes": [2, 2, 2],
    "weights": [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]],
    "biases": [[0.35, 0.35], [0.60, 0.60]],
    "activation": "sigmoid",
    "loss": "quadratic",
    "x": [0.05, 0.10],
    "y": [0.01, 0.99],
    "learning_rate": 0.5,
}
BEGINS = {"text": "One step", "markdown": "# One step", "latex": r"\documentclass", "html": "<!DOCTYPE", "json": "{"}


@pytest.fixture
def exercise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "exercise.json"
    path.write_text(json.dumps(MAZUR))
    return path


def test_a_textbook_exercise(exercise, run):
    code, out, err = run("explain", "--network", exercise)
    assert code == 0, err
    for line in (
        "learning rate μ = 0.5.",
        "a³_1 = σ(z³_1) = σ(1.10591) = 0.751365",
        "w³_11 ← w³_11 − μ ∂C/∂w³_11 = 0.4 − 0.5·0.082167      = 0.358916",
        "Cost before the step   C = 0.298371",
    ):
        assert line in out
    code, out, err = run("explain", "--network", exercise, "--learning-rate", 0.1)
    assert "μ = 0.1." in out


@pytest.mark.parametrize("name", BEGINS)
def test_every_format_of_an_exercise(exercise, run, name):
    two = MAZUR | {"x": [[0.05, 0.1], [1, 0]], "y": [[0.01, 0.99], [1, 0]]}
    exercise.write_text(json.dumps(two))
    code, out, err = run("explain", "--network", exercise, "--format", name)
    assert code == 0, err
    assert out.startswith(BEGINS[name])
    code, out, err = run("explain", "--network", exercise, "--format", name, "--row", 2, "--out", "page")
    assert (code, out) == (0, "")
    one = json.loads((exercise.parent / "page").read_text()) if name == "json" else None
    assert one is None or [example["x"] for example in one["examples"]] == [[1, 0]]


@pytest.mark.parametrize("name", BEGINS)
def test_every_format_of_an_explanation_read_back(exercise, run, name):
    assert run("explain", "--network", exercise, "--format", "json", "--out", "e.json")[0] == 0
    code, out, err = run("explain", "--from", "e.json", "--format", name)
    assert code == 0, err
    assert out == run("explain", "--network", exercise, "--format", name)[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "e.json", "--row", "1"], "leave the others out"),
        (["--from", "e.json", "--network", "exercise.json"], "leave the others out"),
        (["--from", "exercise.json"], "Cannot use 'exercise.json': explanation.format is missing. Give what"),
        (["--from", "none.json"], "Cannot read 'none.json'"),
        (["--from", "e.json", "--out", "e.json"], "would be lost"),
    ],
)
def test_what_cannot_be_read_back_is_said(exercise, run, options, words):
    assert run("explain", "--network", exercise, "--format", "json", "--out", "e.json")[0] == 0
    before = (exercise.parent / "e.json").read_bytes()
    code, out, err = run("explain", *options)
    assert code in (1, 2)
    assert (out, words in err) == ("", True)
    assert (exercise.parent / "e.json").read_bytes() == before


@pytest.mark.thorough
def test_color_is_for_terminals(exercise):
    plain = on_a_terminal(exercise, NO_COLOR="1")
    assert "\x1b[3" not in plain
    colored = on_a_terminal(exercise)
    assert "\x1b[35mδ³_1" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == re.sub(r"\x1b\[[\d;]*m", "", plain)


def test_an_exercise_does_not_wait_for_scikit_learn(exercise):
    command = [sys.executable, "-X", "importtime", "-m", "backlit", "explain", "--network", exercise]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Cost after the step" in done.stdout
    assert not re.search(r"\| +(sklearn|polars|scipy)$", done.stderr, re.MULTILINE)


def on_a_terminal(exercise, **environment):
    """What the command writes to a terminal."""
    terminal, other_end = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "COLUMNS": "90"} | environment
    command = [sys.executable, "-m", "backlit", "explain", "--network", str(exercise)]
    with subprocess.Popen(command, stdout=other_end, env=environment) as process:
        os.close(other_end)
        written = b""
        with contextlib.suppress(OSError):  # how Linux tells that the other end is closed
            while part := os.read(terminal, 65536):
                written += part
    os.close(terminal)
    assert process.returncode == 0
    return written.decode()


@pytest.mark.parametrize("rows", [["--row", "3", "--row", "7", "--row", 8], ["--rows", "3,7-8"], ["--rows", "3, 7–8"]])
def test_a_batch_of_rows(folder, model, run, rows):
    code, out, err = run("explain", model, "homes.csv", *rows, "--format", "json")
    assert code == 0, err
    loaded = bl.TableModel.load(model)
    expected = loaded.explain(bl.read_table("homes.csv"), [3, 7, 8])
    assert json.loads(out) == expected.to_dict()
    code, out, err = run("explain", model, "homes.csv", *rows)
    assert "Example 2 of 3: row 7" in out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--row", "0"], "such as 3 or 3,7 or 3-7"),
        (["--row", "3-"], "'3-' came"),
        (["--row", "7-3"], "'7-3' came"),
        (["--row", ""], "'' came"),
        (["--row", "1-9999999"], "'1-9999999' came"),
        (["--row", "301"], "rows 1 to 300"),
        (["--rows", "1-33"], "1 to 32 examples"),
        (["--network", "e.json"], "not both"),
    ],
)
def test_what_is_refused(folder, model, run, options, words):
    code, out, err = run("explain", model, "homes.csv", *options)
    assert code in (1, 2)
    assert out == ""
    assert words in err


def test_what_is_wrong_with_an_exercise_is_said(exercise, run):
    assert "give MODEL and FILE" in run("explain")[2]
    assert "the exercise has 1 to 1" in run("explain", "--network", exercise, "--row", 2)[2]
    exercise.write_text(json.dumps(MAZUR | {"loss": "quadratik"}))
    code, _, err = run("explain", "--network", exercise)
    assert code == 1
    assert "exercise.loss: " in err and "quadratic" in err
    code, _, err = run("explain", "--network", exercise, "--out", exercise)
    assert code == 1
    assert "would be lost" in err


def test_an_exercise_goes_through_its_explanation_and_back(exercise):
    explanation = explain(Exercise.from_dict(json.loads(exercise.read_text())))
    exercise.write_text(json.dumps(Exercise.of(explanation).to_dict()))
    assert json.loads(exercise.read_text()) == MAZUR
