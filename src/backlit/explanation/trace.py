"""Work one step of backpropagation and keep every number.

The numbers are those of `backlit.core`: z, a, δ, the gradients and the cost are what `backpropagate` returned, bit for
bit, and the step is `SGD`'s. What stands beside them (∇_a C, σ′) is what the four equations were given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backlit.core.backpropagation import Backpass, as_examples, backpropagate, check_loss_fits, cost
from backlit.core.namespace import Array, namespace
from backlit.core.network import Network, feedforward
from backlit.core.optimizers import SGD
from backlit.errors import InvalidInputError, ShapeError
from backlit.explanation.explanation import Explanation
from backlit.explanation.problem import HasProblem, Problem, Setting, as_problem
from backlit.explanation.provenance import names_of, scale_of
from backlit.explanation.trace_examples import Pass, trace_examples
from backlit.explanation.tree import ParameterTrace, StepTrace, frozen

__all__ = ["MOST_EXAMPLES", "Explanation", "explain", "trace"]

MOST_EXAMPLES = 32
"""Each example of a batch is worked in full, so a batch must be small."""


def explain(
    model: Network | HasProblem,
    x: Any = None,
    y: Any = None,
    *,
    loss: str | None = None,
    learning_rate: float | None = None,
    example_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    target_scale: tuple[ArrayLike, ArrayLike] | None = None,
    encodings: Sequence[Sequence[Any]] | None = None,
) -> Explanation:
    """Work one step of backpropagation, for one example or a small batch, and keep every number.

    Parameters
    ----------
    model : Network, fitted estimator, TableModel or Exercise
    x : optional
        Up to 32 examples as the model takes them: an array ``(n_examples, n_in)`` or ``(n_in,)`` for a network or an
        estimator, a table for a model of tables. An exercise holds its own.
    y : optional
        Their targets: an array ``(n_examples, n_out)`` or ``(n_out,)`` for a network, labels or numbers for an
        estimator; a model of tables finds them in the table. Without them there is a forward pass only.
    loss : str, optional
        Default: the model's own; for a network, quadratic. The cost is that of these examples alone, without penalties.
    learning_rate : float, optional
        μ of the step ``w ← w − μ ∂C/∂w``. Default: that of the model's training; for a network 0.1.
    example_names : sequence of str, optional
        What each example is called, such as ``"row 3"``.
    output_names : sequence of str, optional
        What each output stands for. Default: the model's classes, or the name of its target.
    target_scale : (mean, scale), optional
        The target is ``mean + scale · y``; each a number, or one number for each output. Default: the model's.
    encodings : sequence, optional
        For each example, for each input how it came from a table: (feature name, column, raw value, operation, value),
        as a tuple or an object with these attributes. Default: the encoder's work, for a model of tables.

    Returns
    -------
    Explanation

    Examples
    --------
    >>> import backlit as bl
    >>> network = bl.Network.initialize([2, 2, 1], seed=1)
    >>> explanation = bl.explain(network, [[0.5, -1.0], [1.0, 0.0]], [[1.0], [0.0]])
    >>> explanation.examples[0].layer(2).error.delta.shape
    (2,)
    >>> explanation.cost_after < explanation.cost
    True
    """
    problem = as_problem(model, x, y, loss, needs_y=False)
    own = problem.setting
    setting = Setting(
        learning_rate=next((rate for rate in (learning_rate, own.learning_rate) if rate is not None), 0.1),
        output_names=own.output_names if output_names is None else output_names,
        target_scale=own.target_scale if target_scale is None else target_scale,
        encodings=own.encodings if encodings is None else lambda: encodings,
    )
    return trace(problem, setting, example_names)


def trace(problem: Problem, setting: Setting, example_names: Sequence[str] | None = None) -> Explanation:
    """Do the work of `explain` on a problem.

    Parameters
    ----------
    problem : Problem
        Its y may be None.
    setting : Setting
        With a learning rate.
    example_names : sequence of str, optional
    """
    network, rate = problem.network, setting.learning_rate
    if not isinstance(rate, int | float | np.floating) or not 0 < rate < float("inf"):
        raise InvalidInputError(f"learning_rate must be a positive number, but {rate!r} came.")
    loss = check_loss_fits(network, problem.loss)
    x, y = network.as_batch(problem.x, "x", network.sizes[0]), problem.y
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
    scale = None if setting.target_scale is None else scale_of(setting.target_scale, n_outputs)
    names = setting.output_names
    return Explanation(
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
            encodings=None if setting.encodings is None else setting.encodings(),
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

    pairs = zip(network.weights, network.biases, strict=True)
    return tuple(ParameterTrace(i + 2, frozen(w), frozen(b), step(i)) for i, (w, b) in enumerate(pairs))


def _as_rows(y: Any, n_examples: int, n_outputs: int) -> Any:
    # one output takes a plain number an example
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
            f"An explanation is of 1 to {MOST_EXAMPLES} examples, each worked in full, but {name} has "
            f"{batch.shape[0]:,} rows. Give a few of them, such as {name}[:3]."
        )
    xp = namespace(batch)
    if not bool(xp.all(xp.isfinite(batch))):
        raise InvalidInputError(
            f"{name} must hold finite numbers only, but has NaN or ±∞. Correct or impute the value."
        )
