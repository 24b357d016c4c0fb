"""Cross-validated members: of k folds of the rows, each network leaves one out, and all of them predict together.

Every row is so told by a network that has not seen it, and what these tell, the out-of-fold score, is an honest
estimate of how good the model is on new rows: the rows that choose a network's best epoch are taken from those that it
trains with, never from its fold. (The encoder and the scale of the target are learned from all rows, once.) If anything
the model is a little better than the estimate, for it is the mean of k networks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import get_activation
from backlit.core.embedding import embedded_of
from backlit.core.ensemble import Ensemble
from backlit.core.initialization import Purpose, stream
from backlit.core.network import Network
from backlit.engine.members import seed_of_member
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.tables.calibration import calibrate_on, z_of
from backlit.tables.metrics import METRICS, named_metric
from backlit.tables.one_run import Around, hold_out, run_on
from backlit.tables.start import TableStart, first_network
from backlit.tables.table_target import TableTarget
from backlit.training.examples import Examples
from backlit.training.time_limit import TimeLimit

_TOLD = {"classification": ("accuracy", "log_loss"), "regression": ("r2", "rmse", "mae")}


def fold_of_each(n_rows: int, k: int, seed: int, classes: NDArray[Any] | None = None) -> NDArray[np.int64]:
    """Return the fold of each row, ``(n_rows,)``, counted from 0: of equal size, each class spread over all.

    Parameters
    ----------
    n_rows, k, seed : int
    classes : ndarray, ``(n_rows,)``, optional
    """
    if k > n_rows:
        raise InvalidInputError(f"{k} folds need as many rows, but there are {n_rows}. Ask for fewer folds.")
    order = stream(seed, Purpose.SPLIT, 1).permutation(n_rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(n_rows, dtype=np.int64)
    fold[order] = np.arange(n_rows) % k
    return fold


def train_folds(start: TableStart, given: Examples | None, around: Around) -> tuple[Network, dict[str, Any]]:
    """Train a network for each fold, say how good they are out of their folds, and return all of them as one.

    Parameters
    ----------
    start : TableStart
        Whose training has more than one fold.
    given : Examples or None
        Validation rows of the user's, to stop by in all folds.
    around : Around

    Returns
    -------
    network : Ensemble
    record : dict
        What the model is to remember, as plain JSON: ``epochs`` (the most of a fold), ``folds`` and perhaps
        ``temperature``.
    """
    training, target, examples, say = start.training, start.target, start.examples, around.say
    classes = target.codes(examples.y) if target.task == "classification" else None
    fold = fold_of_each(len(examples), training.folds, training.seed, classes)
    z = np.full(examples.y.shape, np.nan, dtype=examples.y.dtype)
    networks: list[Network] = []
    epochs: list[int] = []
    for i in range(training.folds):
        say(f"Fold {i + 1} of {training.folds}:")
        seed = seed_of_member(training.seed, i * training.members)
        own = replace(training, seed=seed)
        others, left_out = examples.only(np.flatnonzero(fold != i)), np.flatnonzero(fold == i)
        rows, held_out = (others, given) if given is not None else hold_out(start, others, seed, say)
        begin = start.network
        parts = begin.sizes, begin.activations[-1], own, embedded_of(begin)
        network = begin if i == 0 else first_network(*parts)
        _, trained = run_on(start, network, own, rows, held_out, _around(around, i, training.folds))
        z[left_out] = z_of(trained.network, examples.x[left_out], training)
        networks += trained.network.members if isinstance(trained.network, Ensemble) else [trained.network]
        epochs.append(trained.state.epoch)
        if trained.reason == "stopped by a listener":
            break
    whole: Any = Ensemble.of(networks)
    record: dict[str, Any] = {"epochs": max(epochs)}
    told = np.flatnonzero(~np.isnan(z).any(axis=1))
    known, z = examples.copy(told), z[told]
    if training.calibrate:
        whole, record["temperature"] = calibrate_on(known, whole, target, training, say, z)
        z = z / z.dtype.type(record["temperature"])
    record["folds"] = {"n": training.folds, "epochs": epochs, "scores": _scores(start, known, z, say)}
    return whole, record


def _around(around: Around, i: int, k: int) -> Around:
    # a checkpoint's folder and a share of the time for each; a recorder can tell of one network only
    checkpoint, limit = around.checkpoint, around.limit
    return replace(
        around,
        checkpoint=checkpoint and replace(checkpoint, folder=Path(checkpoint.folder) / f"fold-{i + 1}"),
        recorder=around.recorder if i == 0 else None,
        limit=limit and TimeLimit(max(round(limit.left / (k - i), 2), 0.01)),
    )


def _scores(start: TableStart, examples: Examples, z: Floats, say: Callable[[str], object]) -> dict[str, float]:
    target: TableTarget = start.target
    outputs = np.asarray(get_activation(start.network.activations[-1]).value(z))
    names = dict.fromkeys([*([start.training.metric] if start.training.metric else []), *_TOLD[target.task]])
    scores = {name: named_metric(target, name, examples.y)[0](outputs) for name in names if name in METRICS}
    listed = ", ".join(f"{name.replace('_', ' ')} {value:.5g}" for name, value in scores.items())
    say(
        f"Out of fold: {listed}. So good were the networks on {len(examples):,} rows that they had not seen, each on "
        "the fold that it left out; expect that of new rows."
    )
    return scores
