"""Measure backlit and its peers side by side, print the tables, and save them.

    python benchmarks/run.py                         everything, about a quarter of an hour on two processors
    python benchmarks/run.py --quick                 the workloads at fewer rounds, less than 2 minutes
    python benchmarks/run.py --only training --cases W1,W4
    python benchmarks/run.py --neighbor              backlit and JAX beside a process that streams memory, 3 minutes
    python benchmarks/run.py --isa avx2              the workloads with everybody held to AVX2, some 5 minutes
    python benchmarks/run.py --write-docs            puts the saved results into the documentation, measures nothing

Contestants run in processes of their own and take turns (`interleaved.py`); all begin with the same weights and see the
same rows in the same order (`cases.py`), and each must compute what the reference engine computes (`correctness.py`): a
fast wrong engine fails the run. Each peer counts at its better number of threads, and everybody in the fastest setting.
The results are saved part by part in ``benchmarks/results/latest.json`` (of a quick run, ``quick.json``), so that one
part can be measured again with ``--only``. `map.py` has the map of shapes, `pieces.py` the pieces of a step.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import fitting
import grid_search
import importing
import interleaved
import machine
import map_pictures
import memory
import neighbor
import pages
import prediction
import report
from cases import CASES, INSTRUCTION_SETS, OTHER_ROUNDS, PREDICTED, PREDICTED_ROWS, QUICK_ROUNDS, ROUNDS

import training

HERE = Path(__file__).parent
RESULTS, QUICK_RESULTS = HERE / "results" / "latest.json", HERE / "results" / "quick.json"
DOCS = HERE.parent / "docs"
BEGAN = time.monotonic()


def say(message: str) -> None:
    print(f"[{time.monotonic() - BEGAN:5.0f} s] {message}", file=sys.stderr, flush=True)


def measure_training(results: report.Results, quick: bool, cases: list[str]) -> None:
    """W1 to W4: everybody in float32, then the variants."""
    results["training"] = []
    _train_all(results, training.main_entries(quick), quick, cases)
    if not quick:
        for entries in training.variants(cases):
            _train(results, entries, quick, OTHER_ROUNDS)


def measure_held(results: report.Results, quick: bool, cases: list[str], isa: str) -> None:
    """W1 to W4 with everybody held to a lesser instruction set, beside the peak of that set."""
    hidden_by = machine.hiding(isa)
    peak = {str(n): machine.peak("float32", n, isa) for n in sorted({1, machine.processors()})}
    held: report.Results = {"training": [], "peak": {"float32": peak}, "failed": {}, "machine": machine.describe()}
    held["hidden"] = hidden_by is not None
    _train_all(held, training.held_entries(isa, hidden_by, quick), quick, cases)
    results["failed"] |= held.pop("failed")
    results.setdefault("held", {})[isa] = held


def measure_neighbor(results: report.Results, quick: bool, cases: list[str]) -> None:
    """W1 to W4 beside a process that streams memory."""
    results["neighbor"] = []
    for keys in neighbor.entries(cases):
        tasks = {
            (entry, beside): ("neighbor", entry.n_threads, entry.arguments() | {"beside": beside, "quick": quick}, {})
            for entry, beside in keys
        }
        measured, failed = interleaved.measure(tasks, QUICK_ROUNDS if quick else ROUNDS, say)
        results["neighbor"] += [entry.row(found) | {"beside": beside} for (entry, beside), found in measured.items()]
        results["failed"] |= {str(entry): why for (entry, _), why in failed.items()}


def _train_all(results: report.Results, entries: list[training.Entry], quick: bool, cases: list[str]) -> None:
    for case in cases:
        _train(results, [e for e in entries if e.case == case], quick, QUICK_ROUNDS if quick else ROUNDS)


def _train(results: report.Results, entries: list[training.Entry], quick: bool, n_rounds: int) -> None:
    tasks = {
        entry: ("training", entry.n_threads, entry.arguments() | {"quick": quick}, entry.environment())
        for entry in entries
    }
    measured, failed = interleaved.measure(tasks, n_rounds, say, lambda entry: replace(entry, n_threads=0))
    results["training"] += [entry.row(found) for entry, found in measured.items()]
    results["failed"] |= {str(entry): why for entry, why in failed.items()}


def measure_prediction(results: report.Results, quick: bool, cases: list[str]) -> None:
    """One row, and many, through everybody."""
    results["prediction"] = []
    for case, n_rows in itertools.product(
        PREDICTED[:1] if quick else PREDICTED, PREDICTED_ROWS[:1] if quick else PREDICTED_ROWS
    ):
        threads = (1,) if n_rows == 1 else (machine.processors(),)
        keys = list(itertools.product(prediction.ENTRIES, threads))
        tasks = {
            (entry, n): ("prediction", n, {"entry": entry, "case": case, "n_rows": n_rows}, {}) for entry, n in keys
        }
        measured, failed = interleaved.measure(tasks, 3 if n_rows > 1 else OTHER_ROUNDS, say)
        results["prediction"] += [
            {"entry": entry, "case": case, "rows": n_rows, "n_threads": n, "microseconds": found.median * 1e6}
            for (entry, n), found in measured.items()
        ]
        results["failed"].update({f"prediction of {case} by {key[0]}": why for key, why in failed.items()})


def measure_fitting(results: report.Results, quick: bool, cases: list[str]) -> None:
    """What an estimator's fit adds to the engine's time."""
    results["fitting"] = []
    for case in cases:
        n_threads = training.suited(CASES[case])
        tasks = {entry: ("fitting", n_threads, {"entry": entry, "case": case}, {}) for entry in fitting.ENTRIES}
        measured, failed = interleaved.measure(tasks, OTHER_ROUNDS, say)
        results["fitting"] += [
            {"case": case, "entry": entry, "milliseconds": min(found.rounds) * 1e3} for entry, found in measured.items()
        ]
        results["failed"] |= {f"{entry} on {case}": why for entry, why in failed.items()}


def measure_importing(results: report.Results, quick: bool, cases: list[str]) -> None:
    """What starting a program with backlit takes, and a command."""
    say("starting Python")
    results["importing"] = importing.measure()
    results["commands"] = importing.measure_commands()


def measure_memory(results: report.Results, quick: bool, cases: list[str]) -> None:
    """What an estimator's fit takes beside the data."""
    results["memory"] = []
    for case, entry in itertools.product(("W3",) if quick else CASES, memory.ENTRIES):
        tasks = {f"{entry}, {case}": ("memory", 1, {"entry": entry, "case": case}, {})}
        measured, failed = interleaved.measure(tasks, 0, say)
        results["failed"] |= {f"memory of {key}": why for key, why in failed.items()}
        results["memory"] += [{"case": case, "entry": entry, **found.facts} for found in measured.values()]


