"""Is the gradient right? Backpropagation against difference quotients of C.

``∂C/∂w ≈ (C(w + h) − C(w − h)) / 2h``. Changing w^l_jk by h changes nothing before z^l, and there only
``z^l_j`` by ``h a^{l−1}_k``: the demon of the lecture. The quotient with half the step tells how exact it is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backlit.core.backpropagation import as_examples, backpropagate, shares
from backlit.core.differences import EPS, Batch, Flags, Numbers, Places, Stage, lie_apart, moved, rounding_noise
from backlit.core.gradient_report import GradientReport, Kink, LayerCheck, ParameterCheck
from backlit.core.initialization import Purpose, stream
from backlit.core.losses import LossLike, loss_name
from backlit.core.namespace import Array
from backlit.core.network import Network
from backlit.core.penalty import NO_PENALTY, Penalty
from backlit.errors import InvalidInputError

__all__ = ["GradientReport", "check_gradient"]

# How far a weighted input moves. The quotient is wrong by about STEP² C‴/6 (truncation) plus eps C / STEP (rounding);
# both are near 1e-11 here.
STEP = 1e-5
# The largest relative error a right gradient may have. Of 13,500 random networks that do not overflow, none came above.
TOLERANCE = 1e-5
# Numbers in the largest temporary array: 2 MB of float64.
CHUNK = 2**18
TINY = float(np.finfo(np.float64).tiny)
# As a step is halved, the gap between the two one-sided quotients halves where C is smooth and stays at a kink.
KINK_RATIO = 0.75
UNDECLARED = "undeclared"

# (layer, name, neuron, example, value), neuron and example counted from 1
Place = tuple[int, str, int, int | None, float]


@dataclass(frozen=True, eq=False)
class _Quotients:
    """Difference quotients of C for several moves; each array has one entry per move."""

    value: Numbers
    halving: Numbers  # what halving the step changes
    gap: Numbers  # between the one-sided quotients
    gap_halved: Numbers  # the same with half the step
    places: list[Place | None]  # the kink or bend that is crossed first


@dataclass(frozen=True, eq=False)
class _Group:
    """The checked weights, or the checked biases, of one layer; each array has one entry per parameter."""

    i: int  # layer l = i + 2
    is_weight: bool
    j: Places
    k: Places
    numeric: Numbers
    numeric_error: Numbers
    analytic: Numbers
    error: Numbers
    places: list[Place | None]

    @property
    def at_kink(self) -> Flags:
        return np.array([place is not None for place in self.places], dtype=np.bool_)

    @property
    def unclear(self) -> Flags:
        """What the quotient is too inexact to call wrong."""
        apart = np.abs(self.numeric - self.analytic)
        return (self.error > TOLERANCE) & np.isfinite(self.numeric_error) & (apart <= self.numeric_error)


def check_gradient(
    network: Network,
    x: Array,
    y: Array,
    *,
    loss: LossLike = "quadratic",
    sample_weight: Array | None = None,
    penalty: Penalty = NO_PENALTY,
    max_parameters: int = 10_000,
    seed: int = 0,
) -> GradientReport:
    """Compare `backpropagate` with central differences of C, in float64 whatever the network's dtype.

    Parameters
    ----------
    network : Network
    x : array, ``(n_examples, n_in)`` or ``(n_in,)``
    y : array, ``(n_examples, n_out)`` or ``(n_out,)``
    loss : str, Huber or Quantile, default "quadratic"
    sample_weight : array, ``(n_examples,)``, optional
    penalty : Penalty, optional
    max_parameters : int, default 10 000
        Where the network has more, a random sample is checked. Each layer's weights and each layer's biases get the
        same share of it, so that the few biases are not lost among the many weights.
    seed : int, default 0
        Seed of that sample.

    Returns
    -------
    GradientReport

    Notes
    -----
    A parameter whose step crosses a kink is not judged, and the report names the kink. Kinks are those that activations
    and losses declare; one that nobody declares is recognized by the one-sided quotients, which do not come closer to
    each other as the step is halved.

    Examples
    --------
    >>> import numpy as np
    >>> network = Network.initialize([2, 3, 1], "tanh", seed=1)
    >>> report = check_gradient(network, np.array([[0.5, -1.0]]), np.array([[0.25]]))
    >>> report.ok, report.n_checked
    (True, 13)
    """
    if max_parameters < 1:
        raise InvalidInputError(f"max_parameters must be at least 1, but {max_parameters!r} came.")
    network = network.in_float64()
    x, y, sample_weight = as_examples(network, x, y, sample_weight)
    share, batch_weight = shares(x, sample_weight)
    at = backpropagate(network, x, y, loss=loss, sample_weight=sample_weight, penalty=penalty)
    batch = Batch(network, y, share[:, 0], loss_name(loss), at)
    noise = rounding_noise(batch)
    groups = [
        _compare(batch, i, is_weight, flat, penalty, batch_weight, noise)
        for i, is_weight, flat in _draw(network, max_parameters, seed)
    ]
    return _report(network, groups)


def check_parameter(batch: Batch, layer: int, neuron: int, k: int | None) -> tuple[ParameterCheck, str]:
    """Check the gradient of w^l_jk, or without k that of b^l_j; all count from 1.

    Returns
    -------
    ParameterCheck
    str
        The kink or bend that the step crosses, in words; empty where there is none.
    """
    w = batch.network.weights[layer - 2]
    flat = np.array([neuron - 1 if k is None else (neuron - 1) * w.shape[1] + k - 1], dtype=np.intp)
    group = _compare(batch, layer - 2, k is not None, flat, NO_PENALTY, 1.0, rounding_noise(batch))
    at = group.places[0]
    return _parameter(group, 0), "" if at is None else f"{at[1]} in layer {at[0]}, neuron {at[2]}"


def _draw(network: Network, max_parameters: int, seed: int) -> Iterator[tuple[int, bool, Places]]:
    """Yield (i, is_weight, flat indices) for the weights and for the biases of each layer."""
    kinds = [(i, is_weight) for i in range(len(network.weights)) for is_weight in (True, False)]
    sizes = [(network.weights if is_weight else network.biases)[i].size for i, is_weight in kinds]
    taken, left = [0] * len(kinds), max_parameters
    smallest_first = sorted(range(len(kinds)), key=lambda group: sizes[group])
    for position, group in enumerate(smallest_first):
        taken[group] = min(sizes[group], left // (len(kinds) - position))
        left -= taken[group]
    rng = stream(seed, Purpose.SPLIT)
    for (i, is_weight), size, count in zip(kinds, sizes, taken, strict=True):
        if count:
            yield i, is_weight, np.sort(rng.choice(size, count, replace=False)).astype(np.intp)


def _compare(
    batch: Batch, i: int, is_weight: bool, flat: Places, penalty: Penalty, batch_weight: float, noise: float
) -> _Group:
    w, a_previous = batch.network.weights[i], batch.at.a[i]
    if is_weight:
        j, k = np.unravel_index(flat, w.shape)
        # h a_k is at most STEP in size, however the inputs are scaled
        scale = np.max(np.abs(a_previous), axis=0)[k]
        h = STEP / np.where(scale > TINY, scale, 1.0)
        analytic = batch.at.nabla_w[i][j, k]
    else:
        j, k = flat, np.zeros_like(flat)
        h = np.full(flat.size, STEP)
        analytic = batch.at.nabla_b[i][j]

    quotients = _quotients(batch, i, j, k if is_weight else None, h)
    numeric, places = quotients.value, quotients.places
    penalty_noise: Numbers | float = 0.0
    if is_weight and penalty != NO_PENALTY:
        slope, size = _penalty_slopes(penalty, w[j, k], batch_weight)
        numeric = numeric + slope
        penalty_noise = EPS * size / STEP
        if penalty.l1 > 0:
            for place in np.flatnonzero(np.abs(w[j, k]) < STEP):
                places[place] = places[place] or (i + 2, "|w|", int(j[place]) + 1, None, 0.0)

    # Two gradients that differ by less than the rounding noise of the quotient, EPS C / h, cannot be told apart. The
    # floor makes that much count as the tolerance; above it the error is relative.
    quotient_noise = noise / h + penalty_noise
    with np.errstate(invalid="ignore", over="ignore"):
        floor = np.maximum(quotient_noise / TOLERANCE, TINY)
        error = np.abs(numeric - analytic) / np.maximum(np.maximum(np.abs(numeric), np.abs(analytic)), floor)
        error = np.where(np.isnan(error), np.inf, error)
        # Halving the step removes three quarters of the truncation error, so that error is 4/3 of the change; 2 leaves
        # room for the higher terms.
        numeric_error = 2.0 * quotients.halving + quotient_noise
        stays = (quotients.gap > 100.0 * quotient_noise) & (quotients.gap_halved > KINK_RATIO * quotients.gap)
    for place in np.flatnonzero((error > TOLERANCE) & stays):
        places[place] = places[place] or (i + 2, UNDECLARED, int(j[place]) + 1, None, math.nan)
    return _Group(i, is_weight, j, k, numeric, numeric_error, analytic, error, places)


def _quotients(batch: Batch, i: int, j: Places, k: Places | None, h: Numbers) -> _Quotients:
    """Return the quotients for weights w_jk of layer i + 2, or for its biases b_j where k is None."""
    a_previous = batch.at.a[i]
    n_examples, widest = a_previous.shape[0], max(batch.network.sizes[i + 1 :])
    chunk = max(1, CHUNK // (4 * n_examples * widest))
    ends, places = np.empty((4, j.size)), []
    at_rest = _costs_at_rest(batch, i)
    for start in range(0, j.size, chunk):
        part = slice(start, start + chunk)
        step = np.full((j[part].size, n_examples), STEP) if k is None else h[part, None] * a_previous.T[k[part]]
        costs, stages = moved(batch, i, j[part], np.stack([step, -step, 0.5 * step, -0.5 * step]))
        places += _first_crossings(stages, j[part].size)
        ends[:, part] = (costs - at_rest) @ batch.share
    with np.errstate(invalid="ignore", over="ignore"):
        value, halved = (ends[0] - ends[1]) / (2.0 * h), (ends[2] - ends[3]) / h
        gap, gap_halved = np.abs(ends[0] + ends[1]) / h, 2.0 * np.abs(ends[2] + ends[3]) / h
        return _Quotients(value, np.abs(value - halved), gap, gap_halved, places)


def _costs_at_rest(batch: Batch, i: int) -> Numbers:
    """Return C_x of a move by nothing, ``(n_examples,)``, from the same code as the moves."""
    costs, stages = moved(batch, i, np.zeros(1, dtype=np.intp), np.zeros((1, 1, len(batch.share))))
    for _ in stages:
        pass
    at_rest: Numbers = costs[0, 0]
    return at_rest


def _first_crossings(stages: Iterator[Stage], n_moves: int) -> list[Place | None]:
    """Return the first kink or bend that each move crosses between its two full steps."""
    places: list[Place | None] = [None] * n_moves
    for stage in stages:
        for at in stage.kinks + stage.bends:
            crossed = lie_apart(stage.values[0], stage.values[1], at)
            for move in np.flatnonzero(crossed.any(axis=(1, 2))):
                if places[move] is None:
                    example, neuron = np.argwhere(crossed[move])[0]
                    places[move] = (stage.layer, stage.name, int(neuron) + 1, int(example) + 1, at)
    return places


def _penalty_slopes(penalty: Penalty, w: Numbers, batch_weight: float) -> tuple[Numbers, Numbers]:
    """Return the difference quotient of the penalty of each single weight, and the penalty itself."""
    plus, minus = (np.array([penalty.cost([np.array([w_jk + h])], batch_weight) for w_jk in w]) for h in (STEP, -STEP))
    return (plus - minus) / (2.0 * STEP), plus


def _report(network: Network, groups: list[_Group]) -> GradientReport:
    layers = []
    for i, activation in enumerate(network.activations):
        n_checked = n_kinks = n_unclear = 0
        worst: ParameterCheck | None = None
        for group in (group for group in groups if group.i == i):
            at_kink = group.at_kink
            unclear = group.unclear & ~at_kink
            error = np.where(at_kink | unclear, -1.0, group.error)
            n_kinks, n_unclear = n_kinks + int(at_kink.sum()), n_unclear + int(unclear.sum())
            n_checked += int((error >= 0).sum())
            place = int(np.argmax(error))
            if error[place] >= 0 and (worst is None or error[place] > worst.relative_error):
                worst = _parameter(group, place)
        layers.append(LayerCheck(i + 2, activation, n_checked, n_kinks, n_unclear, worst))
    counts = Counter(place for group in groups for place in group.places if place is not None)
    kinks = (
        Kink(name, layer, neuron, example, at, n) for (layer, name, neuron, example, at), n in counts.most_common()
    )
    return GradientReport(tuple(layers), tuple(kinks), network.n_parameters, TOLERANCE)


def _parameter(group: _Group, place: int) -> ParameterCheck:
    return ParameterCheck(
        layer=group.i + 2,
        neuron=int(group.j[place]) + 1,
        k=int(group.k[place]) + 1 if group.is_weight else None,
        analytic=float(group.analytic[place]),
        numeric=float(group.numeric[place]),
        numeric_error=float(group.numeric_error[place]),
        relative_error=float(group.error[place]),
    )
