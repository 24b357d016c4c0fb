"""Rules that look at the layers: whether they are symmetric, dead or saturated, and whether δ reaches them.

The limits are chosen so that networks that learn well pass without a finding; the source of each stands beside it.
Where the network is known to learn, the limits are wider, for what does no harm is no finding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from backlit.core.activations import get_activation
from backlit.core.layer_health import LayerHealth, NetworkHealth
from backlit.explanation.diagnosis.evidence import Evidence, Finding
from backlit.explanation.plain_text import percent, short

# ‖δ^2‖ / ‖δ^L‖. It is judged over the whole depth, because that is what the first layer gets: a fourth in each layer,
# as with the sigmoid, does no harm to three layers and is fatal to eight. In fresh networks of up to ten layers of
# relu, tanh or gelu it is between 0.03 and 30, and it was between 0.2 and 20 in all that had learned, of sigmoids too.
VANISHED, EXPLODED = 1e-2, 1e2
VANISHED_YET_LEARNS, EXPLODED_YET_LEARNS = 1e-3, 1e3
# Hidden neurons of sigmoid or tanh are flat for at most some per cent of the examples while most networks learn. Those
# of Nielsen's, whose first weights are large, are flat for four fifths of them in the end, and learn nevertheless.
SATURATED, SATURATED_YET_LEARNS = 0.5, 0.9
# A few units die in many healthy ReLU networks.
DEAD = 0.4
# An output that is flat although it is wrong cannot learn its way out.
WRONG_AND_FLAT = 0.1


def symmetric(evidence: Evidence) -> Iterator[Finding]:
    """Judge whether all neurons of a layer do the same."""
    for layer in evidence.symmetric:
        yield Finding(
            "symmetric",
            layer,
            None,
            f"All neurons of layer {layer} have the same weights and bias, so they get the same δ and stay the same: "
            "together they are worth one neuron.",
            "Begin from random weights: the default initialization, and not zeros.",
        )


def dead(evidence: Evidence) -> Iterator[Finding]:
    """Judge the share of neurons that no example can teach."""
    for i, layer in enumerate(evidence.hidden):
        if layer.dead < DEAD or _is_saturated(evidence, layer):
            continue
        epoch = evidence.first_epoch(lambda health, i=i: health.layers[i].dead >= DEAD)  # type: ignore[misc]
        since = f", since epoch {epoch}" if epoch else ""
        slower = "begin from the default initialization" if epoch == 0 else "use a smaller learning rate (a tenth)"
        slope = "" if _is_bounded(layer) else ", or use leaky_relu, whose slope is never 0"
        yield Finding(
            "dead",
            layer.layer,
            epoch,
            f"{percent(layer.dead)} of the neurons of layer {layer.layer} are dead: σ′ is nearly 0 for every example, "
            f"so nothing can teach them{since}.",
            f"Scale the inputs, {slower}{slope}.",
        )


def saturated(evidence: Evidence) -> Iterator[Finding]:
    """Judge the share of activations at which σ is flat."""
    for i, layer in enumerate(evidence.hidden):
        if not _is_saturated(evidence, layer):
            continue
        yield Finding(
            "saturated",
            layer.layer,
            evidence.first_epoch(lambda health, i=i: health.layers[i].saturated >= SATURATED),  # type: ignore[misc]
            f"Layer {layer.layer} ({layer.activation}) is saturated: σ′ is nearly 0 in "
            f"{percent(layer.saturated)} of its activations, and δ is multiplied by it.",
            "Scale the inputs to mean 0 and deviation 1, and begin from smaller weights: the default initialization "
            "divides by the root of the number of inputs.",
        )
    if evidence.wrong_and_flat > WRONG_AND_FLAT:
        last = evidence.now.layers[-1]
        yield Finding(
            "saturated and wrong",
            last.layer,
            None,
            f"{percent(evidence.wrong_and_flat)} of the outputs are wrong and saturated: BP1 multiplies their error by "
            "a σ′ that is nearly 0, so they learn slowly or not at all.",
            "Use cross_entropy, whose δ is a − y at the output, or begin from smaller weights.",
        )


def flow(evidence: Evidence) -> Iterator[Finding]:
    """Judge how δ changes on its way from the last layer to the first."""
    first, last = evidence.now.layers[0], evidence.now.layers[-1]
    ratio, n_steps = _ratio(evidence.now), len(evidence.hidden)
    if not n_steps or not math.isfinite(ratio):
        return
    low, high = (VANISHED_YET_LEARNS, EXPLODED_YET_LEARNS) if evidence.learns else (VANISHED, EXPLODED)
    numbers = f"‖δ‖ is {short(last.delta, 2)} in layer {last.layer} and {short(first.delta, 2)} in layer {first.layer}"
    each = f"a step of BP2 makes it {short(ratio ** (1 / n_steps), 2)} times as large"
    if ratio < low:
        if any(layer.dead > DEAD or _is_saturated(evidence, layer) for layer in evidence.hidden):
            return  # said already, and better
        squashing = any(layer.activation in ("sigmoid", "tanh") for layer in evidence.hidden)
        yield Finding(
            "vanishing",
            first.layer,
            evidence.first_epoch(lambda health: _ratio(health) < low),
            f"δ vanishes on its way back: {numbers} ({each}), so the first layers hardly learn.",
            "Use relu (or gelu) in the hidden layers, fewer layers, or the default initialization"
            + (" (σ′ of the sigmoid is at most ¼, and BP2 multiplies by it in every layer)." if squashing else "."),
        )
    elif ratio > high:
        yield Finding(
            "exploding",
            first.layer,
            evidence.first_epoch(lambda health: _ratio(health) > high),
            f"δ explodes on its way back: {numbers} ({each}).",
            "Use smaller initial weights (the default initialization), a smaller learning rate, or an l2 penalty.",
        )


def _ratio(health: NetworkHealth) -> float:
    last = health.layers[-1].delta
    return health.layers[0].delta / last if last else math.nan


def _is_saturated(evidence: Evidence, layer: LayerHealth) -> bool:
    return _is_bounded(layer) and layer.saturated >= (SATURATED_YET_LEARNS if evidence.learns else SATURATED)


def _is_bounded(layer: LayerHealth) -> bool:
    # for relu and its like a flat side is how they work
    activation = get_activation(layer.activation)
    return math.isfinite(activation.range.low) and math.isfinite(activation.range.high) and not activation.couples
