"""Every number that a pass of backpropagation gives for each of its examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.backpropagation import bp1
from backlit.core.likelihood_losses import FROM_Z, SHORT_CUTS
from backlit.core.losses import get_loss
from backlit.core.namespace import Array, namespace
from backlit.core.network import Network
from backlit.errors import ShapeError
from backlit.explanation.trace.provenance import features, names_of, original
from backlit.explanation.trace.tree import ErrorTrace, ExampleTrace, Floats, LayerTrace, TargetScale, frozen


@dataclass(frozen=True, eq=False)
class Pass:
    """A forward pass over a batch, and a backward pass where there is a y.

    Attributes
    ----------
    network : Network
    loss : str
    y : array, ``(n_examples, n_out)``, or None
    z, a : list of array
        As `backlit.core.network.feedforward` returned them.
    delta : list of array, or None
        As `backlit.core.backpropagation.backpropagate` returned it.
    """

    network: Network
    loss: str
    y: Array | None
    z: list[Array]
    a: list[Array]
    delta: list[Array] | None


def trace_examples(
    batch: Pass,
    *,
    scale: TargetScale | None = None,
    names: Sequence[str] | None = None,
    encodings: Sequence[Sequence[Any]] | None = None,
) -> tuple[ExampleTrace, ...]:
    """Return the trace of each example.

    Parameters
    ----------
    batch : Pass
    scale : TargetScale, optional
    names : sequence of str, optional
        What each example is called.
    encodings : sequence, optional
        For each example, how each input came from a table; see `backlit.explanation.trace.provenance.features`.
    """
    x, outputs = frozen(batch.a[0]), frozen(batch.a[-1])
    y = None if batch.y is None else frozen(batch.y)
    n = len(x)
    if encodings is not None and len(encodings) != n:
        raise ShapeError(f"encodings must describe {n} examples, one by one, but describes {len(encodings)}.")
    called = (None,) * n if names is None else names_of("example", names, n)
    layers = list(zip(*(_layer(batch, i) for i in range(len(batch.z))), strict=True))
    summands = None if batch.y is None else _cost_summands(batch)
    costs = None if summands is None else namespace(summands).sum(summands, axis=-1)
    return tuple(
        ExampleTrace(
            name=called[e],
            x=x[e],
            y=None if y is None else y[e],
            encoding=None if encodings is None else features(encodings[e], x[e]),
            layers=layers[e],
            cost_summands=None if summands is None else frozen(summands)[e],
            cost=None if costs is None else float(costs[e]),
            original_output=None if scale is None else frozen(original(scale, outputs[e])),
            original_y=None if scale is None or y is None else frozen(original(scale, y[e])),
        )
        for e in range(n)
    )


def _layer(batch: Pass, i: int) -> list[LayerTrace]:
    """Return layer i + 2 of each example."""
    name, z, a = batch.network.activations[i], frozen(batch.z[i]), frozen(batch.a[i + 1])
    couples = get_activation(name).couples
    errors = [None] * len(z) if batch.delta is None else _errors(batch, batch.delta, i)
    return [LayerTrace(i + 2, name, z[e], a[e], _sum_exp(z[e]) if couples else None, errors[e]) for e in range(len(z))]


def _errors(batch: Pass, deltas: list[Array], i: int) -> list[ErrorTrace]:
    z, a, delta = batch.z[i], batch.a[i + 1], frozen(deltas[i])
    name = batch.network.activations[i]
    activation = get_activation(name)
    is_output = i == len(deltas) - 1
    with np.errstate(all="ignore"):  # a saturated output may divide by zero here; the short cut exists for that
        if is_output:
            nabla_a = get_loss(batch.loss, name).nabla_a(a, batch.y)
        else:
            nabla_a = deltas[i + 1] @ batch.network.weights[i + 1]
        general = frozen(bp1(nabla_a, z, name))
        sigma_prime = None if activation.derivative is None else frozen(activation.derivative(z))
        means = frozen(namespace(a).sum(a * nabla_a, axis=-1))
    nabla_a = frozen(nabla_a)
    return [
        ErrorTrace(
            nabla_a=nabla_a[e],
            sigma_prime=None if sigma_prime is None else sigma_prime[e],
            mean_nabla_a=float(means[e]) if sigma_prime is None else None,
            general=general[e],
            delta=delta[e],
            short_cut=is_output and (batch.loss, name) in SHORT_CUTS,
        )
        for e in range(len(delta))
    ]


def _cost_summands(batch: Pass) -> Array:
    # the summands that `backlit.core.losses.cost_of_each` adds up
    loss, name, z, a = batch.loss, batch.network.activations[-1], batch.z[-1], batch.a[-1]
    from_z = FROM_Z.get((loss, name))
    return get_loss(loss, name).value(a, batch.y) if from_z is None else from_z(get_activation(name), z, a, batch.y)


def _sum_exp(z: Floats) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(z.astype(np.float64)).sum())
