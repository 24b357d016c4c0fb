"""The story while it is written: what is to be said of a step, the names of its numbers, and the blocks so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from backlit.core.losses import get_loss
from backlit.explanation.story import formulas
from backlit.explanation.story.document import (
    Block,
    Definition,
    Equation,
    Equations,
    Heading,
    Maths,
    More,
    Name,
    Partial,
    Sentence,
    Sign,
    Symbol,
)
from backlit.explanation.story.maths import Symbols, formula, number, pieces
from backlit.explanation.story.selection import (
    Choice,
    largest,
    largest_entries,
    shown_layers,
    shown_neurons,
)
from backlit.explanation.trace.tree import ErrorTrace, ExampleTrace, Floats, LayerTrace, StepTrace, WorkedStep


class Story:
    """An explanation, what of it is to be shown, and the blocks written so far.

    Neurons are given from 0 and written from 1; layers count from 1.

    Parameters
    ----------
    explanation : WorkedStep
    choice : Choice
    """

    def __init__(self, explanation: WorkedStep, choice: Choice) -> None:
        self.explanation, self.choice = explanation, choice
        self.is_batch = len(explanation.examples) > 1
        self.turn_to(0)
        self.symbols = Symbols(explanation.sizes)
        self.last = explanation.n_layers
        self.layers = shown_layers(explanation, choice.layers)
        layers = range(2, self.last + 1)
        self.shown = {layer: shown_neurons(explanation, layer, choice.neurons) for layer in layers}
        self.blocks: list[Block] = []

    def turn_to(self, index: int) -> None:
        """Go on with this example."""
        self.index = index

    # Symbols

    @property
    def cost(self) -> Symbol:
        """``C``, or where there are several examples that of this one, ``C_1``."""
        return Symbol("C", sub=str(self.index + 1) if self.is_batch else "")

    def a(self, layer: int, j: int) -> Symbol:
        """``a²_1``."""
        return self.symbols.of_neuron("a", layer, j)

    def z(self, layer: int, j: int) -> Symbol:
        """``z²_1``."""
        return self.symbols.of_neuron("z", layer, j)

    def b(self, layer: int, j: int) -> Symbol:
        """``b²_1``."""
        return self.symbols.of_neuron("b", layer, j)

    def alpha(self, layer: int, j: int) -> Symbol:
        """``α²_1``."""
        return self.symbols.of_neuron("α", layer, j)

    def delta(self, layer: int, j: int) -> Symbol:
        """``δ²_1``."""
        return self.symbols.of_neuron("δ", layer, j)

    def w(self, layer: int, j: int, k: int) -> Symbol:
        """``w²_11``."""
        return self.symbols.w(layer, j, k)

    def y_symbol(self, j: int) -> Symbol:
        """``y_1``."""
        return Symbol("y", sub=str(j + 1))

    def nabla_a(self, layer: int, j: int) -> Partial:
        """``∂C/∂a²_1``."""
        return Partial(self.cost, self.a(layer, j))

    def sum(
        self, values: Floats, result: float, symbol: Callable[[int], Maths], text: Callable[[int], Maths]
    ) -> tuple[list[Maths], list[Maths]]:
        """Return the largest terms of a sum, and one term for all others, as symbols and as numbers.

        Parameters
        ----------
        values : array, ``(n_terms,)``
            Tell which terms are large.
        result : float
            What all terms sum to. The terms not shown are given as the rest of it, so that the line adds up even where
            float32 has rounded.
        symbol, text : callable
            The term with this place as symbols, and as numbers.
        """
        places = largest(values, self.choice.terms)
        symbols, numbers = [symbol(k) for k in places], [text(k) for k in places]
        others = np.delete(values, places)
        if others.size:
            left = float(result - values[places].astype(np.float64).sum()) if others.any() else None
            symbols.append((More(int(others.size), bool(places), left),))
            if left is not None:
                numbers.append(number(left))
            numbers = numbers or [formula("0")]
        return symbols, numbers

    def entries(self, layer: int) -> list[tuple[int, int]]:
        """Return the places (j, k) of the weights of a layer whose gradients are shown."""
        chosen, nabla_w = self.choice.neurons, self.step(layer).nabla_w
        if chosen is None or isinstance(chosen, int):
            return largest_entries(nabla_w, self.choice.terms)
        rows = self.shown[layer]
        if self.choice.inputs is not None:
            return [(j, k - 1) for j in rows for k in self.choice.inputs]
        # of the neurons that were asked for, the largest entries of each
        return [(j, k) for j in rows for k in sorted(largest(nabla_w[j], self.choice.terms))]

    # Parts of the tree

    @property
    def example(self) -> ExampleTrace:
        """The example that is told of."""
        return self.explanation.examples[self.index]

    @property
    def output(self) -> LayerTrace:
        """The last layer."""
        return self.example.layer(self.last)

    @property
    def y(self) -> Floats:
        """The target, of an explanation that has one."""
        assert self.example.y is not None
        return self.example.y

    @property
    def loss_formula(self) -> formulas.LossFormula | None:
        """How the loss is written; None if only its numbers are known."""
        return formulas.loss_formula(get_loss(self.explanation.loss, self.explanation.activations[-1]))

    @property
    def saturated(self) -> bool:
        """Whether an output is so near its limit that only formulas in z still give the cost and δ^L."""
        error = self.error(self.last)
        return error.short_cut and not np.allclose(error.general, error.delta, rtol=1e-4, atol=1e-6)

    def error(self, layer: int) -> ErrorTrace:
        """δ^l and what it was made of, of an explanation with a target."""
        error = self.example.layer(layer).error
        assert error is not None
        return error

    def step(self, layer: int) -> StepTrace:
        """Gradient and step of a layer, of an explanation with a target."""
        step = self.explanation.layer_parameters(layer).step
        assert step is not None
        return step

    # Blocks

    def part(self, *parts: str | Name) -> None:
        """Begin a part: an example, or the batch."""
        self.blocks.append(Heading(1, parts))

    def heading(self, text: str) -> None:
        """Begin a step."""
        self.blocks.append(Heading(2, (text,)))

    def say(self, *parts: str | Name | Maths, depth: int = 1, answer: bool = False) -> None:
        """Write a sentence; formulas in plain notation stand between dollar signs."""
        self.blocks.append(Sentence(pieces(*parts), depth, answer))

    def definition(self, name: str, text: str, meaning: str) -> None:
        """Write one of the four equations as the lecture states it, where it is first used."""
        if self.index == 0:
            self.blocks.append(Definition(name, formula(text), pieces(meaning)))

    def subheading(self, *parts: str | Name | Maths, remark: str = "") -> None:
        """Write the title of a block, with a remark."""
        self.blocks.append(Heading(3, pieces(*parts), remark))

    def layer(self, layer: int, *parts: str | Maths) -> None:
        """Write the title of a layer, of which only some neurons may be shown."""
        shown, size = len(self.shown[layer]), self.explanation.sizes[layer - 1]
        remark = f"[{shown} of {size} neurons]" if shown < size else ""
        self.subheading(f"Layer {layer}   ", *parts, remark=remark)

    def rows(self, rows: Sequence[Sequence[Maths]], *, given: bool = False, flow: bool = False) -> None:
        """Write equations, each given by its parts."""
        if rows:
            self.blocks.append(Equations(tuple(Equation(tuple(row)) for row in rows), given, flow))


def arrow(left: Maths, right: Maths) -> Maths:
    """``left ← right``."""
    return (*left, Sign(" ← "), *right)
