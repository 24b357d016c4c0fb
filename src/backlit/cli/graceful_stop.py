"""Ctrl-C and SIGTERM in a training with checkpoints: the first finishes the epoch, the second ends at once."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import typer

from backlit.cli.output import remark
from backlit.documents.addresses import is_address, shown_address
from backlit.training.events import EpochEnded, Event, TrainingEnded, TrainingStarted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class GracefulStop:
    """A context manager around a training, and a listener of its events.

    Parameters
    ----------
    folder : Path or None
        The folder of checkpoints. None: signals do what they always do.
    """

    may_wait = True
    """It reads numbers only, so that folds may be trained side by side."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._place = shown_address(folder) if folder is not None and is_address(folder) else folder
        self._asked_by = 0
        self._at_once = False
        self._epoch = 0
        self._n_epochs = 0
        self._was_cut = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> GracefulStop:
        if self._folder is not None:
            # what is ignored from outside (nohup, a job in the background) stays ignored
            heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._ask) for number in heeded}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        # an extension that is just being imported makes an ImportError of it
        if not (isinstance(value, KeyboardInterrupt) or (self._at_once and value is not None)):
            return
        if self._folder is None:
            remark("With --checkpoint FOLDER a training that is interrupted can go on later.")
        else:
            remark(f"Stopped at once. The last checkpoint in {self._place} stays. {self._how_to_go_on()}")
            raise typer.Exit(128 + self._asked_by) from None

    def __call__(self, event: Event) -> bool:
        """Take in an event, and ask training to stop where a signal came."""
        match event:
            case TrainingStarted():
                self._n_epochs = event.n_epochs
            case EpochEnded():
                self._epoch = event.record.epoch
            case TrainingEnded():
                # of several trainings, one is enough
                self._was_cut |= event.reason == "stopped by a listener" and event.n_epochs < self._n_epochs
        return bool(self._asked_by)

    def leave_if_asked(self) -> None:
        """End the command if a signal ended the training before its time."""
        if self._asked_by and self._was_cut:
            remark(
                f"Stopped after epoch {self._epoch} of {self._n_epochs}, which is kept in {self._folder}; "
                f"there is no model yet. {self._how_to_go_on()}"
            )
            raise typer.Exit(128 + self._asked_by)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked_by:
            self._at_once = True
            raise KeyboardInterrupt
        self._asked_by = number
        # print() must not be called in the midst of another print()
        os.write(2, b"Stopping at the end of this epoch, to keep it. Once more stops at once.\n")

    def _how_to_go_on(self) -> str:
        arguments = sys.argv[1:] if "--resume" in sys.argv else [*sys.argv[1:], "--resume"]
        return f"Go on with:\n  {shlex.join(['backlit', *arguments])}"
