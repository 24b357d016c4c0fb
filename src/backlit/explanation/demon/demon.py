"""The demon of the lecture: he sits at neuron j of layer l and adds Δz to its weighted input.

The cost changes by about ``(∂C/∂z^l_j) Δz = δ^l_j Δz``. The remainder is of second order: as Δz is halved, it falls to
a quarter wherever C is smooth. At a kink, such as the ReLU's, it only falls to a half.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from backlit.core.differences import EPS, Batch, Numbers, lie_apart, moved, rounding_noise
from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.explanation.demon.moves import Move
from backlit.explanation.demon.ranking import DemonRanking, rank
from backlit.explanation.demon.report import DemonReport
from backlit.explanation.trace.network_with_examples import HoldsNetwork, network_with_examples

N_HALVINGS = 9
MOST_MOVES = 1000
_CURVE_POINTS = 241
# A remainder counts as lost in rounding unless it is this many times what rounding does to C.
_CLEAR_OF_NOISE = 10.0


@overload
def demon(
    model: Network | HoldsNetwork,
    x: Any,
    y: Any = None,
    *,
    layer: int,
    neuron: int,
    dz: float | Sequence[float] = ...,
    loss: str | None = ...,
) -> DemonReport: ...


@overload
def demon(
    model: Network | HoldsNetwork, x: Any, y: Any = None, *, layer: int | None = ..., loss: str | None = ...
) -> DemonRanking: ...


def demon(
    model: Network | HoldsNetwork,
    x: Any,
    y: Any = None,
    *,
    layer: int | None = None,
    neuron: int | None = None,
    dz: float | Sequence[float] = 1.0,
    loss: str | None = None,
) -> DemonReport | DemonRanking:
    """Let the demon add Δz to the weighted input of a neuron, and compare what the cost does with ``δ Δz``.

    Parameters
    ----------
    model : Network, fitted estimator or TableModel
    x, y
        Examples as the model takes them. For several, every example's z is moved and C is their mean.
    layer : int, optional
        l, from 2 to L.
    neuron : int, optional
        j, from 1. Without it all neurons (of the layer, or of the network) are ranked by |δ|.
    dz : float or sequence of float, default 1
        The first Δz, which is then halved nine times; or all of them.
    loss : str, optional
        Default: the model's own; for a bare network, quadratic.

    Returns
    -------
    DemonReport
        For one neuron.
    DemonRanking
        For all of them: where would the demon push?

    Notes
    -----
    All is computed in float64, whatever the network's dtype.

    Examples
    --------
    >>> import backlit as bl
    >>> network = bl.Network.initialize([2, 3, 1], seed=1)
    >>> report = bl.demon(network, [[0.5, -1.0]], [[1.0]], layer=2, neuron=3)
    >>> [round(move.ratio) for move in report.moves[-3:]]
    [4, 4, 4]
    """
    batch = network_with_examples(model, x, y, loss).batch()
    sizes = batch.network.sizes
    if layer is None and neuron is not None:
        raise InvalidInputError("neuron= was given without layer=: say in which layer the demon sits, from 2.")
    if layer is not None and not 2 <= _whole_number("layer", layer) <= len(sizes):
        raise InvalidInputError(
            f"layer must be from 2 to {len(sizes)}, but {layer!r} came. Layers count from 1, the input, which has no z."
        )
    if layer is None or neuron is None:
        return rank(batch, layer)
    if not 1 <= _whole_number("neuron", neuron) <= sizes[layer - 1]:
        raise InvalidInputError(
            f"neuron must be from 1 to {sizes[layer - 1]} in layer {layer}, but {neuron!r} came. Neurons count from 1."
        )
    return _at_neuron(batch, layer - 2, neuron - 1, _moves(dz))


def _whole_number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InvalidInputError(f"{name} must be a whole number, but {value!r} came.")
    return int(value)


def _moves(dz: Any) -> Numbers:
    try:
        given = np.asarray(dz, dtype=np.float64)
    except (TypeError, ValueError):
        given = np.zeros(0)
    steps = given / 2.0 ** np.arange(N_HALVINGS + 1) if given.ndim == 0 else given
    if steps.ndim != 1 or not 1 <= steps.size <= MOST_MOVES or not np.isfinite(steps).all() or not steps.all():
        raise InvalidInputError(
            f"dz must be a finite number other than 0, or a list of 1 to {MOST_MOVES:,} such numbers, but {dz!r} came."
        )
    return steps


def _at_neuron(batch: Batch, i: int, j: int, steps: Numbers) -> DemonReport:
    share, slope = batch.share, float(batch.share @ batch.at.delta[i][:, j])
    costs, crossings = _walk(batch, i, j, np.append(steps, 0.0))
    at_rest = costs[-1]
    changes = [float(share @ (each - at_rest)) for each in costs[:-1]]
    noise = rounding_noise(batch)

    moves: list[Move] = []
    for step, change, cost, crossed in zip(steps.tolist(), changes, costs[:-1], crossings, strict=False):
        remainder = change - slope * step
        lost = not abs(remainder) > _CLEAR_OF_NOISE * (noise + EPS * float(share @ np.abs(cost)))
        ratio = expected = None
        if moves and not (lost or moves[-1].lost or moves[-1].dz == step):
            ratio, expected = moves[-1].remainder / remainder, (moves[-1].dz / step) ** 2
        moves.append(Move(step, change, slope * step, remainder, lost, ratio, expected, crossed))

    reach = 1.15 * float(np.abs(steps).max())
    curve_dz = np.linspace(-reach, reach, _CURVE_POINTS)
    curve_costs, _ = _walk(batch, i, j, curve_dz)
    return DemonReport(
        layer=i + 2,
        neuron=j + 1,
        activation=batch.network.activations[i],
        loss=batch.loss,
        n_examples=len(share),
        z=float(share @ batch.at.z[i][:, j]),
        cost=float(share @ at_rest),
        delta=slope,
        moves=tuple(moves),
        curve=tuple(zip(curve_dz.tolist(), (curve_costs @ share).tolist(), strict=True)),
    )


def _walk(batch: Batch, i: int, j: int, steps: Numbers) -> tuple[Numbers, list[str | None]]:
    """Return C_x after each step, ``(n_steps, n_examples)``, and the first kink between z and z + Δz, in words."""
    n_examples = len(batch.share)
    costs, stages = moved(batch, i, np.array([j]), np.broadcast_to(steps[:, None, None], (len(steps), 1, n_examples)))
    crossings: list[str | None] = [None] * len(steps)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for stage in stages:
            for at in stage.kinks:
                before = np.broadcast_to(stage.before, stage.values.shape)
                crossed = lie_apart(stage.values, before, at) | ((before == at) & (stage.values != at))
                for step in np.flatnonzero(crossed.any(axis=(1, 2, 3))):
                    if crossings[step] is None:
                        neuron = int(np.argwhere(crossed[step])[0][-1]) + 1
                        crossings[step] = f"{stage.name} in layer {stage.layer}, neuron {neuron}"
    if not np.isfinite(costs).all():
        raise InvalidInputError(
            "The cost becomes infinite when z moves that far. Use a smaller dz, or a smaller network."
        )
    return costs[:, 0], crossings
