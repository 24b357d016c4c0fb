"""Starting: what `import backlit` adds to NumPy and scikit-learn's base, which every program with an estimator has, and
what a command takes from the shell on a small file, beside a program that does the same with scikit-learn and pandas.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAMS = {
    "NumPy and scikit-learn's base": "import numpy, sklearn.base",
    "scikit-learn's perceptrons as well": "import numpy, sklearn.base, sklearn.neural_network",
    "backlit as well": "import numpy, sklearn.base, backlit",
    "backlit's estimators as well": "import numpy, sklearn.base, backlit; backlit.MLPClassifier",
}
ROUNDS = 5

MADE = """
import joblib, backlit
from sklearn import datasets, neural_network, pipeline, preprocessing
table = datasets.load_iris(as_frame=True).frame
table.to_csv("iris.csv", index=False)
x, y = table.drop(columns="target"), table["target"]
network = neural_network.MLPClassifier((16,), max_iter=50, random_state=0)
joblib.dump(pipeline.make_pipeline(preprocessing.StandardScaler(), network).fit(x, y), "pipeline.joblib")
"""
TRAINED = [
    "train",
    "iris.csv",
    "--target",
    "target",
    "--task",
    "classification",
    "--hidden",
    "16",
    "--out",
    "model.safetensors",
]
PIPELINE = """
import joblib, pandas
print(joblib.load("pipeline.joblib").predict(pandas.read_csv("iris.csv").drop(columns="target")))
"""
COMMANDS = {
    "`backlit predict`": ["-m", "backlit", "predict", "model.safetensors", "iris.csv"],
    "`backlit explain`": ["-m", "backlit", "explain", "model.safetensors", "iris.csv"],
    "scikit-learn's pipeline, loaded by joblib, on what pandas reads": ["-c", PIPELINE],
}


def measure() -> list[dict[str, object]]:
    """Start Python with each program in turn; return the milliseconds of every start."""
    return _in_turn({name: ["-c", program] for name, program in PROGRAMS.items()}, None)


def measure_commands() -> list[dict[str, object]]:
    """Do the same with commands, on a table of 150 rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for arguments in (["-c", MADE], ["-m", "backlit", *TRAINED]):
            _run(arguments, folder)
        return _in_turn(COMMANDS, folder)


def _in_turn(programs: dict[str, list[str]], folder: Path | None) -> list[dict[str, object]]:
    rows: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS + 1):
        for name, arguments in programs.items():
            began = time.perf_counter()
            _run(arguments, folder)
            rows[name].append(1e3 * (time.perf_counter() - began))
    return [{"program": name, "milliseconds": times[1:]} for name, times in rows.items()]  # the first fills caches


def _run(arguments: list[str], folder: Path | None) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments} failed: {done.stderr or done.stdout}")
