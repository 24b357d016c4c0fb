"""What the examples of a batch share: the cost and the gradients, each the mean of the examples' own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backlit.explanation.document import Literal, Maths, Partial, Sign, Symbol
from backlit.explanation.maths import CLOSE, OPEN, SPACE, formula, number, product, total
from backlit.explanation.story import Story
from backlit.explanation.story_backward import define_bp3, define_bp4, weight_title
from backlit.explanation.tree import Floats


def cost(story: Story) -> None:
    """``C = (1/n) Σ_x C_x``."""
    explanation = story.explanation
    assert explanation.cost is not None
    story.subheading("The cost of the batch   $C = (1 / n) Σ_x C_x$")
    costs = np.asarray([example.cost for example in explanation.examples], dtype=np.float64)
    symbols, numbers = story.sum(
        costs,
        explanation.cost * len(costs),
        lambda i: (Symbol("C", sub=str(i + 1)),),
        lambda i: number(costs[i]),
    )
    story.rows([_mean(story, (Symbol("C"),), total(symbols), numbers, explanation.cost)])


def gradients(story: Story) -> None:
    """Step 5 for a batch: the mean over the examples of BP3, and of BP4."""
    story.heading("5. Gradients")
    story.say("The gradient of a batch is the mean of its examples' gradients, $Σ_x$ being the sum over the examples.")
    define_bp3(story)
    for layer in reversed(story.layers):
        story.layer(layer, f"$∂C/∂b^{{{layer}}} = (1 / n) Σ_x δ^{{{layer}}}$")
        nabla_b, delta = story.step(layer).nabla_b, _deltas(story, layer)
        story.rows(
            [
                _row(
                    story,
                    Partial(Symbol("C"), story.b(layer, j)),
                    (story.delta(layer, j),),
                    delta[:, j],
                    lambda i, j=j, delta=delta: number(delta[i, j]),  # type: ignore[misc]
                    nabla_b[j],
                )
                for j in story.shown[layer]
            ]
        )
    define_bp4(story)
    for layer in reversed(story.layers):
        _weight_gradient(story, layer)


def _deltas(story: Story, layer: int) -> Floats:
    errors = [example.layer(layer).error for example in story.explanation.examples]
    return np.stack([error.delta for error in errors if error is not None])


def _weight_gradient(story: Story, layer: int) -> None:
    nabla_w, delta, entries = story.step(layer).nabla_w, _deltas(story, layer), story.entries(layer)
    a_previous = np.stack([example.activations(layer - 1) for example in story.explanation.examples])
    weight_title(story, layer, entries, f"∂C/∂w^{{{layer}}} = (1 / n) Σ_x δ^{{{layer}}} (a^{{{layer - 1}}})ᵀ")
    rows = []
    for j, k in entries:
        summands = a_previous[:, k] * delta[:, j]

        def numbers(i: int, j: int = j, k: int = k) -> Maths:
            return product(number(a_previous[i, k]), number(delta[i, j]))

        symbols = (story.a(layer - 1, k), SPACE, story.delta(layer, j))
        rows.append(
            _row(story, Partial(Symbol("C"), story.w(layer, j, k)), symbols, summands, numbers, nabla_w[j, k])
        )
    story.rows(rows)


def _row(
    story: Story,
    left: Partial,
    symbols: Maths,
    summands: Floats,
    number_of: Callable[[int], Maths],
    result: float,
) -> list[Maths]:
    _, numbers = story.sum(summands, float(result) * len(summands), lambda i: number(summands[i]), number_of)
    return _mean(story, (left,), (*formula("Σ_x "), *symbols), numbers, result)


def _mean(story: Story, left: Maths, symbols: Maths, numbers: list[Maths], result: float) -> list[Maths]:
    n = Literal(str(len(story.explanation.examples)))
    return [
        left,
        (OPEN, *symbols, CLOSE, Sign(" / "), n),
        (OPEN, *total(numbers), CLOSE, Sign(" / "), n),
        number(result),
    ]
