"""What the network says over one or two of its inputs, all others as they are in the example in view."""

from __future__ import annotations

import numpy as np

from backlit.core.network import Network
from backlit.errors import InvalidInputError
from backlit.explanation.trace.tree import Floats
from backlit.lab.data.dataset import Dataset
from backlit.lab.talk.findings import BoundaryView, FitView
from backlit.lab.talk.protocol import Pictures

LEAST, MOST = 8, 96
"""Points to a side of the grid."""
MOST_POINTS = 500
"""Rows of the data that are drawn."""
FIT_POINTS = 161
_MARGIN = 0.12


def boundary(data: Dataset, network: Network, asked: Pictures, row: int) -> BoundaryView | None:
    """Return the network's outputs over two inputs; None where there is but one.

    Parameters
    ----------
    data : Dataset
    network : Network
    asked : Pictures
        Which inputs, counted from 1, and how fine the grid is.
    row : int
        The example in view, counted from 0: where the other inputs stand.
    """
    n_in = data.x.shape[1]
    if n_in < 2:
        return None
    across, up = asked.horizontal, asked.vertical
    if not (1 <= across <= n_in and 1 <= up <= n_in) or across == up:
        raise InvalidInputError(f"Choose two different inputs from 1 to {n_in}; {across} and {up} came.")
    if not LEAST <= asked.resolution <= MOST:
        raise InvalidInputError(f"The grid has {LEAST} to {MOST} points a side, but {asked.resolution} were asked for.")
    x, y = (_range(data.x[:, place - 1], asked.resolution) for place in (across, up))
    points = np.tile(data.x[row], (x.size * y.size, 1))
    points[:, across - 1], points[:, up - 1] = np.tile(x, y.size), np.repeat(y, x.size)
    with np.errstate(all="ignore"):
        outputs = np.asarray(network.feedforward(points)).reshape(y.size, x.size, -1)
    return BoundaryView(
        horizontal=across,
        vertical=up,
        names=(data.features[across - 1], data.features[up - 1]),
        x=x,
        y=y,
        outputs=outputs,
        points=_points(data, [across - 1, up - 1]),
    )


def fit(data: Dataset, network: Network) -> FitView | None:
    """Return the network's curve over its one input; None where there are more inputs or outputs."""
    if data.x.shape[1] != 1 or network.sizes[-1] != 1:
        return None
    x = _range(data.x[:, 0], FIT_POINTS)
    with np.errstate(all="ignore"):
        y = np.asarray(network.feedforward(x[:, None]))[:, 0]
    return FitView(np.column_stack([x, y]), _points(data, [0]))


def _range(values: Floats, count: int) -> Floats:
    low, high = float(values.min()), float(values.max())
    margin = _MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, count)


def _points(data: Dataset, columns: list[int]) -> Floats:
    rows = data.training_rows[:: max(1, -(-len(data.training_rows) // MOST_POINTS))]
    if data.y is None:
        return np.zeros((0, len(columns) + 1))
    told = data.codes()[rows] if data.task == "classification" else data.y[rows, 0]
    return np.column_stack([data.x[rows][:, columns], told])
