"""A small table in several files, and what trains on it."""

from __future__ import annotations

import numpy as np
import polars as pl

from backlit.data.stream.memory import Budget
from backlit.distributed.rank import Job, train_rank
from backlit.distributed.timing import Stopwatch
from backlit.tables.one_run import Around
from backlit.tables.options import TableTraining
from backlit.tables.stream_request import StreamRequest


def write_table(folder, target="y", n_rows=203, n_files=3, weight=False):
    """Files with two numbers, a category, perhaps weights, and a target: a number, or one of three classes."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(n_rows, 3))
    table = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": np.array(["red", "green", "blue"])[np.arange(n_rows) % 3]})
    if weight:
        table = table.with_columns(w=np.round(np.abs(x[:, 2]), 1) * (np.arange(n_rows) % 5 > 0))
    y = x[:, 0] - np.sin(3 * x[:, 1])
    classes = np.where(y > 0.5, "up", np.where(x[:, 2] > 0, "down", "still"))
    table = table.with_columns(pl.Series(target, y if target == "y" else classes))
    for k, rows in enumerate(np.array_split(np.arange(n_rows), n_files)):
        table[rows].write_parquet(folder / f"{k}.parquet")
    return folder


class SmallBudget(Budget):
    """Of which a table of some hundred rows is a large part: several windows, of several parts."""

    def __post_init__(self):
        pass

    piece, window, part = 1 << 14, 5_000, 2_500


def training(**options):
    plain = {"hidden": (5, 4), "activation": "tanh", "dtype": "float64", "batch_size": 16, "epochs": 3}
    return TableTraining(**plain | options)


def request_of(folder, target="y", memory="64M", **options):
    return StreamRequest.of(folder / "*.parquet", target, training(**options), memory=memory)


def job_of(request, folder):
    """What ranks are told; the rows are encoded."""
    return Job.prepared(request, folder / "cache", lambda _: None)


def train_on(group, job, *, average_every=1, watch=None, **around):
    """The model that ranks train, on the first of them; else None."""
    parts = {"say": lambda _: None} | around
    return train_rank(job, group, Around(**parts), watch or Stopwatch(), average_every=average_every)


def numbers_of(model):
    """All weights and biases of a model, in one array."""
    return np.concatenate([array.ravel() for array in (*model.whole.weights, *model.whole.biases)])
