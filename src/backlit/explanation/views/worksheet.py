"""A worksheet: the document with gaps in place of what is to be worked out, and the answers on a second page."""

from __future__ import annotations

from dataclasses import replace

from backlit.explanation.story.document import (
    Blank,
    Block,
    Document,
    Equation,
    Equations,
    Heading,
    Maths,
    PageBreak,
    Sentence,
)
from backlit.explanation.story.maths import Symbols, has_numbers, number, with_totals
from backlit.explanation.story.selection import Choice, largest, shown_layers, shown_neurons
from backlit.explanation.trace.tree import WorkedStep


def as_worksheet(document: Document, explanation: WorkedStep, choice: Choice) -> Document:
    """Return a worksheet of a document.

    Parameters
    ----------
    document : Document
        The page with all answers.
    explanation : WorkedStep
        Gives the weights and biases that the reader calculates with.
    choice : Choice
        What the document shows.
    """
    first_step = next(
        (i for i, block in enumerate(document.blocks) if isinstance(block, Heading) and block.level > 0), 0
    )
    head, steps = document.blocks[:first_step], document.blocks[first_step:]
    title = Heading(0, ("Worksheet: one step of backpropagation",))
    answers = Heading(0, ("Answers",))
    gaps = [blanked for block in steps if (blanked := _blank(block)) is not None]
    return replace(
        document,
        blocks=(title, *head[1:], *_given(explanation, choice), *gaps, PageBreak(), answers, *head[1:], *steps),
    )


def _blank(block: Block) -> Block | None:
    if isinstance(block, Sentence):
        return None if block.answer else block
    if isinstance(block, Equations) and not block.given:
        return replace(block, rows=tuple(map(_blank_row, block.rows)))
    return block


def _blank_row(row: Equation) -> Equation:
    symbols = [with_totals(part) for part in row.parts if not has_numbers(part)]
    return replace(row, parts=(*symbols, (Blank(),)))


def _given(explanation: WorkedStep, choice: Choice) -> list[Block]:
    """Return the weights and biases that the worksheet's sums need."""
    symbols, blocks = Symbols(explanation.sizes), list[Block]()
    blocks.append(Heading(2, ("The network",)))
    for layer in range(2, explanation.n_layers + 1):
        rows = _parameters(explanation, choice, symbols, layer)
        blocks += [Heading(3, (f"Layer {layer}, {explanation.activations[layer - 2]}",)), rows]
    return blocks


def _parameters(explanation: WorkedStep, choice: Choice, symbols: Symbols, layer: int) -> Equations:
    trace = explanation.layer_parameters(layer)
    places: dict[tuple[int, int], None] = {}
    for example in range(len(explanation.examples)):
        summands = explanation.z_summands(layer, example)
        for j in shown_neurons(explanation, layer, choice.neurons):
            places |= dict.fromkeys((j, k) for k in largest(summands[j], choice.terms))
        if layer > 2 and explanation.cost is not None and layer - 1 in shown_layers(explanation, choice.layers):
            summands = explanation.error_summands(layer - 1, example)  # BP2 goes through these
            for j in shown_neurons(explanation, layer - 1, choice.neurons):
                places |= dict.fromkeys((k, j) for k in largest(summands[j], choice.terms))
    rows: list[tuple[Maths, ...]] = [((symbols.w(layer, j, k),), number(trace.w[j, k])) for j, k in sorted(places)]
    biases = shown_neurons(explanation, layer, choice.neurons)
    rows += [((symbols.of_neuron("b", layer, j),), number(trace.b[j])) for j in biases]
    return Equations(tuple(map(Equation, rows)), given=True, flow=True)
