"""Rules that look at the training: whether it stayed finite, whether its cost fell, how far the weights moved."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from backlit.core.layer_health import NetworkHealth
from backlit.explanation.diagnosis.evidence import LEARNED, Evidence, Finding
from backlit.explanation.plain_text import short

# Weights that change by more than their own size in each of the first epochs do not settle; those of a good run move by
# some per cent once the very first epoch is over.
LEAPING = 1.0
# A cost that has risen again by this share of the best constant's is no fluctuation of a good run.
RISEN = 0.2
# Weights that moved less than this share of their size, over all epochs, hardly moved.
HARDLY_MOVED = 0.1
# Inputs of this size make z, and the steps of the first layer, ten times what the initialization assumes.
UNSCALED = 10.0


def not_finite(evidence: Evidence) -> Iterator[Finding]:
    """Tell where the first value was NaN or infinite."""
    try_this = "Use a smaller learning rate (a tenth), scale the inputs to mean 0 and deviation 1, or clip the target."
    if evidence.diverged is not None:
        epoch, layer = evidence.diverged
        what = f"A value in layer {layer} became NaN or infinite in epoch {epoch}."
        if layer == 2 and evidence.history and evidence.now.cost <= 2 * evidence.history[0].cost:
            what += f" Until then the cost was not rising (C = {short(evidence.now.cost, 3)})."
            rest = try_this[0].lower() + try_this[1:]
            try_this = f"Look for NaN, infinite or huge values in the data. If there are none: {rest}"
        yield Finding("not finite", layer, epoch, what, try_this)
        return
    for health in (*evidence.history, evidence.now):
        layer_or_none = health.nonfinite_layer
        if layer_or_none is not None:
            is_now = health is evidence.now
            when = "as it is now" if is_now else f"after epoch {health.epoch}"
            what = f"The first figure that is not finite is in layer {layer_or_none}, {when}."
            yield Finding("not finite", layer_or_none, None if is_now else health.epoch, what, try_this)
            return


def rising(evidence: Evidence) -> Iterator[Finding]:
    """Judge whether the cost, once it had fallen, rose again."""
    if not evidence.settled:
        return
    lowest = min(evidence.history, key=lambda health: health.cost)
    cost = median(health.cost for health in evidence.settled)
    if lowest.skill > LEARNED and cost - lowest.cost > RISEN * lowest.constant_cost:
        yield Finding(
            "rising",
            None,
            lowest.epoch,
            f"The cost rose again: C was {short(lowest.cost, 3)} after epoch {lowest.epoch}, and is "
            f"{short(cost, 3)} in the last third of the epochs (the best constant: {short(lowest.constant_cost, 3)}).",
            "Use a smaller learning rate (a tenth), or a schedule that lowers it, such as cosine.",
        )


def learning(evidence: Evidence, *, has_cause: bool) -> Iterator[Finding]:
    """Judge whether the network is better than the best constant.

    Parameters
    ----------
    evidence : Evidence
    has_cause : bool
        Whether something was found that explains it.
    """
    if evidence.trained and not evidence.history and evidence.now.skill < LEARNED:
        yield Finding(
            "not learning",
            None,
            None,
            f"On these examples the network is no better than the best constant, the same outputs for every input: "
            f"C is {short(evidence.now.cost, 4)} against {short(evidence.now.constant_cost, 4)}.",
            "If they are of the training data, it learned nothing: train with a Recorder (backlit train --diagnose) to "
            "see why. If not, it learned its training data by heart: use more data, a penalty or early stopping.",
        )
    if evidence.learns is not False:
        return
    cost = median(health.cost for health in evidence.settled)
    constant = short(evidence.settled[0].constant_cost, 4)
    what = (
        f"The cost does not fall: on the recorded sample C is {short(cost, 4)} in the last third of the epochs, and "
        f"{constant} for the best constant, the same outputs for every input."
    )
    path = _path(evidence.history)
    if has_cause:
        try_this = "What follows may be the cause."
    elif path < HARDLY_MOVED:
        what += f" The weights went {short(100 * path, 2)} % of their size in all."
        try_this = "Use a larger learning rate (ten times), or train for longer."
    else:
        what += f" The weights went {short(100 * path, 2)} % of their size in all."
        try_this = (
            "Use a smaller learning rate (a tenth). If that does not help, the inputs may tell nothing of the target."
        )
    yield Finding("not learning", None, None, what, try_this)


def leaping(evidence: Evidence) -> Iterator[Finding]:
    """Judge how far the weights move from one epoch to the next."""
    # over several epochs opposite steps cancel; the first record has no move, and in the first epoch weights move far
    pairs = pairwise(evidence.history)
    single = [after for before, after in pairs if after.epoch == before.epoch + 1 and after.epoch > 1]
    if len(single) < 2:
        return
    moves = [median(health.layers[i].moved or 0.0 for health in single) for i in range(len(evidence.now.layers))]
    i = moves.index(max(moves))
    layer = evidence.now.layers[i].layer
    if moves[i] > LEAPING:
        yield Finding(
            "leaping",
            layer,
            next(health.epoch for health in single if (health.layers[i].moved or 0.0) > LEAPING),
            f"The weights of layer {layer} change by {short(moves[i], 2)} times their size in an epoch: they leap "
            "instead of settling.",
            "Use a smaller learning rate (a tenth).",
        )


def unscaled(evidence: Evidence) -> Iterator[Finding]:
    """Name the size of the inputs; for where something else is wrong, since large inputs alone may do no harm."""
    if evidence.now.input_size > UNSCALED:
        yield Finding(
            "unscaled",
            None,
            None,
            f"The largest input has a root mean square of {short(evidence.now.input_size, 3)}; the initialization and "
            "the usual learning rates are made for 1.",
            "Scale the inputs to mean 0 and deviation 1 (StandardScaler; `backlit train` does so).",
        )


def _path(history: tuple[NetworkHealth, ...]) -> float:
    # of the layer that went farthest
    pairs = list(pairwise(history))
    ways = [
        sum((after.layers[i].moved or 0.0) * (after.epoch - before.epoch) for before, after in pairs)
        for i in range(len(history[0].layers))
    ]
    return max(ways)
