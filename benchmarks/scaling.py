"""Two workers on two processors against one process with two threads: `make bench-scaling`.

Each figure is of processes of its own, started by torchrun, which train the workloads of cases.py on a cache of float32
rows. The time of a step is shared out: read (rows were waited for), compute (the gradient of the own share), reduce
(shares were added up), wait (for the slower one), step (the optimizer). Workers of one machine add up in memory; they
are measured by messages too, as those of several machines send them. A model of a step, from what is measured of one
process and of gloo, is set beside the measurement; and for 8 to 1,000 workers beside a simulation of a ring of them,
whose computing varies by some per cent. Last, what it takes from the call to the first step on Ray (`starting.py`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import starting
from cases import CASES
from machine import describe, processors

FOLDER = Path(__file__).parents[1] / "build" / "bench-scaling"
SIZES = (1 << 12, 1 << 16, 1 << 20, 1 << 23)
"""Bytes of the messages by which gloo is measured."""
ROUNDS = 3
"""Of each measurement; the median counts."""
JITTER = 0.05
"""Of the computing of a simulated worker: its standard deviation, as a share."""
NETWORKS = {"10 Gbit/s": (25e-6, 1.25e9), "100 Gbit/s": (5e-6, 12.5e9)}
"""Seconds a message, bytes a second."""


class Shares:
    """A stopwatch that also writes down how long each message took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.messages: list[float] = []

    @contextmanager
    def __call__(self, name: str):
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        self.seconds[name] = self.seconds.get(name, 0.0) + took
        if name == "reduce":
            self.messages.append(took)


def rows_of(name: str):
    """The rows of a workload as they stand in a cache."""
    from backlit.data.stream.records import Records
    from backlit.data.stream.row_file import RowFile
    from backlit.data.stream.windows import Windows
    from backlit.tables.stream_rows import StreamedRows

    case = CASES[name]
    FOLDER.mkdir(parents=True, exist_ok=True)
    path, n_in = FOLDER / f"{name}.rows", case.sizes[0]
    x, y = case.data()
    if not path.exists() or path.stat().st_size != x.nbytes:
        path.write_bytes(np.ascontiguousarray(x).tobytes())
    none = np.empty(0, dtype=np.intp)
    dtype = np.dtype([("floats", "f4", (n_in,))])
    records = Records(n_in, np.arange(n_in), none, none, (), (), dtype, "float32")
    windows = Windows(RowFile(path, dtype, case.n_rows), case.n_rows)
    return StreamedRows(windows, records, _Whole(y), None, 4096, 4096, "")


class _Whole:
    """Targets that are there as the network sees them."""

    def __init__(self, y: np.ndarray) -> None:
        self.values = y

    def of(self, rows):
        return self.values[rows]


