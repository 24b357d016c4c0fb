"""Tries backlit as it was installed, where there is no compiler: `make wheel` and cibuildwheel run this.

A program and no test: whoever installs a wheel has no pytest. It imports nothing but backlit and what backlit brings.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

import backlit as bl
from backlit.engine import native_is_available

COMPILERS = ("cc", "c++", "gcc", "g++", "clang", "clang++", "cl")


def check_estimator() -> float:
    """Train on the native engine, and return the share of right predictions."""
    X = np.random.default_rng(0).normal(size=(400, 5))
    y = (X[:, 0] > X[:, 1] ** 2).astype(int)
    model = bl.MLPClassifier((20,), max_iter=100, learning_rate_init=0.01, tol=0.0, random_state=0, engine="native")
    model.fit(X[:300], y[:300])
    return float(np.mean(model.predict(X[300:]) == y[300:]))


def check_commands(folder: Path) -> int:
    """Train and predict by the command line, and return the number of predictions."""
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["size", "kind", "worth"])
        writer.writerows([i, "flat" if i % 3 else "house", 10 * i + 5 * (i % 3)] for i in range(200))
    commands = [
        ["train", "table.csv", "--target", "worth", "--out", "m.safetensors", "--epochs", "5", "--engine", "native"],
        ["predict", "m.safetensors", "table.csv", "--out", "said.csv"],
        ["explain", "m.safetensors", "table.csv", "--row", "3"],
    ]
    for command in commands:
        subprocess.run([sys.executable, "-m", "backlit", *command], cwd=folder, check=True, capture_output=True)
    return len((folder / "said.csv").read_text().splitlines()) - 1


def main() -> None:
    """Run all checks, and say what was seen."""
    warnings.simplefilter("ignore")  # training ends early here
    found = [name for name in COMPILERS if shutil.which(name)]
    if found and "--compiler-allowed" not in sys.argv:
        sys.exit(f"{', '.join(found)} on PATH: this would not show that a wheel does without. Or --compiler-allowed.")
    if not native_is_available():
        sys.exit(f"{bl.__file__} has no compiled engine.")
    engine = bl.get_engine()
    if engine.name != "native":
        sys.exit(f"The engine of choice is {engine.name!r}, but a wheel brings the native one.")
    accuracy = check_estimator()
    if accuracy < 0.85:
        sys.exit(f"The native engine learned next to nothing: {accuracy:.0%} right.")
    with tempfile.TemporaryDirectory() as folder:
        n = check_commands(Path(folder))
    if n != 200:
        sys.exit(f"200 rows went in, {n} predictions came out.")
    print(f"backlit {bl.__version__} from {Path(bl.__file__).parent}: engine native ({engine.instruction_set}),")
    print(
        f"{accuracy:.0%} right, {n} predictions by the command line. Compilers on PATH: {', '.join(found) or 'none'}."
    )


if __name__ == "__main__":
    main()
