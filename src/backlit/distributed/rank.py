"""What a rank does from its beginning to its end: the same training loop as one process, with steps of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.data.stream.memory import Budget
from backlit.distributed.agreement import AskedTogether, SharedTimeLimit, judged_by_first
from backlit.distributed.averaging import check_averaging
from backlit.distributed.group import Alone, Group, each_does
from backlit.distributed.keeping import keeping_together
from backlit.distributed.rows import SharedRows
from backlit.distributed.session import open_together
from backlit.distributed.timing import Stopwatch
from backlit.engine.protocol import Session
from backlit.errors import DivergenceError, InvalidInputError
from backlit.tables.folds import train_folds
from backlit.tables.model import TableModel
from backlit.tables.one_run import Around, Process, described, watchers_of
from backlit.tables.options import TableTraining
from backlit.tables.start import TableStart
from backlit.tables.stream_request import StreamRequest
from backlit.tables.stream_rows import StreamedRows
from backlit.tables.stream_start import StreamStart
from backlit.tables.streaming import finished, model_of
from backlit.training.run import Run, Trained

Say = Callable[[str], object]


@dataclass(frozen=True)
class Job:
    """What every rank is told.

    Attributes
    ----------
    cache : str
        Folder of the encoded rows, which every rank sees.
    asked : dict
        What the cache was made for; see `backlit.tables.stream_request.StreamRequest.asked`.
    training : TableTraining
        As it was given.
    memory : int
        Bytes that the rows may take in each rank. The order of the rows depends on it.
    reading : dict
        How the files were read, to be remembered in the model.
    """

    cache: str
    asked: dict[str, Any]
    training: TableTraining
    memory: int
    reading: dict[str, Any]

    @classmethod
    def prepared(cls, request: StreamRequest, folder: Path, say: Say) -> Self:
        """Write the cache, or see that it is there: done once, before any rank trains.

        Parameters
        ----------
        request : StreamRequest
        folder : Path
            For the encoded rows; every rank sees it.
        say : callable
        """
        check_shareable(request.training)
        asked = request.asked()
        StreamStart.of(request, folder, say)
        return cls(str(folder), asked, request.training, request.budget.total, request.reading)

    def open(self) -> StreamStart:
        """Open the cache."""
        # where a preset would have members share layers, they do not
        given = self.training.names_given() | {"sharing"}
        training = replace(self.training, sharing=None, given=given)
        return StreamStart.again(Path(self.cache), self.asked, training, Budget(self.memory))


@dataclass(frozen=True, eq=False)
class SharedRun(Run):
    """A run whose steps are those of all ranks; see `Run`."""

    group: Group = field(default_factory=Alone)
    watch: Stopwatch = field(default_factory=Stopwatch)
    average_every: int = 1

    def open(self) -> Session:
        """Open a session on the network as it is at the beginning."""
        return open_together(self, self.group, self.watch, self.average_every)


def train_rank(
    job: Job, group: Group, around: Around, watch: Stopwatch, *, average_every: int = 1, alone: bool = True
) -> TableModel | None:
    """Train one rank, and return the model on the first of them, or None.

    Parameters
    ----------
    job : Job
    group : Group
    around : Around
        Of this rank: only the first has a recorder and says something.
    watch : Stopwatch
        Takes in what the time goes for.
    average_every : int, default 1
        See `backlit.distributed.options.Workers`.
    alone : bool, default True
        Whether the first rank keeps other runs from the folder of the checkpoints.

    Raises
    ------
    DataError
        If a rank cannot open the cache.
    DivergenceError
        On every rank.
    LostRankError
        If another rank was not heard of.
    """
    check_shareable(job.training)
    check_averaging(average_every, job.training)
    start = each_does(group, job.open)
    rank = Rank(group, watch, average_every, alone)
    # as many processes as processors are usual, so that each has one
    own = replace(start, training=replace(start.training, n_threads=start.training.n_threads or 1))
    if start.training.folds > 1:
        network, record = train_folds(own, own.held_out, around, rank)
        return model_of(start, network, record, job.reading, around) if group.rank == 0 else None
    trained = rank.train(own, own.network, own.training, own.rows, own.held_out, around)
    return finished(start, trained, job.reading, around) if group.rank == 0 else None


@dataclass(frozen=True, eq=False)
class Rank(Process):
    """A process that trains with others, all of which do the same in the same order.

    Attributes
    ----------
    group : Group
    watch : Stopwatch
    average_every : int
    alone : bool
        Whether the first rank keeps other runs from the folder of the checkpoints.
    """

    group: Group
    watch: Stopwatch
    average_every: int
    alone: bool

    def share(self, rows: StreamedRows) -> SharedRows:
        """Return a rank's share of some rows."""
        return SharedRows(rows, self.group, self.watch)

    def train(
        self,
        start: TableStart | StreamStart,
        network: Network | Ensemble,
        training: TableTraining,
        rows: StreamedRows,
        held_out: StreamedRows | None,
        around: Around,
    ) -> Trained:
        """Train a network; see `backlit.tables.one_run.described` for what is given."""
        group = self.group
        if around.limit is not None:
            around = replace(around, limit=SharedTimeLimit(around.limit.left, group))
        shared = None if held_out is None else self.share(held_out)
        run = described(start, network, training, self.share(rows), shared, around)
        run = replace(run, validation=judged_by_first(run.validation, group))
        run = SharedRun(**vars(run), group=group, watch=self.watch, average_every=self.average_every)
        watchers = watchers_of(around)
        keeps = keeping_together(around.checkpoint, group, watchers, around.say, alone=self.alone)
        trained = run.train([AskedTogether(group, watchers)], keeping=keeps)
        _refuse_not_finite(trained)
        return trained


def check_shareable(training: TableTraining) -> None:
    """Raise if something was asked for that several processes cannot do."""
    if training.takes_all_rows:
        raise InvalidInputError(
            f"The solver {training.solver!r} looks at all rows in each step, and several processes share batches. Use "
            "another solver, or one process."
        )
    if training.sharing:
        raise InvalidInputError(
            f"Members that share layers (sharing={training.sharing!r}) are trained by one process. Leave it out, or "
            "leave out the workers."
        )


def _refuse_not_finite(trained: Trained) -> None:
    network = trained.network
    n_arrays = len(network.weights) // getattr(network, "n_members", 1)
    for i, arrays in enumerate(zip(network.weights, network.biases, strict=True)):
        if not all(np.isfinite(array).all() for array in arrays):
            layer = i % n_arrays
            raise DivergenceError(trained.state.epoch, layer + 2 if layer < len(network.activations) else 1)
