"""From a table to the parts of a trained model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.data.encoding import TableEncoding
from backlit.engine import get_engine
from backlit.engine.members import open_session
from backlit.engine.protocol import Floats
from backlit.persistence.checkpointing import keeping
from backlit.tables.evaluation import say_if_one_class
from backlit.tables.options import TableTraining
from backlit.tables.start import TableStart, enough_to_hold_out, without_larger_batches
from backlit.tables.storage import Parts
from backlit.tables.table_target import TableTarget, Task
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import Watcher
from backlit.training.examples import Source, Validation, split_rows
from backlit.training.recording import Recorder
from backlit.training.run import Run
from backlit.training.time_limit import TimeLimit, TimeRemarks

_HEAD = 10_000


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
    """Train on a table; see `backlit.tables.model.TableModel.train`."""
    limit = TimeLimit.of(training.max_time)  # reading the columns counts as well
    start = TableStart.of(table, target, training, task, say, columns)
    training = start.training
    learned, examples, held_out = start.target, start.examples, None
    if validation_table is not None:
        held_out = start.encode(validation_table)
    elif training.validation_fraction and enough_to_hold_out(len(examples), training.validation_fraction, say):
        classes = learned.codes(examples.y) if learned.task == "classification" else None
        rows, held_out_rows = split_rows(len(examples), training.validation_fraction, training.seed, classes)
        examples, held_out = examples.only(rows), examples.copy(held_out_rows)
    metric = None if held_out is None else learned.metric(held_out.y)
    training = without_larger_batches(training, len(examples), say)
    encoded = EncodedRows(examples, held_out, metric, learned.class_counts(start.examples.y), _in_two(start.examples.x))
    watching = Watching(listeners, say, checkpoint, recorder)
    return train_rows(start.encoder, learned, start.network, start.loss, encoded, training, reading, watching, limit)


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """Rows as a network sees them, wherever they are.

    Attributes
    ----------
    examples : Source
        To train on.
    held_out : Source or None
        To validate on.
    metric : callable or None
        a^L of `held_out` → how good it is.
    class_counts : ndarray or None
        Rows of each class.
    x : iterable of ndarray
        All of x, in pieces.
    """

    examples: Source
    held_out: Source | None
    metric: Callable[[Floats], float] | None
    class_counts: NDArray[np.int64] | None
    x: Iterable[Floats]


@dataclass(frozen=True, eq=False)
class Watching:
    """Who watches a training, and where it is kept; see `backlit.tables.model.TableModel.train`."""

    listeners: Sequence[Watcher]
    say: Callable[[str], object]
    checkpoint: Checkpoint | None
    recorder: Recorder | None


def train_rows(
    encoder: TableEncoding,
    learned: TableTarget,
    network: Network | Ensemble,
    loss: str,
    rows: EncodedRows,
    training: TableTraining,
    reading: dict[str, Any],
    watching: Watching,
    limit: TimeLimit | None,
) -> Parts:
    """Train a network on encoded rows, and return the parts of the model.

    Parameters
    ----------
    encoder, learned, network, loss, training
        What it begins with.
    rows : EncodedRows
    reading : dict
        How the table was read.
    watching : Watching
    limit : TimeLimit or None
    """
    say, recorder = watching.say, watching.recorder
    validation = None
    if rows.held_out is not None and rows.metric is not None:
        validation = Validation(rows.held_out, rows.metric, learned.metric_name)
        training = replace(training, stopping=training.early_stopping())
    run = Run.of(training, network, loss, rows.examples, validation, limit=limit)
    watchers: list[Watcher] = [*([] if recorder is None else [recorder]), *watching.listeners]
    if training.max_time is not None:
        watchers.append(TimeRemarks(say, training.max_time))
    keeps = keeping(watching.checkpoint, watchers, say=say, warn=say)
    trained = run.train(watchers, keeping=keeps)
    session = open_session(get_engine(training.engine), trained.network, run.objective, n_threads=training.n_threads)
    say_if_one_class(learned, rows.class_counts, rows.x, session.feedforward, say)
    record = {"options": training.to_dict(), "reading": reading, "epochs": trained.state.epoch}
    if recorder is not None:
        record["recorded"] = [health.to_dict() for health in recorder.history]
    whole: Network | Ensemble = trained.network
    networks = whole.members if isinstance(whole, Ensemble) else (whole,)
    return networks[0], run.objective.loss, learned, encoder, record, networks[1:]


def _in_two(x: Floats) -> list[Floats]:
    # the head tells of nearly all models that they know more than the largest class
    return [x[:_HEAD], x[_HEAD:]]
