"""Playing: training in a thread of its own, told to a page in frames, at most twenty a second."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from backlit.core.network import Network
from backlit.errors import BacklitError
from backlit.lab.limits import MOST_MOVES
from backlit.lab.pictures.pictures import pictures
from backlit.lab.state.deeds import Moment
from backlit.lab.state.epochs import FOREVER, moment_of, train_on
from backlit.lab.state.state import LabState
from backlit.lab.talk.findings import Frame
from backlit.training.events import EpochEnded, EpochRecord, EpochSettled, Event

FRAMES_A_SECOND = 20
MOST_KEPT = 64
"""Moments of a run that are kept, so that going back need not begin at its start."""
MOST_SPEED = 1e4

Push = Callable[[Frame], object]


class Player:
    """Trains a lab until it is told to stop.

    Parameters
    ----------
    state : LabState
        Where to begin. It stays as it is; `stop` returns where training has come to.
    speed : float
        Epochs a second; 0 for as many as there can be.
    epochs : int or None
        Most epochs.
    push : callable
        Takes the frames, in the thread of the training.
    """

    def __init__(self, state: LabState, speed: float, epochs: int | None, push: Push) -> None:
        self._begun, self._push = state, push
        self._left = MOST_MOVES - state.history.position
        self._epochs = min(epochs or FOREVER, self._left)
        self._pause = 1.0 / min(speed, MOST_SPEED) if speed > 0 else 0.0
        self._stopping = threading.Event()
        self._until = math.inf
        self.asked = state.pictures
        self._count = 0
        self._records: list[tuple[int, EpochRecord]] = []
        self._kept: dict[int, Moment] = {}
        self._every = 1
        self._next_epoch = self._next_frame = 0.0
        self._told = (time.monotonic(), 0)
        self._end: Moment | None = None
        self._trouble = self._ended = ""
        self._thread = threading.Thread(target=self._run, name="backlit-lab", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def turn(self, seconds: float) -> bool:
        """Train for a while where there are no threads, as in a browser; return whether there is more to do."""
        self._until = time.monotonic() + seconds
        self._run()
        return self.is_playing

    @property
    def is_playing(self) -> bool:
        """Whether training goes on."""
        return not self._ended

    def stop(self) -> LabState:
        """End training after the epoch that is under way, and return the lab as it then is."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        return self.result

    @property
    def result(self) -> LabState:
        """The lab that training has come to, once it has ended."""
        state, count = self._begun, self._count
        notes = (self._trouble,) if self._trouble else ()
        if count == 0:
            return replace(state, notes=notes)
        history = state.history
        place = history.position + count
        end = self._end or self._again(count)
        done = history.with_done(state.epoch, count, end, self._records)
        kept = {position: moment for position, moment in self._kept.items() if position < place}
        return state.with_history(replace(done, kept=done.kept | kept), *notes)

    def _again(self, count: int) -> Moment:
        # training broke off in the epoch after; what it had come to by then is done again
        history, position = self._begun.history, self._begun.history.position
        nearest = max((place for place in self._kept if place <= position + count), default=position)
        moment = self._kept.get(nearest) or history.now
        left = position + count - nearest
        return train_on(history.data, history.loss, moment, self._begun.epoch, left) if left else moment

    def _run(self) -> None:
        state, ended = self._begun, "all epochs done"
        history = state.history
        try:
            self._next_epoch = self._next_epoch or time.monotonic()
            begin, left = self._end or history.now, self._epochs - self._count
            self._end = train_on(history.data, history.loss, begin, state.epoch, left, [self._see])
            if self._stopping.is_set():
                ended = "paused"
            elif self._count >= self._left:
                ended = "the history is full: reset, or take the network away"
            elif math.isfinite(self._until) and self._count < self._epochs:
                return  # until the next turn
        except BacklitError as error:  # it diverged, for example
            ended = self._trouble = str(error)
        except Exception as error:  # a page that waits for frames must hear of it
            ended = self._trouble = f"Training broke off: {type(error).__name__}: {error}"
        self._ended = ended
        self._say(self.result.network if self._count else state.network, ended)

    def _see(self, event: Event) -> bool:
        if isinstance(event, EpochSettled):
            self._keep(event)
        if not isinstance(event, EpochEnded):
            return False
        self._count += 1
        self._records.append((self._begun.history.position + self._count, event.record))
        now = time.monotonic()
        if now >= self._next_frame and event.session is not None:
            self._say(event.session.network(), "")
            after = time.monotonic()
            # pictures take at most half of the time, however long each of them takes
            self._next_frame = max(now + 1.0 / FRAMES_A_SECOND, after + (after - now))
        if self._pause:
            self._next_epoch += self._pause
            self._stopping.wait(max(0.0, min(self._next_epoch, self._until) - time.monotonic()))
        return self._stopping.is_set() or time.monotonic() >= self._until

    def _keep(self, event: EpochSettled) -> None:
        if self._count % self._every:
            return
        place = self._begun.history.position + self._count
        self._kept[place] = moment_of(event.state, event.session, self._begun.epoch)
        if len(self._kept) > MOST_KEPT:
            self._every *= 2
            begin = self._begun.history.position
            self._kept = {place: each for place, each in self._kept.items() if not (place - begin) % self._every}

    def _say(self, network: Network, ended: str) -> None:
        state, record = self._begun, self._records[-1][1] if self._records else None
        before = [each for each in state.history.records if each[0] <= state.history.position]
        drawn = pictures(
            state.data,
            network,
            state.history.loss,
            state.training.learning_rate,
            self.asked,
            [*before, *self._records],
            state.rows[state.example],
        )
        now, (then, count) = time.monotonic(), self._told
        self._told = now, self._count
        self._push(
            Frame(
                epoch=record.epoch if record else state.history.now.epochs,
                position=state.history.position + self._count,
                cost=record.cost if record else float("nan"),
                validation_cost=record.validation_cost if record else None,
                validation_metric=record.validation_metric if record else None,
                epochs_per_second=(self._count - count) / max(now - then, 1e-9),
                pictures=drawn,
                ended=ended,
            )
        )
