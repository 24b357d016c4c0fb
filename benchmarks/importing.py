"""Importing: what `import backlit` adds to NumPy and scikit-learn's base, which every program with an estimator has."""

from __future__ import annotations

import subprocess
import sys
import time

PROGRAMS = {
    "NumPy and scikit-learn's base": "import numpy, sklearn.base",
    "scikit-learn's perceptrons as well": "import numpy, sklearn.base, sklearn.neural_network",
    "backlit as well": "import numpy, sklearn.base, backlit",
    "backlit's estimators as well": "import numpy, sklearn.base, backlit; backlit.MLPClassifier",
}
ROUNDS = 5


def measure() -> list[dict[str, object]]:
    """Start Python with each program in turn; return the milliseconds of every start."""
    rows = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS + 1):
        for name, program in PROGRAMS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            rows[name].append(1e3 * (time.perf_counter() - began))
    return [{"program": name, "milliseconds": times[1:]} for name, times in rows.items()]  # the first fills caches
