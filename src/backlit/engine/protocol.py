"""What an engine does for the rest of the package.

An engine opens a `Session` on a network: it takes the parameters into its own layout, works on them there, and gives
them back when asked. All that training, prediction and the distributed engine need are the methods of a session.
Gradient and update can be had together (`run_steps`, fast) or apart (`cost_and_gradient`, `apply_gradient`), so that
gradients of several machines can be averaged in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backlit.core.backpropagation import check_loss_fits
from backlit.core.dropout import Dropout
from backlit.core.embedded_network import AnyNetwork, apart
from backlit.core.layer_rates import LayerRates
from backlit.core.losses import loss_name
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Optimizer
from backlit.core.penalty import NO_PENALTY, Penalty

Floats = NDArray[np.floating[Any]]

NablaArrays: TypeAlias = tuple[list[Floats], list[Floats]]

Inputs: TypeAlias = Any
"""x of many examples, ``(n_examples, n_in)``: an ndarray, one of SciPy's sparse matrices in CSR format, `WholeBytes` or
`Picked`. An ndarray of bytes counts what is in it."""


@dataclass(frozen=True)
class Objective:
    """What is minimized: the loss, averaged over examples, plus the penalty.

    Attributes
    ----------
    loss : str
        Its full name; a `Huber` or `Quantile` is turned into that.
    penalty : Penalty
    dropout : Dropout or None
        Neurons that are left out while the gradient is taken; never in `feedforward` and `evaluate`.
    dropout_seed : int
        Seed of the dropout masks, which depend on it and on the number of the step.
    """

    loss: str = "quadratic"
    penalty: Penalty = NO_PENALTY
    dropout: Dropout | None = None
    dropout_seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "loss", loss_name(self.loss))

    def check(self, network: AnyNetwork) -> None:
        """Raise if the loss does not fit the network's output activation, or dropout its layers."""
        check_loss_fits(apart(network)[0], self.loss)
        self.dropout_rates(network)

    def dropout_rates(self, network: AnyNetwork) -> tuple[float, ...]:
        """Return the share of neurons that are left out, of each layer but the output; empty where none are."""
        rates = () if self.dropout is None else self.dropout.rates(len(network.sizes))
        return rates if any(rates) else ()


@dataclass
class OptimizerState:
    """What an optimizer remembers between steps.

    Attributes
    ----------
    t : int
        Steps taken.
    weights, biases : list of tuple of ndarray
        For each layer but the input one array per slot of the optimizer, shaped as the parameter.
    scales : tuple of tuple of ndarray ``(n_in,)``
        The scales of a network's inputs and their slots, one tuple for each network; empty where there are none.
    """

    t: int = 0
    weights: list[tuple[Floats, ...]] = field(default_factory=list)
    biases: list[tuple[Floats, ...]] = field(default_factory=list)
    scales: tuple[tuple[Floats, ...], ...] = ()

    @classmethod
    def zero(cls, network: AnyNetwork, optimizer: Optimizer) -> OptimizerState:
        """Return the state before the first step."""

        def zeros(theta: Floats) -> tuple[Floats, ...]:
            return tuple(np.zeros_like(theta) for _ in optimizer.slots)

        return cls(0, [zeros(w) for w in network.weights], [zeros(b) for b in network.biases])


@dataclass(frozen=True)
class Gradient:
    """Cost and gradient of a batch.

    Attributes
    ----------
    cost : float
        C, the penalty included.
    nabla_w, nabla_b : list of ndarray
        ∂C/∂w ``(n_out, n_in)`` and ∂C/∂b ``(n_out,)`` of each layer but the input, the penalty's included.
    batch_weight : float
        ``Σ s_x``, the number of examples without sample weights.
    """

    cost: float
    nabla_w: list[Floats]
    nabla_b: list[Floats]
    batch_weight: float


@dataclass(frozen=True, eq=False)
class Steps:
    """What came of a run of steps.

    Attributes
    ----------
    costs : ndarray of float64, ``(n_batches,)``
        Cost of each batch before its step, the penalty included.
    batch_weights : ndarray of float64, ``(n_batches,)``
        ``Σ s_x`` of each batch; 0 for one that was skipped.
    diverged_layer : int or None
        First layer (counted as in the lecture) with a value that is not finite; the run stopped there.
    """

    costs: NDArray[np.float64]
    batch_weights: NDArray[np.float64]
    diverged_layer: int | None = None


