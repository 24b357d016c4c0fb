"""A moving average of the weights, which predicts in place of the last ones.

``w̄ ← d w̄ + (1 − d) w`` and the same for b. Noise of single steps is averaged away, so that a network is as good as
after a fall of the learning rate. Training itself goes on with w: steps, the optimizer's memory and the cost of the
training rows know nothing of w̄, but the validation rows are asked with it, and it is what is given back.

The average looks at the weights after every eighth step, counted from the beginning of an epoch, with d⁸ then, so that
it costs a few per cent of the time, with either engine, and a run that goes on from a checkpoint has the same bits.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from backlit.core.network import Network
from backlit.engine.protocol import Session
from backlit.errors import InvalidInputError

EVERY = 8


def check_decay(decay: float) -> None:
    """Raise if d is no share, or is 1, which would never take anything in."""
    if not 0 <= decay < 1:
        raise InvalidInputError(f"weight_average must lie in [0, 1), 0 for none, but {decay!r} came.")


def taken_in(average: Network | None, network: Network, decay: float, n_steps: int) -> Network:
    """Return the average after some more steps; before the first ones there is none.

    Parameters
    ----------
    average : Network, Ensemble or None
    network : Network or Ensemble
        After these steps.
    decay : float
        d.
    n_steps : int
    """
    if average is None:
        return network
    kept = decay**n_steps

    def mixed(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
        # Python's floats leave the arrays their dtype
        return tuple(kept * mean + (1 - kept) * value for mean, value in zip(old, new, strict=True))

    return replace(
        average, weights=mixed(average.weights, network.weights), biases=mixed(average.biases, network.biases)
    )


@contextlib.contextmanager
def asked_with(session: Session, average: Network | None) -> Iterator[None]:
    """Let a session answer with an average, where there is one, and go on with its own weights afterwards."""
    if average is None:
        yield
        return
    own = session.network()
    session.set_network(average)
    try:
        yield
    finally:
        session.set_network(own)
