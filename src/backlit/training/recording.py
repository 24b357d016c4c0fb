"""Writing down, over the epochs, how each layer fares. On request only; `backlit.diagnose` reads it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from backlit.core.embedded_network import EmbeddedNetwork, apart
from backlit.core.ensemble import Ensemble
from backlit.core.layer_health import NetworkHealth, measure
from backlit.core.namespace import is_sparse
from backlit.core.network import Network
from backlit.core.sample import Sample
from backlit.documents.field import Field, Kind
from backlit.engine.protocol import Session
from backlit.engine.whole_bytes import widened
from backlit.training.events import EpochEnded, Event, TrainingStarted
from backlit.training.examples import Source

# One training row in two hundred: a look at a row costs no more than training on it, for it needs z, a and δ, and no
# gradient of the weights.
SHARE_OF_ROWS = 0.005
LEAST_ROWS, MOST_ROWS = 64, 256
MOST_RECORDS = 200
# All looks together may take this share of the training, and so many seconds where it is over in a moment.
SHARE_OF_TIME = 0.04
SECONDS_FREE = 0.01

_KIND = Kind(remedy="The state of a Recorder must be as it wrote it.")


class Recorder:
    """Looks at a fixed sample of the training rows before the first epoch and after some of the others.

    Give it to an estimator among its ``callbacks``, or to `TableModel.train`. The sample is one training row in two
    hundred, evenly spread over them, but at least 64 and at most 256.

    All looks together take less than 5 % of the time of training, or a hundredth of a second. So not every short epoch
    can be looked at: only epochs 1, 2, 3, 4, 6, 8, 12, 16, … and besides them every k-th, where k, a power of two, is 1
    for epochs of some 20 ms or more. This follows from the size of the network and of the data and not from a clock:
    the same training is recorded in the same epochs always. After 200 records k is doubled, and those that no longer
    belong are dropped.

    Examples
    --------
    >>> import backlit as bl
    >>> recorder = bl.Recorder()
    >>> X, y = [[0.0, 1.0], [1.0, 0.0]] * 50, [0, 1] * 50
    >>> clf = bl.MLPClassifier((5,), max_iter=20, tol=1e-9, random_state=0, callbacks=[recorder])
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     diagnosis = bl.diagnose(clf.fit(X, y), X, y)
    >>> [health.epoch for health in diagnosis.history]
    [0, 1, 2, 3, 4, 6, 8, 12, 16]
    """

    def __init__(self) -> None:
        self._records: list[NetworkHealth] = []
        self._every = 1
        self._epoch = 0
        self._n_looks = 0
        self._cost = LookCost(1.0, 0.0)
        self._before: tuple[int, Network] | None = None
        self._sample: Sample | None = None

    @property
    def history(self) -> tuple[NetworkHealth, ...]:
        """What was written down in the last training, the oldest first."""
        return tuple(self._records)

    def begin(self, session: Session, examples: Source, epoch: int, n_steps: int) -> None:
        """Choose the sample, and write down how things stand before the first epoch.

        Parameters
        ----------
        session : Session
        examples : Source
        epoch : int
            Epochs done before. Where they are those that were seen, the history is gone on with; otherwise a new one
            begins.
        n_steps : int
            Steps in an epoch.
        """
        network = _watched(session)
        n_all = len(examples)
        n_rows = min(n_all, MOST_ROWS, max(LEAST_ROWS, int(SHARE_OF_ROWS * n_all)))
        seen = examples.copy(np.linspace(0, n_all - 1, n_rows).astype(np.int64))
        x = seen.x.toarray() if is_sparse(seen.x) else widened(seen.x, seen.y.dtype)
        self._sample = Sample.of(x, seen.y, session.objective.loss, network.activations[-1])
        self._cost = LookCost.guess(network.sizes, n_rows, n_all, n_steps)
        if epoch == 0 or epoch != self._epoch or not self._records:
            self._records, self._before, self._n_looks = [], None, 0
            self._every = self._cost.spacing
            self._look(network, epoch)
        self._epoch = epoch

    def see(self, session: Session, epoch: int) -> None:
        """Write down how things stand after an epoch, where it is one to look at."""
        self._epoch = epoch
        if _is_due(epoch, self._every) and self._cost.can_afford(self._n_looks, epoch):
            self._look(_watched(session), epoch)

    def _look(self, network: Network, epoch: int) -> None:
        assert self._sample is not None
        since, before = self._before or (epoch - 1, None)
        sample = self._sample
        if isinstance(network, EmbeddedNetwork):
            sample = replace(sample, x=network.expanded(sample.x))
        behind, behind_before = apart(network)[0], None if before is None else apart(before)[0]
        self._records.append(measure(behind, sample, epoch=epoch, before=behind_before, n_epochs=epoch - since))
        self._before = epoch, network
        self._n_looks += 1
        while len(self._records) > MOST_RECORDS:
            self._every *= 2
            self._records = [record for record in self._records if _is_due(record.epoch, self._every)]

    @property
    def last_seen(self) -> Network | None:
        """The network of the last look."""
        return None if self._before is None else self._before[1]

    def to_dict(self) -> dict[str, Any]:
        """Return all else that was written down in JSON's types, for a checkpoint."""
        return {
            "epoch": self._epoch,
            "every": self._every,
            "n_looks": self._n_looks,
            "last_look": self._before[0] if self._before else 0,
            "records": [health.to_dict() for health in self._records],
        }

    def restore(self, document: Any, last_seen: Network | None) -> None:
        """Go on from what `to_dict` and `last_seen` gave.

        Parameters
        ----------
        document : dict or None
            Not trusted. None, where the run was not recorded till then, begins a new history.
        last_seen : Network or None

        Raises
        ------
        InvalidInputError
            If the document is not as `to_dict` writes it.
        """
        self._records, self._before = [], None
        if document is None or last_seen is None:
            return
        fields = Field(document, "recorded", _KIND).fields("epoch", "every", "n_looks", "last_look", "records")
        counts = {name: fields[name].whole(1 if name == "every" else 0) for name in fields if name != "records"}
        self._records = [
            NetworkHealth.from_dict(record.value, apart(last_seen)[0].activations, record.path)
            for record in fields["records"].parts()
        ]
        self._before = counts["last_look"], last_seen
        self._epoch, self._every, self._n_looks = counts["epoch"], counts["every"], counts["n_looks"]

    def __call__(self, event: Event) -> None:
        """Look at the network where an event has one to look at."""
        if isinstance(event, TrainingStarted) and event.session is not None and event.examples is not None:
            self.begin(event.session, event.examples, event.first_epoch - 1, event.n_steps)
        elif isinstance(event, EpochEnded) and event.session is not None:
            self.see(event.session, event.record.epoch)


