"""When the state of a training is kept, and where."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, field
from numbers import Integral
from typing import Literal

from backlit.errors import InvalidInputError


@dataclass(frozen=True)
class Checkpoint:
    """Keep the state of a training in a folder, so that a run that was stopped goes on as if nothing had happened.

    A checkpoint is written at the end of an epoch, when at least `every_epochs` epochs and `every_minutes` minutes have
    gone by since the last one, and always after the last epoch. Where rows are read from a cache, since they have no
    room in memory, `every_minutes` also counts within an epoch.

    Attributes
    ----------
    folder : str or path-like
        Of one run; made where it is missing. Two runs cannot share it. Or an address such as ``s3://bucket/run``, of a
        store that pyarrow knows; there nobody keeps a second run out.
    every_epochs : int, default 1
    every_minutes : float, optional
        Default: however little time has gone by.
    keep : int, default 3
        Checkpoints that stay; older ones are deleted once a new one is in place.
    resume : {"auto", "never"}, default "auto"
        "auto" goes on with the run in the folder, or begins one where there is none. A folder with a run on other data
        or with other options is refused. "never" refuses every folder that holds a run.
    folder_per_run : bool, default False
        Whether each run, which is its data, options and first weights, has a folder of its own in `folder`, named by
        their digest. So one object serves the many fits of `cross_val_score` or of a search, at the same time too.
    """

    folder: str | os.PathLike[str]
    every_epochs: int = 1
    every_minutes: float | None = None
    keep: int = 3
    resume: Literal["auto", "never"] = "auto"
    folder_per_run: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.folder, str | os.PathLike) or not os.fspath(self.folder):
            raise InvalidInputError(f"Checkpoint(folder=) must name a folder, but {self.folder!r} came.")
        for name in ("every_epochs", "keep"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise InvalidInputError(
                    f"Checkpoint({name}=) must be a whole number of at least 1, but {value!r} came."
                )
        if self.every_minutes is not None and not 0 <= self.every_minutes < math.inf:
            raise InvalidInputError(
                f"Checkpoint(every_minutes=) must be a number of minutes or None, but {self.every_minutes!r} came."
            )
        if self.resume not in ("auto", "never"):
            raise InvalidInputError(f"Checkpoint(resume=) must be 'auto' or 'never', but {self.resume!r} came.")


@dataclass
class Cadence:
    """Tells when the next checkpoint is due.

    Attributes
    ----------
    checkpoint : Checkpoint
    epoch : int
        Epochs done at the last checkpoint.
    """

    checkpoint: Checkpoint
    epoch: int = 0
    # monotonic: it stays right when the clock on the wall is set
    _time: float = field(default_factory=lambda: time.monotonic())

    def is_due(self, epoch: int) -> bool:
        """Whether a checkpoint is due after this many epochs."""
        minutes = (time.monotonic() - self._time) / 60
        return epoch - self.epoch >= self.checkpoint.every_epochs and minutes >= (self.checkpoint.every_minutes or 0)

    def is_due_within(self) -> bool:
        """Whether a checkpoint is due in the midst of an epoch: where minutes are counted, and are over."""
        minutes = self.checkpoint.every_minutes
        return minutes is not None and (time.monotonic() - self._time) / 60 >= minutes

    def kept(self, epoch: int) -> None:
        """Count from here."""
        self.epoch, self._time = epoch, time.monotonic()
