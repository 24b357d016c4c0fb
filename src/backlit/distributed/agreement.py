"""What depends on a clock or on a person is decided once, so that no rank waits for one that has already stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backlit.distributed.group import Group, any_of, number_of_first
from backlit.engine.protocol import Floats
from backlit.training.events import EpochEnded, Event, PartSettled, Watcher, asks_to_stop
from backlit.training.examples import Validation
from backlit.training.time_limit import TimeLimit


@dataclass(frozen=True)
class AskedTogether:
    """A watcher that stands for those of all ranks: where one of them asks to stop, all stop.

    Attributes
    ----------
    group : Group
    watchers : sequence of Watcher
        This rank's.
    """

    group: Group
    watchers: Sequence[Watcher]

    @property
    def history(self) -> Any:
        """What a recorder among them wrote down, for an error that ends the training."""
        return next((each.history for each in self.watchers if hasattr(each, "history")), ())

    def __call__(self, event: Event) -> bool:
        """Tell this rank's watchers of an event, and return whether to stop."""
        wishes = [asks_to_stop(watcher(event)) for watcher in self.watchers]
        # at these moments alone training asks, and every rank comes by them
        if isinstance(event, EpochEnded) or (isinstance(event, PartSettled) and not event.is_last):
            return any_of(self.group, any(wishes))
        return False


class SharedTimeLimit(TimeLimit):
    """A limit of time by the first rank's clock. Within an epoch it ends nothing.

    Parameters
    ----------
    seconds : float
    group : Group
    """

    def __init__(self, seconds: float, group: Group) -> None:
        super().__init__(seconds)
        self._group = group

    @property
    def is_over(self) -> bool:
        """Whether to leave an epoch in its midst: never, for ranks look at the time at different steps."""
        return False

    def epochs(self, epoch: int, wanted: int) -> int:
        """Return how many epochs there is time for; see `TimeLimit.epochs`."""
        return int(number_of_first(self._group, super().epochs(epoch, wanted)))


def judged_by_first(validation: Validation | None, group: Group) -> Validation | None:
    """Return a validation whose metric is the first rank's, since all go by it."""
    if validation is None:
        return None
    metric: Callable[[Floats], float] = validation.metric
    return replace(validation, metric=lambda outputs: number_of_first(group, metric(outputs)))
