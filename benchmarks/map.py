"""The map of shapes: backlit beside its peers, layers of 4 to 2048 neurons and batches of 1 to 1024 rows.

    python benchmarks/map.py                  every shape, some 20 minutes on two processors
    python benchmarks/map.py --quick          some of them, less than 4 minutes
    python benchmarks/map.py --shape 16-16-16-10 --batch 32 --optimizer sgd       one, printed only
    python benchmarks/map.py --draw           draws what was saved, measures nothing

As in `run.py` all begin with the same weights, see the same rows in the same order, take turns, and must compute what
the reference engine computes. A contestant keeps its process from shape to shape, on one processor or on all. All make
a shape ready at once, and then each setting is timed; from the second round on, each contestant's best (a quick run has
one setting). PyTorch takes half a minute to compile a step, so it does so only where it is the best peer without.
The results are saved in ``benchmarks/results/latest.json`` (of a quick run, ``quick.json``); `run.py --write-docs` puts
them into the pages.
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
import map_report
import numpy as np
from cases import MAP_ROUNDS, QUICK_MAP_ROUNDS, Case, shape, shapes
from interleaved import ContestantFailedError, Process
from run import QUICK_RESULTS, RESULTS, say

OURS, COMPILED, COMPILED_PAYS = "backlit", "PyTorch compiled", 1.0
# Adam's first steps are of one size however small a gradient is, so one that rounding makes of 0 counts in full: wide
# layers of ReLU are up to 0.08 apart in all engines. A wrong step is farther away.
TOLERANCE = 0.1
NAMES = (OURS, "JAX", "PyTorch eager", "scikit-learn")
TWO_PAY = 1e6  # operations a step, below which no peer gains by a second thread
FAR_BEHIND = 2.0
SHORT_PAUSE, LONG_PAUSE = 0.02, 0.3  # threads of OpenBLAS and OpenMP spin on after their work, so who is next waits
Key = tuple[str, int]


class Crew:
    """The contestants' processes, started when first asked for."""

    def __init__(self) -> None:
        self._processes: dict[Key, Process] = {}
        self._spinning = False

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes.values():
            process.close()

    def make_ready(self, keys: list[Key], case: Case, quick: bool) -> dict[Key, dict[str, Any]]:
        """Give all a shape; return the settings of each, or why it failed."""
        request = {"case": asdict(case), "quick": quick}
        return self._at_once(dict.fromkeys(keys, request))

    def distances(self, best: dict[Key, int], expected: str) -> dict[Key, Any]:
        """Return how far each is from the reference, or why it failed."""
        return self._at_once({key: {"check": i, "expected": expected} for key, i in best.items()})

    def _at_once(self, requests: dict[Key, dict[str, Any]]) -> dict[Key, Any]:
        answers, asked = {}, []
        self._spinning = True
        for (name, n), request in requests.items():
            try:
                if (name, n) not in self._processes:
                    self._processes[name, n] = Process("one_shape", n, {"contestant": name}, {})
                self._processes[name, n].ask(request)
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
        time.sleep(LONG_PAUSE if self._spinning else SHORT_PAUSE)
        self._spinning = key[1] > 1 and key[0] != OURS
        self._processes[key].ask({"setting": setting})
        return float(self._processes[key].answer())


def measure_shape(case: Case, crew: Crew, n_rounds: int, quick: bool) -> dict[str, Any]:
    """Return each contestant's seconds per step, its best setting, and its distance from the reference."""
    most = machine.processors()
    counts = sorted({1, most} if case.flops_per_step >= TWO_PAY else {1})
    keys = [(name, n) for name in NAMES for n in (sorted({1, most}) if name == OURS else counts)]
    answers = crew.make_ready(keys, case, quick)
    times = _first_round(crew, answers)
    first = {key: min(seconds[0] for (of, _), seconds in times.items() if of == key) for key, _ in times}
    peers = {key: seconds for key, seconds in first.items() if key[0] != OURS}
    eager = min((seconds for key, seconds in peers.items() if key[0] == "PyTorch eager"), default=np.inf)
    if not quick and case.flops_per_step >= TWO_PAY and eager < COMPILED_PAYS * min(peers.values()):
        compiled = crew.make_ready([(COMPILED, most)], case, quick)
        answers |= compiled
        times |= _first_round(crew, compiled)
    best: dict[Key, int] = {}
    for key, i in sorted(times, key=lambda entry: times[entry][0]):
        best.setdefault(key, i)
    limit = FAR_BEHIND * min((times[entry][0] for entry in best.items() if entry[0][0] != OURS), default=np.inf)
    running = [entry for entry in best.items() if entry[0][0] == OURS or times[entry][0] < limit]
    for _, entry in itertools.product(range(n_rounds - 1), running):
        times[entry].append(crew.seconds(*entry))
    with tempfile.TemporaryDirectory() as folder:
        for optimizer in [case.optimizer] + ["adam of PyTorch"] * (case.optimizer == "adam"):
            known = replace(case, optimizer=optimizer)
            np.save(Path(folder) / f"{optimizer}.npy", correctness.trained(known, correctness.N_STEPS))
        distances = crew.distances(best, folder)
    failed = {
        key: found["failed"]
        for key, found in (answers | distances).items()
        if isinstance(found, dict) and "failed" in found
    }
    return {
        "rows": {_name(key): statistics.median(times[key, i]) for key, i in best.items()},
        "settings": {_name(key): answers[key]["settings"][i] for key, i in best.items()},
        "distances": {_name(key): distance for key, distance in distances.items() if key not in failed},
        "failed": {_name(key): why for key, why in failed.items()},
    }


def _first_round(crew: Crew, answers: dict[Key, dict[str, Any]]) -> dict[tuple[Key, int], list[float]]:
    entries = [(key, i) for key, found in answers.items() for i in range(len(found.get("settings", ())))]
    return {entry: [crew.seconds(*entry)] for entry in entries}


def _name(key: Key) -> str:
    return f"{key[0]}, {key[1]}"


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
    share = 100 * map_report.share_of_one(row)
    return f"{row['name']}: {row['ratio']:.2f} × {row['best peer']}; {share:.0f} % of the roofline on one; µs: {cells}"


def limits_of_machine() -> dict[str, dict[str, Any]]:
    """Peak and bandwidth by the number of processors."""
    counts = sorted({1, machine.processors()})
    return {str(n): {"peak": machine.peak("float32", n), "bandwidth": machine.bandwidth(n)} for n in counts}


def complaints_of(rows: list[dict[str, Any]]) -> list[str]:
    wrong = [(row["name"], *pair) for row in rows for pair in row["distances"].items() if not pair[1] <= TOLERANCE]
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
            n_rounds = QUICK_MAP_ROUNDS if arguments.quick else MAP_ROUNDS
            found = measure_shape(case, crew, n_rounds, arguments.quick)
            rows.append(row_of(case, found, limits))
            say(f"{i + 1} of {len(asked)}: {line_of(rows[-1])}")
    if not arguments.shape:
        results["map"] = {"machine": machine.describe(), "limits": limits, "rows": rows}
        file.write_text(json.dumps(results, indent=1, ensure_ascii=False))
        map_pictures.draw(rows, "quick-" if arguments.quick else "")
        print(map_report.shape_map(results))
    if complaints := complaints_of(rows):
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
