"""The front door: `explain`, which works through one step of backpropagation, and what it returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from numpy.typing import ArrayLike

from backlit.core.network import Network
from backlit.explanation.json_document import from_document, from_json, json_schema, to_document
from backlit.explanation.plain_text import WIDTH
from backlit.explanation.trace.network_with_examples import (
    LEARNING_RATE,
    HoldsNetwork,
    ModelFacts,
    network_with_examples,
)
from backlit.explanation.trace.step import work_step
from backlit.explanation.trace.tree import WorkedStep
from backlit.explanation.views.render import json_of, render
from backlit.explanation.views.text import colored

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
class Explanation(WorkedStep):
    """One worked step of backpropagation, with all its numbers, and how to show and keep it.

    The numbers, its attributes, are those of `backlit.explanation.trace.tree.WorkedStep`.
    """

    @classmethod
    def of(cls, step: WorkedStep) -> Explanation:
        """Return what can be shown of a step."""
        return cls(**{field.name: getattr(step, field.name) for field in fields(step)})

    def __repr__(self) -> str:
        sizes, n = "-".join(map(str, self.sizes)), len(self.examples)
        costs = "" if self.cost is None else f", cost {self.cost:.6g} → {self.cost_after:.6g}"
        return f"<Explanation of {n} example{'s' * (n > 1)}, network {sizes}{costs}>"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html(fragment=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        yield colored(self.to_text(width=max(60, min(options.max_width, 120))))

    def to_text(self, *, width: int = WIDTH, **options: Unpack[Options]) -> str:
        """Return it as plain text on lines of `width` columns; for options see `backlit.explanation.render`."""
        return render(self, "text", width=width, **options)

    def to_markdown(self, **options: Unpack[Options]) -> str:
        """Return it as Markdown with formulas between dollar signs; for options see `backlit.explanation.render`."""
        return render(self, "markdown", **options)

    def to_latex(self, **options: Unpack[Options]) -> str:
        """Return it as an article for ``pdflatex``; for options see `backlit.explanation.render`."""
        return render(self, "latex", **options)

    def to_html(self, *, fragment: bool = False, **options: Unpack[Options]) -> str:
        """Return it as a page that loads nothing else; for options see `backlit.explanation.render`.

        With `fragment`, return what goes into the body of another page; notebooks show that by themselves.
        """
        return render(self, "fragment" if fragment else "html", **options)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation in JSON's types.

        The document is this tree, key for key, under ``"format"`` and ``"version"``; `json_schema` describes it. Floats
        are exact; those that are not finite, which JSON lacks, are the texts ``"NaN"``, ``"Infinity"`` and
        ``"-Infinity"``. Products of two numbers that both stand there (the summands of z and of BP2, an example's own
        gradient) are not repeated.
        """
        return to_document(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the document of `to_dict` as JSON."""
        return json_of(self, indent)

    @classmethod
    def from_dict(cls, document: object) -> Explanation:
        """Return what `to_dict` gave, bit for bit.

        Raises
        ------
        InvalidInputError
            If it is no explanation, is of another version, or a field is wrong; names the field.
        """
        return cls.of(from_document(document))

    @classmethod
    def from_json(cls, text: str | bytes) -> Explanation:
        """Return what `to_json` gave, bit for bit; see `from_dict`."""
        return cls.of(from_json(text))

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the JSON Schema of the document of `to_dict`."""
        return json_schema()


def explain(
    model: Network | HoldsNetwork,
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
    """Work through one step of backpropagation, for one example or a small batch, and keep every number.

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
    given = network_with_examples(model, x, y, loss, needs_y=False)
    own = given.facts
    facts = ModelFacts(
        learning_rate=next((rate for rate in (learning_rate, own.learning_rate) if rate is not None), LEARNING_RATE),
        output_names=own.output_names if output_names is None else output_names,
        target_scale=own.target_scale if target_scale is None else target_scale,
        target_range=own.target_range if target_scale is None else None,
        encodings=own.encodings if encodings is None else lambda: encodings,
    )
    return Explanation.of(work_step(given, facts, example_names))
