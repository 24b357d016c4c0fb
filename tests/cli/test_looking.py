"""The commands that look into a model: demon, check, diagnose."""

import json

import pytest
from commands import QUICK

import backlit as bl
from backlit.core import backpropagation, gradient_check
from backlit.explanation.demon.demon import demon
from backlit.explanation.views.render import render


def test_demon_ranks_and_pushes(folder, model, run):
    code, out, _ = run("demon", model, "homes.csv", "--row", 3)
    assert code == 0
    assert out.startswith("Where would the demon push?")
    code, out, _ = run("demon", model, "homes.csv", "--layer", 2, "--neuron", 1, "--dz", 0.5, "--json")
    document = json.loads(out)
    assert (code, document["layer"], document["moves"][1]["dz"]) == (0, 2, 0.25)


@pytest.mark.parametrize(("name", "start"), [("d.svg", b"<svg"), ("d.png", b"\x89PNG")])
def test_demon_draws(folder, model, run, name, start):
    code, _, err = run("demon", model, "homes.csv", "--layer", 2, "--neuron", 1, "--plot", name)
    assert code == 0, err
    assert (folder / name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--neuron", 1], "--layer"),
        (["--plot", "d.svg"], "one neuron"),
        (["--layer", 2, "--neuron", 1, "--plot", "d.gif"], ".svg or .png"),
        (["--layer", 9], "layer must be from 2 to 3"),
        (["--row", 301], "rows 1 to 300"),
    ],
)
def test_demon_refuses(folder, model, run, options, words):
    code, out, err = run("demon", model, "homes.csv", *options)
    assert code in (1, 2)
    assert out == ""
    assert words in err


def test_check_passes_and_fails(folder, model, run, monkeypatch):
    code, out, _ = run("check", model, "homes.csv")
    assert code == 0
    assert out.startswith("Gradient check passed")
    monkeypatch.setattr(backpropagation, "bp3", lambda delta, share: 2 * delta.mean(axis=0))
    code, out, _ = run("check", model, "homes.csv", "--json")
    assert (code, json.loads(out)["ok"]) == (1, False)


EXERCISE = {"sizes": [2, 1], "weights": [[[0.1, 0.2]]], "biases": [[0.3]], "x": [[1, 2], [3, 4]], "y": [[1], [0]]}


def test_defaults_are_those_of_the_functions(folder, run, monkeypatch):
    (folder / "e.json").write_text(json.dumps(EXERCISE))
    monkeypatch.setitem(gradient_check.check_gradient.__kwdefaults__, "max_parameters", 2)
    assert "2 of 3 parameters checked" in run("check", "--network", "e.json")[1]
    assert "[default: 2]" in run("check", "--help")[1]
    monkeypatch.setitem(render.__kwdefaults__, "digits", 3)
    assert "C = 0.0481\n" in run("explain", "--network", "e.json", "--row", 1)[1]
    monkeypatch.setitem(demon.__kwdefaults__, "dz", 0.75)
    assert "0.375" in run("demon", "--network", "e.json", "--layer", 2, "--neuron", 1)[1]


def test_check_takes_a_network_typed_in_by_hand(folder, run):
    exercise = dict(EXERCISE)
    (folder / "e.json").write_text(json.dumps(exercise))
    code, out, err = run("check", "--network", "e.json")
    assert (code, err) == (0, "")
    assert out.startswith("Gradient check passed: 3 of 3 parameters checked.")
    del exercise["y"]
    (folder / "e.json").write_text(json.dumps(exercise))
    code, out, err = run("check", "--network", "e.json")
    assert (code, out) == (1, "")
    assert "Add the key y" in err
    assert run("check", "m.safetensors", "--network", "e.json")[0] == 2


