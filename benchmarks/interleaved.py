"""Contestants side by side: each in a process of its own that stays, and all asked in turn, round after round.

What changes on the machine during a run thus meets all of them, and none pays for starting in every round. One at a
time works; the others wait for their turn without using the processor.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
FAR_BEHIND = 1.5
PAUSE = 0.4
"""Seconds before a turn: the threads of some libraries (OpenBLAS's) go on spinning for a while after their work."""


@dataclass
class Measured:
    """What came of one entry.

    Attributes
    ----------
    rounds : list of float
        Seconds, one number a round.
    facts : dict
        What the process said when it was ready.
    """

    rounds: list[float] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)


class ContestantFailedError(Exception):
    """A process ended before its time."""


class Process:
    """One contestant at work on one task."""

    def __init__(self, task: str, n_threads: int, arguments: dict[str, Any], environment: dict[str, str]) -> None:
        threads = dict.fromkeys(THREAD_VARIABLES, str(n_threads))
        # a pipe that nobody reads would fill and stop the process
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), task, json.dumps({"n_threads": n_threads, **arguments})],
            env=os.environ | threads | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.facts = self._read()

    def round(self) -> float:
        time.sleep(PAUSE)
        self.ask()
        return float(self.answer())

    def ask(self, request: Any = None) -> None:
        """Send a request; it works on it until `answer`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # `answer` finds out why it ended

    def answer(self) -> Any:
        return self._read()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()  # not for the end of its output, which processes that joblib keeps hold open for minutes
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("> "):
                return json.loads(line[2:])
        self._process.wait()
        self._errors.seek(0)
        errors = self._errors.read().decode(errors="replace").strip().splitlines()
        raise ContestantFailedError(errors[-1] if errors else "it ended without a word")


def measure(
    entries: dict[Any, tuple[str, int, dict[str, Any], dict[str, str]]],
    n_rounds: int,
    say: Callable[[str], None],
    contestant_of: Callable[[Any], Any] = lambda key: key,
) -> tuple[dict[Any, Measured], dict[Any, str]]:
    """Measure entries in turn.

    Parameters
    ----------
    entries : dict
        Key → task, threads, arguments, environment; see `Process`.
    n_rounds : int
    say : callable
        Told what goes on.
    contestant_of : callable, optional
        Key → what is the same for entries that only the best of counts for. Those far behind it after two rounds are
        not asked again.

    Returns
    -------
    measured, failed : dict, dict
        What came of each; and of those that failed, why.
    """
    processes, failed = {}, {}
    try:
        for key, entry in entries.items():
            say(f"getting {key} ready")
            try:
                processes[key] = Process(*entry)
            except ContestantFailedError as error:
                failed[key] = str(error)
        measured = {key: Measured(facts=process.facts) for key, process in processes.items()}
        running = list(measured)
        for i in range(n_rounds):
            say(f"round {i + 1} of {n_rounds}")
            for key in list(running):
                try:
                    measured[key].rounds.append(processes[key].round())
                except ContestantFailedError as error:
                    failed[key] = str(error)
                    running.remove(key)
                    del measured[key]
            if i == 1:
                running = _in_the_running({key: measured[key].median for key in running}, contestant_of)
        return measured, failed
    finally:
        for process in processes.values():
            process.close()


def _in_the_running(medians: dict[Any, float], contestant_of: Callable[[Any], Any]) -> list[Any]:
    best: dict[Any, float] = {}
    for key, median in medians.items():
        best[contestant_of(key)] = min(median, best.get(contestant_of(key), median))
    return [key for key, median in medians.items() if median <= FAR_BEHIND * best[contestant_of(key)]]


def serve(facts: dict[str, Any], once: Callable[..., Any]) -> None:
    """Say the facts, and then answer each request that comes, with the seconds of one more round where it is empty."""
    print("> " + json.dumps(facts), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print("> " + json.dumps(once() if request is None else once(request)), flush=True)


def repeated(run: Callable[[], object], seconds: float) -> float:
    """Return the median time of runs that together take about so many seconds."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    task, arguments = sys.argv[1], json.loads(sys.argv[2])
    n_threads = arguments["n_threads"]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n_threads])
    import importlib

    serve(*importlib.import_module(task).prepare(**arguments))


if __name__ == "__main__":
    main()
