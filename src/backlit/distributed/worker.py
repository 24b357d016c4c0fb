"""What a worker of Ray Train does: `train_rank`, and what whoever waits for it is to know.

An attempt begins from the newest whole checkpoint in the common folder, not from what Ray remembers. An error that
would come again, such as a network that diverges, is written down and ends the training; one that another attempt can
mend, such as a worker that is lost, is Ray's to handle.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backlit.distributed.group import Alone, Group, LostRankError
from backlit.distributed.rank import Job, train_rank
from backlit.distributed.relay import Places, Telling, read_failure, write_failure
from backlit.distributed.timing import Stopwatch
from backlit.errors import BacklitError, DataError, OutputError
from backlit.tables.one_run import Around
from backlit.training.checkpoint import Checkpoint
from backlit.training.recording import Recorder
from backlit.training.time_limit import TimeLimit


@dataclass(frozen=True)
class Task:
    """What a worker is told.

    Attributes
    ----------
    job : Job
    places : Places
    checkpoint : Checkpoint
    average_every : int
    records : bool
        Whether the layers' health is written down.
    ends : float or None
        When the time limit is over, in seconds since 1970.
    """

    job: Job
    places: Places
    checkpoint: Checkpoint
    average_every: int = 1
    records: bool = False
    ends: float | None = None


def work(config: dict[str, Any]) -> None:
    """Train as one of Ray Train's workers.

    Parameters
    ----------
    config : dict
        ``{"task": Task}``.
    """
    task: Task = config["task"]
    group: Group = Alone()
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from backlit.distributed.torch_group import TorchGroup

        group = TorchGroup()
    train_as_worker(task, group)


def train_as_worker(task: Task, group: Group) -> None:
    """Train one rank of a task, unless it is known that it cannot be done.

    Raises
    ------
    LostRankError
        If another worker was not heard of; another attempt goes on.
    """
    places = task.places
    if not places.folder.is_dir():
        raise DataError(
            f"The folder {str(places.folder)!r} is not to be seen from {socket.gethostname()}. Give --checkpoint a "
            "folder that all machines of the cluster share."
        )
    if read_failure(places) is not None:
        return
    telling = Telling(places)
    is_first = group.rank == 0
    around = Around(
        telling.say if is_first else _silent,
        [telling] if is_first else [],
        task.checkpoint,
        Recorder() if task.records and is_first else None,
        None if task.ends is None else TimeLimit(max(1e-3, task.ends - time.time())),
    )
    try:
        model = train_rank(task.job, group, around, Stopwatch(), average_every=task.average_every, alone=False)
        if model is not None:
            model.save(places.model)
    except LostRankError:
        raise
    except BacklitError as error:
        write_failure(places, error)


def _silent(message: str) -> None:
    pass


def make_places(folder: Path, name: str) -> Places:
    """Return the files of a training in a folder, which is made where it is missing.

    Raises
    ------
    OutputError
        If nothing can be written there.
    """
    places = Places(folder, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        places.told.touch()
    except OSError as error:
        raise OutputError(
            f"Workers cannot meet in the folder {str(folder)!r}: {error.strerror}. Give --checkpoint a folder that "
            "they may write to."
        ) from None
    return places
