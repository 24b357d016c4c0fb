"""`backlit find-rate`: a suggestion that `backlit train` can use."""

from __future__ import annotations

import json
import re

import matplotlib
import pytest
from commands import QUICK, check_failure

matplotlib.use("Agg")


@pytest.mark.parametrize("target", [pytest.param("worth", marks=pytest.mark.thorough), "color"])
def test_the_suggestion_can_be_trained_with(folder, run, target):
    options = ["--target", target, "--hidden", "16", "--batch-size", "16"]
    code, out, err = run("find-rate", "homes.csv", *options, "--plot", "rates.png")
    assert code == 0, err
    assert "Wrote rates.png." in err
    assert (folder / "rates.png").read_bytes().startswith(b"\x89PNG")
    rate = re.search(r"Try --learning-rate (\S+)\n", out)[1]
    assert 1e-4 < float(rate) < 1
    code, _, err = run("train", "homes.csv", *options, "--learning-rate", rate, "--out", "m.safetensors")
    assert code == 0, err
    code, out, _ = run("evaluate", "m.safetensors", "homes.csv", "--json")
    metrics = json.loads(out)["metrics"]
    assert metrics.get("r2", metrics.get("accuracy")) > 0.9


def test_json_and_svg(folder, run):
    code, out, err = run("find-rate", "homes.csv", "--target", "worth", *QUICK[2:], "--plot", "r.svg", "--json", "-q")
    assert (code, err) == (0, "")
    document = json.loads(out)
    least = document["costs"].index(min(document["costs"]))
    assert document["suggestion"] == document["rates"][least] / 10
    assert len(document["rates"]) == len(document["batch_costs"])
    assert "<svg" in (folder / "r.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["homes.csv"], ["--target"]),
        (["homes.csv", "--target", "price"], ["price"]),
        (["homes.csv", "--target", "worth", "--solver", "lbfgs"], ["lbfgs"]),
        (["homes.csv", "--target", "worth", "--plot", "rates.pdf"], ["rates.pdf", ".svg or .png"]),
        (["homes.csv", "--target", "worth", "--plot", "no/rates.png"], ["no"]),
        (["nothing.csv", "--target", "worth"], ["nothing.csv"]),
    ],
)
def test_what_is_wrong_is_said(folder, run, arguments, words):
    before = sorted(path.name for path in folder.iterdir())
    check_failure(*run("find-rate", *arguments), folder, words, before)