def train(name: str, n_threads: int, seconds: float, by_message: bool) -> dict[str, object]:
    """Train a workload as one of those that torchrun has started, or alone; return what a step took."""
    import os

    from backlit.core.network import Network
    from backlit.distributed.group import Alone
    from backlit.distributed.rank import SharedRun
    from backlit.distributed.rows import SharedRows
    from backlit.training.options import FitOptions
    from backlit.training.run import Run

    case, shares = CASES[name], Shares()
    weights, biases = case.parameters()
    network = Network(tuple(weights), tuple(biases), case.activations)
    options = FitOptions(
        solver=case.optimizer, learning_rate=case.rate, batch_size=case.batch_size, epochs=10_000, alpha=0.0,
        n_threads=n_threads, momentum=0.0, nesterov=False,
    )  # fmt: skip
    took: list[float] = []

    def watch(event: object) -> bool:
        if type(event).__name__ != "EpochEnded":
            return False
        took.append(case.n_rows / event.rows_per_second)  # type: ignore[attr-defined]
        if len(took) == 1:  # the first warms up
            shares.seconds.clear(), shares.messages.clear()
        return len(took) >= epochs

    epochs = 3
    rows = rows_of(name)
    if "RANK" not in os.environ:
        epochs = max(3, int(seconds / _seconds_of_an_epoch(options, network, case, rows)))
        Run.of(options, network, case.loss, rows).train([watch])
        return {"step": float(np.median(took[1:])) / (case.n_rows / case.batch_size), "epochs": len(took)}
    from backlit.distributed import stepping
    from backlit.distributed.torch_group import process_group

    if by_message:
        stepping.seen_by_all = lambda *_: None  # type: ignore[assignment]
    with process_group() as group:
        epochs = int(os.environ["EPOCHS"])
        shared = SharedRows(rows, group, shares)  # type: ignore[arg-type]
        run = Run.of(options, network, case.loss, shared)
        SharedRun(**vars(run), group=group if group.size > 1 else Alone(), watch=shares).train([watch])  # type: ignore
        n_steps = case.n_rows / case.batch_size
        messages = np.zeros((group.size, len(shares.messages)))
        messages[group.rank] = shares.messages
        group.add_up(messages.reshape(-1))
        reduce = messages.min(axis=0).sum()
        done = n_steps * (len(took) - 1)
        parts = {k: shares.seconds.get(k, 0.0) / done for k in ("read", "compute", "step")}
        parts |= {"reduce": reduce / done, "wait": (messages[group.rank].sum() - reduce) / done}
        return {"step": float(np.median(took[1:])) / n_steps, "rank": group.rank, "parts": parts}


def _seconds_of_an_epoch(options, network, case, rows) -> float:
    from backlit.training.run import Run

    began = time.perf_counter()
    Run.of(replace(options, epochs=1), network, case.loss, rows).train()
    return time.perf_counter() - began


