"""Training beside a neighbor: a process that streams memory on the last processor, as others do on a busy machine.

backlit and JAX train W1 to W4 in turn, quiet and beside it, on one processor, which leaves the neighbor one of its own;
what can use all of them also on all, one of which it has to share. What counts is how much of its lead backlit keeps.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

import numpy as np
from cases import CASES
from pages import figure, table

import training

OURS, PEER = "backlit", "JAX"
STREAMED = 1 << 28  # bytes, more than caches hold
Key = tuple[training.Entry, bool]  # the second: beside the neighbor


class Neighbor:
    """The process, which rests but for the time between entering and leaving."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._answered()

    def __enter__(self) -> Neighbor:
        self._signal()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signal()

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        self._process.communicate()  # the end of its input ends it, also where this process is killed

    def _signal(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b".")
        self._process.stdin.flush()
        self._answered()

    def _answered(self) -> None:
        assert self._process.stdout is not None
        if not self._process.stdout.read(1):
            raise RuntimeError("the neighbor has ended")


def stream() -> None:
    """Be the neighbor: read and write a large vector from one byte on standard input to the next."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    vector = np.ones(STREAMED // 4, dtype=np.float32)
    os.write(1, b".")
    while os.read(0, 1):
        os.write(1, b".")
        while not select.select([0], [], [], 0)[0]:
            for part in np.array_split(vector, 64):  # a few milliseconds, after which it listens again
                np.multiply(part, np.float32(1), out=part)
        if not os.read(0, 1):
            return
        os.write(1, b".")


def entries(cases: list[str]) -> list[list[Key]]:
    """Return what is measured, in groups that take turns."""
    groups = []
    for case in cases:
        for n in sorted({1, training.suited(CASES[case])}):
            contestants = [training.Entry(case, name, n) for name in (OURS, PEER)]
            groups.append([(entry, beside) for entry in contestants for beside in (False, True)])
    return groups


def prepare(n_threads: int, beside: bool, **entry: Any) -> tuple[dict[str, Any], Callable[[], float]]:
    """Do as `training.prepare`; where `beside`, each time beside the neighbor."""
    if not beside:
        return training.prepare(n_threads, **entry)
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # which the neighbor inherits
    neighbor = Neighbor()
    os.sched_setaffinity(0, mine)
    facts, once = training.prepare(n_threads, **entry)

    def beside_it() -> float:
        with neighbor:
            return once()

    return facts, beside_it


def report(rows: list[dict[str, Any]]) -> str:
    """Return the table: each workload quiet and beside the neighbor, and the share of the lead that is kept."""
    lines = []
    for case, n in dict.fromkeys((row["case"], row["n_threads"]) for row in rows):
        of = {
            (row["contestant"], row["beside"]): row["microseconds"]
            for row in rows
            if (row["case"], row["n_threads"]) == (case, n)
        }
        if len(of) < 4:
            continue
        quiet, beside = (of[PEER, where] / of[OURS, where] for where in (False, True))
        times = [[figure(of[OURS, where]), figure(of[PEER, where])] for where in (False, True)]
        lines.append(
            [case, str(n), *times[0], f"{quiet:.2f}", *times[1], f"{beside:.2f}", f"{100 * beside / quiet:.0f} %"]
        )
    header = ["workload", "threads", "µs quiet", "JAX", "×", "µs beside it", "JAX", "×", "kept"]
    return table(header, lines)


if __name__ == "__main__":
    stream()
