"""The command line as a user meets it."""

from __future__ import annotations

import dataclasses
import gzip
import inspect
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from commands import QUICK, homes

from backlit import MLPClassifier, MLPRegressor
from backlit.cli.app import check, demon, diagnose, evaluate, explain, find_rate, predict, train, tune
from backlit.cli.options import GROUPS
from backlit.cli.reading import ReadingOptions
from backlit.errors import ModelFileError


def test_the_main_job(folder, run):
    table = homes()
    table[:240].write_csv("train.csv")
    table[240:].write_csv("held_out.csv")
    table[240:].drop("worth").write_csv("new.csv")
    code, out, err = run("train", "train.csv", "--target", "worth", "--out", "m.safetensors", "--batch-size", "16")
    assert code == 0, err
    assert "regression (override with --task)" in err
    assert "Saved m.safetensors" in out
    code, out, err = run("evaluate", "m.safetensors", "held_out.csv")
    assert code == 0, err
    r2 = float(re.search(r"R²: ([\d.]+)", out)[1])
    assert r2 > 0.9
    code, out, err = run("predict", "m.safetensors", "new.csv", "--out", "predictions.csv")
    assert code == 0, err
    predictions = pl.read_csv("predictions.csv")
    assert predictions.columns == ["worth"]
    truth = table["worth"][240:].to_numpy()
    residual = predictions["worth"].to_numpy() - truth
    assert 1 - np.sum(residual**2) / np.sum((truth - truth.mean()) ** 2) == pytest.approx(r2, abs=1e-5)
    code, out, err = run("explain", "m.safetensors", "held_out.csv", "--row", "2")
    assert code == 0, err
    assert all(equation in out for equation in ("BP1", "BP2", "BP3", "BP4"))
    code, out, err = run("explain", "m.safetensors", "new.csv")
    assert code == 0, err
    assert "BP1" not in out  # without the target there is no error to propagate


def test_classes(folder, run):
    code, out, err = run("train", "homes.csv", "--target", "color", "--out", "m.safetensors", *QUICK)
    assert code == 0, err
    code, out, err = run("predict", "m.safetensors", "homes.csv")
    assert code == 0, err
    predictions = pl.read_csv(out.encode())
    assert predictions.columns == ["color", "probability_blue", "probability_red"]
    assert np.allclose(predictions["probability_blue"] + predictions["probability_red"], 1)
    likelier = np.where(predictions["probability_red"] > 0.5, "red", "blue")
    assert (predictions["color"].to_numpy() == likelier).all()
    code, out, err = run("evaluate", "m.safetensors", "homes.csv", "--json")
    document = json.loads(out)
    assert document["classes"] == ["blue", "red"]
    assert np.trace(document["confusion"]) / document["rows"] == pytest.approx(document["metrics"]["accuracy"])


def test_equal_runs_give_equal_bytes(folder, run):
    for name in ("a.safetensors", "b.safetensors"):
        assert run("train", "homes.csv", "--target", "worth", "--out", name, *QUICK, "--seed", "5")[0] == 0
    assert Path("a.safetensors").read_bytes() == Path("b.safetensors").read_bytes()
    assert run("train", "homes.csv", "--target", "worth", "--out", "b.safetensors", *QUICK, "--seed", "6")[0] == 0
    assert Path("a.safetensors").read_bytes() != Path("b.safetensors").read_bytes()


def test_lbfgs(folder, run):
    code, out, err = run("train", "homes.csv", "--target", "worth", "--out", "m", *QUICK, "--solver", "lbfgs", "--json")
    assert code == 0, err
    options = json.loads(out)["training"]["options"]
    assert (options["solver"], options["max_fun"], options["learning_rate"]) == ("lbfgs", 15_000, None)
    r2 = json.loads(run("evaluate", "m", "homes.csv", "--json")[1])["metrics"]["r2"]
    assert r2 > 0.1
    code, _, err = run("find-rate", "homes.csv", "--target", "worth", "--solver", "lbfgs")
    assert code == 1 and "no learning rate" in err


# name of an estimator's parameter → option of `backlit train`, where they differ
RENAMED = {
    "hidden_layer_sizes": "hidden",
    "learning_rate": "schedule",
    "learning_rate_init": "learning_rate",
    "max_iter": "epochs",
    "random_state": "seed",
    "tol": "tolerance",
    "verbose": "quiet",
    "nesterovs_momentum": "nesterov",
    "early_stopping": "monitor",
    "validation_fraction": "validation",
    "n_iter_no_change": "patience",
    "warm_start": "resume",
}
# what is code, or a choice of columns that a table's reader makes
ONLY_IN_PYTHON = {"callbacks", "scoring", "categorical_features", "missing_values"}


