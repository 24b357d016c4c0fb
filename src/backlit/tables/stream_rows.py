"""Rows of a cache as training asks for them: parts of an epoch, unpacked while the part before is trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.initialization import Purpose, stream
from backlit.data.labels import ClassLabels, smooth_labels
from backlit.data.number_plans import WHITE
from backlit.data.stream.pieces import ahead
from backlit.data.stream.records import Records
from backlit.data.stream.windows import Windows, taken
from backlit.engine.members import seed_of_member
from backlit.engine.picked import Picked
from backlit.engine.protocol import Floats, Inputs, Session
from backlit.engine.whole_bytes import WholeBytes
from backlit.training.examples import Examples, Part
from backlit.training.state import TrainingState


@dataclass(frozen=True, eq=False)
class Targets:
    """y of all rows as it is kept in memory, and as the network sees it.

    Attributes
    ----------
    values : ndarray, ``(n,)``
        Scaled numbers, or numbers of classes.
    labels : ClassLabels or None
        Of classes.
    dtype : str
    smoothing : float
        Share of each class's target that is spread over all.
    couples : bool
        Whether the outputs are coupled by softmax.
    """

    values: NDArray[Any]
    labels: ClassLabels | None
    dtype: str
    smoothing: float = 0.0
    couples: bool = False

    def of(self, rows: NDArray[np.int64] | slice) -> Floats:
        """Return y of some rows, ``(n_rows, n_out)``."""
        values = self.values[rows]
        if self.labels is None:
            return values.astype(self.dtype, copy=False).reshape(-1, 1)
        y = self.labels.encode(values, self.dtype)
        return smooth_labels(y, self.smoothing, couples=self.couples).astype(self.dtype) if self.smoothing else y


@dataclass(frozen=True, eq=False)
class StreamedRows:
    """Rows of a cache; see `backlit.training.examples.Source`.

    Attributes
    ----------
    windows : Windows
    records : Records
    targets : Targets
    weights : ndarray, ``(n,)``, or None
        What each row of the file counts.
    part_rows : int
        Rows that are unpacked at once.
    in_place_rows : int
        Rows that are trained on at once where they need not be unpacked.
    cache_digest : str
    """

    windows: Windows
    records: Records
    targets: Targets
    weights: Floats | None
    part_rows: int
    in_place_rows: int
    cache_digest: str

    def __len__(self) -> int:
        return self.windows.n_rows

    @property
    def y(self) -> Floats:
        """Of all rows that are meant, ``(n, n_out)``: for validation, whose outputs are of that size too."""
        return self.targets.of(slice(None) if self.windows.only is None else np.flatnonzero(self.windows.only))

    @property
    def sample_weight(self) -> Floats | None:
        """What each of them counts."""
        only = self.windows.only
        return self.weights if self.weights is None or only is None else self.weights[only]

    def only(self, which: NDArray[np.bool_]) -> StreamedRows:
        """Return some of the rows of the file, to train on."""
        return replace(self, windows=self.windows.those(which))

    def aside(self, which: NDArray[np.bool_]) -> StreamedRows:
        """Return some of the rows of the file, to be looked at in their order."""
        return replace(self, windows=self.windows.those(which, self.part_rows))

    @property
    def digest(self) -> str:
        """What the rows, and their order in an epoch, are known by."""
        return f"{self.cache_digest} {'-'.join(map(str, [*self.windows.described(), self._rows_at_once]))}"

    @property
    def _rows_at_once(self) -> int:
        return self.in_place_rows if self.records.stay else self.part_rows

    def _inputs(self, records: NDArray[Any]) -> Inputs:
        """Return records as an engine takes them: pixels as the bytes that they are."""
        return WholeBytes(records["pixels"], WHITE) if self.records.are_pixels else self.records.unpack(records)

    def parts(self, session: Session, batch_size: int, state: TrainingState, *, shuffle: bool) -> Iterator[Part]:
        """See `Source`."""
        n_members: int | None = getattr(session, "n_members", None)
        yield from ahead(self._parts(n_members, batch_size, state, shuffle=shuffle))

    def _parts(self, n_members: int | None, batch_size: int, state: TrainingState, *, shuffle: bool) -> Iterator[Part]:
        at = state.within.steps * batch_size
        seed, epoch = state.seed, state.epoch
        views = self.windows.views(seed, epoch, batch_size, self._rows_at_once, shuffle=shuffle, begin=at)
        for records, places, rows in views:
            if self.records.stay:
                x: Inputs = Picked(self._inputs(records), places)  # nothing is copied
            else:
                x = self.records.unpack(taken(records, places))
            order = np.arange(len(rows))
            if n_members is not None:
                # all are trained on the same part, each in an order of its own
                each = (seed_of_member(seed, m) for m in range(n_members))
                orders = [self.order_of_member(s, at, epoch, len(rows), shuffle=shuffle) for s in each]
                order = np.stack(list(orders))
            yield Part(x, self.targets.of(rows), order, self.weight_of(rows))
            at += len(rows)

    def weight_of(self, rows: NDArray[np.int64]) -> Floats | None:
        """Return what rows of the file count, by where they stand in it."""
        return None if self.weights is None else self.weights[rows]

    @staticmethod
    def order_of_member(seed: int, at: int, epoch: int, n_rows: int, *, shuffle: bool) -> NDArray[np.int64]:
        """Return a member's own order of the rows of a part, ``(n_rows,)``; `at` rows of the epoch came before."""
        return stream(seed, Purpose.SHUFFLE, (at << 20) + epoch).permutation(n_rows) if shuffle else np.arange(n_rows)

    def copy(self, rows: NDArray[np.int64]) -> Examples:
        """See `Source`."""
        if self.windows.only is not None:
            rows = np.flatnonzero(self.windows.only)[rows]
        weight = self.weight_of(rows)
        return Examples(self.records.unpack(self.windows.file.pick(rows)), self.targets.of(rows), weight)

    def feedforward(self, session: Session) -> Floats:
        """See `Source`."""
        pieces = ahead(self.windows.parts(0, 0, 1, self.part_rows, shuffle=False))
        return np.concatenate([session.feedforward(self._inputs(records)) for records, _ in pieces])

    def evaluate(self, session: Session) -> tuple[Floats, float]:
        """See `Source`."""
        outputs, total, weights = [], 0.0, 0.0
        for records, rows in ahead(self.windows.parts(0, 0, 1, self.part_rows, shuffle=False)):
            weight = self.weight_of(rows)
            a, cost = session.evaluate(self._inputs(records), self.targets.of(rows), weight)
            counts = len(records) if weight is None else float(weight.sum(dtype=np.float64))
            outputs.append(a)
            total, weights = total + cost * counts if counts else total, weights + counts
        return np.concatenate(outputs), total / weights if weights else float("nan")
