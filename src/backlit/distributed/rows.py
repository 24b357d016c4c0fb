"""Rows of a cache as a rank needs them: all know the order of an epoch, and each unpacks its share of every batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.data.stream.pieces import ahead
from backlit.data.stream.windows import taken
from backlit.distributed.group import Group
from backlit.distributed.shares import own_places, share_of
from backlit.distributed.timing import Stopwatch
from backlit.engine.members import seed_of_member
from backlit.engine.protocol import Floats, Session
from backlit.tables.stream_rows import StreamedRows
from backlit.training.examples import Examples, Part
from backlit.training.state import TrainingState

ANOTHERS = -1
"""In an order of rows: a row that another rank has."""


@dataclass(frozen=True, eq=False)
class SharedRows:
    """A rank's share of the rows of a cache; see `backlit.training.examples.Source`.

    Attributes
    ----------
    all_rows : StreamedRows
    group : Group
    watch : Stopwatch
    """

    all_rows: StreamedRows
    group: Group
    watch: Stopwatch

    def __len__(self) -> int:
        return len(self.all_rows)

    @property
    def y(self) -> Floats:
        """Of all rows, ``(n, n_out)``."""
        return self.all_rows.y

    @property
    def sample_weight(self) -> Floats | None:
        """What each row counts."""
        return self.all_rows.sample_weight

    @property
    def digest(self) -> str:
        """That of all rows: runs with more or fewer ranks go on from each other."""
        return self.all_rows.digest

    def parts(self, session: Session, batch_size: int, state: TrainingState, *, shuffle: bool) -> Iterator[Part]:
        """Yield parts that hold a rank's own rows, and of others' the places in the order; see `Source`."""
        n_members: int | None = getattr(session, "n_members", None)
        if self.all_rows.records.stay:  # nothing is to be unpacked
            parts = self.all_rows.parts(session, batch_size, state, shuffle=shuffle)
        else:
            parts = ahead(self._parts(n_members, batch_size, state, shuffle=shuffle))
        while True:
            with self.watch("read"):
                part = next(parts, None)
            if part is None:
                return
            begin_part: Any = getattr(session, "begin_part", None)
            if begin_part is not None:
                begin_part(-(-part.order.shape[-1] // batch_size))
            yield part

    def _parts(self, n_members: int | None, batch_size: int, state: TrainingState, *, shuffle: bool) -> Iterator[Part]:
        rows_of, seed, epoch = self.all_rows, state.seed, state.epoch
        at = state.within.steps * batch_size
        for records, in_records, rows in rows_of.windows.views(
            seed, epoch, batch_size, rows_of.part_rows, shuffle=shuffle, begin=at
        ):
            places = own_places(len(rows), batch_size, self.group.rank, self.group.size)
            order = np.full(len(rows), ANOTHERS)
            if n_members is not None:
                orders = [
                    rows_of.order_of_member(seed_of_member(seed, m), at, epoch, len(rows), shuffle=shuffle)
                    for m in range(n_members)
                ]
                # each member has another share: of every row that one of them needs, the place among those
                needed = np.unique(np.concatenate([each[places] for each in orders]))
                order = np.full((n_members, len(rows)), ANOTHERS)
                for m, each in enumerate(orders):
                    order[m, places] = np.searchsorted(needed, each[places])
            else:
                needed, order[places] = places, np.arange(len(places))
            own = rows[needed]
            weight = rows_of.weight_of(own)
            x = rows_of.records.unpack(taken(records, in_records[needed]))
            yield Part(x, rows_of.targets.of(own), order, weight)
            at += len(rows)

    def copy(self, rows: NDArray[np.int64]) -> Examples:
        """See `Source`."""
        return self.all_rows.copy(rows)

    def feedforward(self, session: Session) -> Floats:
        """See `Source`."""
        return self.evaluate(session)[0]

    def evaluate(self, session: Session) -> tuple[Floats, float]:
        """Return what all ranks have together, each of which looks at its share; see `Source`."""
        rows_of, at, totals = self.all_rows, 0, np.zeros(2)
        outputs: Floats | None = None
        for records, rows in ahead(rows_of.windows.parts(0, 0, 1, rows_of.part_rows, shuffle=False)):
            begin, end = share_of(len(records), self.group.rank, self.group.size)
            own = rows[begin:end]
            weight = rows_of.weight_of(own)
            y = rows_of.targets.of(own)
            if outputs is None:
                outputs = np.zeros((len(self), y.shape[1]), dtype=y.dtype)
            if begin < end:
                x, these = rows_of.records.unpack(records[begin:end]), slice(at + begin, at + end)
                with self.watch("compute"):
                    outputs[these], cost = session.evaluate(x, y, weight)
                counts = end - begin if weight is None else float(weight.sum(dtype=np.float64))
                totals += (cost * counts if counts else 0.0), counts
            at += len(records)
        assert outputs is not None
        with self.watch("reduce"):
            self.group.add_up(outputs.reshape(-1))
            self.group.add_up(totals)
        return outputs, totals[0] / totals[1] if totals[1] else float("nan")
