"""What is wrong with a network or its training, and what to try: each rule is one function over the figures.

The limits are meant to stay silent on networks that learn well. Where they come from stands beside each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from backlit.core.activations import get_activation
from backlit.core.figures import EpochFigures, LayerFigures
from backlit.explanation.columns import percent, short

Kind = Literal["not finite", "vanishing", "exploding", "saturated", "saturated and wrong", "dead", "leaping", "stuck"]

# ‖δ^2‖ / ‖δ^L‖ of a network that is well initialized stays within about a factor of 30 of 1, whatever its widths.
VANISHED, EXPLODED = 1e-3, 1e3
# Hidden neurons of sigmoid or tanh are flat for at most some per cent of the examples, even at the end of training.
SATURATED = 0.5
# A few units die in many healthy ReLU networks.
DEAD = 0.4
# An output that is flat although it is wrong cannot learn its way out.
WRONG_AND_FLAT = 0.1
# Weights that change by more than their own size in each epoch do not settle; those of a good run move by a few per
# cent once the first epochs are over.
LEAPING = 1.0
# Weights that move less than a millionth of their size in an epoch, in every epoch, do not learn.
STUCK = 1e-6


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and what to try.

    Attributes
    ----------
    kind : str
    layer : int or None
        l; None where it concerns the whole network.
    epoch : int or None
        First recorded epoch in which it was so; None where it was seen in the network as it is now.
    what : str
        In a sentence, with its figures.
    try_this : str
        In a sentence.
    """

    kind: Kind
    layer: int | None
    epoch: int | None
    what: str
    try_this: str

    def __str__(self) -> str:
        return f"{self.what} {self.try_this}"


