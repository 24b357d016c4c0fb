"""`diagnose`: how healthy a network is, layer by layer, and what to try where something is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from backlit.core.backpropagation import backpropagate
from backlit.core.layer_health import FLAT, NetworkHealth, measure, relative_slope
from backlit.core.likelihood_losses import SHORT_CUTS
from backlit.core.losses import get_loss
from backlit.core.network import Network
from backlit.core.sample import Sample
from backlit.errors import DivergenceError, InvalidInputError
from backlit.explanation.diagnosis.diagnosis import Diagnosis, LayerDiagnosis
from backlit.explanation.diagnosis.evidence import Evidence, Finding
from backlit.explanation.diagnosis.layer_rules import dead, flow, saturated, symmetric
from backlit.explanation.diagnosis.training_rules import leaping, learning, not_finite, rising, unscaled
from backlit.explanation.trace.network_with_examples import HoldsNetwork, NetworkWithExamples, network_with_examples

MOST_EXAMPLES = 2048
"""Of more examples than this, this many are looked at, evenly spread."""

SAME = 1e-4
"""Neurons of a layer are the same where their weights differ by less than this share of their size."""


def diagnose(
    model: Network | HoldsNetwork | DivergenceError,
    x: Any = None,
    y: Any = None,
    *,
    loss: str | None = None,
    history: Sequence[NetworkHealth] | None = None,
) -> Diagnosis:
    """Look at every layer of a network, and at what was recorded in its training, and say what to try.

    Parameters
    ----------
    model : Network, fitted estimator, TableModel, or DivergenceError
        The error of a training that diverged holds what a `Recorder` recorded until then, and needs no x and y.
    x, y
        Examples as the model takes them; of more than 2,048, that many are looked at.
    loss : str, optional
        Default: the model's own; for a bare network, quadratic.
    history : sequence of NetworkHealth, optional
        Default: what the model knows of its training.

    Returns
    -------
    Diagnosis

    Examples
    --------
    >>> import numpy as np, backlit as bl
    >>> network = bl.Network.initialize([2, 30, 30, 30, 30, 30, 30, 30, 1], "sigmoid", seed=0)
    >>> diagnosis = bl.diagnose(network, np.eye(2), np.ones((2, 1)))
    >>> [finding.kind for finding in diagnosis.findings]
    ['vanishing']
    """
    if history is not None and not all(isinstance(health, NetworkHealth) for health in history):
        raise InvalidInputError("history must hold what a Recorder recorded: give recorder.history.")
    if isinstance(model, DivergenceError):
        return _of_history(tuple(model.history if history is None else history), (model.epoch, model.layer))
    if x is None:
        raise InvalidInputError("The examples x are needed to look at the layers. Give a part of the training data.")
    given = network_with_examples(model, x, y, loss).in_float64()
    recorded = given.history if history is None else tuple(history)
    _check_history(given.network, recorded)
    rows = np.linspace(0, len(given.x) - 1, min(len(given.x), MOST_EXAMPLES)).astype(np.int64)
    some = NetworkWithExamples(given.network, given.x[rows], given.y[rows], given.loss, recorded)
    return _of_network(some, trained=not isinstance(model, Network))


def _check_history(network: Network, history: tuple[NetworkHealth, ...]) -> None:
    for health in history:
        recorded = tuple(layer.activation for layer in health.layers)
        if recorded != network.activations:
            raise InvalidInputError(
                f"The history is of a network whose layers have the activations {', '.join(recorded)}, but those of "
                f"this one have {', '.join(network.activations)}. Give the history of its own training, or history=()."
            )


def _of_network(given: NetworkWithExamples, *, trained: bool) -> Diagnosis:
    network, x, y = given.network, given.x, given.y
    name = network.activations[-1]
    now = measure(network, Sample.of(x, y, given.loss, name))
    with np.errstate(all="ignore"):  # what is not finite is a finding, not a warning
        at = backpropagate(network, x, y, loss=given.loss)
        nabla_a = np.abs(get_loss(given.loss, name).nabla_a(at.a[-1], y))
        flat = relative_slope(name, at.z[-1], at.a[-1]) < FLAT
    has_short_cut = (given.loss, name) in SHORT_CUTS
    wrong_and_flat = 0.0 if has_short_cut else float(np.mean(flat & (nabla_a > 0.5)))
    found = _findings(Evidence(now, given.history, wrong_and_flat, _symmetric_layers(network), trained))
    gradients = [float(np.linalg.norm(nabla_w)) for nabla_w in at.nabla_w]
    layers = _layers(now, given.history, network.sizes[1:], gradients)
    return Diagnosis(len(x), now.cost, now.constant_cost, layers, found, given.history)


def _symmetric_layers(network: Network) -> tuple[int, ...]:
    # the outputs are told apart by their targets
    layers = []
    for i, (w, b) in enumerate(zip(network.weights[:-1], network.biases[:-1], strict=True)):
        rows = np.column_stack([w, b])
        if len(rows) > 1 and np.linalg.norm(rows - rows[0]) <= SAME * np.linalg.norm(rows):
            layers.append(i + 2)
    return tuple(layers)


def _of_history(history: tuple[NetworkHealth, ...], diverged: tuple[int, int]) -> Diagnosis:
    if not history:
        epoch, layer = diverged
        what = f"A value in layer {layer} became NaN or infinite in epoch {epoch}."
        try_this = "Train with a Recorder (backlit train --diagnose) to see the layers before that."
        return Diagnosis(0, math.nan, math.nan, (), (Finding("not finite", layer, epoch, what, try_this),))
    finite = [health for health in history if health.nonfinite_layer is None]
    now = finite[-1] if finite else history[-1]
    found = _findings(Evidence(now, history, diverged=diverged))
    return Diagnosis(0, now.cost, now.constant_cost, _layers(now, history), found, history)


def _layers(
    now: NetworkHealth,
    history: tuple[NetworkHealth, ...],
    sizes: Sequence[int] | None = None,
    gradients: Sequence[float] | None = None,
) -> tuple[LayerDiagnosis, ...]:
    layers = []
    for i, health in enumerate(now.layers):
        following = now.layers[i + 1].delta if i + 1 < len(now.layers) else 0.0
        layers.append(
            LayerDiagnosis(
                layer=health.layer,
                activation=health.activation,
                neurons=None if sizes is None else sizes[i],
                delta=health.delta,
                delta_ratio=health.delta / following if following else None,
                saturated=health.saturated,
                dead=health.dead,
                weight=health.weight,
                gradient=None if gradients is None or not health.weight else gradients[i] / health.weight,
                moved=history[-1].layers[i].moved if history else None,
            )
        )
    return tuple(layers)


def _findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Return all that is wrong, the gravest first: symptoms of the training come before their possible causes."""
    broken = list(not_finite(evidence))
    if evidence.now.nonfinite_layer is not None:
        return tuple(broken)  # the other figures mean nothing any more
    causes = [found for rule in (symmetric, dead, saturated, flow, leaping) for found in rule(evidence)]
    suffers = [*broken, *rising(evidence)] or list(learning(evidence, has_cause=bool(causes)))
    found = suffers + causes
    return tuple(found + list(unscaled(evidence)) if found else ())
