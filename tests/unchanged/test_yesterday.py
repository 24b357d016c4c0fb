"""What an older backlit wrote is read by today's, says the same, and goes on to the same bits."""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from yesterday import ESTIMATORS, EXERCISE, HERE, RUNS, STOPPED_AFTER, TABLES, X, predictions, table, verdict

import backlit as bl
from backlit.persistence import load_model, model_file, save_model

FOUND = json.loads((HERE / "found.json").read_text())


def same(one, other, tolerance):
    """Whether two documents are the same but for rounding."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key], tolerance) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(same(a, b, tolerance) for a, b in zip(one, other, strict=True))
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("name", ESTIMATORS)
def test_networks_of_estimators_give_the_same_outputs(name):
    network = bl.load_network(HERE / f"{name}.safetensors")
    assert network.dtype == name.split("_")[-1]
    outputs = network.feedforward(X.astype(network.dtype)).tolist()
    assert same(outputs, FOUND[name], 1e-12 if network.dtype == "float64" else 1e-6)


@pytest.mark.parametrize("name", TABLES)
def test_models_of_tables_predict_the_same_and_can_be_looked_into(name):
    model = bl.TableModel.load(HERE / f"{name}.safetensors")
    assert same(predictions(model), FOUND[name], 1e-12 if name.endswith("float64") else 1e-5)
    assert model.explain(table(), 3).learning_rate in (0.001, 0.05)
    assert [figures.epoch for figures in bl.diagnose(model, table()).history] == [0, 1, 2, 3, 4, 6, 8]


@pytest.mark.parametrize("name", [*ESTIMATORS, *TABLES])
def test_models_are_written_byte_for_byte_as_they_were(name, tmp_path, monkeypatch):
    monkeypatch.setattr(model_file, "library_version", lambda: "0.1.0")
    save_model(tmp_path / "again", load_model(HERE / f"{name}.safetensors"))
    assert (tmp_path / "again").read_bytes() == (HERE / f"{name}.safetensors").read_bytes()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # it overflows, so that there are numbers that are not finite
def test_an_exercise_and_its_explanation_are_read_and_written_as_they_were():
    text = (HERE / "explanation.json").read_text().rstrip("\n")
    assert '"NaN"' in text and '"Infinity"' in text
    assert bl.Explanation.from_json(text).to_json() == text
    document = json.loads((HERE / "exercise.json").read_text())
    exercise = bl.Exercise.from_dict(document)
    assert exercise.to_dict() == document == bl.Exercise.from_dict(EXERCISE).to_dict()
    assert bl.explain(exercise).to_json() == text


def test_a_verdict_is_spelled_as_it_was():
    # there is more in it today, and the words may change
    (before,), (today,) = (json.loads(text)["findings"] for text in ((HERE / "verdict.json").read_text(), verdict()))
    assert before.pop("found") == today["found"] == "nan"
    assert before.keys() < today.keys()
    for key in ("equation", "layer", "component", "mistake", "line"):
        assert today[key] == before[key]


@pytest.fixture(scope="module")
def gone_on(tmp_path_factory):
    folder = shutil.copytree(HERE, tmp_path_factory.mktemp("yesterday"), dirs_exist_ok=True)
    command = [sys.executable, Path(__file__).with_name("yesterday.py"), "go-on", folder]
    environment = os.environ | {"BACKLIT_ISA": "baseline"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.needs("engine")
@pytest.mark.parametrize("name", RUNS)
def test_checkpoints_go_on_to_the_bits_of_a_training_that_was_not_stopped(name, gone_on):
    assert gone_on[name]["began"] == [STOPPED_AFTER + 1]
    # Arm's kernels round otherwise, from the first epoch on; so do those that narrow networks have had since
    rounds_as_then = platform.machine() in ("x86_64", "AMD64") and name in ("adam_dropout", "rmsprop_clipped")
    tolerance = 0.0 if rounds_as_then else 1e-6
    for how in ("resumed", "whole"):
        assert same(gone_on[name][how], FOUND["runs"][name], tolerance), how


def test_a_difference_would_be_seen():
    assert not same({"a": [1.0]}, {"a": [np.nextafter(1.0, 2.0)]}, 0.0)
    assert not same({"a": [1.0]}, {"b": [1.0]}, 1.0)
    assert not same([1.0], [1.0, 2.0], 1.0)
    assert not same(1, True, 1.0)
