"""`backlit train` with several processes: on a Ray cluster, or as torchrun has started them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backlit.cli.reading import ReadingOptions
from backlit.distributed.options import Workers
from backlit.errors import InvalidInputError
from backlit.tables.options import TableTraining

if TYPE_CHECKING:
    from backlit.tables.model import TableModel


def is_first_of_launched() -> bool:
    """Return whether this process is the first of those that were started together."""
    return os.environ.get("RANK", "0") == "0"


def streamable_only(files: list[Path], reading: ReadingOptions) -> None:
    """Raise unless files are such as several processes can read."""
    from backlit.data.stream.table_stream import can_be_streamed

    strange = [str(path) for path in files if path.is_file() and not can_be_streamed(path)]
    if strange or reading.labels is not None:
        raise InvalidInputError(
            f"Several processes take files of Parquet or CSV, but {strange[0] if strange else '--labels'} came. Write "
            "the table as Parquet, or leave out --workers."
        )


def train_together(
    workers: Workers,
    files: list[Path],
    target: str,
    training: TableTraining,
    *,
    launched: bool,
    cache: Path | None,
    listeners: list[Any],
    checkpoint: Any,
    recorder: Any,
    say: Any,
    **asked: Any,
) -> TableModel | None:
    """Train with several processes; None in those of torchrun's that are not the first.

    Parameters
    ----------
    workers : Workers
    files, target, training, cache, listeners, checkpoint, recorder, say
        See `backlit.fit_stream`.
    launched : bool
        Whether torchrun has started this process.
    **asked
        What else a `StreamRequest` is made of.
    """
    around: dict[str, Any] = {"listeners": listeners, "checkpoint": checkpoint, "recorder": recorder, "say": say}
    if launched:
        from backlit.distributed.launched import fit_launched
        from backlit.tables.stream_request import StreamRequest

        request = StreamRequest.of(files, target, training, **asked)
        return fit_launched(request, cache=cache, average_every=workers.average_every, **around)
    from backlit.distributed.trainer import DistributedTrainer

    return DistributedTrainer(**vars(workers)).fit(files, target, training, cache=cache, **asked, **around)
