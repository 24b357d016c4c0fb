"""What the rules judge, `Evidence`, and what they find, `Finding`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from backlit.core.layer_health import LayerHealth, NetworkHealth

Kind = Literal[
    "not finite",
    "not learning",
    "rising",
    "symmetric",
    "dead",
    "saturated",
    "saturated and wrong",
    "vanishing",
    "exploding",
    "leaping",
    "unscaled",
]

# Networks that learn at all are better than the best constant by some per cent within a few epochs. On data so noisy
# that no network can be, that is worth knowing too.
LEARNED = 0.02
# After fewer epochs it is too early to say that a training does not learn.
LEAST_EPOCHS = 3


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and what to try.

    Attributes
    ----------
    kind : str
    layer : int or None
        l; None where it concerns the whole network.
    epoch : int or None
        First recorded epoch in which it was so; None where it was seen in the network as it is now.
    what : str
        In a sentence, with its figures.
    try_this : str
        In a sentence.
    """

    kind: Kind
    layer: int | None
    epoch: int | None
    what: str
    try_this: str

    def __str__(self) -> str:
        return f"{self.what} {self.try_this}"


@dataclass(frozen=True)
class Evidence:
    """What the rules judge.

    Attributes
    ----------
    now : NetworkHealth
        The network as it is; where there is none any more, the last record that is finite.
    history : tuple of NetworkHealth
    wrong_and_flat : float
        Share of the outputs that are saturated although ∂C/∂a is large; 0 where it is not known.
    symmetric : tuple of int
        Layers in which all neurons have the same weights.
    trained : bool
        Whether the network is known to have been trained.
    diverged : (int, int) or None
        Epoch and layer in which training stopped.
    """

    now: NetworkHealth
    history: tuple[NetworkHealth, ...] = ()
    wrong_and_flat: float = 0.0
    symmetric: tuple[int, ...] = ()
    trained: bool = False
    diverged: tuple[int, int] | None = None

    @property
    def hidden(self) -> tuple[LayerHealth, ...]:
        """Layers 2 to L − 1."""
        return self.now.layers[:-1]

    @property
    def settled(self) -> tuple[NetworkHealth, ...]:
        """Records of the last third of the epochs; none where there were too few epochs to judge."""
        last = self.history[-1].epoch if self.history else 0
        if last < LEAST_EPOCHS:
            return ()
        return tuple(health for health in self.history if health.epoch > last * 2 / 3)

    @property
    def learns(self) -> bool | None:
        """Whether training brought the cost below that of the best constant; None where that is not known."""
        if not self.settled:
            return None
        # the sample of a record is small; all the examples of a noisy target may say better what was learned
        skill = max(median(health.skill for health in self.settled), self.now.skill)
        return None if math.isnan(skill) else skill >= LEARNED

    def first_epoch(self, holds: Callable[[NetworkHealth], bool]) -> int | None:
        """Return the first recorded epoch in which something held, and has held since."""
        first = None
        for health in self.history:
            first = (health.epoch if first is None else first) if holds(health) else None
        return first
