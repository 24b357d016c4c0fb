"""One fit from outside: the rows are split and laid down, a process is started, and what it predicted is scored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from records import Key, Record
from rows import Rows
from scoring import score
from sets import read
from shared import processor_name, processors
from split import split, split_to_choose

HERE = Path(__file__).parent
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def measure(key: Key, data: Path, to_choose: bool = False) -> Record:
    """Return the line of one fit, scored on the test or on rows to choose by; where it failed, why."""
    table_set = read(key.set, data)
    classes = table_set.classes if table_set.task == "classification" else []
    parts = (split_to_choose if to_choose else split)(table_set, key.seed)
    record = {
        **key._asdict(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{processor_name()}, {processors()} processors",
        "revision": revision(),
        "rows": [len(part) for part in parts],
    }
    task = key._asdict() | {"target": table_set.target, "task": table_set.task, "classes": classes}
    test = Rows(parts.test, table_set.target, table_set.task, classes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts.train.write_parquet(folder / "train.parquet")
        parts.validation.write_parquet(folder / "validation.parquet")
        test.inputs.write_parquet(folder / "test.parquet")
        try:
            took = _run(folder, task)
            scores = score(test, np.load(folder / "predicted.npy"))
        except (FailedError, ValueError) as error:
            return record | {"failed": str(error)}
    return record | {"scores": scores} | took


class FailedError(Exception):
    """A contestant's process ended before its time."""


def _run(folder: Path, task: dict[str, Any]) -> Record:
    threads = dict.fromkeys(THREAD_VARIABLES, str(task["n_threads"]))
    command = [sys.executable, str(HERE / "one_fit.py"), str(folder), json.dumps(task)]
    done = subprocess.run(command, env=os.environ | threads, capture_output=True, text=True)
    answers = [line[2:] for line in done.stdout.splitlines() if line.startswith("> ")]
    if done.returncode == 0 and answers:
        return json.loads(answers[-1])
    last = done.stderr.strip().splitlines()[-1:]
    raise FailedError(last[0] if last else f"It ended with {done.returncode} and without a word.")


def revision() -> str | None:
    """Return the commit that is measured, where git knows."""
    command = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
