"""Files of an older backlit, how they were made, and what today's makes of them.

The folder `yesterday` was written once, by the version before the rooms were rearranged::

    old/bin/python tests/unchanged/yesterday.py write tests/unchanged/yesterday

`test_yesterday.py` reads it, and calls this program again, in a process with the engine's baseline kernels, to go on
from the checkpoints: bits differ between instruction sets. All data are fractions of powers of two and the networks
tiny, so that whatever computes on them rounds in the same way.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import backlit as bl

try:
    from backlit.tables.options import TableTraining
except ImportError:  # where it was, yesterday
    from backlit.estimators.table_training import TableTraining

N_ROWS, STOPPED_AFTER, EPOCHS = 24, 4, 8
HERE = Path(__file__).parent / "yesterday"

ROWS = np.arange(N_ROWS)
X = np.stack([(ROWS * 7) % 11 - 5, (ROWS * 5) % 13 - 6, (ROWS * 3) % 8 - 4], axis=1) / 8
NUMBERS = X[:, 0] - X[:, 1] * X[:, 2]
LABELS = np.where(NUMBERS > 0, "warm", "cold")


def table() -> pl.DataFrame:
    """A column of each kind that the encoder tells apart, and two targets."""
    return pl.DataFrame(
        {
            "size": [None if row % 9 == 4 else float(v) for row, v in enumerate(X[:, 0])],
            "kind": [("red", "green", None, "blue")[row % 4] for row in range(N_ROWS)],
            "new": (ROWS % 3 == 1).tolist(),
            "day": [f"2024-{1 + row % 12:02}-{1 + row:02}" for row in range(N_ROWS)],
            "worth": (1000 * NUMBERS).tolist(),
            "grade": LABELS.tolist(),
        }
    )


# Networks of estimators: name → estimator.
ESTIMATORS = {
    "classifier_float64": (bl.MLPClassifier, LABELS, {"activation": "tanh"}),
    "classifier_float32": (bl.MLPClassifier, LABELS, {"dtype": "float32", "solver": "rmsprop"}),
    "regressor_float64": (bl.MLPRegressor, NUMBERS, {"solver": "sgd", "loss": "huber"}),
    "regressor_float32": (bl.MLPRegressor, NUMBERS, {"dtype": "float32", "activation": "silu"}),
}
SMALL = {"hidden_layer_sizes": (4,), "max_iter": EPOCHS, "random_state": 1, "batch_size": 6}

# Models of tables: name → target and options.
TABLES = {
    "table_classes_float32": ("grade", {}),
    "table_numbers_float64": ("worth", {"dtype": "float64", "solver": "sgd"}),
    "table_numbers_bfloat16": ("worth", {"precision": "bfloat16", "loss": "quantile(0.75)"}),
}
SMALL_TABLE = {"hidden": (4,), "epochs": EPOCHS, "seed": 1, "batch_size": 6}

# Checkpoints: name → how it is trained. What the options mean has not changed.
RUNS: dict[str, Any] = {
    "adam_dropout": (bl.MLPClassifier, {"dropout": bl.Dropout(0.25), "early_stopping": True, "n_iter_no_change": 20}),
    "sgd_adaptive": (
        bl.MLPRegressor,
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
    ),
    "rmsprop_clipped": (bl.MLPRegressor, {"solver": "rmsprop", "clip_norm": 0.5, "l1": 0.01, "dtype": "float32"}),
    "table_adam": ("grade", {"schedule": "cosine", "patience": 20}),
    "table_sgd": ("worth", {"solver": "sgd", "validation_fraction": 0.0, "dtype": "float64"}),
}

EXERCISE = {
    "sizes": [2, 2, 1],
    "weights": [[[0.5, -1.0], [0.25, 2.0]], [[1.5, -0.5]]],
    "biases": [[0.125, -0.25], [0.0]],
    "activation": ["relu", "identity"],
    "x": [[1.0, 0.5], [1e200, 0.25]],
    "y": [[1.0], [-1e200]],
    "learning_rate": 0.5,
}
HOMEWORK = """
import numpy as np
def sigmoid_prime(z):
    return np.exp(-z) / (1 + np.exp(-z)) ** 2
def output_error(a, y, z):
    return (a - y) * np.nan
def backpropagated_error(w, delta, z):
    return (w.T @ delta) * sigmoid_prime(z)
