"""Pictures of a model by matplotlib: how training went, what the weights look like, which classes are confused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.network import Network
from backlit.errors import InvalidInputError, MissingExtraError, ShapeError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

TRAINING, VALIDATION, METRIC, FAINT = "#1f5fa8", "#d1495b", "#2a8f6d", "#d9dde2"
IMAGE_SHAPES = {64: (8, 8), 784: (28, 28)}
"""Numbers of inputs that are taken for an image: scikit-learn's digits and MNIST."""
MOST_IMAGES = 100


def plot_history(model: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the cost of each epoch, and the validation's cost and score where there were any.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Fitted.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib Axes
        That of the costs; a score has its own scale at the right.
    """
    records = getattr(model, "history_", None)
    if not records:
        raise InvalidInputError(
            f"There is no history to draw: this {type(model).__name__} has not been fitted epoch by epoch, or does not "
            "keep its history."
        )
    ax = new_axes((6.8, 4.2)) if ax is None else ax
    epochs = [record.epoch for record in records]
    lines = ax.plot(epochs, [record.cost for record in records], color=TRAINING, label="cost in training")
    if records[0].validation_cost is not None:
        costs = [record.validation_cost for record in records]
        lines += ax.plot(epochs, costs, color=VALIDATION, label="cost in validation")
    if records[0].validation_metric is not None:
        scores = np.array([record.validation_metric for record in records])
        right = ax.twinx()
        lines += right.plot(epochs, scores, color=METRIC, linestyle="--", label="validation score")
        if np.isfinite(scores).any():
            best = int(np.nanargmax(scores))
            lines += right.plot(
                epochs[best], scores[best], "o", color=METRIC, label=f"best: {scores[best]:.4g} in epoch {epochs[best]}"
            )
        right.set_ylabel("score", color=METRIC)
        right.spines[["top"]].set_visible(False)
    ax.set(xlabel="epoch", ylabel="C", title="How training went")
    _tick_whole_numbers(ax.xaxis)
    ax.grid(color=FAINT)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(handles=lines, frameon=False, loc="center right")  # where neither falling nor rising curves are
    return ax


def plot_weights(
    model: Any, *, layer: int = 2, image_shape: tuple[int, int] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw w^l: for layer 2 behind an image one picture per neuron, as Nielsen has it, else one square per weight.

    Blue weights are positive, red ones negative, white is 0.

    Parameters
    ----------
    model : Network, or a fitted model that has one
    layer : int, default 2
        l, counted as in the lecture from 1, the input; w^l leads from layer l − 1 to layer l.
    image_shape : (int, int), optional
        Rows and columns of the image that is the input. Default: (8, 8) for 64 inputs, (28, 28) for 784; else no image.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib Axes
        The first 100 neurons, where there are more pictures.
    """
    network = network_of(model)
    n_layers = len(network.sizes)
    if not 2 <= layer <= n_layers:
        raise InvalidInputError(f"layer must be from 2 to {n_layers}, the output layer, but {layer!r} came.")
    w = np.asarray(network.weights[layer - 2], dtype=np.float64)
    if image_shape is not None and (layer != 2 or math.prod(image_shape) != w.shape[1]):
        raise ShapeError(
            f"image_shape {tuple(image_shape)} is for w^2 behind {math.prod(image_shape)} inputs, "
            f"but w^{layer} has {w.shape[1]} columns."
        )
    if layer == 2 and image_shape is None:
        image_shape = IMAGE_SHAPES.get(w.shape[1])
    if image_shape is not None:
        return _draw_images(w, image_shape, ax)
    n_out, n_in = w.shape
    ax = new_axes((6.8, 4.8)) if ax is None else ax
    # neurons are counted from 1, and the middle of a square is its neuron
    _draw_matrix(ax, w, extent=(0.5, n_in + 0.5, n_out + 0.5, 0.5), aspect="auto")
    ax.set(
        title=f"$w^{{{layer}}}$: {n_out} × {n_in} weights",
        xlabel=f"neuron k of layer {layer - 1}",
        ylabel=f"neuron j of layer {layer}",
    )
    _tick_whole_numbers(ax.xaxis)
    _tick_whole_numbers(ax.yaxis)
    return ax


def plot_confusion(model: Any, X: Any, y: Any = None, *, ax: Axes | None = None) -> Axes:
    """Draw which classes are taken for which, by scikit-learn's `ConfusionMatrixDisplay`.

    Parameters
    ----------
    model : MLPClassifier, or TableModel of a classification
        Fitted.
    X : array-like, ``(n_examples, n_features)``; for a TableModel a table with the target's column
    y : array-like, ``(n_examples,)``
        True classes; not for a TableModel.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib Axes
    """
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    if hasattr(model, "encoder"):
        if y is not None:
            raise InvalidInputError(f"A model of tables takes y from the column {model.target.name!r}. Leave out y.")
        matrix, classes = model.evaluate(X).confusion, model.target.classes
        if matrix is None:
            raise InvalidInputError("A regression confuses no classes. Draw its residuals instead.")
    elif getattr(model, "_estimator_type", None) == "classifier" or hasattr(model, "classes_"):
        classes = model.classes_
        predicted = model.predict(X)
        if predicted.ndim == 2:
            raise InvalidInputError("Labels of a multi-label problem are not confused with each other. Draw one label.")
        matrix = confusion_matrix(y, predicted, labels=classes)
    else:
        raise InvalidInputError(f"A {type(model).__name__} confuses no classes. Give a fitted classifier.")
    size = min(12.0, 3.6 + 0.35 * len(classes))
    ax = new_axes((size + 0.8, size)) if ax is None else ax
    display = ConfusionMatrixDisplay(np.asarray(matrix), display_labels=classes)
    rotation = "vertical" if _are_long(classes) else "horizontal"
    display.plot(ax=ax, cmap="Blues", values_format="d", xticks_rotation=rotation)
    ax.set_title(f"{np.trace(matrix) / max(1, np.sum(matrix)):.2%} of {np.sum(matrix):,} right")
    return ax


def network_of(model: Any) -> Network:
    """Return a model's network; behind embeddings, where there are any."""
    network = model if isinstance(model, Network) else getattr(model, "network", None)
    network = network.network if isinstance(network, EmbeddedNetwork) else network
    network = model.network_ if network is None and hasattr(type(model), "network_") else network
    if not isinstance(network, Network):
        raise InvalidInputError(f"A Network, or a model that has one, is needed, but a {type(model).__name__} came.")
    return network


def _draw_images(w: NDArray[np.float64], shape: tuple[int, int], ax: Axes | None) -> Axes:
    n_shown = min(len(w), MOST_IMAGES)
    n_columns = math.ceil(math.sqrt(n_shown))
    n_rows = math.ceil(n_shown / n_columns)
    height, width = shape[0] + 1, shape[1] + 1  # a gap around each
    mosaic = np.full((n_rows * height + 1, n_columns * width + 1), np.nan)
    for j in range(n_shown):
        top, left = j // n_columns * height + 1, j % n_columns * width + 1
        mosaic[top : top + shape[0], left : left + shape[1]] = w[j].reshape(shape)
    ax = new_axes((6.8, 6.4 * n_rows / n_columns + 0.4)) if ax is None else ax
    _draw_matrix(ax, mosaic, aspect="equal")
    ax.set_facecolor(FAINT)  # shows through the gaps
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    which = f"neurons 1 to {n_shown}" if n_shown == len(w) else f"neurons 1 to {n_shown} of {len(w)}"
    ax.set_title(f"$w^2$ as images of {shape[0]} × {shape[1]}: {which}, row by row")
    return ax


def _draw_matrix(ax: Axes, values: NDArray[np.float64], **how: Any) -> None:
    # the same blue and red for the same size, and a few outliers do not pale all others
    reach = float(np.nanquantile(np.abs(values), 0.995)) or 1.0
    image = ax.imshow(values, cmap="RdBu", vmin=-reach, vmax=reach, interpolation="nearest", **how)
    ax.figure.colorbar(image, ax=ax, shrink=0.8, extend="both" if np.nanmax(np.abs(values)) > reach else "neither")


def _tick_whole_numbers(axis: Axis) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def _are_long(classes: Any) -> bool:
    return sum(len(str(label)) for label in classes) > 40


def new_axes(size: tuple[float, float]) -> Axes:
    """Return the axes of a new figure of this size in inches, or say how to install matplotlib."""
    try:
        # by pyplot, as scikit-learn's displays do, so that a notebook shows the figure
        from matplotlib import pyplot
    except ImportError:
        raise MissingExtraError("Drawing", "plot") from None
    _, ax = pyplot.subplots(figsize=size, layout="constrained")
    return ax
