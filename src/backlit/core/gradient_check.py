"""Is the gradient right? Backpropagation against difference quotients of C.

``∂C/∂w ≈ (C(w + h) − C(w − h)) / 2h``. Changing w^l_jk by h changes nothing before z^l, and there only
``z^l_j`` by ``h a^{l−1}_k``: the demon of the lecture. So every layer up to l is computed once, and many parameters of
a layer are moved at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from backlit.core.activations import get_activation
from backlit.core.backpropagation import Backpass, as_examples, backpropagate, shares
from backlit.core.initialization import Purpose, stream
from backlit.core.losses import cost_of_each, get_loss
from backlit.core.namespace import Array
from backlit.core.network import Network, weighted_input
from backlit.core.penalty import NO_PENALTY, Penalty
from backlit.errors import InvalidInputError

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

# How far a weighted input moves. The quotient is wrong by about STEP² C‴/6 from cutting off the series and eps C / STEP
# from rounding; both are near 1e-11 here.
STEP = 1e-5
# The largest relative error a right gradient may have. Of 13,500 random networks that do not overflow, none came above.
TOLERANCE = 1e-5
# Numbers in the largest temporary array, two million of them 16 MB.
CHUNK = 2**18
EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradient` found. Layers and neurons count from 1, as in the lecture.

    Attributes
    ----------
    worst_relative_error : float
        Over all parameters that were judged; ∞ where either gradient is not a number.
    parameter : {"weight", "bias"}
        Kind of the worst parameter.
    layer : int
        Its layer l, from 2 to L.
    neuron : int
        Its neuron j.
    k : int or None
        Neuron of the layer before, for a weight w^l_jk; None for a bias.
    analytic, numeric : float
        Its gradient by backpropagation and by differences.
    n_checked : int
        How many parameters were judged.
    n_kinks : int
        How many were looked at but not judged, because the step crosses a kink or bend of an activation, of the loss,
        or of ``|w|``, where difference quotients are not gradients.
    n_parameters : int
        How many the network has.
    tolerance : float
        The largest relative error that counts as right.
    worst_of_layer : tuple of float
        Worst relative error of each layer, 2 to L; 0 where none was judged.
    """

    worst_relative_error: float
    parameter: str
    layer: int
    neuron: int
    k: int | None
    analytic: float
    numeric: float
    n_checked: int
    n_kinks: int
    n_parameters: int
    tolerance: float
    worst_of_layer: tuple[float, ...]

    @property
    def ok(self) -> bool:
        """Whether every judged parameter is within the tolerance, and at least one was judged."""
        return self.n_checked > 0 and self.worst_relative_error <= self.tolerance

    @property
    def symbol(self) -> str:
        """The worst parameter as the lecture writes it: ``w^2_13``, ``b^3_1``; ``w^2_1,13`` with long numbers."""
        if self.k is None:
            return f"b^{self.layer}_{self.neuron}"
        return f"w^{self.layer}_{self.neuron}{',' if max(self.neuron, self.k) > 9 else ''}{self.k}"

    def __str__(self) -> str:
        at_kinks = f", {self.n_kinks:,} more at kinks were not judged" if self.n_kinks else ""
        counts = f"{self.n_checked:,} of {self.n_parameters:,} parameters checked{at_kinks}"
        if self.n_checked == 0:
            return f"Gradient check: nothing could be judged; {counts}. Try another x."
        layers = ", ".join(f"{i + 2}: {error:.1e}" for i, error in enumerate(self.worst_of_layer))
        return (
            f"Gradient check {'passed' if self.ok else 'FAILED'}: {counts}.\n"
            f"Worst: {self.symbol}, relative error {self.worst_relative_error:.1e} (tolerance {self.tolerance:.0e}).\n"
            f"  by backpropagation {self.analytic:.12g}\n"
            f"  by differences     {self.numeric:.12g}\n"
            f"Worst of each layer: {layers}."
        )