def test_train_has_each_option_of_the_estimators():
    ours = {*inspect.signature(train).parameters}
    theirs = {RENAMED.get(name, name) for cls in (MLPClassifier, MLPRegressor) for name in cls().get_params()}
    assert theirs - ours == ONLY_IN_PYTHON


@pytest.mark.parametrize("command", [train, find_rate, tune, evaluate, predict, explain, demon, check, diagnose])
def test_every_command_with_a_table_reads_it_alike(command):
    assert {field.name for field in dataclasses.fields(ReadingOptions)} <= inspect.signature(command).parameters.keys()


def test_options_stand_in_groups(run):
    headings = re.findall("╭─ (.*?) ─", run("train", "--help")[1])
    assert headings == ["Arguments", "Options", *GROUPS]


def test_file_without_header_is_read_alike_later(folder, run):
    table = homes().with_columns(pl.col("rooms").cast(str).fill_null("?"))
    table[:200].write_csv("train.data", include_header=False)
    table[200:].write_csv("test.data", include_header=False)
    table[200:].drop("color").write_csv("new.data", include_header=False)
    table[200:].write_csv("header.csv")
    names = ",".join(table.columns)
    code, _, err = run(
        *("train", "train.data", "--target", "color", "--out", "m.safetensors", "--names", names),
        *("--missing", "?", *QUICK),
    )
    assert code == 0, err
    outputs = [run("evaluate", "m.safetensors", name) for name in ("test.data", "header.csv")]
    assert [code for code, _, _ in outputs] == [0, 0], outputs
    assert outputs[0][1] == outputs[1][1]
    code, out, err = run("predict", "m.safetensors", "new.data")
    assert code == 0, err
    assert len(out.splitlines()) == 101


def test_labels_with_a_full_stop_are_understood(folder, run):
    assert run("train", "homes.csv", "--target", "color", "--out", "m.safetensors", *QUICK)[0] == 0
    homes().with_columns(pl.col("color") + ".").write_csv("dots.csv")
    code, out, err = run("evaluate", "m.safetensors", "dots.csv")
    assert code == 0
    assert "full stop" in err
    assert out == run("evaluate", "m.safetensors", "homes.csv")[1]


def test_images(folder, run):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200).astype(np.uint8)
    images = (rng.integers(0, 60, (200, 4, 4)) + 60 * labels[:, None, None]).astype(np.uint8)
    with gzip.open("images-idx3-ubyte.gz", "wb") as file:
        file.write(bytes([0, 0, 8, 3]) + np.array([200, 4, 4], ">i4").tobytes() + images.tobytes())
    with gzip.open("labels-idx1-ubyte.gz", "wb") as file:
        file.write(bytes([0, 0, 8, 1]) + np.array([200], ">i4").tobytes() + labels.tobytes())
    code, _, err = run(
        *("train", "images-idx3-ubyte.gz", "--labels", "labels-idx1-ubyte.gz", "--out", "m.safetensors"),
        *("--epochs", "40", "--batch-size", "16"),
    )
    assert code == 0, err
    code, out, err = run(
        "evaluate", "m.safetensors", "images-idx3-ubyte.gz", "--labels", "labels-idx1-ubyte.gz", "--json"
    )
    assert json.loads(out)["metrics"]["accuracy"] > 0.95
    code, out, err = run("predict", "m.safetensors", "images-idx3-ubyte.gz")
    assert out.splitlines()[0] == "label,probability_0,probability_1,probability_2"


@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop", "sgd", "gd"])
def test_solvers(folder, run, solver):
    code, _, err = run("train", "homes.csv", "--target", "worth", "--out", "m.safetensors", "--solver", solver, *QUICK)
    assert code == 0, err


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_engines_agree(folder, run, engine):
    code, _, err = run("train", "homes.csv", "--target", "worth", "--out", "m.safetensors", "--engine", engine, *QUICK)
    assert code == 0, err
    r2 = json.loads(run("evaluate", "m.safetensors", "homes.csv", "--json")[1])["metrics"]["r2"]
    run("train", "homes.csv", "--target", "worth", "--out", "n.safetensors", "--engine", "auto", *QUICK)
    assert json.loads(run("evaluate", "n.safetensors", "homes.csv", "--json")[1])["metrics"]["r2"] == pytest.approx(
        r2, abs=1e-4
    )


