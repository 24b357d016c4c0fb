"""One training on rows of a table: which rows are held out, what they are scored by, and the run itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.persistence.checkpointing import keeping
from backlit.tables.metrics import named_metric
from backlit.tables.options import TableTraining
from backlit.tables.start import TableStart, enough_to_hold_out, without_larger_batches
from backlit.tables.stream_start import StreamStart
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import Watcher
from backlit.training.examples import Examples, Source, Validation, split_rows
from backlit.training.recording import Recorder
from backlit.training.run import Run, Trained
from backlit.training.time_limit import TimeLimit, TimeRemarks


@dataclass(frozen=True, eq=False)
class Around:
    """What goes on around a run.

    Attributes
    ----------
    say : callable
    listeners : sequence of Watcher
    checkpoint : Checkpoint or None
    recorder : Recorder or None
    limit : TimeLimit or None
    """

    say: Callable[[str], object]
    listeners: Sequence[Watcher] = ()
    checkpoint: Checkpoint | None = None
    recorder: Recorder | None = None
    limit: TimeLimit | None = None


def hold_out(
    start: TableStart, examples: Examples, seed: int, say: Callable[[str], object]
) -> tuple[Examples, Examples | None]:
    """Return what to train on and what to stop by, or None where there is nothing to spare.

    Parameters
    ----------
    start : TableStart
    examples : Examples
    seed : int
    say : callable
    """
    fraction, target = start.training.validation_fraction, start.target
    if not fraction or not enough_to_hold_out(len(examples), fraction, say):
        return examples, None
    y = examples.y if examples.rows is None else examples.y[examples.rows]
    classes = target.codes(y) if target.task == "classification" else None
    rows, held_out = split_rows(len(examples), fraction, seed, classes)
    return examples.only(rows), examples.copy(held_out)


def run_on(
    start: TableStart | StreamStart,
    network: Network | Ensemble,
    training: TableTraining,
    examples: Source,
    held_out: Source | None,
    around: Around,
) -> tuple[Run, Trained]:
    """Train a network; see `described` for what is given."""
    run = described(start, network, training, examples, held_out, around)
    watchers = watchers_of(around)
    return run, run.train(watchers, keeping=keeping(around.checkpoint, watchers, say=around.say, warn=around.say))


class Process:
    """A process that trains by itself. One of several that train together puts its own in the place of these two."""

    def share(self, rows: Any) -> Source:
        """Return what this process looks at of some rows."""
        source: Source = rows
        return source

    def train(
        self,
        start: TableStart | StreamStart,
        network: Network | Ensemble,
        training: TableTraining,
        rows: Any,
        held_out: Any,
        around: Around,
    ) -> Trained:
        """Train a network; see `described` for what is given."""
        return run_on(start, network, training, rows, held_out, around)[1]


def described(
    start: TableStart | StreamStart,
    network: Network | Ensemble,
    training: TableTraining,
    examples: Source,
    held_out: Source | None,
    around: Around,
) -> Run:
    """Return the run that trains a network on rows of a table.

    Parameters
    ----------
    start : TableStart or StreamStart
    network : Network or Ensemble
        Where to begin.
    training : TableTraining
    examples : Source
    held_out : Source or None
        To stop by.
    around : Around
    """
    validation = None
    if held_out is not None:
        score, name, falls = start.target.metric(held_out.y), start.target.metric_name, False
        if training.metric is not None:
            score, name, falls = named_metric(start.target, training.metric, held_out.y, calibrate=training.calibrate)
        validation = Validation(held_out, score, name, falls=falls)
        training = replace(training, stopping=training.early_stopping())
    training = without_larger_batches(training, len(examples), around.say)
    return Run.of(training, network, start.loss, examples, validation, limit=around.limit)


def watchers_of(around: Around) -> list[Watcher]:
    """Return all that watch a run."""
    watchers: list[Watcher] = [*([] if around.recorder is None else [around.recorder]), *around.listeners]
    if around.limit is not None:
        watchers.append(TimeRemarks(around.say, around.limit.seconds))
    return watchers
