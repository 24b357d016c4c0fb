"""One contestant on one split, in this process alone: it fits, predicts, and says what that took.

It is given a task in JSON and finds in the task's folder train.parquet, validation.parquet and the inputs of the test
rows, test.parquet, where it leaves predicted.npy. The test rows' targets are not here, and nothing is imported but
what the contestant needs, so that the peak of memory is its own.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from contestants import CONTESTANTS
from rows import Rows


class Clock:
    """Wall and processor time, of all threads, since it began."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        wall, processor = time.perf_counter() - self._wall, time.process_time() - self._processor
        return {"wall": round(wall, 3), "cpu": round(processor, 3)}


def peak() -> float:
    """Return the most MiB that the process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        # on Linux `ru_maxrss` begins with the peak of whoever started the process; this does not
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(float(line.split()[1]) / 1024, 1)
    per_mebibyte = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mebibyte, 1)


def measure(folder: Path, task: dict[str, Any]) -> dict[str, Any]:
    """Return what it took; the predictions are left in the folder."""
    contestant = CONTESTANTS[task["contestant"]]
    fit = contestant.load().fit
    train, validation = (
        Rows(pl.read_parquet(folder / f"{part}.parquet"), task["target"], task["task"], task["classes"])
        for part in ("train", "validation")
    )
    inputs = pl.read_parquet(folder / "test.parquet")
    before, load = peak(), os.getloadavg()
    clock = Clock()
    predict = fit(train, validation, task["seed"], task["n_threads"], **contestant.setting)
    fitting = clock.read()
    clock = Clock()
    predicted = predict(inputs)
    predicting = clock.read()
    np.save(folder / "predicted.npy", predicted)
    return {
        "fit": fitting,
        "predict": predicting,
        "peak_mib": peak(),
        "before_mib": before,
        "load": load,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in contestant.packages},
    }


if __name__ == "__main__":
    folder, task = Path(sys.argv[1]), json.loads(sys.argv[2])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: task["n_threads"]])
    print("> " + json.dumps(measure(folder, task)), flush=True)
