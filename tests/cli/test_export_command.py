"""`backlit export`: the file it writes predicts as the model does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import polars as pl
import pytest
from commands import check_failure

import backlit as bl
from backlit.export.formats import FORMATS
from running_onnx import feeds_of, run_onnx


def test_export(folder, run, model):
    code, _, err = run("export", model, "--out", "m.onnx")
    assert code == 0, err
    assert "Wrote m.onnx: inputs size, kind, rooms, color; outputs variable." in err
    table, loaded = pl.read_csv("homes.csv"), bl.TableModel.load(model)
    came = run_onnx(onnx.load("m.onnx"), **feeds_of(table, loaded.encoder.feature_names_in_))
    assert came["variable"][:, 0] == pytest.approx(loaded.predict(table).values, rel=1e-5)


def test_export_of_a_bare_network(folder, run):
    network = bl.Network.initialize([3, 2], "sigmoid")
    bl.save_network("n.safetensors", network)
    assert run("export", "n.safetensors", "--out", "n.onnx", "--quiet") == (0, "", "")
    x = np.array([[0.0, 1.0, 2.0]])
    assert run_onnx(onnx.load("n.onnx"), X=x)["a"] == pytest.approx(network.feedforward(x))


@pytest.mark.parametrize("arguments", [["--out", "n.c"], ["--out", "n.txt", "--format", "c"]], ids=" ".join)
def test_export_as_c(folder, run, arguments):
    network = bl.Network.initialize([3, 2], "sigmoid")
    bl.save_network("n.safetensors", network)
    code, _, err = run("export", "n.safetensors", *arguments)
    assert code == 0, err
    assert "predict(x, y) takes 3 numbers, x1, x2, x3, and gives 2." in err
    assert Path(arguments[1]).read_text() == bl.to_c(network)


def test_help_lists_the_formats(run):
    _, out, _ = run("export", "--help")
    words = " ".join(out.replace("│", " ").split())
    assert all(f"{name}: {entry.words}" in words for name, entry in FORMATS.items())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["m.safetensors", "--out", "m.safetensors"], ["input"]),
        (["m.safetensors", "--out", "no/m.onnx"], ["no"]),
        (["homes.csv", "--out", "m.onnx"], ["homes.csv"]),
        (["m.safetensors"], ["--out"]),
        (["m.safetensors", "--out", "m.c"], ["'kind' is a category"]),
        (["m.safetensors", "--out", "m.c", "--format", "pascal"], ["--format"]),
    ],
)
def test_what_is_wrong_is_said(folder, run, model, arguments, words):
    before = sorted(path.name for path in folder.iterdir())
    check_failure(*run("export", *arguments), folder, words, before)
