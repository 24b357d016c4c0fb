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
from backlit.tables.calibration import calibrate_on
from backlit.tables.evaluation import say_if_one_class
from backlit.tables.metrics import named_metric
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
    scored = None
    if held_out is not None:
        scored = HeldOut(held_out, *metric_of(learned, training, held_out.y))
    training = without_larger_batches(training, len(examples), say)
    encoded = EncodedRows(examples, scored, learned.class_counts(start.examples.y), _in_two(start.examples.x))
    watching = Watching(listeners, say, checkpoint, recorder)
    return train_rows(start.encoder, learned, start.network, start.loss, encoded, training, reading, watching, limit)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Rows to validate on, and how good a^L of them is.

    Attributes
    ----------
    rows : Source
    score : callable
    name : str
        What the score is called.
    falls : bool
        Whether less of it is better.
    codes : ndarray of int or None
        Classes of the rows.
    """

    rows: Source
    score: Callable[[Floats], float]
    name: str
    falls: bool
    codes: NDArray[Any] | None


def metric_of(
    target: TableTarget, training: TableTraining, y: Floats
) -> tuple[Callable[[Floats], float], str, bool, NDArray[Any] | None]:
    """Return how outputs for y are scored, what that is called, whether less is better, and the classes of y."""
    codes = None if target.classes is None else target.codes(y)
    if training.metric is not None:
        return *named_metric(target, training.metric, y), codes
    return target.metric(y), target.metric_name, False, codes


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """Rows as a network sees them, wherever they are.

    Attributes
    ----------
    examples : Source
        To train on.
    held_out : HeldOut or None
        To validate on.
    class_counts : ndarray or None
        Rows of each class.
    x : iterable of ndarray
        All of x, in pieces.
    """

    examples: Source
    held_out: HeldOut | None
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
    say, recorder, held_out = watching.say, watching.recorder, rows.held_out
    validation = None
    if held_out is not None:
        validation = Validation(held_out.rows, held_out.score, held_out.name, falls=held_out.falls)
        training = replace(training, stopping=training.early_stopping())
    run = Run.of(training, network, loss, rows.examples, validation, limit=limit)
    watchers: list[Watcher] = [*([] if recorder is None else [recorder]), *watching.listeners]
    if training.max_time is not None:
        watchers.append(TimeRemarks(say, training.max_time))
    keeps = keeping(watching.checkpoint, watchers, say=say, warn=say)
    trained = run.train(watchers, keeping=keeps)
    whole, temperature = trained.network, None
    if training.calibrate and held_out is not None and held_out.codes is not None:
        whole, temperature = calibrate_on(held_out.rows, held_out.codes, whole, learned, training, say)
    session = open_session(get_engine(training.engine), whole, run.objective, n_threads=training.n_threads)
    say_if_one_class(learned, rows.class_counts, rows.x, session.feedforward, say)
    record = {"options": training.to_dict(), "reading": reading, "epochs": trained.state.epoch}
    if temperature is not None:
        record["temperature"] = temperature
    if recorder is not None:
        record["recorded"] = [health.to_dict() for health in recorder.history]
    networks = whole.members if isinstance(whole, Ensemble) else (whole,)
    return networks[0], run.objective.loss, learned, encoder, record, networks[1:]


def _in_two(x: Floats) -> list[Floats]:
    # the head tells of nearly all models that they know more than the largest class
    return [x[:_HEAD], x[_HEAD:]]
