"""The map of shapes: backlit beside its peers, layers of 4 to 2048 neurons and batches of 1 to 1024 rows.

    python benchmarks/map.py                  every shape, less than 20 minutes on two processors
    python benchmarks/map.py --quick          some of them, less than 4 minutes
    python benchmarks/map.py --shape 16-16-16-10 --batch 32 --optimizer sgd       one, printed only
    python benchmarks/map.py --draw           draws what was saved, measures nothing

As in `run.py` all begin with the same weights, see the same rows in the same order, take turns, and must compute what
the reference engine computes. A contestant keeps its process from shape to shape, on one processor or on all. All make
a shape ready at once, and then each setting is timed; from the second round on, each contestant's best. PyTorch takes
half a minute to compile a step, so it does so only where it is near the best peer without. The results are saved in
``benchmarks/results/latest.json`` (of a quick run, ``quick.json``); `run.py --write-docs` puts them into the pages.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import bounds
import correctness
import machine
import map_pictures
import numpy as np
import report
from cases import MAP_ROUNDS, QUICK_MAP_ROUNDS, Case, shape, shapes
from interleaved import ContestantFailedError, Process
from run import QUICK_RESULTS, RESULTS, say

OURS, COMPILED, COMPILED_PAYS = "backlit", "PyTorch compiled", 1.2
NAMES = (OURS, "JAX", "PyTorch eager", "scikit-learn")
TWO_PAY = 1e6  # operations a step, below which no peer gains by a second thread
FAR_BEHIND = 2.0
SHORT_PAUSE, LONG_PAUSE = 0.02, 0.3  # the threads of OpenBLAS and OpenMP spin on after their work
Key = tuple[str, int]


class Crew:
    """The contestants' processes, started when first asked for."""

    def __init__(self) -> None:
        self._processes: dict[Key, Process] = {}

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes.values():
            process.close()

    def make_ready(self, keys: list[Key], case: Case, expected: str) -> dict[Key, dict[str, Any]]:
        """Give all a shape at once; return what each says of it, or why it failed."""
        answers, asked = {}, []
        for name, n in keys:
            try:
                if (name, n) not in self._processes:
                    self._processes[name, n] = Process("one_shape", n, {"contestant": name}, {})
                self._processes[name, n].ask({"case": asdict(case), "expected": expected})
                asked.append((name, n))
            except ContestantFailedError as error:
                answers[name, n] = {"failed": str(error)}
        for key in asked:
            try:
                answers[key] = self._processes[key].answer()
            except ContestantFailedError as error:
                answers[key] = {"failed": str(error)}
                self._processes.pop(key).close()
        return answers

    def seconds(self, key: Key, setting: int) -> float:
        time.sleep(LONG_PAUSE if key[1] > 1 and key[0] != OURS else SHORT_PAUSE)
        self._processes[key].ask({"setting": setting})
        return float(self._processes[key].answer())


def measure_shape(case: Case, crew: Crew, n_rounds: int) -> dict[str, Any]:
    """Return each contestant's seconds per step, its setting, and its distance from the reference."""
    most = machine.processors()
    with tempfile.TemporaryDirectory() as folder:
        for optimizer in [case.optimizer] + ["adam of PyTorch"] * (case.optimizer == "adam"):
            known = replace(case, optimizer=optimizer)
            np.save(Path(folder) / f"{optimizer}.npy", correctness.trained(known, correctness.N_STEPS))
        counts = {1, most} if case.flops_per_step >= TWO_PAY else {1}
        keys = [(name, n) for name in NAMES for n in sorted({1, most} if name == OURS else counts)]
        answers = crew.make_ready(keys, case, folder)
        times = {(key, i): [] for key in keys for i in range(len(answers[key].get("settings", ())))}
        for entry in times:
            times[entry].append(crew.seconds(*entry))
        eager = min((seconds[0] for (key, _), seconds in times.items() if key[0] == "PyTorch eager"), default=np.inf)
        peers = [seconds[0] for (key, _), seconds in times.items() if key[0] != OURS]
        if eager < COMPILED_PAYS * min(peers, default=0.0) and case.flops_per_step >= TWO_PAY:
            answers |= (found := crew.make_ready([(COMPILED, most)], case, folder))
            times |= {(key, i): [crew.seconds(key, i)] for key in found for i in range(len(found[key]["settings"]))}
    best: dict[Key, int] = {}
    for key, i in sorted(times, key=lambda entry: times[entry][0]):
        best.setdefault(key, i)
    first = min((times[entry][0] for entry in best.items() if entry[0][0] != OURS), default=np.inf)
    running = [e for e in best.items() if e[0][0] == OURS or times[e][0] < FAR_BEHIND * first]
    for _, entry in itertools.product(range(n_rounds - 1), running):
        times[entry].append(crew.seconds(*entry))
    return {
        "rows": {f"{key[0]}, {key[1]}": statistics.median(times[key, i]) for key, i in best.items()},
        "settings": {f"{key[0]}, {key[1]}": answers[key]["settings"][i] for key, i in best.items()},
        "distances": {f"{key[0]}, {key[1]}": max(answers[key]["distances"]) for key in best},
        "failed": {f"{key[0]}, {key[1]}": found["failed"] for key, found in answers.items() if "failed" in found},
    }


