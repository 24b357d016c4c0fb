"""The story from its beginning to its end: the six steps of the lecture for each example, and what a batch adds.

How it is set is up to `backlit.explanation.views`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backlit.explanation.story import backward, forward
from backlit.explanation.story.document import Document, Literal, Maths, Name, Partial, Sign, Symbol
from backlit.explanation.story.maths import CLOSE, OPEN, formula, number, total
from backlit.explanation.story.selection import Choice
from backlit.explanation.story.story import Story
from backlit.explanation.trace.tree import Floats, WorkedStep


def tell(explanation: WorkedStep, choice: Choice, digits: int) -> Document:
    """Return the document of an explanation."""
    story = Story(explanation, choice)
    forward.title(story)
    for index in range(len(explanation.examples)):
        story.turn_to(index)
        if story.is_batch:
            _begin_example(story)
        forward.input_layer(story)
        forward.feed_forward(story)
        if story.example.y is not None:
            forward.cost(story)
            backward.output_error(story)
            backward.backpropagate(story)
            backward.gradients(story)
    if story.example.y is None:
        forward.end_without_target(story)
    else:
        if story.is_batch:
            batch_means(story)
        backward.descend(story)
    return Document(tuple(story.blocks), digits)


def _begin_example(story: Story) -> None:
    """Begin the part of one example of a batch."""
    name = story.example.name
    title = f"Example {story.index + 1} of {len(story.explanation.examples)}"
    story.part(title, *((": ", Name(name)) if name else ()))


def batch_means(story: Story) -> None:
    """Step 5 for the batch: ``C = (1/n) Σ_x C_x``, ``∂C/∂w = (1/n) Σ_x ∂C_x/∂w``, and the same for b."""
    n = len(story.explanation.examples)
    story.part("The batch")
    story.heading("5. Gradients of the batch")
    costs, cost = [each.cost for each in story.explanation.examples], story.explanation.cost
    assert cost is not None
    story.subheading("Cost of the batch   ", formula(f"C = (Σ_x C_x) / {n}"))
    story.rows([_mean(story, np.array(costs, dtype=np.float64), cost, lambda of: (of,))])
    story.say(f"$∂C/∂w = (Σ_x ∂C_x/∂w) / {n}$,   $∂C/∂b = (Σ_x ∂C_x/∂b) / {n}$")
    for layer in reversed(story.layers):
        _gradients(story, layer)


def _gradients(story: Story, layer: int) -> None:
    examples = story.explanation.examples
    errors = [each.layer(layer).error for each in examples]
    delta = np.stack([error.delta for error in errors if error is not None])
    a_previous = np.stack([each.activations(layer - 1) for each in examples])
    step, entries, shown = story.step(layer), story.entries(layer), story.shown[layer]
    n_shown, n_all = len(entries) + len(shown), step.nabla_w.size + step.nabla_b.size
    story.subheading(f"Layer {layer}", remark=f"[{n_shown} of {n_all} parameters]" if n_shown < n_all else "")
    story.rows(
        [
            _mean(story, a_previous[:, k] * delta[:, j], step.nabla_w[j, k], _by(story.w(layer, j, k)))
            for j, k in entries
        ]
    )
    story.rows([_mean(story, delta[:, j], step.nabla_b[j], _by(story.b(layer, j))) for j in shown])


def _by(parameter: Symbol) -> Callable[[Symbol], Maths]:
    return lambda of: (Partial(of, parameter),)


def _mean(story: Story, values: Floats, mean: float, symbol: Callable[[Symbol], Maths]) -> list[Maths]:
    """``∂C/∂w²_11 = (∂C_1/∂w²_11 + ∂C_2/∂w²_11) / 2``, or of what else `symbol` makes of C, C_1, …."""
    n = len(values)
    symbols, numbers = story.sum(
        values, n * float(mean), lambda x: symbol(Symbol("C", sub=str(x + 1))), lambda x: number(values[x])
    )
    by_n: Maths = (CLOSE, Sign(" / "), Literal(str(n)))
    return [symbol(Symbol("C")), (OPEN, *total(symbols), *by_n), (OPEN, *total(numbers), *by_n), number(mean)]
