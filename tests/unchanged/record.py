"""Writes down what a change of structure must not change: bits of trainings, files, and every view of an explanation.

Run it before and after, each with its own installation on the same machine, and compare the two folders::

    old/bin/python tests/unchanged/record.py before
    new/bin/python tests/unchanged/record.py after
    diff -r before after

Bits differ between instruction sets, so what it writes is compared and not kept.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse

import backlit as bl
from backlit.training.schedules import Cosine, OneCycle, Step

N_ROWS = 203


def digest(*arrays: np.ndarray) -> str:
    """Return a hash of the bits of arrays."""
    total = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        total.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
    return total.hexdigest()[:16]


def problem(n_classes: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y: classes, or numbers where there are none."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(N_ROWS, 9))
    signal = X[:, 0] + np.sin(2 * X[:, 1]) + 0.1 * rng.normal(size=N_ROWS)
    if n_classes is None:
        return X, signal
    return X, np.digitize(signal, np.quantile(signal, np.linspace(0, 1, n_classes + 1)[1:-1]))


# name → parameters of an estimator
SMALL = {"hidden_layer_sizes": (17, 6), "max_iter": 12, "random_state": 3}
TRAININGS = {
    **{f"solver {solver}": {"solver": solver} for solver in ("sgd", "gd", "adam", "adamw", "rmsprop", "lbfgs")},
    "adamw without alpha": {"solver": "adamw", "alpha": 0.0},
    "no momentum": {"solver": "sgd", "momentum": 0.0},
    "plain momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "batch size": {"batch_size": 32},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 1},
    "cosine": {"learning_rate": Cosine()},
    "one cycle": {"learning_rate": OneCycle(), "learning_rate_init": 0.01},
    "step": {"learning_rate": Step(3, 0.5)},
    "no shuffle": {"shuffle": False},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 3},
    "validation cost": {"early_stopping": bl.EarlyStopping("validation_cost", patience=2)},
    "penalties": {"alpha": 0.1, "l2": 1e-3, "l1": 1e-4},
    "dropout": {"dropout": bl.Dropout(0.3, input=0.1)},
    "clipping": {"clip_norm": 0.5},
    "float32": {"dtype": "float32"},
    "float32 on two threads": {"dtype": "float32", "n_threads": 2, "hidden_layer_sizes": (200, 100), "max_iter": 3},
    "bfloat16": {"dtype": "float32", "precision": "bfloat16"},
    "bfloat16x3": {"dtype": "float32", "precision": "bfloat16x3"},
    "reference engine": {"engine": "reference"},
    "he": {"initialization": "he_normal", "activation": ["tanh", "softplus"]},
    "no hidden layer": {"hidden_layer_sizes": ()},
}


def estimators() -> dict[str, str]:
    """Train both estimators in every way and return hashes of their weights and predictions."""
    found = {}
    for n_classes in (None, 2, 4):
        X, y = problem(n_classes)
        cls = bl.MLPRegressor if n_classes is None else bl.MLPClassifier
        kind = "numbers" if n_classes is None else f"{n_classes} classes"
        for name, parameters in TRAININGS.items():
            try:
                model = cls(**SMALL | parameters).fit(X, y)
            except bl.BacklitError as error:  # a processor without bfloat16
                found[f"{kind}, {name}"] = f"{type(error).__name__}"
                continue
            found[f"{kind}, {name}"] = digest(*model.coefs_, *model.intercepts_, model.predict(X))
        weights = np.random.default_rng(1).uniform(0, 2, N_ROWS)
        model = cls(**SMALL, dtype="float32").fit(scipy.sparse.csr_matrix(X * (X > 0)), y)
        found[f"{kind}, sparse"] = digest(*model.coefs_)
        found[f"{kind}, weighted"] = digest(*cls(**SMALL).fit(X, y, weights).coefs_)
        model = cls(**SMALL)
        for _ in range(5):
            model.partial_fit(X, y, **({} if n_classes is None else {"classes": range(n_classes)}))
        found[f"{kind}, partial_fit"] = digest(*model.coefs_)
        model = cls(**SMALL | {"warm_start": True, "max_iter": 4}).fit(X, y)
        found[f"{kind}, warm start"] = digest(*model.fit(X, y).coefs_)
    X, y = problem(4)
    smooth = bl.MLPClassifier(**SMALL, label_smoothing=0.1, class_weight="balanced").fit(X, y)
    found["smoothing and class weights"] = digest(*smooth.coefs_)
    found["quadratic"] = digest(*bl.MLPClassifier(**SMALL, loss="quadratic").fit(X, y).coefs_)
    found["quantile"] = digest(*bl.MLPRegressor(**SMALL, loss="quantile(0.9)").fit(X, y).coefs_)
    search = bl.find_learning_rate(bl.MLPClassifier(**SMALL), X, y)
    found["rate finder"] = digest(search.rates, search.batch_costs)
    return found


def checkpoints(folder: Path) -> dict[str, str]:
    """Train with checkpoints, stop, resume, and return hashes."""
    X, y = problem(4)
    parameters = SMALL | {"solver": "adam", "early_stopping": True, "n_iter_no_change": 20}

    def stop_at_five(event: object) -> bool:
        return getattr(getattr(event, "record", None), "epoch", 0) == 5

    run = folder / "run"
    part = bl.MLPClassifier(**parameters, checkpoint=bl.Checkpoint(run), callbacks=[stop_at_five]).fit(X, y)
    whole = bl.MLPClassifier(**parameters, checkpoint=bl.Checkpoint(run)).fit(X, y)
    return {"stopped": digest(*part.coefs_), "resumed": digest(*whole.coefs_)}


def table() -> pl.DataFrame:
    """A table of numbers with gaps, text, and two targets."""
    X, y = problem(None)
    columns = {f"x{i}": [None if (i + row) % 17 == 0 else v for row, v in enumerate(X[:, i])] for i in range(3)}
    kinds = [("red", "green", "blue")[int(abs(v) * 5) % 3] for v in X[:, 4]]
    return pl.DataFrame(columns | {"kind": kinds, "worth": y * 1000, "grade": ["hi" if v > 0 else "lo" for v in y]})


COMMANDS = {
    "numbers": ["--target", "worth"],
    "classes": ["--target", "grade"],
    "sgd": ["--target", "worth", "--solver", "sgd", "--schedule", "adaptive", "--learning-rate", "0.01"],
    "rmsprop": ["--target", "grade", "--solver", "rmsprop", "--schedule", "cosine", "--validation", "0"],
    "gd": ["--target", "worth", "--solver", "gd", "--learning-rate", "0.01"],
    "adamw": ["--target", "grade", "--solver", "adamw", "--l2", "0.001"],
    "quantile": ["--target", "worth", "--loss", "quantile(0.9)", "--validation", "table.csv"],
    "one cycle": ["--target", "grade", "--schedule", "one_cycle", "--activation", "tanh"],
    "float64": ["--target", "worth", "--dtype", "float64"],
}
SHORT = ["--preset", "plain", "--hidden", "12,5", "--epochs", "6", "--quiet"]


def tables(folder: Path) -> dict[str, str]:
    """Train, predict, explain and export by the command line; the files stay in the folder."""
    table().write_csv(folder / "table.csv")
    found = {}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "backlit", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        return done.stdout + ("" if done.returncode == 0 else done.stderr)

    for name, options in COMMANDS.items():
        model = f"{name.replace(' ', '_')}.safetensors"
        run("train", "table.csv", "--out", model, *SHORT, *options)
        found[f"command {name}"] = hashlib.sha256(run("predict", model, "table.csv").encode()).hexdigest()[:16]
        found[f"evaluate {name}"] = run("evaluate", model, "table.csv", "--json", "--quiet")
        for view in ("text", "markdown", "latex", "html", "json"):
            page = run("explain", model, "table.csv", "--row", "2", "--format", view, "--quiet")
            found[f"explain {name} {view}"] = hashlib.sha256(page.encode()).hexdigest()[:16]
    return found


def main() -> None:
    """Record everything into the folder that the command line names."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    warnings.simplefilter("ignore")
    found = {"estimators": estimators(), "checkpoints": checkpoints(folder), "tables": tables(folder.resolve())}
    (folder / "hashes.json").write_text(json.dumps(found, indent=1))
    print(f"{sum(map(len, found.values()))} things recorded in {folder}")


if __name__ == "__main__":
    main()