def measure_grid_search(results: report.Results, quick: bool, cases: list[str]) -> None:
    """W5."""
    if not grid_search.data_folder().exists():
        say(f"no grid search: the data are not at {grid_search.data_folder()} (set BACKLIT_DATA)")
        return
    # every fit has one core; threads of libraries beside the jobs would only be in each other's way
    one = dict.fromkeys(interleaved.THREAD_VARIABLES, "1")
    tasks = {
        entry: ("grid_search", machine.processors(), {"entry": entry, "quick": quick}, one)
        for entry in grid_search.ENTRIES
    }
    measured, failed = interleaved.measure(tasks, 1, say)
    results["grid_search"] = [
        {"entry": entry, "seconds": found.median, "quick": quick, **found.facts} for entry, found in measured.items()
    ]
    results["failed"] |= failed


PARTS = {
    "training": measure_training,
    "prediction": measure_prediction,
    "fitting": measure_fitting,
    "importing": measure_importing,
    "memory": measure_memory,
    "grid_search": measure_grid_search,
}
QUICK_PARTS = ("training", "prediction")


def measure(arguments: argparse.Namespace) -> report.Results:
    """Measure the parts asked for; the others stay as they were measured before."""
    file = QUICK_RESULTS if arguments.quick else RESULTS
    results: report.Results = json.loads(file.read_text()) if file.exists() else {}
    file.parent.mkdir(exist_ok=True)
    results["failed"] = {}
    parts = arguments.only.split(",") if arguments.only else QUICK_PARTS if arguments.quick else PARTS
    if arguments.isa or arguments.neighbor:
        parts = ()
    else:
        results["machine"] = machine.describe()
    if "training" in parts or "peak" not in results:  # shares are of the peak of the same run
        results["peak"] = {
            dtype: {str(n): machine.peak(dtype, n) for n in sorted({1, machine.processors()})}
            for dtype in ("float32", "float64")
        }
    cases = arguments.cases.split(",")
    if arguments.isa:
        measure_held(results, arguments.quick, cases, arguments.isa)
    if arguments.neighbor:
        measure_neighbor(results, arguments.quick, cases)
    for name in parts:
        PARTS[name](results, arguments.quick, cases)
        file.write_text(json.dumps(results, indent=1, ensure_ascii=False))
    file.write_text(json.dumps(results, indent=1, ensure_ascii=False))
    return results


def write_docs() -> None:
    """Put the saved results into the documentation."""
    if not RESULTS.exists():
        raise SystemExit(f"There are no results at {RESULTS}. Run `make bench` first.")
    written = report.sections(json.loads(RESULTS.read_text()))
    for page in (DOCS / "performance.md", HERE.parent / "README.md"):
        pages.write_into(page, written)
    for picture in map_pictures.FOLDER.glob("map-*.png"):
        shutil.copy(picture, DOCS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer contestants and rounds")
    parser.add_argument("--only", help=f"parts to measure, of {','.join(PARTS)}")
    parser.add_argument("--neighbor", action="store_true", help="only the workloads, beside one that streams memory")
    parser.add_argument("--isa", choices=INSTRUCTION_SETS, help="only the workloads, everybody held to this set")
    parser.add_argument("--cases", default=",".join(CASES), help="workloads of training and fitting")
    parser.add_argument("--write-docs", action="store_true", help="write saved results into docs/ and README.md")
    arguments = parser.parse_args()
    if arguments.write_docs:
        write_docs()
        return
    results = measure(arguments)
    print()
    for name, text in report.sections(results).items():
        print(f"{name}\n\n{text}\n")
    held = [row for each in results.get("held", {}).values() for row in each["training"]]
    complaints = [
        f"{row['contestant']} is wrong on {row['case']}: {row['distance']} from the reference"
        for row in results.get("training", []) + results.get("neighbor", []) + held
        if not row["right"]
    ]
    complaints += [f"{key} failed: {why}" for key, why in results.get("failed", {}).items()]
    if complaints:
        raise SystemExit("\n".join(complaints))


if __name__ == "__main__":
    main()
