"""Tables larger than memory: `make bench-stream`.

Each figure is of a process of its own, on files that were written before, beside what peers take for the same: PyTorch
with a DataLoader over the same Parquet files through pyarrow, and scikit-learn's `partial_fit` in chunks of them. What
both readings take is measured beside polars, which reads the files and casts them to float32, on more tables
(`stream_files.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from stream_files import CASES, write_files

EPOCHS, REPEATS = 3, 3
MIB = 2**20


def options(name: str):
    """Return how the network of a case is trained."""
    from backlit.tables.options import TableTraining

    case = CASES[name]
    return TableTraining(
        hidden=case.hidden,
        batch_size=case.batch_size,
        epochs=EPOCHS,
        validation_fraction=0.0,
        schedule="constant",
        seed=0,
    )


class Clock:
    """Writes down how many rows a second each epoch had."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def __call__(self, event: object) -> None:
        if type(event).__name__ == "EpochEnded":
            self.rates.append(event.rows_per_second)  # type: ignore[attr-defined]


def stream(name: str, folder: Path, memory: str) -> dict[str, float]:
    """Train on a stream: rows a second, seconds until the first step, and how long training waited for rows."""
    import polars  # noqa: F401  (as where polars alone reads, its import does not count)

    from backlit.tables import stream_rows
    from backlit.tables.streaming import fit_stream

    clock, waited, first = Clock(), [0.0], [0.0]
    ahead = stream_rows.ahead
    began = time.perf_counter()

    def timed(items):
        first[0] = first[0] or time.perf_counter() - began
        iterator = ahead(items)
        while True:
            at = time.perf_counter()
            item = next(iterator, None)
            waited[0] += time.perf_counter() - at
            if item is None:
                return
            yield item

    stream_rows.ahead = timed
    fit_stream(sorted(folder.glob("*.parquet")), CASES[name].target, options(name), memory=memory, listeners=[clock])
    epochs = time.perf_counter() - began - first[0]
    return {"rows/s": max(clock.rates), "both readings, s": first[0], "waited": waited[0] / epochs}


def readings(name: str, folder: Path, memory: str) -> dict[str, float]:
    """Read a stream twice, and leave its cache."""
    import polars  # noqa: F401  (as above)

    from backlit.tables.options import TableTraining
    from backlit.tables.stream_request import StreamRequest
    from backlit.tables.stream_start import StreamStart

    files, target = sorted(folder.glob("*.parquet")), CASES[name].target
    with tempfile.TemporaryDirectory(dir=folder.parent) as cache:
        began = time.perf_counter()
        request = StreamRequest.of(files, target, TableTraining(validation_fraction=0.0), memory=memory)
        StreamStart.of(request, Path(cache), lambda _: None)
        return {"both readings, s": time.perf_counter() - began}


def memory(name: str, folder: Path, _: str) -> dict[str, float]:
    """Train on the same table in memory."""
    import polars as pl

    from backlit.tables.model import TableModel

    clock = Clock()
    table = pl.read_parquet(folder / "*.parquet")
    TableModel.train(table, CASES[name].target, options(name), listeners=[clock])
    return {"rows/s": max(clock.rates)}


def polars(name: str, folder: Path, _: str) -> dict[str, float]:
    """Read the files as polars does, and cast them to float32."""
    import polars as pl

    began = time.perf_counter()
    for path in sorted(folder.glob("*.parquet")):
        table = pl.read_parquet(path).drop(CASES[name].target)
        table.select(pl.selectors.numeric().cast(pl.Float32)).to_numpy()
    return {"both readings, s": time.perf_counter() - began}


def torch(name: str, folder: Path, _: str) -> dict[str, float]:
    """Train the same network in PyTorch, on rows of a DataLoader with two workers."""
    import pyarrow.parquet as pq
    import torch as th

    case = CASES[name]
    width, classes, names = case.width, case.classes, case.columns

    class Rows(th.utils.data.IterableDataset):
        def __iter__(self):
            info = th.utils.data.get_worker_info()
            for path in sorted(folder.glob("*.parquet"))[info.id :: info.num_workers]:
                for batch in pq.ParquetFile(path).iter_batches(case.batch_size, columns=[*names, "y"]):
                    x = np.column_stack([batch[name].to_numpy() for name in names])
                    if case.pixels:
                        x = x.astype(np.float32) / 255
                    y = batch["y"].to_numpy(zero_copy_only=False)
                    y = np.array([int(label[1:]) for label in y]) if classes else y.astype(np.float32)[:, None]
                    yield x, y

    sizes = [width, *case.hidden, classes or 1]
    layers: list[th.nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [th.nn.Linear(n_in, n_out), th.nn.ReLU()]
    network = th.nn.Sequential(*layers[:-1])
    optimizer = th.optim.Adam(network.parameters(), fused=True)
    loss_of = th.nn.CrossEntropyLoss() if classes else th.nn.MSELoss()
    began, rows = time.perf_counter(), 0
    for x, y in th.utils.data.DataLoader(Rows(), batch_size=None, num_workers=2):
        optimizer.zero_grad()
        loss_of(network(x), y).backward()
        optimizer.step()
        rows += len(x)
        if time.perf_counter() - began > 60:
            break
    return {"rows/s": rows / (time.perf_counter() - began)}


def sklearn(name: str, folder: Path, _: str) -> dict[str, float]:
    """Train the same network with scikit-learn's partial_fit, in chunks of the files."""
    import polars as pl
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    case = CASES[name]
    kind = MLPClassifier if case.classes else MLPRegressor
    model = kind(hidden_layer_sizes=case.hidden, batch_size=case.batch_size, random_state=0)
    known = {"classes": [f"c{c}" for c in range(case.classes)]} if case.classes else {}
    began, rows = time.perf_counter(), 0
    for path in sorted(folder.glob("*.parquet")):
        scan = pl.scan_parquet(path)
        for start in range(0, scan.select(pl.len()).collect().item(), 10_000):
            chunk = scan.slice(start, 10_000).collect()
            x = chunk.drop("y").to_numpy()
            model.partial_fit(x / np.float32(255) if case.pixels else x, chunk["y"].to_numpy(), **known)
            rows += chunk.height
            if time.perf_counter() - began > 60:
                return {"rows/s": rows / (time.perf_counter() - began)}
    return {"rows/s": rows / (time.perf_counter() - began)}


TRAINING, READING = (stream, memory, torch, sklearn), (readings, polars)
CONTESTANTS = {each.__name__: each for each in (*TRAINING, *READING)}


def measured(contestant: str, name: str, folder: Path, bound: str) -> dict[str, float]:
    """Run a contestant in a process of its own; add its processor time and its peak of memory, in MiB."""
    command = [
        sys.executable,
        __file__,
        "--contestant",
        contestant,
        "--case",
        name,
        "--folder",
        folder,
        "--bound",
        bound,
    ]
    # polars, which wrote the files, leaves its own choice in the environment; a shell has none
    without = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=without)
    if run.returncode:
        raise SystemExit(f"{contestant} failed on {name}:\n{run.stderr}")
    return json.loads(run.stdout.splitlines()[-1])


