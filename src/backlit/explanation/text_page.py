"""The page that the steps of an explanation are written on: what is shown, and how a line is set."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from backlit.core.losses import get_loss
from backlit.explanation.layout import equations
from backlit.explanation.notation import LOSS_FORMULAS, LossFormula, Symbols, number
from backlit.explanation.selection import largest, shown_neurons
from backlit.explanation.tree import ErrorTrace, ExampleTrace, Explanation, Floats, LayerTrace, StepTrace


@dataclass
class Page:
    """One example of an explanation, what of it is to be shown, and the lines written so far.

    Neurons are given from 0 and written from 1; layers count from 1.

    Attributes
    ----------
    explanation : Explanation
    example : ExampleTrace
    digits : int
    neurons, terms : int or None
    width : int
        As `backlit.explanation.text.render_text` takes them.
    lines : list of str
    """

    explanation: Explanation
    example: ExampleTrace
    digits: int
    neurons: int | None
    terms: int | None
    width: int
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.symbols = Symbols(self.explanation.sizes)
        self.last = self.explanation.n_layers
        layers = range(2, self.last + 1)
        self.shown = {layer: shown_neurons(self.explanation, layer, self.neurons) for layer in layers}

    # Numbers and symbols

    def number(self, value: float | np.floating) -> str:
        """Write a number with the digits asked for."""
        return number(float(value), self.digits)

    def a(self, layer: int, j: int) -> str:
        """``a²_1``."""
        return self.symbols.of_neuron("a", layer, j)

    def z(self, layer: int, j: int) -> str:
        """``z²_1``."""
        return self.symbols.of_neuron("z", layer, j)

    def b(self, layer: int, j: int) -> str:
        """``b²_1``."""
        return self.symbols.of_neuron("b", layer, j)

    def delta(self, layer: int, j: int) -> str:
        """``δ²_1``."""
        return self.symbols.of_neuron("δ", layer, j)

    def w(self, layer: int, j: int, k: int) -> str:
        """``w²_11``."""
        return self.symbols.w(layer, j, k)

    def sum(
        self, values: Floats, result: float, symbol: Callable[[int], str], text: Callable[[int], str]
    ) -> tuple[list[str], list[str]]:
        """Return the largest terms of a sum, and one term for all others, as symbols and as numbers.

        Parameters
        ----------
        values : array, ``(n_terms,)``
            Tell which terms are large.
        result : float
            What all terms sum to. The others are what the shown ones leave of it, so that the line adds up also where
            float32 has rounded.
        symbol, text : callable
            The term with this place as symbols, and as numbers.
        """
        places = largest(values, self.terms)
        symbols, numbers = [symbol(k) for k in places], [text(k) for k in places]
        others = np.delete(values, places)
        if others.size:
            more = f"{others.size} {'more ' if places else ''}{'term' if others.size == 1 else 'terms'}"
            if others.any():
                symbols.append(f"(… {more})")
                numbers.append(self.number(result - values[places].astype(np.float64).sum()))
            else:
                symbols.append(f"(… {more}, all 0)")
                numbers = numbers or ["0"]
        return symbols, numbers

    # Parts of the tree

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
    def loss_formula(self) -> LossFormula | None:
        """How the loss is written; None if only its numbers are known."""
        return LOSS_FORMULAS.get(get_loss(self.explanation.loss, self.explanation.activations[-1]))

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

    # Lines

    def heading(self, text: str) -> None:
        """Begin a step."""
        self.lines += ["", f"── {text} ".ljust(self.width, "─")]

    def say(self, text: str, indent: str = "  ") -> None:
        """Write a sentence."""
        self.lines += textwrap.wrap(
            text, self.width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )

    def definition(self, name: str, formula: str, meaning: str) -> None:
        """Write one of the four equations as the lecture states it."""
        self.say(f"{name}   {formula}")
        self.say(meaning, indent="        ")

    def subheading(self, text: str, remark: str = "") -> None:
        """Write the title of a block, with a remark where it fits."""
        self.lines.append("")
        whole = f"  {text}   {remark}" if remark else f"  {text}"
        if len(whole) <= self.width:
            self.lines.append(whole)
            return
        self.say(text)
        if remark:
            self.say(remark, indent="    ")

    def layer(self, layer: int, text: str) -> None:
        """Write the title of a layer, of which only some neurons may be shown."""
        shown, size = len(self.shown[layer]), self.explanation.sizes[layer - 1]
        self.subheading(f"Layer {layer}   {text}", f"[{shown} of {size} neurons]" if shown < size else "")

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Write equations, each given by its parts."""
        self.lines += equations(rows, self.width)
