"""What is examined: a network with examples and a loss, from whatever model the user has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from numpy.typing import ArrayLike

from backlit.core.backpropagation import as_examples, backpropagate, check_loss_fits, shares
from backlit.core.differences import Batch
from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.layer_health import NetworkHealth
from backlit.core.losses import check_targets
from backlit.core.namespace import Array
from backlit.core.network import Network
from backlit.errors import InvalidInputError

LEARNING_RATE = 0.1
"""μ of the step that is shown, where a model has none of its own."""


@dataclass(frozen=True, eq=False)
class ModelFacts:
    """What a model knows beside the network's own numbers, for an explanation to tell.

    Attributes
    ----------
    learning_rate : float or None
        μ of the model's training.
    output_names : sequence of str, or None
        What each output stands for: the classes, or the name of the target.
    target_scale : (mean, scale), or None
        The target is ``mean + scale · y``; each a number, or one number for each output.
    target_range : (least, most) or None
        What the model keeps its predictions to, on the target's scale.
    encodings : callable or None
        ``() → encodings``: for each example, for each input how it came from a table, with the attributes of
        `backlit.explanation.trace.tree.Feature`. Called only by an explanation that shows it.
    """

    learning_rate: float | None = None
    output_names: Sequence[str] | None = None
    target_scale: tuple[ArrayLike, ArrayLike] | None = None
    target_range: tuple[float, float] | None = None
    encodings: Callable[[], Sequence[Sequence[Any]]] | None = None


@dataclass(frozen=True, eq=False)
class NetworkWithExamples:
    """A network with examples and a loss.

    Attributes
    ----------
    network : Network
    x : array, ``(n_examples, n_in)``
    y : array, ``(n_examples, n_out)``, or None
        None only where the examples were asked for with ``needs_y=False``.
    loss : str
    history : tuple of NetworkHealth
        What was recorded in training, if anything was.
    facts : ModelFacts
    """

    network: Network
    x: Array
    y: Array  # or None
    loss: str
    history: tuple[NetworkHealth, ...] = ()
    facts: ModelFacts = ModelFacts()

    def in_float64(self) -> NetworkWithExamples:
        """Return it checked, with NumPy arrays of float64."""
        network = self.network.in_float64()
        x, y, _ = as_examples(network, self.x, self.y, None)
        loss = check_loss_fits(network, self.loss)
        check_targets(loss, y)
        return NetworkWithExamples(network, x, y, loss, self.history)

    def batch(self) -> Batch:
        """Return it in float64 with one pass of backpropagation."""
        given = self.in_float64()
        at = backpropagate(given.network, given.x, given.y, loss=given.loss)
        return Batch(given.network, given.y, shares(given.x, None)[0][:, 0], given.loss, at)


@runtime_checkable
class HoldsNetwork(Protocol):
    """A model that holds a network: the estimators, `TableModel`, and any class of yours with this method."""

    def __network_with_examples__(self, x: Any, y: Any, *, needs_y: bool = True) -> NetworkWithExamples:
        """Return the network, and these examples as it sees them.

        With `needs_y`, raise where there is no y. Without, y is None where it is not known.
        """
        ...


def network_with_examples(
    model: Network | EmbeddedNetwork | HoldsNetwork,
    x: Any,
    y: Any = None,
    loss: str | None = None,
    *,
    needs_y: bool = True,
) -> NetworkWithExamples:
    """Return a network, or that of a model, with examples as the network sees them.

    Parameters
    ----------
    model : Network, or an object with the method ``__network_with_examples__(x, y)``
    x, y
        Examples as the model takes them: arrays for a network, labels for a classifier, a table (and no y) for a model
        of tables.
    loss : str, optional
        Default: the model's own; for a network, quadratic.
    needs_y : bool, default True
        Whether examples without y are refused.
    """
    if isinstance(model, EmbeddedNetwork):  # what is looked at is the network behind
        if x is not None:
            x = model.expanded(model.network.as_batch(x, "x", model.sizes[0]))
        model = model.network
    if isinstance(model, Network):
        if x is None:
            raise InvalidInputError("A network needs the examples x to look at, but none came. Give x, and y with it.")
        if y is None and needs_y:
            raise InvalidInputError("A network needs the targets y, or there is no cost to look at. Give them.")
        return NetworkWithExamples(model, x, y, loss or "quadratic")
    if not isinstance(model, HoldsNetwork):
        raise InvalidInputError(
            f"Expected a Network, a fitted estimator or a TableModel, but a {type(model).__name__} came. "
            "Load model files with backlit.TableModel.load or backlit.load_network."
        )
    given = model.__network_with_examples__(x, y, needs_y=needs_y)
    return given if loss is None else replace(given, loss=loss)
