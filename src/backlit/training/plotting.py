"""What pictures by matplotlib share: colors, and axes to draw on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backlit.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRAINING, VALIDATION, METRIC, FAINT = "#1f5fa8", "#d1495b", "#2a8f6d", "#d9dde2"


def new_axes(size: tuple[float, float]) -> Axes:
    """Return the axes of a new figure of this size in inches, or say how to install matplotlib."""
    try:
        # by pyplot, as scikit-learn's displays do, so that a notebook shows the figure
        from matplotlib import pyplot
    except ImportError:
        raise MissingExtraError("Drawing", "plot") from None
    _, ax = pyplot.subplots(figsize=size, layout="constrained")
    return ax
