"""The history of a training as a CSV file, a line per epoch."""

from __future__ import annotations

import csv
import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from backlit.errors import InvalidInputError, OutputError
from backlit.training.events import EpochEnded, Event, TrainingStarted
from backlit.training.state import EpochRecord

COLUMNS = [field.name for field in dataclasses.fields(EpochRecord)]


@dataclass(frozen=True)
class CSVLog:
    """A callback that writes each epoch to a CSV file as soon as it is done.

    A training that begins writes the file anew; one that goes on (from a checkpoint, `partial_fit`, `warm_start`) adds
    to it. No times are written, so that equal runs give equal files.

    Attributes
    ----------
    path : str or path-like
        A file that is there already must be such a log.

    Examples
    --------
    >>> import backlit as bl
    >>> model = bl.MLPRegressor(max_iter=3, random_state=0, callbacks=[bl.CSVLog("log.csv")])
    """

    path: str | os.PathLike[str]

    def __call__(self, event: Event) -> None:
        """Write what an event says, if it is the beginning or the end of an epoch.

        Raises
        ------
        InvalidInputError
            If the file is there, but is no such log.
        OutputError
            If it cannot be written.
        """
        try:
            if isinstance(event, TrainingStarted):
                self._begin(event.first_epoch)
            elif isinstance(event, EpochEnded):
                with Path(self.path).open("a", newline="", encoding="utf-8") as file:
                    # floats as Python writes them, which is exact
                    csv.writer(file, lineterminator="\n").writerow(dataclasses.astuple(event.record))
        except OSError as error:
            raise OutputError(
                f"The log {os.fspath(self.path)} cannot be written ({error.strerror or error}). "
                "Give CSVLog a file in a folder that exists and can be written to."
            ) from error

    def _begin(self, first_epoch: int) -> None:
        rows = [row for row in self._read() if int(row[0]) < first_epoch]
        path = Path(self.path)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with beside.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
            beside.replace(path)  # whole, or as it was
        finally:
            beside.unlink(missing_ok=True)

    def _read(self) -> list[list[str]]:
        if not Path(self.path).exists():
            return []
        with Path(self.path).open(newline="", encoding="utf-8", errors="replace") as file:
            rows = [row for row in csv.reader(file) if row]
        if rows and (rows[0] != COLUMNS or not all(row[0].isdigit() for row in rows[1:])):
            raise InvalidInputError(
                f"{os.fspath(self.path)} is there already and is no log of a training: its first line is not "
                f"{','.join(COLUMNS)}. Give CSVLog another path, or delete the file."
            )
        return rows[1:]