def one(contestant: str, name: str, folder: Path, bound: str) -> None:
    """Print what a contestant takes, as JSON."""
    result = CONTESTANTS[contestant](name, folder, bound)
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    unit = 1 if sys.platform == "darwin" else 1024
    result["processor, s"] = sum(usage.ru_utime + usage.ru_stime for usage in (own, children))
    # of PyTorch's workers the largest
    result["peak, MiB"] = (own.ru_maxrss + children.ru_maxrss) * unit / MIB
    print(json.dumps(result))


def files_of(name: str, scale: float) -> Path | None:
    """Have the files of a case written by another process, for memory of this one counts as that of those it starts."""
    command = [sys.executable, __file__, "--write", "--case", name, "--scale", str(scale)]
    folder = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return Path(folder) if folder else None


def table(results: dict[str, dict[str, float]]) -> None:
    """Print what contestants took, one a line."""
    columns = list(dict.fromkeys(key for result in results.values() for key in result))
    print(f"{'':10}" + "".join(f"{column:>20}" for column in columns))
    for contestant, result in results.items():
        print(f"{contestant:10}" + "".join(f"{result.get(column, float('nan')):>20,.3g}" for column in columns))


def compare_training(name: str, folder: Path, bound: str) -> None:
    """Print how fast an epoch is trained on."""
    results = {each.__name__: measured(each.__name__, name, folder, bound) for each in TRAINING}
    table(results)
    ours = results["stream"]["rows/s"]
    print(f"rows/s, as a share of those in memory: {ours / results['memory']['rows/s']:.2f}")
    for peer in ("torch", "sklearn"):
        print(f"rows/s, against {peer}: {ours / results[peer]['rows/s']:.1f} ×")


def compare_reading(name: str, folder: Path, bound: str) -> None:
    """Print what both readings take, in turn with polars, and the least of each."""
    each = {contestant.__name__: [] for contestant in READING}
    for _ in range(REPEATS):
        for contestant, results in each.items():
            results.append(measured(contestant, name, folder, bound))
    least = {contestant: min(results, key=lambda r: r["both readings, s"]) for contestant, results in each.items()}
    table(least)
    ratio = least["readings"]["both readings, s"] / least["polars"]["both readings, s"]
    print(f"both readings, against polars' one and casting: {ratio:.1f} ×")


def main() -> None:
    """Print tables for each case, and the peak for a table ten times its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contestant", choices=CONTESTANTS)
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--write", action="store_true", help="only write the files of the case")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--bound", help="--memory; default: each case's own")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows")
    given = parser.parse_args()
    if given.write:
        print(write_files(given.case, given.scale) or "")
        return
    if given.contestant:
        one(given.contestant, given.case, given.folder, given.bound)
        return
    for name in [given.case] if given.case else CASES:
        folder = files_of(name, given.scale)
        if folder is None:
            print(f"\n{name}: the data are not here (BACKLIT_DATA)")
            continue
        size = sum(path.stat().st_size for path in folder.glob("*.parquet")) / MIB
        bound = given.bound or CASES[name].memory
        print(f"\n{name}: {size:,.0f} MiB of Parquet, --memory {bound}", flush=True)
        compare_reading(name, folder, bound)
        if CASES[name].batch_size:
            print(f"Trained in batches of {CASES[name].batch_size}:", flush=True)
            compare_training(name, folder, bound)
    if not given.case:
        name = "20-64-64-1"
        folder, case = files_of(name, given.scale), CASES[name]
        bound = max(16, int(case.n_rows * given.scale * case.width * 4 / MIB / 10))
        result = measured("stream", name, folder, f"{bound}M")
        print(f"\n{name} with --memory {bound}M, a tenth of its float32 table: peak {result['peak, MiB']:.0f} MiB")


if __name__ == "__main__":
    main()
