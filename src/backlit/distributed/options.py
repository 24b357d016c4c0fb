"""With how many processes to train, where, and what to put up with."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from backlit.errors import InvalidInputError
from backlit.training.option_fields import option


def workers_of(text: str) -> int | tuple[int, int]:
    """Return the number of workers that ``4`` gives, or the least and the most that ``2-4`` gives."""
    match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", text)
    if match is None:
        raise InvalidInputError(f"{text!r} is no number of workers such as 4, and no range such as 2-4.")
    return int(match[1]) if match[2] is None else (int(match[1]), int(match[2]))


@dataclass(frozen=True, kw_only=True)
class Workers:
    """With how many processes to train, and where they run.

    Attributes
    ----------
    workers : int, (int, int) or None
        Processes that share each batch; or the least and the most, of which there are as many as the cluster has room
        for. None, on the command line: one process, without Ray.
    address : str or None
        Of a Ray cluster: "auto" for the one that this machine belongs to, or ``HOST:PORT``. None: a cluster is started
        on this machine, and ends with the training.
    cpus_per_worker : float or None
        Processors that each is given; it trains on as many threads. None: as many as `n_threads` says, or 1.
    average_every : int
        From 2 on, each worker takes so many steps by itself before the weights are averaged (local SGD): fewer
        messages, for slow networks, and other results.
    max_failures : int
        Times that a worker may be lost, and training goes on from the last checkpoint.
    """

    workers: int | tuple[int, int] | None = option(
        None, "Processes that share each batch, on a Ray cluster; 2-4 for as many as there is room.", "Machines",
        parse=workers_of,
    )  # fmt: skip
    address: str | None = option(
        None, "auto, or HOST:PORT of a Ray cluster. Default: one is started on this machine.", "Machines"
    )
    cpus_per_worker: float | None = option(None, "Processors of each worker. Default: --threads, or 1.", "Machines")
    average_every: int = option(
        1, "Steps that workers take by themselves before weights are averaged, for slow networks.", "Machines", min=1
    )
    max_failures: int = option(3, "Times that a lost worker is replaced.", "Machines", min=0)

    def __post_init__(self) -> None:
        least, most = self.range if self.workers is not None else (1, 1)
        if not 1 <= least <= most:
            raise InvalidInputError(
                f"There must be at least 1 worker, and not more at least than at most; {self.workers!r} came."
            )
        if self.cpus_per_worker is not None and not 0 < self.cpus_per_worker < math.inf:
            raise InvalidInputError(f"cpus_per_worker must be above 0, but {self.cpus_per_worker!r} came.")
        if self.average_every < 1 or self.max_failures < 0:
            raise InvalidInputError(
                f"average_every must be at least 1 and max_failures at least 0, but {self.average_every!r} and "
                f"{self.max_failures!r} came."
            )
        if self.address is not None and self.address.startswith("ray://"):
            raise InvalidInputError(
                f"address={self.address!r} is a Ray Client, which cannot train. Run the command on a machine of the "
                "cluster with address='auto', or give HOST:PORT."
            )

    @property
    def range(self) -> tuple[int, int]:
        """The least and the most workers."""
        if isinstance(self.workers, tuple):
            return self.workers
        return (1, 1) if self.workers is None else (self.workers, self.workers)
