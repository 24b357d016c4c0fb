"""Checkpoints of all ranks: the first one reads and writes the files, and tells the others where it goes on from.

What is kept is the same as of one process: a run may go on with more ranks, or with fewer.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network
from backlit.distributed.group import Group, first_does
from backlit.documents import strict_json
from backlit.engine.protocol import OptimizerState
from backlit.persistence.checkpointing import keeping
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochSettled, Event, PartSettled, Watcher
from backlit.training.run import Keeping, Run
from backlit.training.state import state_from_document, state_to_document

Say = Callable[[str], object]


def keeping_together(
    checkpoint: Checkpoint | None, group: Group, watchers: Sequence[Watcher], say: Say, *, alone: bool = True
) -> Keeping | None:
    """Return how a run of all ranks is kept; see `backlit.persistence.checkpointing.keeping`.

    Parameters
    ----------
    checkpoint : Checkpoint or None
    group : Group
    watchers, say
        Of this rank.
    alone : bool, default True
        Whether the first rank keeps others from the folder.
    """
    if checkpoint is None:
        return None
    by_first = keeping(checkpoint, watchers, say=say, warn=say, alone=alone)
    assert by_first is not None
    return lambda run: _kept(run, by_first, group)


@contextlib.contextmanager
def _kept(run: Run, by_first: Keeping, group: Group) -> Iterator[tuple[Run, Sequence[Watcher]]]:
    with contextlib.ExitStack() as stack:
        keepers: list[Watcher] = []
        of_first: list[Run] = []

        def begin() -> bytes:
            going_on, its_keepers = stack.enter_context(by_first(run))
            keepers.extend(its_keepers)
            of_first.append(going_on)
            return encoded(going_on)

        begun = first_does(group, begin)
        yield of_first[0] if of_first else decoded(begun, run), [_KeptTogether(group, keepers)]


@dataclasses.dataclass(frozen=True)
class _KeptTogether:
    group: Group
    keepers: list[Watcher]

    def __call__(self, event: Event) -> None:
        # a slow disk is waited for; only the first rank knows whether a checkpoint is due
        if isinstance(event, EpochSettled | PartSettled):
            first_does(self.group, lambda: b"".join(_done(keeper, event) for keeper in self.keepers))


def _done(keeper: Watcher, event: Event) -> bytes:
    keeper(event)
    return b""


def encoded(run: Run) -> bytes:
    """Return where a run stands: a line of JSON, and the numbers of networks and optimizer behind it."""
    begin, state = run.optimizer_state, run.state
    networks: list[Network | Ensemble] = [run.network, *filter(None, [state.best, state.average])]
    arrays = [array for network in networks for array in (*network.weights, *network.biases)]
    if begin is not None:
        arrays += [array for slots in (*begin.weights, *begin.biases, *begin.scales) for array in slots]
    document = {
        "state": state_to_document(state),
        "t": None if begin is None else begin.t,
        "scales": 0 if begin is None else len(begin.scales),
        "best": state.best is not None,
        "average": state.average is not None,
    }
    line = strict_json.dump(document).encode()
    return b"\n".join([line, b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)])


def decoded(message: bytes, run: Run) -> Run:
    """Return the run that stands where `encoded` was told; the one given has its shapes."""
    line, _, numbers = message.partition(b"\n")
    document = strict_json.parse(line.decode())
    values, like, at = np.frombuffer(numbers, dtype=run.network.dtype), run.network, 0

    def taken(shape: tuple[int, ...]) -> Any:
        nonlocal at
        begin, at = at, at + int(np.prod(shape))
        return values[begin:at].reshape(shape).copy()

    def network() -> Any:
        weights = tuple(taken(w.shape) for w in like.weights)
        return dataclasses.replace(like, weights=weights, biases=tuple(taken(b.shape) for b in like.biases))

    current = network()
    best = network() if document["best"] else None
    average = network() if document["average"] else None
    optimizer_state = None
    if document["t"] is not None:
        slots = run.optimizer.slots
        of_weights = [tuple(taken(w.shape) for _ in slots) for w in like.weights]
        of_biases = [tuple(taken(b.shape) for _ in slots) for b in like.biases]
        of_each = range(1 + len(slots))
        n_scales = like.weights[0].shape[1]  # of layer 1, to which embeddings add
        scales = tuple(tuple(taken((n_scales,)) for _ in of_each) for _ in range(document["scales"]))
        optimizer_state = OptimizerState(document["t"], of_weights, of_biases, scales)
    state = state_from_document(document["state"], best, average)
    return dataclasses.replace(run, network=current, optimizer_state=optimizer_state, state=state)
