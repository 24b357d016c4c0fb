"""The one protocol for whatever watches a training: progress bars, callbacks, logs, recorders, checkpoints.

docs/callbacks.md describes it for those who write their own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias

from backlit.errors import DivergenceError
from backlit.training.events import Event

Watcher: TypeAlias = Callable[[Event], object]
"""Called with every event; returning True at the end of an epoch asks training to stop there."""


def drive(events: Generator[Event, bool | None, None], watchers: Sequence[Watcher] = ()) -> None:
    """Run a training to its end, telling each watcher of each event.

    Raises
    ------
    DivergenceError
        With what a watcher that writes a history had seen till then.
    """
    try:
        event = next(events)
        while True:
            wants_stop = [watcher(event) is True for watcher in watchers]
            event = events.send(any(wants_stop))
    except StopIteration:
        return
    except DivergenceError as error:
        tell_history(error, watchers)
        raise


def tell_history(error: DivergenceError, watchers: Sequence[Watcher]) -> None:
    """Give an error what a watcher that writes a history had seen till then."""
    error.history = next((watcher.history for watcher in watchers if hasattr(watcher, "history")), ())
