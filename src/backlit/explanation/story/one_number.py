"""How one number of a step comes about: the equation as the lecture states it, with the numbers that go into it.

The rows are those of the whole story; everything else is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backlit.explanation.story import backward, formulas, forward
from backlit.explanation.story.document import (
    Block,
    Definition,
    Equation,
    Equations,
    Maths,
    Number,
    Partial,
    Symbol,
)
from backlit.explanation.story.maths import CLOSE, OPEN, formula, number, pieces
from backlit.explanation.story.selection import FEW, Choice
from backlit.explanation.story.story import Story
from backlit.explanation.story.tell import batch_means
from backlit.explanation.trace.tree import WorkedStep

QUANTITIES = ("z", "a", "sigma_prime", "delta", "nabla_b", "nabla_w", "b_new", "w_new")

_DEFINITIONS = {
    "z": ("z^l = w^l a^{l−1} + b^l", "what comes in, each times its weight, and the bias"),
    "a": ("a^l = σ(z^l)", "what the neurons put out"),
    "sigma_prime": ("σ′(z)", "the slope of σ, at z"),
    "b_new": ("b ← b − μ ∂C/∂b", "a step against the gradient"),
    "w_new": ("w ← w − μ ∂C/∂w", "a step against the gradient"),
}
_NAMES = {"sigma_prime": "σ′", "b_new": "update", "w_new": "update"}


@dataclass(frozen=True)
class WorkedNumber:
    """One number, worked out.

    Attributes
    ----------
    blocks : tuple of Block
        The definition, and the equations that lead to the number, which stands at the end of the last one.
    symbol : Maths
        Its name: ``δ²_1``.
    value : float
    """

    blocks: tuple[Block, ...]
    symbol: Maths
    value: float


def work_number(explanation: WorkedStep, quantity: str, layer: int, index: tuple[int, ...]) -> WorkedNumber | None:
    """Work out one number.

    Parameters
    ----------
    explanation : WorkedStep
        With a target, unless it is z or a that is asked for.
    quantity : str
        One of `QUANTITIES`.
    layer : int
        Counted from 1, the input.
    index : tuple of int
        Counted from 0: neuron and example for z, a, σ′ and δ; neuron for biases; neuron and neuron before for weights.

    Returns
    -------
    WorkedNumber or None
        None if the story has no row for it.
    """
    # of a weight all examples of the batch are told, and nothing of the neuron's other weights
    terms, inputs = (None, [index[1] + 1]) if quantity in ("nabla_w", "w_new") else (FEW, None)
    story = Story(explanation, Choice([index[0] + 1], terms, [layer], inputs))
    if quantity in ("z", "a", "sigma_prime", "delta"):
        story.turn_to(index[1])
    symbol, before = _symbols(story, quantity, layer, index)
    if quantity == "sigma_prime":
        rows = _slope(story, layer, index[0])
    else:
        _WRITERS[quantity](story)
        written = [row for block in story.blocks if isinstance(block, Equations) for row in block.rows]
        rows = [row for row in written if row.parts[0][0] in (symbol[0], *before)]
    numbers = [row.parts[-1][-1] for row in rows if row.parts[0][0] == symbol[0]]
    if not numbers or not isinstance(numbers[-1], Number):
        return None
    equations = (Equations((row,)) for row in rows)
    return WorkedNumber((_definition(story, quantity, layer), *equations), symbol, numbers[-1].value)


def _definition(story: Story, quantity: str, layer: int) -> Definition:
    if quantity in _DEFINITIONS:
        text, meaning = _DEFINITIONS[quantity]
        if quantity == "sigma_prime":
            known = formulas.ACTIVATION_FORMULAS.get(story.example.layer(layer).activation)
            text += f" = {known.derivative}" if known and known.derivative else ""
        return Definition(_NAMES.get(quantity, quantity), formula(text), pieces(meaning))
    wanted = {"nabla_b": "BP3", "nabla_w": "BP4"}.get(quantity) or ("BP1" if layer == story.last else "BP2")
    told = Story(story.explanation, story.choice)  # of the first example, with which they are stated
    for write in (backward.output_error, backward.backpropagate, backward.gradients):
        write(told)
    return next(block for block in told.blocks if isinstance(block, Definition) and block.name == wanted)


def _symbols(story: Story, quantity: str, layer: int, index: tuple[int, ...]) -> tuple[Maths, tuple[Partial, ...]]:
    """Return the name of the number, and those of numbers that are worked out on the way to it."""
    j = index[0]
    if quantity == "sigma_prime":
        return (Symbol("σ′"), OPEN, story.z(layer, j), CLOSE), ()
    if quantity in ("nabla_w", "w_new"):
        parameter = story.w(layer, j, index[1])
    elif quantity in ("nabla_b", "b_new"):
        parameter = story.b(layer, j)
    else:
        symbol = {"z": story.z, "a": story.a, "delta": story.delta}[quantity](layer, j)
        on_the_way = (story.nabla_a(layer, j),) if quantity == "delta" and layer == story.last else ()
        return (symbol,), on_the_way
    if quantity in ("b_new", "w_new"):
        return (parameter,), ()
    return (Partial(Symbol("C"), parameter),), ()


def _slope(story: Story, layer: int, j: int) -> list[Equation]:
    trace, error = story.example.layer(layer), story.error(layer)
    if error.sigma_prime is None:
        return []
    at = (Symbol("σ′"), OPEN, *number(trace.z[j]), CLOSE)
    symbol: Maths = (Symbol("σ′"), OPEN, story.z(layer, j), CLOSE)
    return [Equation((symbol, at, number(error.sigma_prime[j])))]


def _delta(story: Story) -> None:
    backward.output_error(story)
    backward.backpropagate(story)


def _gradients(story: Story) -> None:
    if story.is_batch:
        batch_means(story)
    else:
        backward.gradients(story)


_WRITERS: Mapping[str, Callable[[Story], None]] = {
    "z": forward.feed_forward,
    "a": forward.feed_forward,
    "delta": _delta,
    "nabla_b": _gradients,
    "nabla_w": _gradients,
    "b_new": backward.descend,
    "w_new": backward.descend,
}
