"""What the first worker tells whoever waits for the training: lines of JSON in a file of the common folder.

The same file serves on a laptop, on a network's disk and across restarts of workers; and a file beside it asks the
workers to stop.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backlit.distributed.group import error_from_document, error_to_document
from backlit.documents import strict_json
from backlit.documents.strict_json import AS_PYTHON, plain
from backlit.errors import BacklitError
from backlit.training.events import (
    EpochEnded,
    EpochsPlanned,
    Event,
    StepsDone,
    TrainingEnded,
    TrainingStarted,
    Watcher,
    asks_to_stop,
)
from backlit.training.state import EpochRecord

_TOLD = {event.__name__: event for event in (TrainingStarted, StepsDone, EpochEnded, EpochsPlanned, TrainingEnded)}
_NOT_TOLD = {"session", "examples"}


@dataclasses.dataclass(frozen=True)
class Places:
    """Files of one training in the folder that all machines see.

    Attributes
    ----------
    folder : Path
    name : str
        Of this training alone.
    """

    folder: Path
    name: str

    @property
    def told(self) -> Path:
        """What the first worker tells."""
        return self.folder / f"{self.name}.told"

    @property
    def stop(self) -> Path:
        """There where workers are to stop."""
        return self.folder / f"{self.name}.stop"

    @property
    def failed(self) -> Path:
        """Why training cannot go on, whatever number of times it is begun."""
        return self.folder / f"{self.name}.failed"

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.folder / f"{self.name}.safetensors"

    def remove(self) -> None:
        """Remove all of them."""
        for path in (self.told, self.stop, self.failed, self.model):
            with contextlib.suppress(OSError):
                path.unlink()


class Telling:
    """A watcher of the first worker, which writes down events; it asks to stop where somebody wants that.

    Parameters
    ----------
    places : Places
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def __call__(self, event: Event) -> bool:
        """Take in an event."""
        kind = type(event).__name__
        if kind in _TOLD:
            fields = {f.name: getattr(event, f.name) for f in dataclasses.fields(event) if f.name not in _NOT_TOLD}
            if isinstance(event, EpochEnded):
                fields["record"] = vars(event.record)
            self._write({"event": kind, "fields": plain(fields, AS_PYTHON)})
        return self._places.stop.exists()

    def say(self, message: str) -> None:
        """Pass on a remark."""
        self._write({"said": str(message)})

    def _write(self, document: dict[str, Any]) -> None:
        with self._places.told.open("ab") as file:
            file.write(strict_json.dump(document).encode() + b"\n")


class Following:
    """Reads what the first worker tells, and passes it on.

    Parameters
    ----------
    places : Places
    listeners : sequence of Watcher
    say : callable
    """

    def __init__(self, places: Places, listeners: Sequence[Watcher], say: Callable[[str], object]) -> None:
        self._places, self._listeners, self._say, self._at = places, listeners, say, 0

    def look(self) -> None:
        """Pass on what is new."""
        try:
            with self._places.told.open("rb") as file:
                file.seek(self._at)
                new = file.read()
        except FileNotFoundError:
            return
        whole, _, _ = new.rpartition(b"\n")
        if not whole:
            return
        self._at += len(whole) + 1
        for line in whole.split(b"\n"):
            self._pass_on(strict_json.parse(line.decode()))

    def _pass_on(self, document: dict[str, Any]) -> None:
        if "said" in document:
            self._say(document["said"])
            return
        fields = {name: _number(value) for name, value in document["fields"].items()}
        if "record" in fields:
            fields["record"] = EpochRecord(**{name: _number(value) for name, value in fields["record"].items()})
        event: Any = _TOLD[document["event"]](**fields)
        wishes = [asks_to_stop(listener(event)) for listener in self._listeners]
        if any(wishes):
            self._places.stop.touch()


def _number(value: Any) -> Any:
    # as checkpoints spell what is not finite
    return float(value) if value in ("nan", "inf", "-inf") else value


def write_failure(places: Places, error: BacklitError) -> None:
    """Write down why training cannot go on, for those who would begin it again."""
    hidden = places.failed.with_suffix(".failing")
    hidden.write_text(strict_json.dump(error_to_document(error)), encoding="utf-8")
    hidden.replace(places.failed)


def read_failure(places: Places) -> BacklitError | None:
    """Return why training cannot go on, or None where nothing of that was written down."""
    try:
        return error_from_document(strict_json.parse(places.failed.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
