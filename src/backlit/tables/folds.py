"""Cross-validated members: of k folds of the rows, each network leaves one out, and all of them predict together.

Every row is so told by a network that has not seen it, and what these tell, the out-of-fold score, is an honest
estimate of how good the model is on new rows: the rows that choose a network's best epoch are taken from those that it
trains with, never from its fold. (The encoder and the scale of the target are learned from all rows, once.) If anything
the model is a little better than the estimate, for it is the mean of k networks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import get_activation
from backlit.core.embedded import embedded_of
from backlit.core.ensemble import Ensemble
from backlit.core.initialization import Purpose, stream
from backlit.core.network import Network
from backlit.data.stream.random_bits import is_held_out, random_bits
from backlit.documents.addresses import StrPath, below
from backlit.engine.members import processors, seed_of_member
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.tables.calibration import calibrate_on, z_of
from backlit.tables.metrics import METRICS, WORDS, named_metric
from backlit.tables.one_run import Around, Process, hold_out
from backlit.tables.start import TableStart, enough_to_hold_out, first_network
from backlit.tables.stream_start import StreamStart
from backlit.tables.table_target import TableTarget
from backlit.tables.turns import Turns, may_wait
from backlit.training.examples import Examples, Source
from backlit.training.run import Trained
from backlit.training.time_limit import TimeLimit

_FOLD = 0x464F4C44
"""Makes other bits of a seed than those by which rows are held out."""
_STEP = 1 << 16
_ALONE = Process()
Say: TypeAlias = Callable[[str], object]
_TOLD = {"classification": ("accuracy", "log_loss"), "regression": ("r2", "rmse", "mae")}


def fold_of_each(n_rows: int, k: int, seed: int, classes: NDArray[Any] | None = None) -> NDArray[np.int64]:
    """Return the fold of each row, ``(n_rows,)``, counted from 0: of equal size, each class spread over all.

    Parameters
    ----------
    n_rows, k, seed : int
    classes : ndarray, ``(n_rows,)``, optional
    """
    if k > n_rows:
        raise InvalidInputError(_too_many(k, n_rows))
    order = stream(seed, Purpose.SPLIT, 1).permutation(n_rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(n_rows, dtype=np.int64)
    fold[order] = np.arange(n_rows) % k
    return fold


def fold_by_hash(places: NDArray[np.uint64], k: int, seed: int) -> NDArray[np.uint16]:
    """Return the fold of rows of a stream, ``(n_rows,)``, counted from 0, by their places in it.

    Parameters
    ----------
    places : ndarray of uint64, ``(n_rows,)``
    k, seed : int
    """
    share = (random_bits(places, seed ^ _FOLD) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return (share * k).astype(np.uint16)


def _too_many(k: int, n_rows: int) -> str:
    return f"{k} folds need as many rows, but there are {n_rows}. Ask for fewer folds."


def folders_of(folder: StrPath, k: int) -> list[StrPath]:
    """Return the folders, or addresses, in which a training of k folds keeps its checkpoints."""
    return [below(folder, f"fold-{i + 1}") for i in range(k)] if k > 1 else [folder]


def train_folds(
    start: TableStart | StreamStart, given: Source | None, around: Around, process: Process = _ALONE
) -> tuple[Network, dict[str, Any]]:
    """Train a network for each fold, say how good they are out of their folds, and return all of them as one.

    Parameters
    ----------
    start : TableStart or StreamStart
        Whose training has more than one fold.
    given : Source or None
        Validation rows of the user's, to stop by in all folds.
    around : Around
    process : Process, optional
        One of several that train each network together, if so.

    Returns
    -------
    network : Ensemble
    record : dict
        What the model is to remember, as plain JSON: ``epochs`` (the most of a fold), ``folds`` and perhaps
        ``temperature``.
    """
    training, target, say, k = start.training, start.target, around.say, start.training.folds
    folds = _StreamFolds(start) if isinstance(start, StreamStart) else _TableFolds(start)
    y = folds.rows.y
    z = np.full(y.shape, np.nan, dtype=y.dtype)
    at_once, n_threads = _side_by_side(start, around, process)
    begin, was_cut = start.network, threading.Event()
    embedded = embedded_of(begin)

    def train(i: int, around: Around) -> Trained | None:
        if was_cut.is_set():
            return None
        around.say(f"Fold {i + 1} of {k}:")
        seed = seed_of_member(training.seed, i * training.members)
        own = replace(training, seed=seed, n_threads=n_threads)
        rows, held_out = folds.others(i, seed, given, around.say)
        network = begin if i == 0 else first_network(begin.sizes, begin.activations[-1], own, embedded)
        trained = process.train(start, network, own, rows, held_out, _around(around, i, k, at_once))
        z[folds.of_each == i] = z_of(trained.network, process.share(folds.left_out(i)), own)
        if trained.reason == "stopped by a listener":
            was_cut.set()
        return trained

    done = [trained for trained in Turns(around).of_each(train, k, at_once) if trained is not None]
    networks: list[Network] = []
    for trained in done:
        networks += trained.network.members if isinstance(trained.network, Ensemble) else [trained.network]
    epochs = [trained.state.epoch for trained in done]
    whole: Any = Ensemble.of(networks)
    record: dict[str, Any] = {"epochs": max(epochs)}
    told, weight = ~np.isnan(z).any(axis=1), folds.rows.sample_weight
    z = z[told]
    known = Examples(np.empty((len(z), 0)), y[told], None if weight is None else weight[told])
    if training.calibrate:
        whole, record["temperature"] = calibrate_on(known, whole, target, training, say, z)
        z = z / z.dtype.type(record["temperature"])
    record["folds"] = {"n": training.folds, "epochs": epochs, "scores": _scores(start, known, z, say)}
    return whole, record


class _TableFolds:
    """Folds of rows in memory."""

    def __init__(self, start: TableStart) -> None:
        training, target, self.rows = start.training, start.target, start.examples
        classes = target.codes(self.rows.y) if target.task == "classification" else None
        self._start = start
        self.of_each = fold_of_each(len(self.rows), training.folds, training.seed, classes)

    def others(self, i: int, seed: int, given: Source | None, say: Say) -> tuple[Source, Source | None]:
        """Return the rows that are not of fold `i`: those to train on, and those to stop by."""
        others = self.rows.only(np.flatnonzero(self.of_each != i))
        return (others, given) if given is not None else hold_out(self._start, others, seed, say)

    def left_out(self, i: int) -> Source:
        """Return the rows of fold `i`."""
        return self.rows.copy(np.flatnonzero(self.of_each == i))


class _StreamFolds:
    """Folds of the rows of a cache, each drawn by a hash of its place, as those to stop by are."""

    def __init__(self, start: StreamStart) -> None:
        training, self.rows = start.training, start.rows
        self._fraction, n_rows = training.validation_fraction, len(self.rows)
        if training.folds > n_rows:
            raise InvalidInputError(_too_many(training.folds, n_rows))
        self.of_each = _in_steps(n_rows, lambda places: fold_by_hash(places, training.folds, training.seed))

    def others(self, i: int, seed: int, given: Source | None, say: Say) -> tuple[Source, Source | None]:
        """Return the rows that are not of fold `i`: those to train on, and those to stop by."""
        others = self.of_each != i
        if given is not None or not self._fraction:
            return self.rows.only(others), given
        held_out = others & _in_steps(len(others), lambda places: is_held_out(places, seed, self._fraction))
        if (
            not held_out.any()
            or held_out.sum() == others.sum()
            or not enough_to_hold_out(int(others.sum()), self._fraction, say)
        ):
            return self.rows.only(others), None
        return self.rows.only(others & ~held_out), self.rows.aside(held_out)

    def left_out(self, i: int) -> Source:
        """Return the rows of fold `i`."""
        return self.rows.aside(self.of_each == i)


def _in_steps(n_rows: int, work: Callable[[NDArray[np.uint64]], NDArray[Any]]) -> NDArray[Any]:
    """Return what is to be known of each row by its place, without wider numbers of all rows between."""
    steps = range(0, n_rows, _STEP)
    return np.concatenate([work(np.arange(k, min(n_rows, k + _STEP), dtype=np.uint64)) for k in steps])


def _side_by_side(start: TableStart | StreamStart, around: Around, process: Process) -> tuple[int, int | None]:
    """Return how many folds are trained at once, and the threads of each: where that changes nothing but the time."""
    training = start.training
    n = training.n_threads or processors()
    if isinstance(start, StreamStart) or process is not _ALONE or not may_wait(around.listeners):
        return 1, training.n_threads
    at_once = min(training.folds, n)
    return at_once, n // at_once


def _around(around: Around, i: int, k: int, at_once: int) -> Around:
    # a checkpoint's folder and a share of the time for each; a recorder can tell of one network only
    checkpoint, limit = around.checkpoint, around.limit
    rounds = -((i - k) // at_once)
    return replace(
        around,
        checkpoint=checkpoint and replace(checkpoint, folder=folders_of(checkpoint.folder, k)[i]),
        recorder=around.recorder if i == 0 else None,
        limit=limit and TimeLimit(max(round(limit.left / rounds, 2), 0.01)),
    )


def _scores(start: TableStart | StreamStart, examples: Examples, z: Floats, say: Say) -> dict[str, float]:
    target: TableTarget = start.target
    outputs = np.asarray(get_activation(start.network.activations[-1]).value(z))
    names = dict.fromkeys([*([start.training.metric] if start.training.metric else []), *_TOLD[target.task]])
    scores = {name: named_metric(target, name, examples.y)[0](outputs) for name in names if name in METRICS}
    listed = ", ".join(f"{WORDS[name]} {value:.5g}" for name, value in scores.items())
    say(
        f"Out of fold: {listed}. So good were the networks on {len(examples):,} rows that they had not seen, each on "
        "the fold that it left out; expect that of new rows."
    )
    return scores
