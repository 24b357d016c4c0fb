"""Every number of one worked step of backpropagation, as a tree.

The numbers are those of `backlit.core`: z, a, δ, the gradients and the cost are what `backpropagate` returned, bit for
bit, and the step is `SGD`'s. What stands beside them (∇_a C, σ′) is what the four equations were given.

What belongs to one example (z, a, δ) is kept apart from what belongs to the network and the batch (w, b, their
gradients and their step), so that the tree holds a batch as well as it holds the one example of today.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backlit.core.activations import get_activation
from backlit.core.backpropagation import Backpass, as_examples, backpropagate, bp1, check_loss_fits, cost
from backlit.core.losses import FROM_Z, SHORT_CUTS, get_loss
from backlit.core.namespace import Array, namespace
from backlit.core.network import Network, feedforward
from backlit.core.optimizers import SGD
from backlit.errors import InvalidInputError, ShapeError

FORMAT = "backlit-explanation"
VERSION = 1

Floats: TypeAlias = NDArray[np.floating]


class Encoded(Protocol):
    """How one feature of a table's row came about; `backlit.data`'s ``EncodedFeature`` is one."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def column(self) -> str: ...  # noqa: D102
    @property
    def raw_value(self) -> object: ...  # noqa: D102
    @property
    def operation(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> float: ...  # noqa: D102


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
        ∂C/∂w^l, and ``w^l − μ ∂C/∂w^l``.
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
    """

    layer: int
    w: Floats
    b: Floats
    step: StepTrace | None


@dataclass(frozen=True)
class TargetScale:
    """How the network's outputs become values of the table: ``mean + scale · a^L``, output by output."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Explanation:
    """One worked step of backpropagation, with all its numbers.

    Attributes
    ----------
    sizes : tuple of int
        Neurons of each layer, input included.
    activations : tuple of str
        σ of the layers 2 to L.
    dtype : str
        ``"float32"`` or ``"float64"``: what was calculated with.
    loss : str
    learning_rate : float
        μ.
    output_names : tuple of str, or None
        What each output stands for.
    target_scale : TargetScale or None
    examples : tuple of ExampleTrace
        One, for the time being.
    parameters : tuple of ParameterTrace
        Layers 2 to L.
    cost, cost_after : float or None
        C before the step and after it; None where there is no y.
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
        error = self.examples[example].layer(number + 1).error
        if error is None:
            raise InvalidInputError("There is no δ in this explanation: it was made without y. Give the target y.")
        return self.layer_parameters(number + 1).w.T * error.delta

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation in JSON's types.

        The document is this tree, key for key, under ``"format"`` and ``"version"``. Floats are exact; those that are
        not finite, which JSON lacks, are the texts ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``. Products of two
        numbers that both stand there (the summands of z and of BP2) are not repeated.
        """
        return {"format": FORMAT, "version": VERSION, **_plain(self)}

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the document of `to_dict` as JSON."""
        return json.dumps(self.to_dict(), allow_nan=False, ensure_ascii=False, indent=indent)


def explain(
    network: Network,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    loss: str = "quadratic",
    learning_rate: float = 0.1,
    encoding: Sequence[Encoded | tuple[str, str, str, str, float]] | None = None,
    output_names: Sequence[str] | None = None,
    target_scale: tuple[ArrayLike, ArrayLike] | None = None,
) -> Explanation:
    """Work one step of backpropagation for one example and keep every number.

    Parameters
    ----------
    network : Network
    x : array-like, ``(n_in,)`` or ``(1, n_in)``
    y : array-like, ``(n_out,)`` or ``(1, n_out)``, optional
        Without it there is a forward pass only.
    loss : str, default "quadratic"
        The cost is that of this example alone, without penalties.
    learning_rate : float, default 0.1
        μ of the step ``w ← w − μ ∂C/∂w``.
    encoding : sequence, optional
        For each input how it came from a table: (feature name, column, raw value, operation, value), as a tuple or an
        object with these attributes.
    output_names : sequence of str, optional
        What each output stands for: the classes, or the name of the target.
    target_scale : (mean, scale), optional
        The target is ``mean + scale · y``; each a number, or one number for each output.

    Returns
    -------
    Explanation

    Examples
    --------
    >>> from backlit.core.network import Network
    >>> network = Network.initialize([2, 2, 1], seed=1)
    >>> explain(network, [0.5, -1.0], [1.0]).examples[0].layer(2).error.delta.shape
    (2,)
    """
    if not 0 < learning_rate < float("inf"):
        raise InvalidInputError(f"learning_rate must be a positive number, but {learning_rate!r} came.")
    loss = check_loss_fits(network, loss)
    if y is None:
        rows = network.as_batch(x, "x", network.sizes[0])
        _check_one_finite_row(rows, "x")
        z, a = feedforward(network, rows)
        targets, backpass, after, cost_after = None, None, None, None
    else:
        rows, targets, _ = as_examples(network, x, y if np.ndim(y) else [y], None)
        _check_one_finite_row(rows, "x")
        _check_one_finite_row(targets, "y")
        with np.errstate(over="ignore"):
            backpass = backpropagate(network, rows, targets, loss=loss)
            z, a = backpass.z, backpass.a
            after = _descend(network, backpass, learning_rate)
            cost_after = float(cost(after, rows, targets, loss=loss))
    scale = None if target_scale is None else _target_scale(target_scale, network.sizes[-1])
    return Explanation(
        sizes=network.sizes,
        activations=network.activations,
        dtype=network.dtype,
        loss=loss,
        learning_rate=float(learning_rate),
        output_names=None if output_names is None else _names(output_names, network.sizes[-1]),
        target_scale=scale,
        examples=(_example(network, z, a, targets, backpass, loss, encoding, scale),),
        parameters=_parameters(network, backpass, after),
        cost=None if backpass is None else backpass.cost,
        cost_after=cost_after,
    )


def _descend(network: Network, backpass: Backpass, rate: float) -> Network:
    step = lambda theta, nabla, is_weight: SGD().step(theta, nabla, (), rate=rate, t=1, is_weight=is_weight)[0]  # noqa: E731
    return Network(
        tuple(step(w, nabla, True) for w, nabla in zip(network.weights, backpass.nabla_w, strict=True)),
        tuple(step(b, nabla, False) for b, nabla in zip(network.biases, backpass.nabla_b, strict=True)),
        network.activations,
    )


def _parameters(network: Network, backpass: Backpass | None, after: Network | None) -> tuple[ParameterTrace, ...]:
    def step(i: int) -> StepTrace | None:
        if backpass is None or after is None:
            return None
        return StepTrace(
            *map(_frozen, (backpass.nabla_w[i], backpass.nabla_b[i], after.weights[i], after.biases[i])),
        )

    pairs = zip(network.weights, network.biases, strict=True)
    return tuple(ParameterTrace(i + 2, _frozen(w), _frozen(b), step(i)) for i, (w, b) in enumerate(pairs))


def _example(
    network: Network,
    z: list[Array],
    a: list[Array],
    y: Array | None,
    backpass: Backpass | None,
    loss: str,
    encoding: Sequence[Encoded | tuple[str, str, str, str, float]] | None,
    scale: TargetScale | None,
) -> ExampleTrace:
    layers = []
    for i, activation in enumerate(network.activations):
        error = None if backpass is None else _error(network, backpass, y, loss, i)
        layers.append(
            LayerTrace(
                layer=i + 2,
                activation=activation,
                z=_row(z[i]),
                a=_row(a[i + 1]),
                sum_exp=_sum_exp(_row(z[i])) if get_activation(activation).couples else None,
                error=error,
            )
        )
    x = _row(a[0])
    return ExampleTrace(
        x=x,
        y=None if y is None else _row(y),
        encoding=None if encoding is None else _features(encoding, x),
        layers=tuple(layers),
        cost_summands=None if y is None else _row(_cost_summands(loss, network.activations[-1], z[-1], a[-1], y)),
        cost=None if backpass is None else backpass.cost,
        original_output=None if scale is None else _original(scale, _row(a[-1])),
        original_y=None if scale is None or y is None else _original(scale, _row(y)),
    )


def _error(network: Network, backpass: Backpass, y: Array, loss: str, i: int) -> ErrorTrace:
    z, a, delta = backpass.z[i], backpass.a[i + 1], backpass.delta[i]
    name = network.activations[i]
    activation = get_activation(name)
    is_output = i == len(network.weights) - 1
    with np.errstate(all="ignore"):  # a saturated output may divide by zero here; the short cut exists for that
        if is_output:
            nabla_a = get_loss(loss, name).nabla_a(a, y)
        else:
            nabla_a = backpass.delta[i + 1] @ network.weights[i + 1]
        general = bp1(nabla_a, z, name)
        mean = float(namespace(a).sum(a * nabla_a)) if activation.derivative is None else None
    return ErrorTrace(
        nabla_a=_row(nabla_a),
        sigma_prime=None if activation.derivative is None else _row(activation.derivative(z)),
        mean_nabla_a=mean,
        general=_row(general),
        delta=_row(delta),
        short_cut=is_output and (loss, name) in SHORT_CUTS,
    )


def _cost_summands(loss: str, activation: str, z: Array, a: Array, y: Array) -> Array:
    # the summands that `backlit.core.losses.cost_of_each` adds up
    from_z = FROM_Z.get((loss, activation))
    return get_loss(loss, activation).value(a, y) if from_z is None else from_z(get_activation(activation), z, a, y)


def _sum_exp(z: Floats) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(z.astype(np.float64)).sum())


def _features(encoding: Sequence[Encoded | tuple[str, str, str, str, float]], x: Floats) -> tuple[Feature, ...]:
    if len(encoding) != len(x):
        raise ShapeError(f"encoding must describe {len(x)} inputs, one by one, but describes {len(encoding)}.")
    features = []
    for k, step in enumerate(encoding):
        name, column, raw_value, operation, value = (
            step if isinstance(step, tuple) else (step.name, step.column, step.raw_value, step.operation, step.value)
        )
        if not np.isclose(value, x[k], rtol=1e-6, atol=0.0):
            raise InvalidInputError(
                f"encoding says that {name!r} is {value:g}, but x holds {x[k]:g} there. Both must be of the same row."
            )
        raw_text = "(missing)" if raw_value is None else str(raw_value)
        features.append(Feature(str(name), str(column), raw_text, str(operation), float(value)))
    return tuple(features)


def _names(names: Sequence[str], n_outputs: int) -> tuple[str, ...]:
    if len(names) != n_outputs:
        raise ShapeError(f"output_names must hold {n_outputs} names, one for each output, but holds {len(names)}.")
    return tuple(map(str, names))


def _target_scale(target_scale: tuple[ArrayLike, ArrayLike], n_outputs: int) -> TargetScale:
    mean, scale = (np.asarray(part, dtype=np.float64) for part in target_scale)
    for name, part in (("mean", mean), ("scale", scale)):
        if part.shape not in ((), (1,), (n_outputs,)):
            raise ShapeError(
                f"The {name} of target_scale must be one number, or one for each of {n_outputs} outputs, "
                f"but has the shape {part.shape}."
            )
    return TargetScale(*(tuple(np.broadcast_to(part, (n_outputs,)).tolist()) for part in (mean, scale)))


def _original(scale: TargetScale, values: Floats) -> Floats:
    return _frozen(np.asarray(scale.mean) + np.asarray(scale.scale) * values.astype(np.float64))


def _check_one_finite_row(batch: Array, name: str) -> None:
    if batch.shape[0] != 1:
        raise ShapeError(f"An explanation is of one example, but {name} has {batch.shape[0]} rows. Give one: {name}[:1].")
    xp = namespace(batch)
    if not bool(xp.all(xp.isfinite(batch))):
        raise InvalidInputError(f"{name} must hold finite numbers only, but has NaN or ±∞. Correct or impute the value.")


def _row(batch: Array) -> Floats:
    return _frozen(batch)[0]


def _frozen(array: Array) -> Floats:
    """Return a NumPy copy that nobody can write to; the network may go on training."""
    copy = np.array(array if isinstance(array, np.ndarray) else np.from_dlpack(array))
    copy.setflags(write=False)
    return copy


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist() if np.isfinite(value).all() else _plain(value.tolist())
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