def test_validation_table(folder, run):
    homes(seed=1).write_csv("validation.csv")
    code, _, err = run(
        *("train", "homes.csv", "--target", "worth", "--out", "m.safetensors", "--validation", "validation.csv", *QUICK)
    )
    assert code == 0, err
    assert "validation" in err


def test_quiet_and_json(folder, run):
    code, out, err = run("train", "homes.csv", "--target", "worth", "--out", "m.safetensors", "--quiet", *QUICK)
    assert (code, out, err) == (0, "", "")
    code, out, err = run("train", "homes.csv", "--target", "worth", "--out", "m.safetensors", "--json", *QUICK)
    document = json.loads(out)
    assert document["task"] == "regression"
    assert document["sizes"][-2:] == [8, 1]
    assert document["training"]["epochs"] == 3


def test_parquet_out(model, run):
    assert run("predict", model, "homes.csv", "--out", "p.parquet")[0] == 0
    assert pl.read_parquet("p.parquet").shape == (300, 1)


def test_version_and_help(run):
    code, out, _ = run("version")
    assert code == 0
    assert "engine: native" in out
    for command in ("train", "evaluate", "predict", "explain", "demo", "version"):
        code, out, _ = run(command, "--help")
        assert code == 0
        assert command == "version" or "Example" in out


def test_debug_shows_the_traceback(folder, run):
    with pytest.raises(ValueError, match=r"none\.csv"):
        run("--debug", "train", "none.csv", "--target", "worth", "--out", "m")
    with pytest.raises(ValueError, match=r"none\.csv"):
        run("train", "none.csv", "--target", "worth", "--out", "m", "--debug")


def test_ctrl_c_leaves_nothing(folder):
    homes(20_000).write_csv("many.csv")
    before = sorted(path.name for path in folder.iterdir())
    command = [
        "train",
        "many.csv",
        "--target",
        "worth",
        "--out",
        "m.safetensors",
        "--epochs",
        "100000",
        "--patience",
        "99999",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "backlit", *command], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if line.startswith("epoch"):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)  # all epochs would take longer
    assert process.returncode == 130
    assert "Traceback" not in err
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_reader_that_has_enough_is_no_error(model):
    command = f"{sys.executable} -m backlit predict {model} homes.csv --quiet | head -2"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[0] == "worth"
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_help_waits_for_no_large_library():
    program = (
        "import sys; from backlit.cli import main; sys.argv = ['backlit', '--help']\n"
        "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "train" in done.stdout
    assert {"numpy", "sklearn", "scipy", "polars"}.isdisjoint(done.stderr.split())


def test_class_names_that_look_like_markup(folder, run):
    table = homes().with_columns(
        color=pl.when(pl.col("color") == "red").then(pl.lit("[/red]u")).otherwise(pl.lit("[bold]"))
    )
    table.write_csv("markup.csv")
    assert run("train", "markup.csv", "--target", "color", "--out", "m.safetensors", *QUICK)[0] == 0
    code, out, err = run("evaluate", "m.safetensors", "markup.csv")
    assert (code, err) == (0, "")
    assert "[/red]u" in out
    assert "[bold]" in out


def test_boolean_labels_are_spelled_one_way(folder, run):
    homes().with_columns(color=pl.col("color") == "red").write_csv("bools.csv")
    assert run("train", "bools.csv", "--target", "color", "--out", "m.safetensors", *QUICK)[0] == 0
    lines = run("predict", "m.safetensors", "bools.csv")[1].splitlines()
    assert lines[0] == "color,probability_False,probability_True"
    assert {line.split(",")[0] for line in lines[1:]} == {"True", "False"}


def test_step_shown_is_trainings_own(folder, run):
    assert run("train", "homes.csv", "--target", "worth", "--out", "m.safetensors", *QUICK)[0] == 0
    assert "μ = 0.05" in run("explain", "m.safetensors", "homes.csv")[1]
    assert "μ = 0.5" in run("explain", "m.safetensors", "homes.csv", "--learning-rate", "0.5")[1]
    assert run("explain", "m.safetensors", "homes.csv", "--learning-rate", "0")[0] != 0


def test_explain_in_every_format(folder, run, model):
    row = ["explain", "m.safetensors", "homes.csv", "--row", "2"]
    begins = {"markdown": "# One step", "latex": r"\documentclass", "html": "<!DOCTYPE html>", "json": "{"}
    for name, begin in begins.items():
        code, out, err = run(*row, "--format", name)
        assert code == 0, err
        assert out.startswith(begin)
    code, out, err = run(*row, "--layers", "2", "--neurons", "1,5", "--digits", "3")
    assert code == 0, err
    assert "z²_1 = " in out and "z²_5 = " in out and "z²_2 = " not in out and "z³" not in out.split("── 3.")[0]
    assert "… " not in run(*row, "--neurons", "all")[1].split("── 2.")[1]
    code, out, err = run(*row, "--worksheet", "--format", "html", "--out", "sheet.html")
    assert code == 0, err
    assert "Answers" in Path("sheet.html").read_text(encoding="utf-8")
    for wrong, words in ((["--neurons", "x"], "whole numbers"), (["--layers", "9"], "layers must lie in 1 to 3")):
        code, out, err = run(*row, *wrong)
        assert code == 1
        assert words in err


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        ("x", "training.reading must be an object"),
        ({"names": "size"}, "training.reading.names must be a list"),
        ({"missing": [0]}, r"training.reading.missing\[0\] must be text"),
        ({"separator": 0}, "training.reading.separator must be text"),
    ],
)
def test_how_the_training_data_was_read_is_not_believed(folder, reading, said):
    with pytest.raises(ModelFileError, match=said):
        ReadingOptions().as_in_training(reading, Path("homes.csv"), "worth")


