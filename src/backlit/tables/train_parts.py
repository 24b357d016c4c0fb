"""From a table to the parts of a trained model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.engine import Objective, get_engine
from backlit.engine.opening import open_session
from backlit.engine.protocol import Floats
from backlit.tables.calibration import calibrate_on
from backlit.tables.evaluation import say_if_one_class, single_rows
from backlit.tables.folds import train_folds
from backlit.tables.one_run import Around, hold_out, run_on
from backlit.tables.options import TableTraining
from backlit.tables.start import TableStart
from backlit.tables.storage import Parts
from backlit.tables.stream_start import StreamStart
from backlit.tables.table_target import Task
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import Watcher
from backlit.training.recording import Recorder
from backlit.training.time_limit import TimeLimit

_HEAD = 10_000
"""Rows that tell of nearly all models that they know more than the largest class."""


def train_parts(
    table: Any,
    target: str,
    training: TableTraining,
    task: Task | None,
    columns: Any,
    validation_table: Any,
    reading: dict[str, Any],
    listeners: Sequence[Watcher],
    say: Callable[[str], object],
    checkpoint: Checkpoint | None,
    recorder: Recorder | None,
) -> Parts:
    """Train on a table; see `backlit.tables.model.TableModel.train`.

    Returns
    -------
    Parts
        What a `TableModel` is made of: the first network and the others, loss, target, encoder, and the record of the
        training as plain JSON (options, how the table was read, epochs, and where there are any the temperature, the
        folds with their scores, and what the recorder saw).
    """
    limit = TimeLimit.of(training.max_time)  # reading the columns counts as well
    start = TableStart.of(table, target, training, task, say, columns, may_fold=validation_table is None)
    training, learned = start.training, start.target
    around = Around(say, listeners, checkpoint, recorder, limit)
    given = None if validation_table is None else start.encode(validation_table)
    if training.folds > 1:
        network, record = train_folds(start, given, around)
    else:
        examples, held_out = start.examples, given
        if held_out is None:
            examples, held_out = hold_out(start, examples, training.seed, say)
        _, trained = run_on(start, start.network, training, examples, held_out, around)
        network, record = trained.network, {"epochs": trained.state.epoch}
        if training.calibrate and held_out is not None:
            network, record["temperature"] = calibrate_on(held_out, network, learned, training, say)
    counts = learned.class_counts(start.examples.y)
    x = [start.examples.x[:_HEAD], start.examples.x[_HEAD:]]
    return parts_of(start, network, record, counts, x, reading, around)


def parts_of(
    start: TableStart | StreamStart,
    network: Network | Ensemble,
    record: dict[str, Any],
    class_counts: NDArray[np.int64] | None,
    x: Iterable[Floats],
    reading: dict[str, Any],
    around: Around,
) -> Parts:
    """Return the parts of a model that was trained, after a last look at what it learned.

    Parameters
    ----------
    start : TableStart or StreamStart
    network : Network or Ensemble
        As it was trained.
    record : dict
        What the training is to be remembered by, besides what `start` knows.
    class_counts : ndarray, ``(n_classes,)``, or None
        Rows of each class.
    x : iterable of ndarray
        All rows, in pieces.
    reading : dict
        How the table was read.
    around : Around
    """
    training = start.training
    session = open_session(get_engine(training.engine), network, Objective(start.loss), n_threads=training.n_threads)
    say_if_one_class(start.target, class_counts, x, session.feedforward, around.say)
    if class_counts is not None and (remark := single_rows(start.target.classes or (), class_counts)):
        around.say(remark)
    record = {"options": training.to_dict(), "reading": reading} | record
    if around.recorder is not None:
        record["recorded"] = [health.to_dict() for health in around.recorder.history]
    networks = network.members if isinstance(network, Ensemble) else (network,)
    return networks[0], start.loss, start.target, start.encoder, record, networks[1:]