def row_of(case: Case, found: dict[str, Any], limits: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what is saved of a shape."""
    ours = {name.split(", ")[1]: seconds for name, seconds in found["rows"].items() if name.startswith(OURS)}
    peers = {name: seconds for name, seconds in found["rows"].items() if not name.startswith(OURS)}
    best = min(peers, key=lambda name: peers[name])
    about = {"name": case.name, "width": case.sizes[0], "batch": case.batch_size, "depth": len(case.sizes) - 1}
    bound = {n: bounds.roofline(case, limit["peak"], limit["bandwidth"]) for n, limit in limits.items()}
    ratio = peers[best] / ours[max(ours, key=int)]
    kind = {"n_out": case.sizes[-1], "optimizer": case.optimizer}
    return about | kind | {"ours": ours, "bound": bound, "peers": peers, "best peer": best, "ratio": ratio} | found


def line_of(row: dict[str, Any]) -> str:
    cells = " ".join(f"{name} {1e6 * seconds:,.1f}" for name, seconds in row["rows"].items())
    share = 100 * report.share_of_one(row)
    return f"{row['name']}: {row['ratio']:.2f} × {row['best peer']}; {share:.0f} % of the roofline on one; µs: {cells}"


def limits_of_machine() -> dict[str, dict[str, Any]]:
    """Peak and bandwidth by the number of processors."""
    counts = sorted({1, machine.processors()})
    return {str(n): {"peak": machine.peak("float32", n), "bandwidth": machine.bandwidth(n)} for n in counts}


def complaints_of(rows: list[dict[str, Any]]) -> list[str]:
    tolerance = correctness.TOLERANCES["full"][0]
    wrong = [(row["name"], *pair) for row in rows for pair in row["distances"].items() if not pair[1] <= tolerance]
    failed = [f"{name} failed on {row['name']}: {why}" for row in rows for name, why in row["failed"].items()]
    return [f"{who} is wrong on {shape}: {far} from the reference" for shape, who, far in wrong] + failed


def one(sizes: str, batch: int, optimizer: str) -> Case:
    """Return the shape asked for; activations and loss are the map's."""
    widths = tuple(int(n) for n in sizes.split("-"))
    case = shape(widths[0], batch, len(widths) - 1, widths[-1], optimizer)
    return case if case.sizes == widths else replace(case, name=f"{sizes}, {batch}, {optimizer}", sizes=widths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer shapes and rounds")
    parser.add_argument("--draw", action="store_true", help="draw what was saved")
    parser.add_argument("--shape", help="layers of one shape, as in 16-16-10")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--optimizer", choices=("adam", "sgd"), default="adam")
    arguments = parser.parse_args()
    file = QUICK_RESULTS if arguments.quick else RESULTS
    file.parent.mkdir(exist_ok=True)
    results = json.loads(file.read_text()) if file.exists() else {}
    if arguments.draw:
        map_pictures.draw(results["map"]["rows"])
        return
    limits = limits_of_machine()
    asked = [one(arguments.shape, arguments.batch, arguments.optimizer)] if arguments.shape else shapes(arguments.quick)
    rows = []
    with Crew() as crew:
        for i, case in enumerate(asked):
            found = measure_shape(case, crew, QUICK_MAP_ROUNDS if arguments.quick else MAP_ROUNDS)
            rows.append(row_of(case, found, limits))
            say(f"{i + 1} of {len(asked)}: {line_of(rows[-1])}")
    if not arguments.shape:
        results["map"] = {"machine": machine.describe(), "limits": limits, "rows": rows}
        file.write_text(json.dumps(results, indent=1, ensure_ascii=False))
        map_pictures.draw(rows, "quick-" if arguments.quick else "")
        print(report.shape_map(results))
    if complaints := complaints_of(rows):
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
