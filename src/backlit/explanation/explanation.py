"""The tree that holds every number of one worked step of backpropagation, and its views."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np

from backlit.errors import InvalidInputError
from backlit.explanation.tree import ExampleTrace, Floats, ParameterTrace, TargetScale

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text


class Options(TypedDict, total=False):
    """What of an explanation a view shows, and how; see `backlit.explanation.render`."""

    digits: int
    layers: Sequence[int] | None
    neurons: int | Sequence[int] | None
    terms: int | None
    worksheet: bool


@dataclass(frozen=True, eq=False, repr=False)
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
        The batch; often just one.
    parameters : tuple of ParameterTrace
        Layers 2 to L.
    cost, cost_after : float or None
        C, the mean of the examples' C_x, before the step and after it; None where there is no y.
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
        return self.layer_parameters(number + 1).w.T * self._delta(number + 1, example)

    def nabla_w(self, number: int, example: int = 0) -> Floats:
        """∂C_x/∂w^l of one example, ``(n_l, n_{l−1})``: BP4, ``a^{l−1}_k δ^l_j``."""
        return np.outer(self._delta(number, example), self.examples[example].activations(number - 1))

    def _delta(self, number: int, example: int) -> Floats:
        error = self.examples[example].layer(number).error
        if error is None:
            raise InvalidInputError("There is no δ in this explanation: it was made without y. Give the target y.")
        return error.delta

    def __repr__(self) -> str:
        sizes, n = "-".join(map(str, self.sizes)), len(self.examples)
        costs = "" if self.cost is None else f", cost {self.cost:.6g} → {self.cost_after:.6g}"
        return f"<Explanation of {n} example{'s' * (n > 1)}, network {sizes}{costs}>"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html(fragment=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from backlit.explanation.colors import colored

        yield colored(self.to_text(width=max(60, min(options.max_width, 120))))

    def to_text(self, *, width: int = 88, **options: Unpack[Options]) -> str:
        """Return it as plain text on lines of `width` columns; for options see `backlit.explanation.render`."""
        from backlit.explanation.render import render

        return render(self, "text", width=width, **options)

    def to_markdown(self, **options: Unpack[Options]) -> str:
        """Return it as Markdown with formulas between dollar signs; for options see `backlit.explanation.render`."""
        from backlit.explanation.render import render

        return render(self, "markdown", **options)

    def to_latex(self, **options: Unpack[Options]) -> str:
        """Return it as an article for ``pdflatex``; for options see `backlit.explanation.render`."""
        from backlit.explanation.render import render

        return render(self, "latex", **options)

    def to_html(self, *, fragment: bool = False, **options: Unpack[Options]) -> str:
        """Return it as a page that asks for nothing from outside; for options see `backlit.explanation.render`.

        With `fragment`, return what goes into the body of another page; notebooks show that by themselves.
        """
        from backlit.explanation.render import render

        return render(self, "fragment" if fragment else "html", **options)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation in JSON's types.

        The document is this tree, key for key, under ``"format"`` and ``"version"``; `json_schema` describes it. Floats
        are exact; those that are not finite, which JSON lacks, are the texts ``"NaN"``, ``"Infinity"`` and
        ``"-Infinity"``. Products of two numbers that both stand there (the summands of z and of BP2, an example's own
        gradient) are not repeated.
        """
        from backlit.explanation.json_document import to_document

        return to_document(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the document of `to_dict` as JSON."""
        return json.dumps(self.to_dict(), allow_nan=False, ensure_ascii=False, indent=indent)

    @classmethod
    def from_dict(cls, document: object) -> Explanation:
        """Return what `to_dict` gave, bit for bit.

        Raises
        ------
        InvalidInputError
            If it is no explanation, is of another version, or a field is wrong; names the field.
        """
        from backlit.explanation.json_document import from_document

        return from_document(document)

    @classmethod
    def from_json(cls, text: str | bytes) -> Explanation:
        """Return what `to_json` gave, bit for bit; see `from_dict`."""
        from backlit.explanation.json_document import from_json

        return from_json(text)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the JSON Schema of the document of `to_dict`."""
        from backlit.explanation.json_document import json_schema

        return json_schema()
