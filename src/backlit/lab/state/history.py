"""What was done in a lab, one thing after the other: a network at any moment is a function of the start and of that.

Nothing is ever undone by calculating backwards. To go back, what was done until then is done again from the nearest
moment that was kept, with the same numbers: steps by hand are those that the trace shows, epochs those of `Run`, which
goes on bit for bit as if it had not stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.explanation.explanation import Explanation, explain
from backlit.explanation.trace.network_with_examples import NetworkWithExamples
from backlit.lab.data.dataset import Dataset
from backlit.lab.limits import MOST_MOVES, within
from backlit.lab.state.deeds import Deed, EditOf, Moment, StepBy, edited, move_of
from backlit.lab.state.epochs import train_on
from backlit.lab.talk.replies import Move

if TYPE_CHECKING:
    from backlit.training.events import EpochRecord

ROOM = 48 * 2**20
"""Bytes of the moments that are kept."""


@dataclass(frozen=True, eq=False)
class History:
    """A start, what was done since, and where in it the lab stands.

    Attributes
    ----------
    data : Dataset
    loss : str
    start : Network
    deeds : tuple of (Deed, int)
        What was done, how many times in a row.
    position : int
        How much of it is in view.
    records : tuple of (int, EpochRecord)
        What each epoch cost, and at which position it ended.
    kept : dict of int to Moment
        Moments at some positions, always that of the start.
    """

    data: Dataset
    loss: str
    start: Network
    deeds: tuple[tuple[Deed, int], ...] = ()
    position: int = 0
    records: tuple[tuple[int, EpochRecord], ...] = ()
    kept: dict[int, Moment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kept.setdefault(0, Moment(self.start))

    @property
    def length(self) -> int:
        """Everything that was done, and that can be gone back and forward to."""
        return sum(count for _, count in self.deeds)

    @property
    def now(self) -> Moment:
        """The moment in view."""
        return self.at(self.position)

    def at(self, position: int) -> Moment:
        """Return the moment after so much of the history."""
        if not 0 <= position <= self.length:
            raise InvalidInputError(f"The history has positions 0 to {self.length}, but {position} was asked for.")
        if position not in self.kept:
            nearest = max(place for place in self.kept if place < position)
            self.kept[position] = self._again(nearest, position)
            self._make_room()
        return self.kept[position]

    def _again(self, begin: int, end: int) -> Moment:
        moment, done = self.kept[begin], 0
        for deed, count in self.deeds:
            first, last = max(begin, done), min(end, done + count)
            done += count
            if first < last:
                moment = self.do(moment, deed, last - first)
        return moment

    def do(self, moment: Moment, deed: Deed, count: int) -> Moment:
        """Return what becomes of a moment when something is done to it so many times."""
        if isinstance(deed, EditOf):
            return replace(Moment(edited(moment.network, deed)), epochs=moment.epochs)
        if isinstance(deed, StepBy):
            network = moment.network
            for _ in range(count):
                network = after_step(self.explain(network, deed.rows, deed.rate))
            return Moment(network, moment.epochs)
        return train_on(self.data, self.loss, moment, deed, count)

    def explain(self, network: Network, rows: Sequence[int], rate: float) -> Explanation:
        """Work through a step of these rows, counted from 0."""
        given = self.data.examples(network, rows, self.loss, rate)
        with np.errstate(all="ignore"):  # what is not finite is shown, and said in words
            return explain(Holding(given), example_names=[f"row {row + 1}" for row in rows])

    def with_done(
        self, deed: Deed, count: int, moment: Moment | None = None, records: Sequence[tuple[int, EpochRecord]] = ()
    ) -> History:
        """Do something from the position in view on; what came after it is forgotten.

        Parameters
        ----------
        deed : Deed
        count : int
        moment : Moment, optional
            What came of it, where that is known.
        records : sequence of (int, EpochRecord)
        """
        end = self.position + count
        within("steps, edits and epochs", end, MOST_MOVES, "Reset the lab, or take its network away and open it anew.")
        moment = self.do(self.now, deed, count) if moment is None else moment
        before = _first(self.deeds, self.position)
        if before and before[-1][0] == deed:
            before, count = before[:-1], before[-1][1] + count
        kept = {place: each for place, each in self.kept.items() if place <= self.position} | {end: moment}
        known = tuple(record for record in self.records if record[0] <= self.position)
        after = replace(self, deeds=(*before, (deed, count)), position=end, records=(*known, *records), kept=kept)
        after._make_room()
        return after

    def moves(self) -> tuple[Move, ...]:
        """Return what was done, in words."""
        return tuple(move_of(deed, count) for deed, count in self.deeds)

    def _make_room(self) -> None:
        size = 8 * self.start.n_parameters
        room = max(4, min(256, ROOM // max(size, 1)))
        if len(self.kept) > room:
            # every second one goes, but the start and where one is likely to go
            spare = [place for place in sorted(self.kept) if 0 < place < self.position - 2 and place != self.position]
            for place in spare[::2]:
                del self.kept[place]


def after_step(explanation: Explanation) -> Network:
    """Return the network after the step of an explanation: the very numbers that it shows."""
    steps = [parameters.step for parameters in explanation.parameters]
    if any(step is None for step in steps):
        raise InvalidInputError("These examples have no target y, so there is no gradient to go along. Give them one.")
    weights = tuple(np.array(step.w_after) for step in steps if step is not None)
    biases = tuple(np.array(step.b_after) for step in steps if step is not None)
    return Network(weights, biases, explanation.activations)


@dataclass(frozen=True)
class Holding:
    """A network with examples, as `backlit.explain` and the like take it."""

    given: NetworkWithExamples

    def __network_with_examples__(self, x: Any = None, y: Any = None, *, needs_y: bool = True) -> NetworkWithExamples:
        """Return what is held."""
        return self.given


def _first(deeds: tuple[tuple[Deed, int], ...], length: int) -> tuple[tuple[Deed, int], ...]:
    kept, left = [], length
    for deed, count in deeds:
        if left <= 0:
            break
        kept.append((deed, min(count, left)))
        left -= count
    return tuple(kept)