def test_what_columns_are_is_said_given_and_kept(folder, run):
    """Numbers with a comma, words among them, a code, an index, an id, dates, a line of units and one of totals."""
    rows = [f'{k},"{k * 31:,}",{k % 7:03},A{k},{k % 28 + 1:02}/02/2021,{k}.5' for k in range(200)]
    rows[50] = rows[50].replace('"1,550"', "unknown")
    table = "\n".join([",price,code,id,when,worth", ",($),,,,EUR", *rows, "Total,616900,,,,20000"])
    (folder / "dirty.csv").write_text("# of the shop\n" + table + "\n")
    train = ("train", "dirty.csv", "--target", "worth", "--out", "m.safetensors", *QUICK)
    code, _, err = run(*train, "--comment", "#")
    assert code == 0, err
    said = {line.split()[0]: line for line in err.splitlines() if line.strip()}
    assert "1 of 200 cells is not: 'unknown': taken as gaps" in said["price"]
    assert "category of 7 values (codes: '000' begins with a zero)" in said["code"]
    assert "identifier, left out (a new value in each row)" in said["id"]
    assert "left out (an index: it counts the rows)" in said["column_1"]
    assert "date (read as %d/%m/%Y; " in said["when"]
    assert "Left out row 1: a line of units." in err
    assert "Left out row 202: a line of totals: 'Total'." in err
    (folder / "one.csv").write_text("price,code,when\n12,001,01/02/2021\n")
    alone = run("predict", "m.safetensors", "one.csv")
    assert alone[0] == 0, alone[2]
    assert run("evaluate", "m.safetensors", "dirty.csv")[1].startswith("200 rows")
    given = (
        "--column",
        "code=number",
        "--ignore",
        "id,when",
        "--missing",
        "unknown,-1",
        "--comment",
        "#",
        "--decimal",
        ".",
    )
    document = json.loads(run(*train, *given, "--json")[1])
    kinds = {column["name"]: column["kind"] for column in document["columns"]}
    assert {name for name, kind in kinds.items() if kind == "left out"} == {"column_1", "id", "when"}
    assert {name for name, kind in kinds.items() if kind == "number"} == {"price", "code", "worth"}
    assert "No cell is '-1', which was given as missing." in run(*train, *given)[2]
    schema = {"version": 1, "columns": [{"name": "price", "kind": "text"}, {"name": "worth", "kind": "number"}]}
    (folder / "schema.json").write_text(json.dumps(schema))
    code, _, err = run(*train, "--comment", "#", "--schema", "schema.json")
    assert code == 0, err
    assert "price     text, left out" in err
    for wrong, words in [
        (("--column", "price"), "zip=category"),
        (("--column", "cost=number"), "no column named 'cost'"),
        (("--decimal", ";"), "decimal mark"),
        (("--schema", "one.csv"), "not valid JSON"),
    ]:
        code, _, err = run(*train, "--comment", "#", *wrong)
        assert code in (1, 2)
        assert words in " ".join(err.replace("│", " ").split())
