"""The ranks of a process group of PyTorch, by gloo. Nothing else of PyTorch is used."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from backlit.distributed.group import LostRankError
from backlit.engine.protocol import Floats
from backlit.errors import BacklitError

TIMEOUT = int(os.environ.get("BACKLIT_MESSAGE_TIMEOUT_S", "15"))
"""Seconds that one message between ranks may take, and so how long a rank may read or compute between two of them."""


def import_torch() -> Any:
    """Return `torch.distributed`, or raise an error that says how to get it."""
    try:
        import torch.distributed as dist
    except ImportError:
        raise MissingTorchError() from None
    if not dist.is_available() or not dist.is_gloo_available():
        raise MissingTorchError()
    return dist


class MissingTorchError(BacklitError, ImportError):
    """PyTorch is needed, for its gloo alone. No extra brings it, since its builds differ by machine."""

    def __init__(self) -> None:
        super().__init__(
            "Training with several processes needs PyTorch, whose gloo adds up gradients; its build for CPUs will do. "
            "Install it with: pip install torch"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), ()


class TorchGroup:
    """The process group that is open; see `backlit.distributed.group.Group`."""

    def __init__(self) -> None:
        import torch

        self._dist, self._torch = import_torch(), torch
        self.rank, self.size = int(self._dist.get_rank()), int(self._dist.get_world_size())

    def add_up(self, numbers: Floats) -> None:
        """See `Group`."""
        self.begin_to_add_up(numbers)()

    def begin_to_add_up(self, numbers: Floats) -> Callable[[], None]:
        """See `Group`."""
        with _lost():
            work = self._dist.all_reduce(self._torch.from_numpy(numbers), async_op=True)

        def wait() -> None:
            with _lost():
                work.wait()

        return wait

    def from_first(self, message: bytes | None) -> bytes:
        """See `Group`."""
        sent = np.frombuffer(message or b"", dtype=np.uint8) if self.rank == 0 else np.empty(0, dtype=np.uint8)
        length = self._torch.tensor([len(sent)], dtype=self._torch.int64)
        with _lost():
            self._dist.broadcast(length, 0)
            content = sent.copy() if self.rank == 0 else np.empty(int(length[0]), dtype=np.uint8)
            if len(content):
                self._dist.broadcast(self._torch.from_numpy(content), 0)
        return content.tobytes()


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise lost(str(error).splitlines()[0]) from error


def lost(why: str) -> LostRankError:
    """Return the error that says that another rank was not heard of."""
    return LostRankError(
        f"Another process of this training was not heard of for {TIMEOUT} s, or has ended ({why}). Look at what it "
        "said last; with --checkpoint, training goes on with --resume."
    )


@contextlib.contextmanager
def process_group() -> Iterator[TorchGroup]:
    """Open a process group as the environment variables of torchrun describe it, and close it in the end."""
    dist = import_torch()
    with _lost():
        dist.init_process_group("gloo", timeout=timedelta(seconds=TIMEOUT))
    try:
        yield TorchGroup()
    finally:
        dist.destroy_process_group()