@dataclass(frozen=True)
class _Batch:
    """What a difference quotient needs to know beyond the parameter: everything that does not move."""

    network: Network
    y: Numbers
    share: Numbers
    loss: str
    at: Backpass


@dataclass(frozen=True)
class _Group:
    """The parameters of one layer that are looked at; one entry of each array a parameter."""

    i: int  # layer l = i + 2
    is_weight: bool
    j: Places
    k: Places
    numeric: Numbers
    analytic: Numbers
    error: Numbers
    at_kink: Flags


def check_gradient(
    network: Network,
    x: Array,
    y: Array,
    *,
    loss: str = "quadratic",
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
    loss : str, default "quadratic"
    sample_weight : array, ``(n_examples,)``, optional
    penalty : Penalty, optional
    max_parameters : int, default 10 000
        Where the network has more, a random sample is checked. Each layer's weights and each layer's biases get the
        same share of it, so that the few biases are not lost among the many weights.
    seed : int, default 0
        Of that sample.

    Returns
    -------
    GradientReport

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
    network = _in_float64(network)
    x, y, sample_weight = as_examples(network, x, y, sample_weight)
    share, batch_weight = shares(x, sample_weight)
    at = backpropagate(network, x, y, loss=loss, sample_weight=sample_weight, penalty=penalty)
    batch = _Batch(network, y, share[:, 0], loss, at)
    noise = _rounding_noise(batch)
    groups = [
        _compare(batch, i, is_weight, flat, penalty, batch_weight, noise)
        for i, is_weight, flat in _draw(network, max_parameters, seed)
    ]
    return _report(network, groups)


def _in_float64(network: Network) -> Network:
    def convert(array: Array) -> Numbers:
        if array_api_compat.is_torch_array(array):
            array = array.detach().cpu()
        return np.asarray(array, dtype=np.float64)

    return Network(tuple(map(convert, network.weights)), tuple(map(convert, network.biases)), network.activations)


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
    batch: _Batch, i: int, is_weight: bool, flat: Places, penalty: Penalty, batch_weight: float, noise: float
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

    difference, at_kink = np.empty(flat.size), np.empty(flat.size, dtype=np.bool_)
    examples, widest = a_previous.shape[0], max(batch.network.sizes[i + 1 :])
    chunk = max(1, CHUNK // (2 * examples * widest))
    for start in range(0, flat.size, chunk):
        part = slice(start, start + chunk)
        step = h[part, None] * a_previous.T[k[part]] if is_weight else np.full((j[part].size, examples), STEP)
        difference[part], at_kink[part] = _cost_differences(batch, i, j[part], step)
    numeric = difference / (2.0 * h)

    penalty_noise: Numbers | float = 0.0
    if is_weight and penalty != NO_PENALTY:
        slope, size = _penalty_slopes(penalty, w[j, k], batch_weight)
        numeric = numeric + slope
        penalty_noise = EPS * size / STEP
        at_kink |= (penalty.l1 > 0) & (np.abs(w[j, k]) < STEP)

    # Two gradients that differ by less than the rounding noise of the quotient, EPS C / h, cannot be told apart. The
    # floor makes that much count as the tolerance; above it the error is relative.
    floor = np.maximum((noise / h + penalty_noise) / TOLERANCE, TINY)
    error = np.abs(numeric - analytic) / np.maximum(np.maximum(np.abs(numeric), np.abs(analytic)), floor)
    error = np.where(np.isnan(error), np.inf, error)
    return _Group(i, is_weight, j, k, numeric, analytic, error, at_kink)


def _cost_differences(batch: _Batch, i: int, j: Places, step: Numbers) -> tuple[Numbers, Flags]:
    """Return ``C(z_j + step) − C(z_j − step)`` for several neurons j of layer i + 2, and where a kink was crossed.

    Parameters
    ----------
    j : array, ``(n_moves,)``
    step : array, ``(n_moves, n_examples)``

    Returns
    -------
    array, ``(n_moves,)``
    array of bool, ``(n_moves,)``
    """
    network, moves = batch.network, np.arange(j.size)
    a: Numbers = batch.at.a[i]
    z = np.broadcast_to(batch.at.z[i], (2, j.size, *batch.at.z[i].shape)).copy()
    z[0, moves, :, j] += step
    z[1, moves, :, j] -= step
    crossed = np.zeros(j.size, dtype=np.bool_)
    for later, name in enumerate(network.activations[i:], start=i):
        if later > i:
            z = weighted_input(network.weights[later], a, network.biases[later])
        activation = get_activation(name)
        crossed |= _crosses(z, activation.kinks + activation.bends)
        a = activation.value(z)
    definition = get_loss(batch.loss, network.activations[-1])
    crossed |= _crosses(a - batch.y, definition.kinks + definition.bends)
    costs = cost_of_each(batch.loss, network.activations[-1], z, a, batch.y)
    return (costs[0] - costs[1]) @ batch.share, crossed


def _crosses(ends: Numbers, kinks: tuple[float, ...]) -> Flags:
    """Whether ``ends[0]`` and ``ends[1]`` lie on two sides of a kink anywhere: ``(2, n_moves, n_examples, n)``."""
    crossed = np.zeros(ends.shape[1], dtype=np.bool_)
    for kink in kinks:
        crossed |= ((ends[0] > kink) & (ends[1] < kink) | (ends[0] < kink) & (ends[1] > kink)).any(axis=(1, 2))
    return crossed


def _penalty_slopes(penalty: Penalty, w: Numbers, batch_weight: float) -> tuple[Numbers, Numbers]:
    """Return the difference quotient of the penalty of each single weight, and the penalty itself."""
    plus, minus = (np.array([penalty.cost([np.array([w_jk + h])], batch_weight) for w_jk in w]) for h in (STEP, -STEP))
    return (plus - minus) / (2.0 * STEP), plus


def _rounding_noise(batch: _Batch) -> float:
    """Return about how far rounding moves C.

    Every z^l_j is a sum that is off by up to about eps (|w^l| |a^{l−1}| + |b^l|)_j, and δ^l_j says what that does to C.
    How well the loss itself is rounded is measured: its spread over a few numbers next to z^L.
    """
    network, at = batch.network, batch.at
    z_last, activation = at.z[-1], get_activation(network.activations[-1])
    near = [z_last * (1.0 + r * EPS) for r in range(-3, 4)]
    costs = np.array([cost_of_each(batch.loss, activation.name, z, activation.value(z), batch.y) for z in near])
    noise = np.abs(costs).max(axis=0) * EPS + np.ptp(costs, axis=0)
    for w, b, a_previous, delta in zip(network.weights, network.biases, at.a[:-1], at.delta, strict=True):
        size = np.abs(a_previous) @ np.abs(w).T + np.abs(b)
        noise = noise + EPS * np.sum(np.abs(delta) * size, axis=1)
    return float(batch.share @ noise)


def _report(network: Network, groups: list[_Group]) -> GradientReport:
    judged = [np.where(group.at_kink, -1.0, group.error) for group in groups]
    worst_of_layer = [0.0] * len(network.weights)
    for group, error in zip(groups, judged, strict=True):
        worst_of_layer[group.i] = max(worst_of_layer[group.i], float(error.max()))
    n_kinks = sum(int(group.at_kink.sum()) for group in groups)
    g = int(np.argmax([error.max() for error in judged]))
    group, place = groups[g], int(np.argmax(judged[g]))
    return GradientReport(
        worst_relative_error=max(worst_of_layer),
        parameter="weight" if group.is_weight else "bias",
        layer=group.i + 2,
        neuron=int(group.j[place]) + 1,
        k=int(group.k[place]) + 1 if group.is_weight else None,
        analytic=float(group.analytic[place]),
        numeric=float(group.numeric[place]),
        n_checked=sum(group.j.size for group in groups) - n_kinks,
        n_kinks=n_kinks,
        n_parameters=network.n_parameters,
        tolerance=TOLERANCE,
        worst_of_layer=tuple(worst_of_layer),
    )