@dataclass(frozen=True)
class Evidence:
    """What the rules judge.

    Attributes
    ----------
    now : EpochFigures
        The network as it is; where there is none any more, the last record that is finite.
    history : tuple of EpochFigures
    wrong_and_flat : float
        Share of the outputs that are saturated although ∂C/∂a is large; 0 where it is not known.
    diverged : (int, int) or None
        Epoch and layer in which training stopped.
    """

    now: EpochFigures
    history: tuple[EpochFigures, ...] = ()
    wrong_and_flat: float = 0.0
    diverged: tuple[int, int] | None = None

    @property
    def hidden(self) -> tuple[LayerFigures, ...]:
        """Layers 2 to L − 1."""
        return self.now.layers[:-1]

    def first_epoch(self, holds: Callable[[EpochFigures], bool]) -> int | None:
        """Return the first recorded epoch in which something held, and has held since."""
        first = None
        for figures in self.history:
            first = (figures.epoch if first is None else first) if holds(figures) else None
        return first


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Return all that is wrong, the gravest first."""
    broken = list(_not_finite(evidence))
    if evidence.now.nonfinite_layer is not None:
        return tuple(broken)  # the other figures mean nothing any more
    return tuple(broken + [finding for rule in _RULES for finding in rule(evidence)])


def _not_finite(evidence: Evidence) -> Iterator[Finding]:
    try_this = "Use a smaller learning rate (a tenth), scale the inputs to mean 0 and deviation 1, or clip the target."
    if evidence.diverged is not None:
        epoch, layer = evidence.diverged
        what = f"A value in layer {layer} became NaN or infinite in epoch {epoch}."
        yield Finding("not finite", layer, epoch, what, try_this)
        return
    for figures in (*evidence.history, evidence.now):
        layer_or_none = figures.nonfinite_layer
        if layer_or_none is not None:
            is_now = figures is evidence.now
            when = "as it is now" if is_now else f"after epoch {figures.epoch}"
            what = f"The first figure that is not finite is in layer {layer_or_none}, {when}."
            yield Finding("not finite", layer_or_none, None if is_now else figures.epoch, what, try_this)
            return


def _flow(evidence: Evidence) -> Iterator[Finding]:
    """Judge how δ changes on its way from the last layer to the first."""
    first, last = evidence.now.layers[0], evidence.now.layers[-1]
    if len(evidence.now.layers) < 2 or last.delta == 0.0:
        return
    ratio = first.delta / last.delta
    numbers = f"‖δ‖ is {short(last.delta, 2)} in layer {last.layer} and {short(first.delta, 2)} in layer {first.layer}"
    if ratio < VANISHED:
        if any(layer.dead > DEAD for layer in evidence.hidden):
            return  # `_dead` says it better
        squashing = any(layer.activation in ("sigmoid", "tanh") for layer in evidence.hidden)
        yield Finding(
            "vanishing",
            first.layer,
            evidence.first_epoch(lambda figures: _ratio(figures) < VANISHED),
            f"δ vanishes on its way back: {numbers}, so the first layers hardly learn.",
            "Use relu (or gelu) in the hidden layers, fewer layers, or the default initialization"
            + (" (σ′ of the sigmoid is at most ¼, and BP2 multiplies by it in every layer)." if squashing else "."),
        )
    elif ratio > EXPLODED:
        yield Finding(
            "exploding",
            first.layer,
            evidence.first_epoch(lambda figures: _ratio(figures) > EXPLODED),
            f"δ explodes on its way back: {numbers}.",
            "Use smaller initial weights (the default initialization), a smaller learning rate, or an l2 penalty.",
        )


def _saturated(evidence: Evidence) -> Iterator[Finding]:
    for i, layer in enumerate(evidence.hidden):
        if not _can_saturate(layer) or layer.saturated < SATURATED:
            continue
        yield Finding(
            "saturated",
            layer.layer,
            evidence.first_epoch(lambda figures, i=i: figures.layers[i].saturated >= SATURATED),  # type: ignore[misc]
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


def _dead(evidence: Evidence) -> Iterator[Finding]:
    for i, layer in enumerate(evidence.hidden):
        if _can_saturate(layer) and layer.saturated >= SATURATED:
            continue  # said already
        if layer.dead < DEAD:
            continue
        epoch = evidence.first_epoch(lambda figures, i=i: figures.layers[i].dead >= DEAD)  # type: ignore[misc]
        yield Finding(
            "dead",
            layer.layer,
            epoch,
            f"{percent(layer.dead)} of the neurons of layer {layer.layer} are dead: no example activates them, so "
            f"nothing can teach them{'' if not epoch else f', since epoch {epoch}'}.",
            "Use a smaller learning rate (a tenth), scale the inputs, or use leaky_relu, whose slope is never 0.",
        )


def _motion(evidence: Evidence) -> Iterator[Finding]:
    """Judge how far the weights moved from epoch to epoch."""
    # the first record has no motion, and in the first epoch weights may go far
    later = [figures for figures in evidence.history if figures.epoch > 1]
    if len(later) < 2:
        return
    for i, layer in enumerate(evidence.now.layers):
        moves = [figures.layers[i].moved or 0.0 for figures in later]
        middle = sorted(moves)[len(moves) // 2]
        if middle > LEAPING:
            yield Finding(
                "leaping",
                layer.layer,
                next(figures.epoch for figures in later if (figures.layers[i].moved or 0.0) > LEAPING),
                f"The weights of layer {layer.layer} change by {percent(middle)} of their size in an epoch: they leap "
                "instead of settling.",
                "Use a smaller learning rate (a tenth).",
            )
        elif max(moves) < STUCK and layer.delta > 0.0:
            yield Finding(
                "stuck",
                layer.layer,
                None,
                f"The weights of layer {layer.layer} hardly move: by {short(100 * max(moves), 2)} % of their size in "
                "an epoch at most.",
                "Use a larger learning rate, or see why δ is so small there.",
            )


_RULES: Sequence[Callable[[Evidence], Iterator[Finding]]] = (_flow, _saturated, _dead, _motion)


def _ratio(figures: EpochFigures) -> float:
    last = figures.layers[-1].delta
    return figures.layers[0].delta / last if last else math.nan


def _can_saturate(layer: LayerFigures) -> bool:
    # bounded on both sides; for relu and its like a flat side is how they work
    activation = get_activation(layer.activation)
    return math.isfinite(activation.range.low) and math.isfinite(activation.range.high) and not activation.couples