def messages() -> dict[str, float]:
    """Measure gloo: seconds of a message of each size."""
    from backlit.distributed.torch_group import process_group

    found = {}
    with process_group() as group:
        for size in SIZES:
            numbers, times = np.ones(size // 4, dtype=np.float32), []
            for _ in range(20):
                began = time.perf_counter()
                group.add_up(numbers)
                times.append(time.perf_counter() - began)
            found[str(size)] = float(np.median(times[5:]))
        return found | {"rank": group.rank}


def started(n: int, *arguments: str, epochs: int = 3) -> list[dict[str, object]]:
    """Run this program in n processes of torchrun, or 0: in one of its own; return what each prints."""
    import os

    launch = [] if n == 0 else ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n)]
    env = os.environ | {"OMP_NUM_THREADS": "1", "EPOCHS": str(epochs)}
    command = [sys.executable, *launch, __file__, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def ring(
    n: int, compute: float, n_bytes: float, latency: float, bandwidth: float, fixed: float, steps: int = 20
) -> float:
    """Simulate n workers in a ring, whose computing varies; return the mean seconds of a step."""
    rng, at = np.random.default_rng(0), np.zeros(n)
    for _ in range(steps):
        at += compute * np.maximum(0.2, rng.normal(1, JITTER, n)) + fixed
        for _ in range(2 * (n - 1)):  # a piece goes on when it and the neighbor are there
            at = np.maximum(at, np.roll(at, 1)) + latency + n_bytes / n / bandwidth
    return float(at.max() / steps)


def predicted(n: int, compute: float, n_bytes: float, latency: float, bandwidth: float, fixed: float) -> float:
    """The model: computing is shared, the optimizer is not, and each byte goes 2 (n − 1)/n times over the network."""
    return compute / n + fixed + 2 * (n - 1) * latency + 2 * (n - 1) / n * n_bytes / bandwidth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default="W3,W2,W4")
    parser.add_argument("--seconds", type=float, default=4.0, help="about so long each measurement trains")
    parser.add_argument("--no-start", action="store_true", help="leave out what a start on Ray takes")
    parser.add_argument("--train", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--by-message", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--messages", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.train or given.messages:
        result = train(given.train, given.threads, given.seconds, given.by_message) if given.train else messages()
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
        return
    print(json.dumps(describe()))
    gloo = started(2, "--messages")[0]
    took = np.array([gloo[str(size)] for size in SIZES])
    bandwidth = (SIZES[-1] - SIZES[0]) / (took[-1] - took[0])  # of two ranks: each sends its half and gets the other
    latency = max(1e-6, float(took[0]) / 2)
    print(f"gloo on this machine: {latency * 1e6:.0f} µs a message, {bandwidth / 1e9:.2f} GB/s")
    for name in filter(None, given.cases.split(",")):
        measured(name, given.seconds, latency, bandwidth)
    if not given.no_start:
        print()
        starting.report()


def measured(name: str, seconds: float, latency: float, bandwidth: float) -> None:
    """Print what the steps of a workload take, and what the model says."""
    case, both = CASES[name], processors()
    n_bytes = 4.0 * sum(n_in * n_out + n_out for n_in, n_out in zip(case.sizes, case.sizes[1:], strict=False))
    time_of = ("--train", name, "--seconds", str(seconds), "--threads")
    epochs, ways = 0, {"in memory": (), "by message": ("--by-message",)}
    ones: list[float] = []
    of_way: dict[str, list[list[dict[str, object]]]] = {how: [] for how in ways}
    for _ in range(ROUNDS):  # by turns, for a machine is not equally fast all the time
        one = started(0, *time_of, str(both))[0]
        epochs = epochs or int(one["epochs"])  # type: ignore[call-overload]
        ones.append(float(one["step"]))
        for how, more in ways.items():
            ranks = started(2, *time_of, "1", *more, epochs=epochs)
            of_way[how].append(sorted(ranks, key=lambda each: each["rank"]))
    alone = started(1, *time_of, "1", epochs=max(3, epochs // 2))[0]
    print(
        f"\n{name}  {'-'.join(map(str, case.sizes))}, batch {case.batch_size}, {n_bytes / 1e6:.2f} MB to add up a step"
    )
    step = float(np.median(ones))
    print(f"  one process, {both} threads: {step * 1e3:8.3f} ms a step  {case.batch_size / step:12,.0f} rows/s")
    for how, rounds in of_way.items():
        times = [max(float(each["step"]) for each in ranks) for ranks in rounds]
        together = float(np.median(times))
        parts_of_one = [alone / both for alone, both in zip(ones, times, strict=True)]
        rate, of_one = case.batch_size / together, ", ".join(f"{part:.2f}" for part in parts_of_one)
        print(
            f"  two workers, {how + ':':14} {together * 1e3:8.3f} ms a step  {rate:12,.0f} rows/s  "
            f"{np.median(parts_of_one):.2f} of one process ({of_one})"
        )
        for each in rounds[times.index(sorted(times)[len(times) // 2])]:
            parts = each["parts"]
            print("    rank", each["rank"], "  ".join(f"{k} {v * 1e3:.3f}" for k, v in parts.items()))  # type: ignore
    parts = alone["parts"]
    compute, fixed = parts["compute"], parts["step"] + parts["read"]  # type: ignore[index]
    model = predicted(2, compute, n_bytes, latency, bandwidth, fixed)
    print(f"  model of two workers, by message: {model * 1e3:.3f} ms a step, measured {together * 1e3:.3f}")
    for network, (message, per_second) in NETWORKS.items():
        line = []
        for n in (8, 64, 256, 1000):
            args = n_bytes, message, per_second, fixed
            said, simulated = predicted(n, compute, *args), ring(n, compute / n, *args)
            line.append(f"{n}: {(compute + fixed) / said:.1f} ({(compute + fixed) / simulated:.1f})")
        print(f"  {network}, so many workers: times as fast as one, by the model (and simulated)  {'  '.join(line)}")


if __name__ == "__main__":
    main()
