"""The tables of `stream.py`, and their files."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "build" / "bench-stream"
DATA = Path(os.environ.get("BACKLIT_DATA") or Path(__file__).parents[1] / "../shared/data").resolve()


@dataclass(frozen=True)
class Case:
    """A table, and how it is trained on.

    Attributes
    ----------
    width : int
        Numbers of a row.
    classes : int
        0: the target is a number.
    hidden : tuple of int
    batch_size : int
        0: it is only read.
    n_rows, n_files : int
    memory : str
        The bound.
    target : str
    pixels : bool
        Whether the numbers are bytes, of which networks see shares of 255.
    """

    width: int
    classes: int
    hidden: tuple[int, ...]
    batch_size: int
    n_rows: int
    n_files: int = 8
    memory: str = "128M"
    target: str = "y"
    pixels: bool = False

    @property
    def columns(self) -> list[str]:
        """Names of the numbers: an image's say what they are."""
        return [f"{'pixel_' if self.pixels else 'x'}{j}" for j in range(self.width)]


FLIGHTS = "flights"
CASES = {
    "784-100-10": Case(784, 10, (100,), 200, 100_000),
    "784 pixels-100-10": Case(784, 10, (100,), 200, 300_000, memory="64M", pixels=True),
    "20-64-64-1": Case(20, 0, (64, 64), 32, 2_000_000),
    "20 numbers": Case(20, 0, (), 0, 5_000_000, 20),
    FLIGHTS: Case(18, 0, (), 0, 336_776, 40, "64M", "arr_delay"),
}


def write_files(name: str, scale: float) -> Path | None:
    """Write the files of a case, unless they are there; return their folder, or None where data are not at hand."""
    case = CASES[name]
    n_rows = int(case.n_rows * scale)
    folder = FOLDER / f"{name.replace(' ', '-')}-{n_rows}"
    if (folder / "done").exists():
        return folder
    if name == FLIGHTS and not (DATA / "flights" / "flights.csv.zip").is_file():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    if name == FLIGHTS:
        _write_flights(folder, n_rows)
    else:
        _write_numbers(folder, case, n_rows)
    (folder / "done").touch()
    return folder


def _write_numbers(folder: Path, case: Case, n_rows: int) -> None:
    import polars as pl

    rng = np.random.default_rng(0)
    weights = rng.standard_normal((case.width, max(1, case.classes)))
    for k in range(case.n_files):
        x = rng.standard_normal((n_rows // case.n_files, case.width), dtype=np.float32)
        scores = x @ weights
        if case.pixels:
            x = np.clip(128 + 64 * x, 0, 255).astype(np.uint8)
        y = [f"c{c}" for c in scores.argmax(axis=1)] if case.classes else (scores[:, 0] + np.sin(3 * x[:, 0])).tolist()
        frame = pl.DataFrame(x, schema=case.columns).with_columns(y=pl.Series(y))
        frame.write_parquet(folder / f"{k:02}.parquet", row_group_size=50_000)


def _write_flights(folder: Path, n_rows: int) -> None:
    import polars as pl

    with zipfile.ZipFile(DATA / "flights" / "flights.csv.zip") as packed:
        table = pl.read_csv(packed.read("flights.csv"), null_values=["NA"], infer_schema_length=None).head(n_rows)
    step = -(-table.height // CASES[FLIGHTS].n_files)
    for k in range(CASES[FLIGHTS].n_files):
        table[k * step : (k + 1) * step].write_parquet(folder / f"{k:02}.parquet")
