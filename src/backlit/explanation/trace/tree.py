"""The tree that holds every number of one worked step of backpropagation.

What belongs to one example (z, a, δ) is kept apart from what belongs to the network and the batch (w, b, their
gradients and their step).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backlit.errors import InvalidInputError

Floats: TypeAlias = NDArray[np.floating]


@dataclass(frozen=True)
class Feature:
    """One input, and how it came from the table.

    Attributes
    ----------
    name, column : str
        Names of the feature, and of the column it comes from.
    raw_value : str
        What stands in that column.
    operation : str
        What was done with it, in words or numbers.
    value : float
        a^1_k.
    """

    name: str
    column: str
    raw_value: str
    operation: str
    value: float


@dataclass(frozen=True, eq=False)
class ErrorTrace:
    """The error δ^l of one layer for one example: BP1 for the output layer, BP2 for the others.

    Attributes
    ----------
    nabla_a : array, ``(n_l,)``
        ∂C/∂a^l: ∇_a C at the output, ``(w^{l+1})ᵀ δ^{l+1}`` before it.
    sigma_prime : array, ``(n_l,)``, or None
        σ′(z^l); None where σ couples the neurons and has a Jacobian instead.
    mean_nabla_a : float or None
        ``Σ_k a^l_k ∂C/∂a^l_k``, which the transposed Jacobian of softmax needs; None where `sigma_prime` is there.
    general : array, ``(n_l,)``
        δ^l by the equation. Not finite where an output has saturated so far that the equation reads ∞ · 0.
    delta : array, ``(n_l,)``
        δ^l that backpropagation used.
    short_cut : bool
        Whether `delta` comes from the short cut for this pair of loss and activation, not from `general`.
    """

    nabla_a: Floats
    sigma_prime: Floats | None
    mean_nabla_a: float | None
    general: Floats
    delta: Floats
    short_cut: bool


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """One layer for one example.

    Attributes
    ----------
    layer : int
        l, from 2 to L.
    activation : str
        σ.
    z, a : array, ``(n_l,)``
    sum_exp : float or None
        ``Σ_k e^{z_k}``, the denominator of softmax; None for other activations.
    error : ErrorTrace or None
        None where there is no y.
    """

    layer: int
    activation: str
    z: Floats
    a: Floats
    sum_exp: float | None
    error: ErrorTrace | None


@dataclass(frozen=True, eq=False)
class ExampleTrace:
    """All that belongs to one example.

    Attributes
    ----------
    name : str or None
        What it is called, such as ``"row 3"``.
    x : array, ``(n_1,)``
    y : array, ``(n_L,)``, or None
    encoding : tuple of Feature, or None
        How x came from a table.
    layers : tuple of LayerTrace
        Layers 2 to L.
    cost_summands : array, ``(n_L,)``, or None
        What each output adds to C_x.
    cost : float or None
        C_x.
    original_output, original_y : array, ``(n_L,)``, or None
        a^L and y on the scale of the table.
    """

    name: str | None
    x: Floats
    y: Floats | None
    encoding: tuple[Feature, ...] | None
    layers: tuple[LayerTrace, ...]
    cost_summands: Floats | None
    cost: float | None
    original_output: Floats | None
    original_y: Floats | None

    def layer(self, number: int) -> LayerTrace:
        """Return layer l, from 2 to L."""
        return self.layers[number - 2]

    def activations(self, number: int) -> Floats:
        """Return a^l, from a^1 = x to a^L."""
        return self.x if number == 1 else self.layer(number).a


@dataclass(frozen=True, eq=False)
class StepTrace:
    """Gradient and step of one layer's parameters.

    Attributes
    ----------
    nabla_w, w_after : array, ``(n_l, n_{l−1})``
        ∂C/∂w^l, the mean over the examples, and ``w^l − μ ∂C/∂w^l``.
    nabla_b, b_after : array, ``(n_l,)``
    """

    nabla_w: Floats
    nabla_b: Floats
    w_after: Floats
    b_after: Floats


@dataclass(frozen=True, eq=False)
class ParameterTrace:
    """Weights and biases of one layer.

    Attributes
    ----------
    layer : int
        l, from 2 to L.
    w : array, ``(n_l, n_{l−1})``
    b : array, ``(n_l,)``
    step : StepTrace or None
        None where there is no y.
    alpha : array, ``(n_l,)``, or None
        α of each neuron, where σ is parametric. The step leaves it as it is.
    """

    layer: int
    w: Floats
    b: Floats
    step: StepTrace | None
    alpha: Floats | None = None


@dataclass(frozen=True)
class TargetScale:
    """How the network's outputs become values of the table: ``mean + scale · a^L``, output by output.

    A model that keeps its predictions to a range has that too: its least and most.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    range: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class WorkedStep:
    """One worked step of backpropagation, with all its numbers.

    Attributes
    ----------
    sizes : tuple of int
        Neurons of each layer, input included.
    activations : tuple of str
        σ of the layers 2 to L.
    dtype : str
        ``"float32"`` or ``"float64"``: the type of the numbers.
    loss : str
    learning_rate : float
        μ.
    output_names : tuple of str, or None
        What each output stands for.
    target_scale : TargetScale or None
    examples : tuple of ExampleTrace
        The batch; often just one.
    parameters : tuple of ParameterTrace
        Layers 2 to L.
    cost, cost_after : float or None
        C, the mean of the examples' C_x, before the step and after it; None where there is no y.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    dtype: str
    loss: str
    learning_rate: float
    output_names: tuple[str, ...] | None
    target_scale: TargetScale | None
    examples: tuple[ExampleTrace, ...]
    parameters: tuple[ParameterTrace, ...]
    cost: float | None
    cost_after: float | None

    @property
    def n_layers(self) -> int:
        """L, the input layer included."""
        return len(self.sizes)

    def layer_parameters(self, number: int) -> ParameterTrace:
        """Return the weights and biases of layer l, from 2 to L."""
        return self.parameters[number - 2]

    def z_summands(self, number: int, example: int = 0) -> Floats:
        """``w^l_jk a^{l−1}_k``, ``(n_l, n_{l−1})``: row j and b^l_j sum to z^l_j."""
        return self.layer_parameters(number).w * self.examples[example].activations(number - 1)

    def error_summands(self, number: int, example: int = 0) -> Floats:
        """``w^{l+1}_kj δ^{l+1}_k``, ``(n_l, n_{l+1})``: row j sums to ∂C/∂a^l_j, which BP2 multiplies by σ′(z^l_j)."""
        return self.layer_parameters(number + 1).w.T * self._delta(number + 1, example)

    def nabla_w(self, number: int, example: int = 0) -> Floats:
        """∂C_x/∂w^l of one example, ``(n_l, n_{l−1})``: BP4, ``a^{l−1}_k δ^l_j``."""
        return np.outer(self._delta(number, example), self.examples[example].activations(number - 1))

    def _delta(self, number: int, example: int) -> Floats:
        error = self.examples[example].layer(number).error
        if error is None:
            raise InvalidInputError("There is no δ in this explanation: it was made without y. Give the target y.")
        return error.delta


def frozen(array: Any) -> Floats:
    """Return a NumPy copy of an array that nobody can write to; the network may go on training."""
    copy: Floats = np.array(array if isinstance(array, np.ndarray) else np.from_dlpack(array))
    copy.setflags(write=False)
    return copy
