"""What is looked at: a network with examples and a loss, from whatever the user has in hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from backlit.core.backpropagation import as_examples, backpropagate, check_loss_fits, shares
from backlit.core.differences import Batch
from backlit.core.figures import EpochFigures
from backlit.core.losses import check_targets
from backlit.core.namespace import Array
from backlit.core.network import Network
from backlit.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Problem:
    """A network with examples and a loss.

    Attributes
    ----------
    network : Network
    x : array, ``(n_examples, n_in)``
    y : array, ``(n_examples, n_out)``
    loss : str
    history : tuple of EpochFigures
        What was recorded in training, if anything was.
    """

    network: Network
    x: Array
    y: Array
    loss: str
    history: tuple[EpochFigures, ...] = ()

    def in_float64(self) -> Problem:
        """Return it checked, with NumPy arrays of float64."""
        network = self.network.in_float64()
        x, y, _ = as_examples(network, self.x, self.y, None)
        loss = check_loss_fits(network, self.loss)
        check_targets(loss, y)
        return Problem(network, x, y, loss, self.history)

    def batch(self) -> Batch:
        """Return it in float64 with one pass of backpropagation."""
        problem = self.in_float64()
        at = backpropagate(problem.network, problem.x, problem.y, loss=problem.loss)
        return Batch(problem.network, problem.y, shares(problem.x, None)[0][:, 0], problem.loss, at)


@runtime_checkable
class HasProblem(Protocol):
    """A model that holds a network: the estimators and `TableModel`. Anybody's class may be one too."""

    def __problem__(self, x: Any, y: Any) -> Problem:
        """Return the network, and these examples as it sees them."""
        ...


def as_problem(model: Network | HasProblem, x: Any, y: Any = None, loss: str | None = None) -> Problem:
    """Return the problem of a network, or of a model that holds one.

    Parameters
    ----------
    model : Network, or an object with the method ``__problem__(x, y)``
    x, y
        Examples as the model takes them: arrays for a network, labels for a classifier, a table (and no y) for a model
        of tables.
    loss : str, optional
        Default: the model's own; for a network, quadratic.
    """
    if isinstance(model, Network):
        if y is None:
            raise InvalidInputError("A network needs the targets y, or there is no cost to look at. Give them.")
        return Problem(model, x, y, loss or "quadratic")
    if not isinstance(model, HasProblem):
        raise InvalidInputError(
            f"Expected a Network, a fitted estimator or a TableModel, but a {type(model).__name__} came. "
            "Load model files with backlit.TableModel.load or backlit.load_network."
        )
    problem = model.__problem__(x, y)
    return problem if loss is None else Problem(problem.network, problem.x, problem.y, loss, problem.history)
