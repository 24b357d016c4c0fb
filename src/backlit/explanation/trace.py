"""Work one step of backpropagation and keep every number.

The numbers are those of `backlit.core`: z, a, δ, the gradients and the cost are what `backpropagate` returned, bit for
bit, and the step is `SGD`'s. What stands beside them (∇_a C, σ′) is what the four equations were given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backlit.core.activations import get_activation
from backlit.core.backpropagation import Backpass, as_examples, backpropagate, bp1, check_loss_fits, cost
from backlit.core.losses import FROM_Z, SHORT_CUTS, get_loss
from backlit.core.namespace import Array, namespace
from backlit.core.network import Network, feedforward
from backlit.core.optimizers import SGD
from backlit.errors import InvalidInputError, ShapeError
from backlit.explanation.tree import (
    ErrorTrace,
    ExampleTrace,
    Explanation,
    Feature,
    Floats,
    LayerTrace,
    ParameterTrace,
    StepTrace,
    TargetScale,
)

__all__ = ["Explanation", "explain"]


def explain(
    network: Network,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    loss: str = "quadratic",
    learning_rate: float = 0.1,
    encoding: Sequence[Any] | None = None,
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
    def after(parameters: Sequence[Array], nablas: Sequence[Array], is_weight: bool) -> tuple[Array, ...]:
        pairs = zip(parameters, nablas, strict=True)
        return tuple(SGD().step(theta, nabla, (), rate=rate, t=1, is_weight=is_weight)[0] for theta, nabla in pairs)

    return Network(
        after(network.weights, backpass.nabla_w, True),
        after(network.biases, backpass.nabla_b, False),
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
    encoding: Sequence[Any] | None,
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
        nabla_a = get_loss(loss, name).nabla_a(a, y) if is_output else backpass.delta[i + 1] @ network.weights[i + 1]
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


def _features(encoding: Sequence[Any], x: Floats) -> tuple[Feature, ...]:
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
        raise ShapeError(
            f"An explanation is of one example, but {name} has {batch.shape[0]} rows. Give one: {name}[:1]."
        )
    xp = namespace(batch)
    if not bool(xp.all(xp.isfinite(batch))):
        raise InvalidInputError(
            f"{name} must hold finite numbers only, but has NaN or ±∞. Correct or impute the value."
        )


def _row(batch: Array) -> Floats:
    row: Floats = _frozen(batch)[0]
    return row


def _frozen(array: Array) -> Floats:
    """Return a NumPy copy that nobody can write to; the network may go on training."""
    copy = np.array(array if isinstance(array, np.ndarray) else np.from_dlpack(array))
    copy.setflags(write=False)
    return copy
