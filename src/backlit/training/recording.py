"""Writing down, epoch by epoch, how each layer fares. On request only; `backlit.diagnose` reads it."""

from __future__ import annotations

import numpy as np

from backlit.core.figures import EpochFigures, measure
from backlit.core.network import Network
from backlit.engine.protocol import Floats, Session
from backlit.training.events import Event

# A recorded row costs no more than a trained one: it needs z, a and δ, and no gradient of the weights. Looking at one
# row in two hundred of a larger table keeps the cost of recording near one per cent of training.
SHARE_OF_ROWS = 0.005
LEAST_ROWS, MOST_ROWS = 64, 256
MOST_RECORDS = 200


class Recorder:
    """Looks at a fixed sample of the training rows before the first epoch and after each.

    Give it to `TableModel.train`, or to an estimator among its ``callbacks``. The sample is one training row in two
    hundred, evenly spread over them, but at least 64 and at most 256. A record takes about a millisecond: less than 5 %
    of the time of training where an epoch takes 30 ms or more, such as one of 784-100-10 on 20,000 rows. After 200
    records every second one is dropped and only every second epoch is written down from then on, and so on.

    Examples
    --------
    >>> import backlit as bl
    >>> recorder = bl.Recorder()
    >>> X, y = [[0.0, 1.0], [1.0, 0.0]] * 50, [0, 1] * 50
    >>> clf = bl.MLPClassifier((5,), max_iter=20, tol=1e-9, random_state=0, callbacks=[recorder])
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     diagnosis = bl.diagnose(clf.fit(X, y), X, y)
    >>> [figures.epoch for figures in diagnosis.history][-1]
    20
    """

    def __init__(self) -> None:
        self._records: list[EpochFigures] = []
        self._every = 1
        self._before: tuple[int, Network] | None = None
        self._x: Floats = np.empty((0, 0))
        self._y: Floats = np.empty((0, 0))
        self._loss = ""

    @property
    def history(self) -> tuple[EpochFigures, ...]:
        """What was written down in the last training, the oldest first."""
        return tuple(self._records)

    def begin(self, session: Session, x: Floats, y: Floats, epoch: int) -> None:
        """Choose the sample, and write down how things stand before the next epoch.

        Parameters
        ----------
        session : Session
        x : ndarray, ``(n_examples, n_in)``
        y : ndarray, ``(n_examples, n_out)``
        epoch : int
            Epochs done before; 0 begins a new history.
        """
        n_rows = min(len(x), MOST_ROWS, max(LEAST_ROWS, int(SHARE_OF_ROWS * len(x))))
        rows = np.linspace(0, len(x) - 1, n_rows).astype(np.int64)
        self._x, self._y, self._loss = x[rows], y[rows], session.objective.loss
        if epoch == 0 or not self._records or self._records[-1].epoch != epoch:
            self._records, self._every, self._before = [], 1, None
            self.see(session, epoch)

    def see(self, session: Session, epoch: int) -> None:
        """Write down how things stand after an epoch."""
        if epoch % self._every:
            return
        network = session.network()
        since, before = self._before or (epoch - 1, None)
        self._records.append(
            measure(network, self._x, self._y, self._loss, epoch=epoch, before=before, n_epochs=epoch - since)
        )
        self._before = epoch, network
        if len(self._records) > MOST_RECORDS:
            self._every *= 2
            self._records = [record for record in self._records if record.epoch % self._every == 0]

    def __call__(self, event: Event) -> None:
        """Do nothing: the training loop calls `begin` and `see`, for events do not carry the network."""