"""


def stop(event: object) -> bool:
    """Stop in the middle."""
    return getattr(getattr(event, "record", None), "epoch", 0) == STOPPED_AFTER


def train(name: str, folder: Path | None = None, watchers: Sequence[Callable[[Any], Any]] = ()) -> Any:
    """Return the network that a run of `RUNS` ends with; it is kept in a folder, and goes on from there."""
    kind, options = RUNS[name]
    kept = None if folder is None else bl.Checkpoint(folder, keep=1)
    if not isinstance(kind, str):
        y = LABELS if kind is bl.MLPClassifier else NUMBERS
        return kind(**SMALL | options, engine="native", checkpoint=kept, callbacks=[*watchers]).fit(X, y).network_
    # yesterday text was a category in a frame, whatever it looked like
    meant = {"columns": {"day": "category"}} if hasattr(bl, "TableSchema") else {}
    training, watched = TableTraining(**SMALL_TABLE | options), {"listeners": watchers, "recorder": bl.Recorder()}
    return bl.TableModel.train(table(), kind, training, engine="native", checkpoint=kept, **watched, **meant).network


def weights_of(network: Any) -> list[Any]:
    """Return weights and biases, exactly, as JSON has them."""
    return [np.asarray(array).tolist() for array in (*network.weights, *network.biases)]


def predictions(model: bl.TableModel) -> dict[str, Any]:
    """Return what a model of a table says of every row."""
    said = model.predict(table())
    probabilities = None if said.probabilities is None else said.probabilities.tolist()
    return {"values": said.values.tolist(), "probabilities": probabilities}


def verdict() -> str:
    """Return the report on a homework as `backlit grade --format json` prints it."""
    from backlit.cli.grade import ReportFormat, _render

    homework = types.ModuleType("homework")
    exec(HOMEWORK, homework.__dict__)
    today = {"details": False, "width": 80}
    newer = {name: value for name, value in today.items() if name in inspect.signature(_render).parameters}
    return _render(bl.grade(homework, seed=0), ReportFormat.JSON, "homework", **newer) + "\n"


def goes_on(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Go on from each checkpoint in a folder, and train the same without a stop."""
    for name in RUNS:
        begun: list[int] = []

        def see(event: Any, begun: list[int] = begun) -> None:
            begun += [event.first_epoch] if hasattr(event, "first_epoch") else []

        resumed, whole = train(name, folder / name, [see]), train(name)
        yield name, {"began": begun, "resumed": weights_of(resumed), "whole": weights_of(whole)}


def write_models(folder: Path) -> dict[str, Any]:
    """Write model files, an explanation, an exercise and a verdict; return what is to be found again."""
    found: dict[str, Any] = {}
    for name, (kind, y, options) in ESTIMATORS.items():
        model = kind(**SMALL | options).fit(X, y)
        loss = options.get("loss", "cross_entropy" if kind is bl.MLPClassifier else "quadratic")
        bl.save_network(folder / f"{name}.safetensors", model.network_, loss)
        found[name] = model.network_.feedforward(X.astype(model.network_.dtype)).tolist()
    for name, (target, options) in TABLES.items():
        model = bl.TableModel.train(table(), target, TableTraining(**SMALL_TABLE | options), recorder=bl.Recorder())
        model.save(folder / f"{name}.safetensors")
        found[name] = predictions(model)
    exercise = bl.Exercise.from_dict(EXERCISE)
    (folder / "exercise.json").write_text(json.dumps(exercise.to_dict()) + "\n")
    (folder / "explanation.json").write_text(bl.explain(exercise).to_json() + "\n")
    (folder / "verdict.json").write_text(verdict())
    return found


def main() -> None:
    """Write the folder, or print what the checkpoints in it go on to."""
    warnings.simplefilter("ignore")
    word, folder = sys.argv[1], Path(sys.argv[2])
    if word == "write":
        found = write_models(folder)
        child = [sys.executable, __file__, "stop", str(folder)]
        done = subprocess.run(child, env=os.environ | {"BACKLIT_ISA": "baseline"}, stdout=subprocess.PIPE, check=True)
        found["runs"] = json.loads(done.stdout)
        (folder / "found.json").write_text(json.dumps(found) + "\n")
    elif word == "stop":
        for name in RUNS:
            train(name, folder / name, [stop])
        print(json.dumps({name: weights_of(train(name)) for name in RUNS}))
    elif word == "go-on":
        print(json.dumps(dict(goes_on(folder))))


if __name__ == "__main__":
    main()
