"""How far a training has come, on the terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from backlit.cli.output import SECONDS_BETWEEN_LINES, remark
from backlit.training.events import EpochEnded, EpochsPlanned, Event, StepsDone, TrainingEnded, TrainingStarted


class TrainingProgress:
    """Shows a training as it goes: a live bar on a terminal, lines otherwise. A listener of training events.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    """

    may_wait = True
    """It reads numbers only, so that folds may be trained side by side."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._metric = "score"
        self._quiet = quiet
        self._is_live = not quiet and sys.stderr.isatty()
        self._last_line = 0.0
        self._n_epochs = 0
        self._live: Any = None

    def __enter__(self) -> TrainingProgress:
        if self._is_live:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._live = Progress(
                TextColumn("epoch {task.fields[epoch]}/{task.fields[n_epochs]}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[numbers]}"),
                TimeRemainingColumn(compact=True),
                console=Console(stderr=True),
            )
            self._live.start()
            self._task = self._live.add_task("", total=None, epoch=0, n_epochs="?", numbers="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take in an event."""
        if self._quiet:
            return
        match event:
            case TrainingStarted():
                self._n_epochs, self._metric = event.n_epochs, event.metric
                if self._live is not None:
                    self._live.update(
                        self._task, total=event.n_epochs, n_epochs=event.n_epochs, epoch=event.first_epoch
                    )
            case StepsDone():
                if self._live is not None:
                    done = event.epoch - 1 + event.rows_done / event.n_rows
                    self._live.update(self._task, completed=done, epoch=event.epoch)
            case EpochEnded():
                self._show(event)
            case EpochsPlanned():
                self._n_epochs = event.n_epochs
                if self._live is not None:
                    self._live.update(self._task, total=event.n_epochs, n_epochs=event.n_epochs)
            case TrainingEnded():
                best = f"; the best was epoch {event.best_epoch}" if event.best_epoch != event.n_epochs else ""
                self._say(f"Stopped after {event.n_epochs} epochs: {event.reason}{best}.")

    def _show(self, event: EpochEnded) -> None:
        numbers = self._numbers(event)
        epoch = event.record.epoch
        if self._live is not None:
            self._live.update(self._task, completed=epoch, epoch=epoch, numbers=numbers)
            return
        now = time.monotonic()
        if epoch in (1, self._n_epochs) or now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._say(f"epoch {epoch}/{self._n_epochs}  {numbers}")

    def _numbers(self, event: EpochEnded) -> str:
        record = event.record
        parts = [f"cost {record.cost:.5g}"]
        if record.validation_metric is not None:
            parts.append(f"validation {self._metric} {record.validation_metric:.4f}" + ("*" if event.is_best else " "))
        parts.append(f"{event.rows_per_second:,.0f} rows/s")
        return "  ".join(parts)

    def _say(self, message: str) -> None:
        if self._live is not None:
            self._live.console.print(message, highlight=False)
        else:
            remark(message)