def test_diagnose_shows_what_training_wrote_down(folder, run):
    run("train", "homes.csv", "--target", "worth", "--out", "r.safetensors", "--diagnose", *QUICK)
    code, out, _ = run("diagnose", "r.safetensors", "homes.csv", "--json")
    assert code == 0
    assert [figures["epoch"] for figures in json.loads(out)["history"]] == [0, 1, 2, 3]
    code, out, _ = run("diagnose", "r.safetensors", "homes.csv")
    assert out.startswith("Diagnosis of 3 layers on 300 examples")
    assert bl.TableModel.load("r.safetensors").training["recorded"]


def test_ctrl_c_ends_every_command_with_a_line(folder, model, run, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(bl.TableModel, "load", interrupted)
    for command in (["diagnose", model, "homes.csv"], ["check", model, "homes.csv"], ["predict", model, "homes.csv"]):
        code, out, err = run(*command)
        assert (code, out, err) == (130, "", "Interrupted; nothing was written.\n")


def test_what_training_wrote_down_is_kept_in_checkpoints(folder, run):
    def command(epochs, *more):
        options = ["--hidden", 8, "--schedule", "constant", "--diagnose", *more]
        return run("train", "homes.csv", "--target", "worth", "--epochs", epochs, *options)

    assert command(6, "--out", "whole.safetensors")[0] == 0
    assert command(6, "--out", "kept.safetensors", "--checkpoint", "run", "--checkpoint-keep", 9)[0] == 0
    for epoch in (5, 6):
        (folder / "run" / f"epoch-{epoch:06d}.safetensors").unlink()
    code, _, err = command(6, "--out", "resumed.safetensors", "--checkpoint", "run", "--resume")
    assert code == 0
    assert "Going on after epoch 4 of 6" in err
    whole, kept, resumed = ((folder / f"{name}.safetensors").read_bytes() for name in ("whole", "kept", "resumed"))
    assert whole == kept == resumed


def test_a_training_that_diverges_is_diagnosed(folder, run):
    options = ["--solver", "sgd", "--learning-rate", 1e9, "--diagnose"]
    code, _, err = run("train", "homes.csv", "--target", "worth", "--out", "n.safetensors", *options)
    assert code == 1
    assert "Diagnosis of" in err
    assert not (folder / "n.safetensors").exists()
    code, out, err = run("train", "homes.csv", "--target", "worth", "--out", "n.safetensors", *options, "--quiet")
    assert (code, out) == (1, "")
    assert err.startswith("Error: Training diverged")


def test_a_member_is_looked_at_alone(folder, run):
    options = [*QUICK, "--members", 3, "--preset", "tabular", "--hidden", 4]
    code, out, err = run("train", "homes.csv", "--target", "worth", "--out", "three.safetensors", *options)
    assert (code, "3 networks, each" in out) == (0, True), err
    model = bl.TableModel.load(folder / "three.safetensors")
    assert model.training["options"]["numbers"] == "piecewise"  # the preset's
    assert model.network.sizes[1:] == (4, 1)  # what was given
    shown = {}
    for member in (None, 1, 3):
        option = [] if member is None else ["--member", member]
        for command in ("explain", "demon", "check", "diagnose"):
            code, out, err = run(command, "three.safetensors", "homes.csv", *option)
            assert code == 0, err
            assert ("The model has 3 members; this is the first" in err) == (member is None)
            shown[command, member] = out
    for command in ("explain", "demon", "check", "diagnose"):
        assert shown[command, None] == shown[command, 1] != shown[command, 3]
    code, _, err = run("explain", "three.safetensors", "homes.csv", "--member", 4)
    assert (code, "has 3 of them" in err) == (2, True)


def test_an_option_that_is_typed_beats_the_preset_though_it_is_the_plain_default(folder, run):
    options = ["--preset", "tabular", "--epochs", 1, "--schedule", "cosine", "--hidden", 4]
    code, _, err = run("train", "homes.csv", "--target", "worth", "--out", "typed.safetensors", *options)
    assert code == 0, err
    trained = bl.TableModel.load(folder / "typed.safetensors").training["options"]
    assert (trained["schedule"], trained["parametrization"]) == ("cosine", "ntp")
