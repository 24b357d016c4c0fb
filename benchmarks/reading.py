"""Reading tables of text beside polars: `python benchmarks/reading.py`.

polars only divides and types the cells; backlit checks every line, decides what each column is, and says what does not
fit. Both read the same file in turn, in processes of their own, so that each begins with nothing.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def write_long(path: Path, n_rows: int) -> None:
    """Write 12 columns of measurements, 3 of whole numbers, 3 of categories and 2 of dates."""
    import polars as pl

    rng = np.random.default_rng(0)
    table = {f"n{j}": rng.normal(size=n_rows).round(4) for j in range(12)}
    table |= {f"k{j}": rng.integers(0, 1000, n_rows) for j in range(3)}
    names = np.array([f"category {k}" for k in range(40)])
    table |= {f"c{j}": names[rng.integers(0, 40, n_rows)] for j in range(3)}
    first = np.datetime64("2020-01-01")
    table |= {f"d{j}": first + rng.integers(0, 1500, n_rows).astype("timedelta64[D]") for j in range(2)}
    pl.DataFrame(table).write_csv(path)
    _size_of(path).write_text(f"{n_rows} 148")  # of the matrix that comes of it


def write_wide(path: Path, n_columns: int) -> None:
    """Write 50 rows of measurements."""
    import polars as pl

    x = np.random.default_rng(0).normal(size=(50, n_columns)).round(4)
    pl.DataFrame(x, schema=[f"x{j}" for j in range(n_columns)]).write_csv(path)
    _size_of(path).write_text(f"50 {n_columns}")


def _size_of(path: Path) -> Path:
    return path.with_suffix(".size")


def inspect(path: str) -> None:
    """Do what `backlit inspect` does."""
    from backlit.data.columns.choices import ColumnChoices
    from backlit.data.formats.table_file import read_table_file
    from backlit.data.inspection import inspect_table

    file = read_table_file(path, plain_numbers=True)
    inspect_table(file.frame, ColumnChoices().for_file(file))


def read(path: str) -> None:
    """Read what each cell means."""
    import backlit as bl

    bl.read_table(path)


def encode(path: str) -> None:
    """Read a table and make a matrix of numbers of it."""
    import backlit as bl

    bl.TableEncoder().fit_transform(bl.read_table(path))


def matrix(path: str) -> None:
    """Make a matrix as large as that of `encode`, of ones alone: what no encoder can do without."""
    np.empty([int(n) for n in _size_of(Path(path)).read_text().split()]).fill(1)


def peer(path: str) -> None:
    """Read with polars."""
    import polars as pl

    pl.read_csv(path)


WAYS = {way.__name__: way for way in (peer, inspect, read, encode, matrix)}


def measure(way: str, path: Path) -> tuple[float, float]:
    """Return wall and processor time of a process of its own, without its imports and first use."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", way, str(path)], check=True, capture_output=True, text=True
    )
    wall, processor = map(float, done.stdout.split())
    return wall, processor


def one(way: str, path: str) -> None:
    """Measure in this process, and print both times."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.csv")
        write_long(small, 100)
        WAYS[way](str(small))
    gc.collect()  # what the imports left
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    WAYS[way](path)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    print(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Print seconds, and how many times as long as polars each takes: medians, and of ratios of neighbors in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0, help="of a million rows, and of 10,000 columns")
    parser.add_argument("--one", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(*given.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        long, wide = Path(folder, "long.csv"), Path(folder, "wide.csv")
        n_rows, n_columns = int(1e6 * given.scale), int(1e4 * given.scale)
        write_long(long, n_rows)
        write_wide(wide, n_columns)
        for path, shape, ways in (
            (long, f"{n_rows:,} x 20", ("inspect", "read", "encode", "matrix")),
            (wide, f"50 x {n_columns:,}", ("read", "encode", "matrix")),
        ):
            rounds = [{way: measure(way, path) for way in ("peer", *ways)} for _ in range(given.rounds)]
            for way in ("peer", *ways):
                wall, processor = (statistics.median(times[way][k] for times in rounds) for k in (0, 1))
                ratios = [statistics.median(times[way][k] / times["peer"][k] for times in rounds) for k in (0, 1)]
                name = "polars" if way == "peer" else way
                print(
                    f"{shape:18} {name:8} {wall:6.2f} s {processor:6.2f} s of processors,"
                    f" {ratios[0]:.2f} and {ratios[1]:.2f} x polars"
                )


if __name__ == "__main__":
    main()
