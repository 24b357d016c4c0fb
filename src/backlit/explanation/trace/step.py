"""Work through one step of backpropagation and keep every number.

The numbers are those of `backlit.core`: z, a, δ, the gradients and the cost are what `backpropagate` returned, bit for
bit, and the step is `SGD`'s. The numbers beside them (∇_a C, σ′) are what went into the four equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backlit.core.backpropagation import Backpass, as_examples, backpropagate, check_loss_fits, cost
from backlit.core.namespace import Array, namespace
from backlit.core.network import Network, feedforward
from backlit.core.optimizers import SGD
from backlit.errors import InvalidInputError, ShapeError
from backlit.explanation.trace.examples import Pass, trace_examples
from backlit.explanation.trace.network_with_examples import ModelFacts, NetworkWithExamples
from backlit.explanation.trace.provenance import names_of, scale_of
from backlit.explanation.trace.tree import ParameterTrace, StepTrace, WorkedStep, frozen

MOST_EXAMPLES = 32
"""The largest batch: each of its examples is shown in full."""


def work_step(given: NetworkWithExamples, facts: ModelFacts, example_names: Sequence[str] | None = None) -> WorkedStep:
    """Work through one step of backpropagation.

    Parameters
    ----------
    given : NetworkWithExamples
        Its y may be None.
    facts : ModelFacts
        With a learning rate.
    example_names : sequence of str, optional
    """
    network, rate = given.network, facts.learning_rate
    if not isinstance(rate, int | float | np.floating) or not 0 < rate < float("inf"):
        raise InvalidInputError(f"learning_rate must be a positive number, but {rate!r} came.")
    loss = check_loss_fits(network, given.loss)
    x, y = network.as_batch(given.x, "x", network.sizes[0]), given.y
    _check_examples(x, "x")
    backpass, after, cost_after = None, None, None
    if y is None:
        z, a = feedforward(network, x)
    else:
        x, y, _ = as_examples(network, x, _as_rows(y, x.shape[0], network.sizes[-1]), None)
        _check_examples(y, "y")
        with np.errstate(over="ignore"):
            backpass = backpropagate(network, x, y, loss=loss)
            z, a = backpass.z, backpass.a
            after = _descend(network, backpass, rate)
            cost_after = float(cost(after, x, y, loss=loss))
    n_outputs = network.sizes[-1]
    scale = facts.target_scale and scale_of(facts.target_scale, n_outputs, facts.target_range)
    names = facts.output_names
    return WorkedStep(
        sizes=network.sizes,
        activations=network.activations,
        dtype=network.dtype,
        loss=loss,
        learning_rate=float(rate),
        output_names=None if names is None else names_of("output", names, n_outputs),
        target_scale=scale,
        examples=trace_examples(
            Pass(network, loss, y, z, a, None if backpass is None else backpass.delta),
            scale=scale,
            names=example_names,
            encodings=None if facts.encodings is None else facts.encodings(),
        ),
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
            *map(frozen, (backpass.nabla_w[i], backpass.nabla_b[i], after.weights[i], after.biases[i])),
        )

    alphas = [getattr(activation, "alpha", None) for activation in network.activations]
    each = zip(network.weights, network.biases, alphas, strict=True)
    return tuple(
        ParameterTrace(i + 2, frozen(w), frozen(b), step(i), None if alpha is None else frozen(alpha))
        for i, (w, b, alpha) in enumerate(each)
    )


def _as_rows(y: Any, n_examples: int, n_outputs: int) -> Any:
    # one output takes a plain number per example
    if n_outputs > 1 or np.ndim(y) > 1:
        return y
    if np.ndim(y) == 0:
        return [y]
    if len(y) != n_examples:
        raise ShapeError(f"y must hold {n_examples} numbers, one for each example, but holds {len(y)}.")
    return y.reshape(-1, 1) if hasattr(y, "reshape") else [[value] for value in y]


def _check_examples(batch: Array, name: str) -> None:
    if not 1 <= batch.shape[0] <= MOST_EXAMPLES:
        raise ShapeError(
            f"An explanation takes 1 to {MOST_EXAMPLES} examples, each worked in full, but {name} has "
            f"{batch.shape[0]:,} rows. Give a few of them, such as {name}[:3]."
        )
    xp = namespace(batch)
    if not bool(xp.all(xp.isfinite(batch))):
        raise InvalidInputError(
            f"{name} must hold finite numbers only, but has NaN or ±∞. Correct or impute the value."
        )
