"""Train every workload with every contestant, side by side, and print microseconds a step and ratios.

Each contestant runs in a process of its own, on one processor and on two, in turn with the others, several rounds; the
figure is the median of its rounds at its better number of processors. All start from the same weights and see the same
rows in the same order, and each must bring the cost down as the reference engine does: a fast wrong engine fails.

    python benchmarks/run.py [--cases W1,W4] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from cases import CASES, Case
from contestants import CONTESTANTS, OTHER_OBJECTIVE

from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam
from backlit.engine import Objective
from backlit.engine.reference import ReferenceEngine, ReferenceSession

HERE = Path(__file__).parent
EPOCHS = 3
# How far the final cost may be from the reference engine's, relative to how far that has fallen. Parameters would be
# the wrong thing to compare: Adam turns a rounding error in a gradient near zero into a whole step.
TOLERANCE = 0.05


def measure(name: str, case: Case, n_threads: int) -> dict[str, float]:
    """Run one contestant in this process: a first epoch to warm up, then the best of the others."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n_threads])
    epoch, parameters = CONTESTANTS[name](case, n_threads)
    seconds = []
    for e in range(EPOCHS):
        order = case.order(e)
        began = time.perf_counter()
        epoch(order)
        seconds.append(time.perf_counter() - began)
    error = float("nan") if (name, case.name) in OTHER_OBJECTIVE else distance(case, *parameters())
    return {"microseconds": min(seconds[1:] if EPOCHS > 1 else seconds) / case.n_steps * 1e6, "error": error}


def distance(case: Case, weights: list[np.ndarray], biases: list[np.ndarray]) -> float:
    """How far the cost of these parameters is from the reference's, relative to how far that has fallen."""
    reference = json.loads(reference_file(case).read_text())
    return abs(cost(case, weights, biases) - reference["end"]) / (reference["start"] - reference["end"])


def session_on(case: Case, weights: list[np.ndarray], biases: list[np.ndarray]) -> ReferenceSession:
    """A session of the reference engine in float64."""
    weights, biases = ([array.astype(np.float64) for array in part] for part in (weights, biases))
    network = Network(tuple(weights), tuple(biases), case.activations)
    return ReferenceEngine().open(network, Objective(case.loss), Adam() if case.optimizer == "adam" else SGD())


def cost(case: Case, weights: list[np.ndarray], biases: list[np.ndarray]) -> float:
    x, y = (array.astype(np.float64) for array in case.data())
    return session_on(case, weights, biases).evaluate(x, y)[1]


def reference_file(case: Case) -> Path:
    return HERE / "results" / f"reference-{case.name}.json"


def make_reference(case: Case) -> None:
    """Train the case once on the reference engine, and note where its cost began and ended."""
    if reference_file(case).exists():
        return
    x, y = (array.astype(np.float64) for array in case.data())
    session = session_on(case, *case.parameters())
    for e in range(EPOCHS):
        session.run_steps(x, y, case.order(e), case.batch_size, np.full(case.n_steps, case.rate))
    costs = {"start": cost(case, *case.parameters()), "end": session.evaluate(x, y)[1]}
    reference_file(case).parent.mkdir(exist_ok=True)
    reference_file(case).write_text(json.dumps(costs))


def in_own_process(name: str, case: Case, n_threads: int) -> dict[str, float]:
    threads = {key: str(n_threads) for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [sys.executable, __file__, "--measure", name, case.name, str(n_threads)]
    done = subprocess.run(command, env=os.environ | threads, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed on {case.name}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        name, case_name, n_threads = arguments.measure
        print(json.dumps(measure(name, CASES[case_name], int(n_threads))))
        return

    print(machine())
    results = {}
    for case in (CASES[name] for name in arguments.cases.split(",")):
        make_reference(case)
        runs: dict[tuple[str, int], list[float]] = {}
        wrong: dict[str, float] = {}
        for _ in range(arguments.rounds):
            for name in CONTESTANTS:
                if name == "Nielsen's way" and case.name != "W1":
                    continue
                for n_threads in (1, 2):
                    result = in_own_process(name, case, n_threads)
                    runs.setdefault((name, n_threads), []).append(result["microseconds"])
                    if not (np.isnan(result["error"]) or result["error"] < TOLERANCE):
                        wrong[name] = result["error"]
        results[case.name] = report(case, runs, wrong)
        if "backlit" in wrong:
            raise SystemExit(f"backlit is wrong on {case.name}: {wrong['backlit']:.2g} from the reference")
    (HERE / "results" / "latest.json").write_text(json.dumps({"machine": machine(), "results": results}, indent=2))


def report(case: Case, runs: dict[tuple[str, int], list[float]], wrong: dict[str, float]) -> dict[str, float]:
    medians = {key: statistics.median(values) for key, values in runs.items()}
    best = {name: min((medians[name, t], t) for t in (1, 2)) for name in dict.fromkeys(name for name, _ in runs)}
    ours = best["backlit"][0]
    layers = "-".join(map(str, case.sizes))
    print(f"\n{case.name}: {layers}, batch {case.batch_size}, {case.optimizer}")
    for name, (microseconds, n_threads) in sorted(best.items(), key=lambda item: item[1]):
        remark = " (nearest objective)" if (name, case.name) in OTHER_OBJECTIVE else ""
        remark += f" WRONG: {wrong[name]:.2g} from the reference" if name in wrong else ""
        spread = f"{min(runs[name, n_threads]):,.1f} to {max(runs[name, n_threads]):,.1f}"
        print(
            f"  {name:14} {microseconds:10,.1f} µs a step on {n_threads}  ({spread})  "
            f"{case.flops_a_step / microseconds / 1e3:7.1f} GFLOP/s  "
            f"{microseconds / ours:6.2f} × backlit's time{remark}"
        )
    return {name: microseconds for name, (microseconds, _) in best.items()}


def machine() -> str:
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        processor = next(
            line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        )
    from backlit.engine.native import NativeEngine

    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn", "torch", "jax"))
    return f"{processor}, {os.cpu_count()} processors, {NativeEngine().instruction_set}, {versions}"


if __name__ == "__main__":
    main()