@dataclass(frozen=True)
class LookCost:
    """What a look costs, measured in epochs.

    Attributes
    ----------
    epochs : float
        Epochs that pay for a look.
    free : float
        Looks that nothing needs to pay for.
    """

    epochs: float
    free: float

    @classmethod
    def guess(cls, sizes: Sequence[int], n_sampled: int, n_rows: int, n_steps: int) -> LookCost:
        """Guess it, rather too high.

        Parameters
        ----------
        sizes : sequence of int
            Neurons of each layer.
        n_sampled, n_rows : int
            Rows that are looked at, and rows that are trained on.
        n_steps : int
            Steps in an epoch.
        """
        # NumPy takes 0.1 ms per layer and does 40 Gflop/s or more; the native engine takes 2 µs per step and does
        # 200 Gflop/s on a good laptop.
        n_weights = sum(n_in * n_out for n_in, n_out in pairwise(sizes))
        look = 1e-4 * len(sizes) + n_weights * (4 * n_sampled / 40e9 + 2e-9)
        epoch = 2e-6 * n_steps + n_weights * 6 * n_rows / 200e9
        return cls(look / (SHARE_OF_TIME * epoch), SECONDS_FREE / look)

    @property
    def spacing(self) -> int:
        """The least power of two of epochs that pays for a look."""
        return 1 << max(0, math.ceil(math.log2(self.epochs)))

    def can_afford(self, n_looks: int, n_epochs: int) -> bool:
        """Whether so many epochs can pay for another look, after so many looks."""
        return n_looks <= self.free + n_epochs / self.epochs


def _is_due(epoch: int, every: int) -> bool:
    # twice in each doubling, besides: 1, 2, 3, 4, 6, 8, 12, 16, …
    return epoch % every == 0 or epoch // (epoch & -epoch) in (1, 3)


def _watched(session: Session) -> Network:
    # of an ensemble the first member, which stands for the others
    network: Network | Ensemble = session.network()
    return network.member(0) if isinstance(network, Ensemble) else network
