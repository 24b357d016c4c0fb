"""Trainings side by side, of which those who listen hear one after another.

A network of some hundred neurons is trained fastest on one processor, so what fills several is several trainings. Who
watches is told of them as if each began where the one before ended: what a later one has to say waits for its turn, and
comes without the training that it pointed into, as copies of events do.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TypeVar

from backlit.tables.one_run import Around
from backlit.training.events import Event, StepsDone, Watcher

_Answer = TypeVar("_Answer")


def may_wait(listeners: Sequence[Watcher]) -> bool:
    """Tell whether all say of themselves, by ``may_wait = True``, that they only read what stands in an event."""
    return all(getattr(listener, "may_wait", False) for listener in listeners)


class Turns:
    """Passes on what trainings say, in turn.

    Parameters
    ----------
    around : Around
        Who listens.
    """

    def __init__(self, around: Around) -> None:
        self._around, self._lock = around, threading.RLock()
        self._turn, self._over = 0, set[int]()
        self._waiting: defaultdict[int, list[Callable[[], object]]] = defaultdict(list)
        self._is_stopped = False

    def of_each(self, train: Callable[[int, Around], _Answer], n: int, at_once: int) -> list[_Answer]:
        """Return what each training comes to, in their order; it is given its number, from 0, and what is around it."""
        if at_once == 1:
            return [train(i, self._around) for i in range(n)]
        with ThreadPoolExecutor(at_once) as pool:
            try:
                return list(pool.map(partial(self._take_turn, train), range(n)))
            except BaseException:  # Ctrl-C above all: nobody is to train on unasked
                self._is_stopped = True
                pool.shutdown(cancel_futures=True)
                raise

    def _take_turn(self, train: Callable[[int, Around], _Answer], i: int) -> _Answer:
        around = replace(self._around, say=partial(self._say, i), listeners=[partial(self._hear, i)])
        try:
            return train(i, around)
        finally:
            with self._lock:
                self._over.add(i)
                while self._turn in self._over:
                    self._turn += 1
                    for tell in self._waiting.pop(self._turn, []):
                        tell()

    def _say(self, i: int, line: str) -> None:
        self._in_turn(i, partial(self._around.say, line))

    def _hear(self, i: int, event: Event) -> bool:
        if i == self._turn:
            self._in_turn(i, partial(self._tell, event))
        elif not isinstance(event, StepsDone):
            self._in_turn(i, partial(self._tell, copy(event)))
        return self._is_stopped

    def _in_turn(self, i: int, tell: Callable[[], object]) -> None:
        with self._lock:
            if i == self._turn:
                tell()
            else:
                self._waiting[i].append(tell)

    def _tell(self, event: Event) -> None:
        for listener in self._around.listeners:
            self._is_stopped = bool(listener(event)) or self._is_stopped
