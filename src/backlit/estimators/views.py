"""Methods that every model has for what others make of it: files for other programs, and pictures.

What each does is written with the function of its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from onnx import ModelProto


class Views:
    """What estimators and models of tables have."""

    def to_onnx(self) -> ModelProto:
        """Return the model as an ONNX model; see `backlit.to_onnx`."""
        from backlit.estimators.onnx_export import to_onnx

        return to_onnx(self)

    def plot_weights(
        self, *, layer: int = 2, image_shape: tuple[int, int] | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw the weights of a layer; see `backlit.plot_weights`."""
        from backlit.estimators.plots import plot_weights

        return plot_weights(self, layer=layer, image_shape=image_shape, ax=ax)

    def plot_confusion(self, X: Any, y: Any = None, *, ax: Axes | None = None) -> Axes:
        """Draw which classes are taken for which; see `backlit.plot_confusion`."""
        from backlit.estimators.plots import plot_confusion

        return plot_confusion(self, X, y, ax=ax)


class EstimatorViews(Views):
    """What estimators have besides."""

    def plot_history(self, *, ax: Axes | None = None) -> Axes:
        """Draw how training went; see `backlit.plot_history`."""
        from backlit.estimators.plots import plot_history

        return plot_history(self, ax=ax)
