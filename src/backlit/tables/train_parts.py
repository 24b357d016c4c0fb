"""From a table to the parts of a trained model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from backlit.core.ensemble import Ensemble
from backlit.engine import get_engine
from backlit.engine.members import open_session
from backlit.persistence.checkpointing import keeping
from backlit.tables.calibration import calibrate_on
from backlit.tables.evaluation import say_if_one_class
from backlit.tables.metrics import named_metric
from backlit.tables.options import TableTraining
from backlit.tables.start import TableStart, enough_to_hold_out, without_larger_batches
from backlit.tables.storage import Parts
from backlit.tables.table_target import Task
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import Watcher
from backlit.training.examples import Validation, split_rows
from backlit.training.recording import Recorder
from backlit.training.run import Run
from backlit.training.time_limit import TimeLimit, TimeRemarks


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
    validation = None
    if held_out is not None:
        score, name, falls = learned.metric(held_out.y), learned.metric_name, False
        if training.metric is not None:
            score, name, falls = named_metric(learned, training.metric, held_out.y)
        validation = Validation(held_out, score, name, falls=falls)
        training = replace(training, stopping=training.early_stopping())
    training = without_larger_batches(training, len(examples), say)
    run = Run.of(training, start.network, start.loss, examples, validation, limit=limit)
    watchers: list[Watcher] = [*([] if recorder is None else [recorder]), *listeners]
    if training.max_time is not None:
        watchers.append(TimeRemarks(say, training.max_time))
    keeps = keeping(checkpoint, watchers, say=say, warn=say)
    trained = run.train(watchers, keeping=keeps)
    network, temperature = trained.network, None
    if training.calibrate and held_out is not None:
        network, temperature = calibrate_on(held_out, network, learned, training, say)
    session = open_session(get_engine(training.engine), network, run.objective, n_threads=training.n_threads)
    say_if_one_class(learned, start.examples.x, start.examples.y, session.feedforward, say)
    record = {"options": training.to_dict(), "reading": reading, "epochs": trained.state.epoch}
    if temperature is not None:
        record["temperature"] = temperature
    if recorder is not None:
        record["recorded"] = [health.to_dict() for health in recorder.history]
    networks = network.members if isinstance(network, Ensemble) else (network,)
    return networks[0], run.objective.loss, learned, start.encoder, record, networks[1:]
