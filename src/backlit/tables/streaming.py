"""Training on files that have no room in memory: `fit_stream`, the same as `TableModel.train` for a table that has."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from backlit.core.network import Network
from backlit.data.stream.table_stream import StrPath
from backlit.data.stream.text_pieces import TextOptions
from backlit.engine.protocol import Floats
from backlit.tables.calibration import calibrate_on
from backlit.tables.folds import train_folds
from backlit.tables.model import TableModel
from backlit.tables.one_run import Around, run_on
from backlit.tables.options import TableTraining
from backlit.tables.stream_request import StreamRequest
from backlit.tables.stream_rows import StreamedRows
from backlit.tables.stream_start import StreamStart
from backlit.tables.table_target import Task
from backlit.tables.train_parts import parts_of
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import Watcher
from backlit.training.recording import Recorder
from backlit.training.run import Trained
from backlit.training.time_limit import TimeLimit


def fit_stream(
    source: StrPath | Sequence[StrPath],
    target: str,
    training: TableTraining = TableTraining(preset="tabular", given=frozenset({"preset"})),
    *,
    task: Task | None = None,
    columns: Any = None,
    validation: StrPath | Sequence[StrPath] | None = None,
    memory: int | str | None = None,
    cache: StrPath | None = None,
    text: TextOptions | None = None,
    reading: dict[str, Any] | None = None,
    listeners: Sequence[Watcher] = (),
    say: Callable[[str], object] = lambda _: None,
    checkpoint: Checkpoint | None = None,
    recorder: Recorder | None = None,
) -> TableModel:
    """Train a model on files of Parquet or CSV that are one table, of which only a part is in memory at a time.

    Parameters
    ----------
    source : str, path-like, or a sequence of them
        Files, folders and globs: ``"flights/*.parquet"``.
    target : str
        Column to predict; all others are inputs.
    training : TableTraining
        Default: the preset "tabular". What is drawn at random is drawn from its seed.
    task : {"classification", "regression"}, optional
        Default: inferred from the target, and said.
    columns : dict, ColumnChoices or TableSchema, optional
        What is known of the columns; the rest is decided from their cells, as of a table in memory.
    validation : str, path-like, or a sequence of them, optional
        Other files to validate on. Default: a share of the rows (``training.validation_fraction``), by a hash.
    memory : int or str, optional
        Bytes that the table may take, or text such as ``"512M"``. Default: a quarter of the machine's, or of its
        control group's. y is in memory besides.
    cache : str or path-like, optional
        Folder for the encoded rows, which stays: it is used again for the same files. Default: a temporary one.
    text : TextOptions, optional
        How text is read.
    reading : dict, optional
        How the table was read, to be remembered in the model.
    listeners, say, checkpoint, recorder : optional
        See `TableModel.train`. A run goes on from its checkpoint also in the midst of an epoch.

    Returns
    -------
    TableModel

    Raises
    ------
    DataError
        If there is no such file, files differ in their columns, change while they are read, or cannot be learned.
    OutputError
        If the cache cannot be written: no part of it stays.

    Examples
    --------
    >>> import polars as pl, tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> for k in range(3):
    ...     part = pl.DataFrame({"size": [k + i / 50 for i in range(50)]})
    ...     part.with_columns(price=2 * pl.col("size")).write_parquet(folder / f"{k}.parquet")
    >>> model = fit_stream(folder, "price", TableTraining(epochs=2))
    >>> model.target.task
    'regression'
    """
    limit = TimeLimit.of(training.max_time)
    request = StreamRequest.of(
        source,
        target,
        training,
        task=task,
        columns=columns,
        validation=validation,
        memory=memory,
        text=text,
        reading=reading,
    )
    with _folder_of(cache) as folder:
        start = StreamStart.of(request, folder, say)
        around = Around(say, listeners, checkpoint, recorder, limit)
        if start.training.folds > 1:
            return model_of(start, *train_folds(start, start.held_out, around), reading or {}, around)
        _, trained = run_on(start, start.network, start.training, start.rows, start.held_out, around)
        return finished(start, trained, reading or {}, around)


def finished(start: StreamStart, trained: Trained, reading: dict[str, Any], around: Around) -> TableModel:
    """Return the model that a training ended with, its probabilities calibrated where that is wanted.

    Parameters
    ----------
    start : StreamStart
    trained : Trained
    reading : dict
        How the files were read.
    around : Around
    """
    network = trained.network
    record: dict[str, Any] = {"epochs": trained.state.epoch}
    if start.training.calibrate and start.held_out is not None:
        parts = start.held_out, network, start.target, start.training, around.say
        network, record["temperature"] = calibrate_on(*parts)
    return model_of(start, network, record, reading, around)


def model_of(
    start: StreamStart, network: Network, record: dict[str, Any], reading: dict[str, Any], around: Around
) -> TableModel:
    """Return the model of a network that was trained on a stream.

    Parameters
    ----------
    start : StreamStart
    network : Network or Ensemble
    record : dict
        What it is to remember, as plain JSON.
    reading : dict
        How the files were read.
    around : Around
    """
    counts = None if start.target.classes is None else np.bincount(start.rows.targets.values)
    return TableModel(*parts_of(start, network, record, counts, _pieces_of_x(start.rows), reading, around))


def _pieces_of_x(rows: StreamedRows) -> Iterator[Floats]:
    for records, _ in rows.windows.parts(0, 0, 1, rows.part_rows, shuffle=False):
        yield rows.records.unpack(records)


@contextmanager
def _folder_of(cache: StrPath | None) -> Iterator[Path]:
    if cache is not None:
        yield Path(os.fspath(cache))
        return
    folder = Path(tempfile.mkdtemp(prefix="backlit-cache-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
