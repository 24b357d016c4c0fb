"""The real files train through the command line, with its own defaults, to what is promised on held-out rows.

``BACKLIT_SEEDS`` says over how many seeds a score is the mean, 1 by default; ``make soak`` asks for 9, for the longer
ones, and for all epochs of the preset.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

ADULT = (
    "age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,sex,"
    "capital_gain,capital_loss,hours_per_week,native_country,income"
)
SEEDS = range(int(os.environ.get("BACKLIT_SEEDS", "1")))
# the result does not depend on it, and tests that run side by side do not wait for each other
ONE_THREAD = ("--threads", "1")
EPOCHS = () if os.environ.get("BACKLIT_SOAK") else ("--epochs", "4")


def backlit(*arguments) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "backlit", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def metrics(model, table, *options) -> dict[str, float]:
    return json.loads(backlit("evaluate", model, table, "--json", *options))["metrics"]


def mean_over_seeds(folder, source, target, metric) -> float:
    """Train on four fifths of a table and evaluate on the rest, for each seed."""
    table = pl.read_csv(source, infer_schema_length=None)
    scores = []
    for seed in SEEDS:
        order = np.random.default_rng(seed).permutation(len(table))
        table[order[len(order) // 5 :]].write_csv(folder / "train.csv")
        table[order[: len(order) // 5]].write_csv(folder / "held_out.csv")
        out = ("--out", folder / "m.safetensors", *ONE_THREAD, *EPOCHS)
        backlit("train", folder / "train.csv", "--target", target, *out, "--seed", seed, "-q")
        scores.append(metrics(folder / "m.safetensors", folder / "held_out.csv")[metric])
    return statistics.mean(scores)


@pytest.mark.parametrize(
    ("source", "target", "metric", "promised"),
    [
        pytest.param("california-housing/housing.csv", "median_house_value", "r2", 0.77, marks=pytest.mark.thorough),
        pytest.param("diamonds/diamonds.csv", "price", "r2", 0.978, marks=pytest.mark.soak),
        pytest.param("covertype/covertype-93k.csv.gz", "Cover_Type", "accuracy", 0.88, marks=pytest.mark.soak),
    ],
)
def test_tables(data_dir, tmp_path, source, target, metric, promised):
    assert mean_over_seeds(tmp_path, data_dir / source, target, metric) >= promised


@pytest.mark.thorough
def test_adult_has_no_header(data_dir, tmp_path):
    scores = []
    for seed in SEEDS:
        backlit(
            *("train", data_dir / "adult" / "adult.train", "--target", "income", "--out", tmp_path / "m.safetensors"),
            *("--names", ADULT, "--missing", "?", "--seed", seed, "-q", *ONE_THREAD, *EPOCHS),
        )
        scores.append(metrics(tmp_path / "m.safetensors", data_dir / "adult" / "adult.test")["accuracy"])
    assert statistics.mean(scores) >= 0.855


@pytest.mark.soak
def test_mnist(data_dir, tmp_path):
    mnist = data_dir / "mnist"
    scores = []
    for seed in SEEDS:
        backlit(
            *("train", mnist / "train-images-idx3-ubyte.gz", "--labels", mnist / "train-labels-idx1-ubyte.gz"),
            *("--out", tmp_path / "m.safetensors", "--preset", "plain", "--hidden", "100", "--epochs", "20"),
            *("--seed", seed, "-q", *ONE_THREAD),
        )
        test_images, test_labels = mnist / "t10k-images-idx3-ubyte.gz", mnist / "t10k-labels-idx1-ubyte.gz"
        scores.append(metrics(tmp_path / "m.safetensors", test_images, "--labels", test_labels)["accuracy"])
    assert statistics.mean(scores) >= 0.975
