"""Probabilities made as sure as the held-out rows say they may be: one temperature T, in σ(z^L / T).

Guo, Pleiss, Sun, Weinberger: "On Calibration of Modern Neural Networks" (arXiv 1706.04599). T is where the log-loss of
the held-out rows is least; no prediction changes, for the order of z^L stays. w^L and b^L are divided by T, so that the
calibrated model is a network as before, and whoever reads it, explains it or exports it need know nothing of T.

Where all held-out rows are right the log-loss would ask for ever more certainty. As in Platt's method each row so
counts as right by (n + 1) / (n + 2) only, n being the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.network import Network
from backlit.data.probabilities import log_probabilities
from backlit.documents.field import MODEL, Field
from backlit.engine import Objective, Session, get_engine
from backlit.engine.opening import open_session
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.tables.options import TableTraining
from backlit.tables.table_target import TableTarget
from backlit.training.examples import Source

_COLDEST, _HOTTEST = 0.05, 20.0
_MOST_STEPS = 50


def calibrated(network: Network, z: Floats, codes: NDArray[Any], weight: Floats | None = None) -> tuple[Network, float]:
    """Return a network that is as sure as it should be, and the temperature.

    Parameters
    ----------
    network : Network or Ensemble
        With a softmax, or one or more sigmoids, at its end.
    z : ndarray, ``(n_rows, n_out)``
        z^L of the held-out rows.
    codes : ndarray of int, ``(n_rows,)``
        Their classes.
    weight : ndarray, ``(n_rows,)``, optional
    """
    if network.activations[-1] not in ("softmax", "sigmoid"):
        raise InvalidInputError(
            f"Calibration is for outputs that are probabilities, softmax or sigmoid, but the output layer has "
            f"{network.activations[-1]}. Leave out calibrate."
        )
    temperature = best_temperature(np.hstack([np.zeros_like(z), z]) if z.shape[1] == 1 else z, codes, weight)
    n_arrays = len(network.weights) // getattr(network, "n_members", 1)
    last = range(len(network.activations) - 1, len(network.weights), n_arrays)  # of each member

    def cooled(parameters: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(p / p.dtype.type(temperature) if i in last else p for i, p in enumerate(parameters))

    return replace(network, weights=cooled(network.weights), biases=cooled(network.biases)), temperature


def best_temperature(z: Floats, codes: NDArray[Any], weight: Floats | None = None) -> float:
    """Return T for which the log-loss of softmax(z / T) is least, between 0.05 and 20.

    Parameters
    ----------
    z : ndarray, ``(n_rows, n_classes)``
    codes : ndarray of int, ``(n_rows,)``
    weight : ndarray, ``(n_rows,)``, optional
    """
    z = z.astype(np.float64)
    n_rows, n_classes = z.shape
    right = 1 - 1 / (n_rows + 2)
    target = np.full(z.shape, (1 - right) / max(1, n_classes - 1))
    target[np.arange(n_rows), codes] = right
    z -= z.max(axis=1, keepdims=True)
    share = np.full(n_rows, 1.0) if weight is None else weight.astype(np.float64)
    wanted = np.sum(target * z, axis=1)

    # the log-loss is convex in s = 1/T, so its slope rises: Newton's steps, held in a bracket that shrinks
    low, high, s = 1 / _HOTTEST, 1 / _COLDEST, 1.0
    for _ in range(_MOST_STEPS):
        p = np.exp(s * z)
        p /= p.sum(axis=1, keepdims=True)
        mean = np.sum(p * z, axis=1)
        slope = float(np.average(mean - wanted, weights=share))
        curvature = float(np.average(np.sum(p * z * z, axis=1) - mean * mean, weights=share))
        low, high = (s, high) if slope < 0 else (low, s)
        step = s - slope / curvature if curvature > 0 else low
        step = step if low < step < high else (low + high) / 2
        if abs(step - s) < 1e-9 * s:
            break
        s = step
    return 1 / s


def z_of(network: Network, rows: Source, training: TableTraining) -> Floats:
    """Return z^L of some rows, ``(n_rows, n_out)``."""
    return rows.feedforward(_open_ended(network, training))


def _open_ended(network: Network, training: TableTraining) -> Session:
    without_last = replace(network, activations=(*network.activations[:-1], "identity"))
    return open_session(get_engine(training.engine), without_last, Objective(), n_threads=training.n_threads)


def calibrate_on(
    held_out: Source,
    network: Network,
    target: TableTarget,
    training: TableTraining,
    say: Callable[[str], object],
    z: Floats | None = None,
) -> tuple[Network, float]:
    """Return a trained network calibrated on the rows held out, and the temperature; say what it did to the log-loss.

    Parameters
    ----------
    held_out : Source
    network : Network or Ensemble
    target : TableTarget
    training : TableTraining
        Whose engine and threads are used.
    say : callable
    z : ndarray, ``(n_rows, n_out)``, optional
        z^L of these rows, where they are not to be what the network says.
    """
    codes, labels, activation = target.codes(held_out.y), target.labels(), network.activations[-1]

    def log_loss(z: Floats) -> float:
        told = log_probabilities(labels, activation, z.astype(np.float64))[np.arange(len(codes)), codes]
        return float(-np.average(told, weights=held_out.sample_weight))

    z = z_of(network, held_out, training) if z is None else z
    network, temperature = calibrated(network, z, codes, held_out.sample_weight)
    sure = "surer" if temperature < 1 else "less sure"
    say(
        f"Calibrated: at the temperature {temperature:.3g} shares of classes are {sure} of themselves; the log-loss of "
        f"the rows held out is {log_loss(z / temperature):.4g}, and was {log_loss(z):.4g}. No prediction changes."
    )
    return network, temperature


def remark_on(training: dict[str, Any]) -> str | None:
    """Return what an explanation is to say of a model's output layer, by the record of its training."""
    temperature = Field(training.get("temperature"), "training.temperature", MODEL)
    if temperature.is_null:
        return None
    told = f"{temperature.number(above=0):.3g}"
    return f"The shares of classes are calibrated: after training w^L and b^L were divided by the temperature {told}."
