"""Ranks that torchrun has started, on one machine or on many: each of them runs the same command.

The rendezvous is only environment variables (``RANK``, ``WORLD_SIZE``, ``MASTER_ADDR``, ``MASTER_PORT``), which
torchrun sets, and so can Slurm or anything else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from backlit.distributed.group import Group, first_does
from backlit.distributed.rank import Job, train_rank
from backlit.distributed.timing import Stopwatch
from backlit.distributed.torch_group import process_group
from backlit.documents import strict_json
from backlit.documents.addresses import is_address
from backlit.errors import InvalidInputError
from backlit.tables.model import TableModel
from backlit.tables.one_run import Around
from backlit.tables.stream_request import StreamRequest
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import Watcher
from backlit.training.recording import Recorder
from backlit.training.time_limit import TimeLimit

NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def fit_launched(
    request: StreamRequest,
    *,
    cache: Path | None = None,
    listeners: Sequence[Watcher] = (),
    say: Callable[[str], object] = lambda _: None,
    checkpoint: Checkpoint | None = None,
    recorder: Recorder | None = None,
    average_every: int = 1,
    watch: Stopwatch | None = None,
) -> TableModel | None:
    """Train with all processes that torchrun has started, and return the model in the first of them, else None.

    Parameters
    ----------
    request : StreamRequest
        The same in each.
    cache : Path, optional
        Folder of the encoded rows, which every machine sees. Default: in the folder of the checkpoints, or a temporary
        one, which is for processes of one machine.
    listeners, say, checkpoint, recorder : optional
        See `backlit.fit_stream`.
    average_every : int, default 1
        See `backlit.distributed.options.Workers`.
    watch : Stopwatch, optional

    Raises
    ------
    InvalidInputError
        If this process was not started by torchrun, or the like.
    """
    missing = [name for name in NEEDED if name not in os.environ]
    if missing:
        raise InvalidInputError(
            f"This is for processes that were started together, but {', '.join(missing)} is not set. Start them with: "
            "python -m torch.distributed.run --nproc-per-node 2 -m backlit.distributed …"
        )
    limit = TimeLimit.of(request.training.max_time)
    with process_group() as group, _folder_of_cache(group, cache, checkpoint) as folder:
        asked = first_does(group, lambda: strict_json.dump(Job.prepared(request, folder, say).asked).encode())
        memory = request.budget.total
        job = Job(str(folder), strict_json.parse(asked.decode()), request.training, memory, request.reading)
        is_own = group.rank == 0
        around = Around(say, listeners, checkpoint, recorder if is_own else None, limit)
        return train_rank(job, group, around, watch or Stopwatch(), average_every=average_every)


@contextlib.contextmanager
def _folder_of_cache(group: Group, cache: Path | None, checkpoint: Checkpoint | None) -> Iterator[Path]:
    if cache is None and checkpoint is not None and not is_address(checkpoint.folder):
        cache = Path(checkpoint.folder) / "cache"
    if cache is not None:
        yield cache
        return
    folder = Path(first_does(group, lambda: tempfile.mkdtemp(prefix="backlit-cache-").encode()).decode())
    try:
        yield folder
    finally:
        if group.rank == 0:
            shutil.rmtree(folder, ignore_errors=True)