class Session(Protocol):
    """A network that an engine trains and evaluates.

    All arguments and results are C-contiguous NumPy arrays of the network's dtype; `x` is ``(n_examples, n_in)``, `y`
    is ``(n_examples, n_out)``, `sample_weight` is ``(n_examples,)`` or None. `x` may be a sparse matrix (CSR), which is
    never made dense.
    """

    @property
    def objective(self) -> Objective:
        """What is minimized."""

    def feedforward(self, x: Inputs, *, finite: bool = False) -> Floats:
        """Return a^L, ``(n_examples, n_out)``. Where it must be `finite`, raise `NotFiniteError` if x is not.

        On the native engine a row gives the same bits whatever rows come with it, and that look takes next to no time.
        """

    def evaluate(self, x: Inputs, y: Floats, sample_weight: Floats | None = None) -> tuple[Floats, float]:
        """Return a^L, ``(n_examples, n_out)``, and C without the penalty, or NaN where none counts."""

    def cost_and_gradient(
        self,
        x: Inputs,
        y: Floats,
        sample_weight: Floats | None = None,
        *,
        first_row: int = 0,
        out: NablaArrays | None = None,
        finished: Callable[[int], None] | None = None,
    ) -> Gradient:
        """Return C and its gradient, the penalty included, and change nothing.

        With dropout, it is the gradient that the next step would use: row i of x is row ``first_row + i`` of its batch.
        An engine may write ∂C/∂w and ∂C/∂b into the arrays `out`, which are then the result's; and it may tell
        `finished` each layer, counted from 0 and the last one first, that is there while it works on others.
        """

    def apply_gradient(self, gradient: Gradient, rate: float, decay: float = 1.0) -> None:
        """Take one step of the optimizer, with the gradient clipped first where it asks for that.

        Parameters
        ----------
        gradient : Gradient
        rate : float
            Learning rate.
        decay : float, default 1
            What the optimizer's decay of the weights is multiplied by.
        """

    def run_steps(
        self,
        x: Inputs,
        y: Floats,
        order: NDArray[np.int64],
        batch_size: int,
        rates: NDArray[np.float64],
        sample_weight: Floats | None = None,
        decays: NDArray[np.float64] | None = None,
    ) -> Steps:
        """Take one step for each batch of an epoch, or of a part of it.

        Parameters
        ----------
        order : ndarray of int64
            Rows of x in the order in which they are used; the last batch may be shorter.
        batch_size : int
        rates : ndarray of float64, ``(n_batches,)``
            Learning rate of each step.
        decays : ndarray of float64, ``(n_batches,)``, optional
            What the optimizer's decay of the weights is multiplied by in each step. Default: 1.

        Notes
        -----
        A batch whose examples all have the weight 0 is skipped.
        """

    def network(self) -> Network:
        """Return a copy of the network as it is now."""

    def optimizer_state(self) -> OptimizerState:
        """Return a copy of the optimizer's state as it is now."""

    def set_network(self, network: Network) -> None:
        """Take over the parameters of a network of the same sizes."""


class Engine(Protocol):
    """Opens sessions."""

    @property
    def name(self) -> str:
        """``"native"`` or ``"reference"``."""
        ...

    @property
    def precision(self) -> str:
        """What the operands of its products are rounded to, a name of `backlit.core.precision.PRECISIONS`."""
        ...

    def open(
        self,
        network: Network,
        objective: Objective,
        optimizer: Optimizer = SGD(),
        state: OptimizerState | None = None,
        n_threads: int | None = None,
        layer_rates: LayerRates | None = None,
    ) -> Session:
        """Open a session on a network.

        Parameters
        ----------
        network : Network
            Of NumPy arrays; copied.
        objective : Objective
        optimizer : Optimizer, default plain gradient descent
        state : OptimizerState, optional
            Where the optimizer left off; copied. Default: before its first step.
        n_threads : int, optional
            Most threads to use. Default: as many as the processor and the work in a step allow. Results do not depend
            on it.
        layer_rates : LayerRates, optional
            What each layer's learning rate is multiplied by, and whether inputs have scales. Default: 1, and none.

        Raises
        ------
        InvalidInputError
            If the engine has less than full precision and the network is not of float32, or rates differ by layer and
            the optimizer cannot have that.
        """
        ...


def scales_to_begin_with(
    network: AnyNetwork, optimizer: Optimizer, layer_rates: LayerRates | None, state: OptimizerState
) -> tuple[Floats, ...]:
    """Return the scales of a network's inputs and their slots, as a state has them, or 1; nothing where none train."""
    if layer_rates is None or not layer_rates.scales:
        return ()
    if state.scales:
        return state.scales[0]
    ones = np.ones(network.weights[0].shape[1], dtype=network.dtype)  # of layer 1, to which embeddings add
    return (ones, *(np.zeros_like(ones) for _ in optimizer.slots))


def clipped(gradient: Gradient, optimizer: Optimizer) -> Gradient:
    """Return the gradient, shortened where it is longer than the optimizer allows."""
    factor = optimizer.clip_factor([*gradient.nabla_w, *gradient.nabla_b])
    if factor == 1:
        return gradient
    nabla_w, nabla_b = ([factor * nabla for nabla in part] for part in (gradient.nabla_w, gradient.nabla_b))
    return replace(gradient, nabla_w=nabla_w, nabla_b=nabla_b)


def batches(order: NDArray[np.int64], batch_size: int) -> Sequence[NDArray[np.int64]]:
    """Cut an order of rows into batches; the last may be shorter."""
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
