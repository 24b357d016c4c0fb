"""Steps 1 and 2 as text: the input, feeding forward, and what the output costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backlit.explanation.layout import flow, table
from backlit.explanation.notation import ACTIVATION_FORMULAS, printable, product, raised, total
from backlit.explanation.selection import largest
from backlit.explanation.text_page import Page
from backlit.explanation.tree import Feature, LayerTrace

INPUTS_SHOWN = 16


def title(page: Page) -> None:
    """Say which network this is, and how to read what follows."""
    explanation = page.explanation
    sizes = "-".join(map(str, explanation.sizes))
    names = explanation.activations
    network = f"Network {sizes}, {names[0] if len(set(names)) == 1 else ', '.join(names)}"
    if page.example.y is None:
        page.lines.append("One forward pass")
        page.say(f"{network}.", indent="")
    else:
        loss, rate = explanation.loss.replace("_", "-"), page.number(explanation.learning_rate)
        page.lines.append("One step of backpropagation")
        page.say(f"{network}; {loss} cost; learning rate μ = {rate}.", indent="")
    page.say(
        "Layers and neurons count from 1; layer 1 is the input. The weight w^l_jk leads from neuron k of layer l−1 to "
        "neuron j of layer l.",
        indent="",
    )
    if any(len(page.shown[layer]) < explanation.sizes[layer - 1] for layer in page.shown):
        measure = "|a|" if page.example.y is None else "|δ|"
        page.say(f"Wide layers show the neurons with the largest {measure}, long sums the largest terms.", indent="")


def input_layer(page: Page) -> None:
    """Step 1: ``a^1 = x``, and how x came from a row of a table."""
    page.heading("1. Input")
    x = page.example.x
    encoding = page.example.encoding
    places = sorted(largest(x, INPUTS_SHOWN))
    if encoding is None:
        page.say("a¹ = x")
        page.lines += flow([f"{page.a(1, k)} = {page.number(x[k])}" for k in places], page.width)
    else:
        page.say("a¹ = x, the row of the table in numbers:")
        # a category has a place for each of its values; the one that is not 0 says it all
        said = {encoding[k].column for k in places if x[k] != 0}
        places = [k for k in places if x[k] != 0 or encoding[k].column not in said]
        _encoded(page, [(k, encoding[k]) for k in places])
    others = np.delete(x, places)
    if others.any():
        n_zeros = int((x == 0).sum())
        zeros = f"; {n_zeros} of all {len(x)} are 0" if n_zeros else ""
        page.lines.append(f"    … {len(others)} more, none beyond ±{page.number(np.abs(others).max())}{zeros}")
    elif others.size:
        page.lines.append(f"    … {len(others)} {'more, all' if places else 'inputs of'} 0")


def _encoded(page: Page, features: Sequence[tuple[int, Feature]]) -> None:
    cells = []
    for k, step in features:
        source, raw_value, operation = map(printable, (step.column, step.raw_value, step.operation))
        cells.append([page.a(1, k), source, raw_value, operation, f"= {page.number(step.value)}"])
    if not cells:
        return
    lines = table([["", "column", "value", "encoded", ""], *cells], indent="  ")
    if max(map(len, lines)) <= page.width:
        page.lines += lines
        return
    margin = "    " + " " * max(len(symbol) for symbol, *_ in cells) + "  "
    for symbol, source, raw_value, operation, value in cells:
        page.lines.append(f"    {symbol}".ljust(len(margin)) + f"{source}: {raw_value}"[: page.width - len(margin)])
        page.say(f"{operation} {value}", indent=margin)


def feed_forward(page: Page) -> None:
    """Step 2: ``z^l = w^l a^{l−1} + b^l`` and ``a^l = σ(z^l)`` for each layer, and what the output means."""
    page.heading("2. Feed forward")
    page.say("z^l = w^l a^{l−1} + b^l,   a^l = σ(z^l)")
    for trace in page.example.layers:
        formula = ACTIVATION_FORMULAS.get(trace.activation)
        place = "_j" if trace.sum_exp is not None else ""
        sigma = f": σ(z){place} = {formula.value}" if formula else ""
        page.layer(trace.layer, f"{trace.activation}{sigma}")
        page.rows([_weighted_input(page, trace, j) for j in page.shown[trace.layer]])
        page.rows([_activation(page, trace, j) for j in page.shown[trace.layer]])
    if page.explanation.target_scale is not None:
        _original_scale(page)
    elif page.explanation.output_names is not None and page.output.sum_exp is not None:
        _answer(page, page.explanation.output_names)


def _weighted_input(page: Page, trace: LayerTrace, j: int) -> list[str]:
    layer = trace.layer
    parameters, a_previous = page.explanation.layer_parameters(layer), page.example.activations(layer - 1)
    w, b = parameters.w[j], parameters.b[j]
    symbols, numbers = page.sum(
        w * a_previous,
        float(trace.z[j]) - float(b),
        lambda k: f"{page.w(layer, j, k)} {page.a(layer - 1, k)}",
        lambda k: product(page.number(w[k]), page.number(a_previous[k])),
    )
    return [
        page.z(layer, j),
        total([*symbols, page.b(layer, j)]),
        total([*numbers, page.number(b)]),
        page.number(trace.z[j]),
    ]


def _activation(page: Page, trace: LayerTrace, j: int) -> list[str]:
    layer, z, symbol = trace.layer, page.number(trace.z[j]), page.z(trace.layer, j)
    if trace.sum_exp is not None and 0 < trace.sum_exp < float("inf"):
        symbols = f"exp({symbol}) / Σ_k exp(z{raised(layer)}_k)"
        numbers = f"exp({z}) / {page.number(trace.sum_exp)}"
    else:
        place = f"_{j + 1}" if trace.sum_exp is not None else ""
        symbols = f"σ(z{raised(layer)}){place}" if place else f"σ({symbol})"
        numbers = f"σ(… {z} …){place}" if place else f"σ({z})"
    names = page.explanation.output_names if layer == page.last else None
    name = f"  ← {printable(names[j], 20)}" if names else ""
    return [page.a(layer, j), symbols, numbers, page.number(trace.a[j]) + name]


def _original_scale(page: Page) -> None:
    scale, names, example = page.explanation.target_scale, page.explanation.output_names, page.example
    assert scale is not None and example.original_output is not None
    page.subheading(f"On the scale of the table, mean + scale·a{raised(page.last)}")
    rows = []
    for j in page.shown[page.last]:
        mean, spread = page.number(scale.mean[j]), page.number(scale.scale[j])
        name = printable(names[j], 30) if names else f"output {j + 1}"
        each = [("predicted", page.output.a[j], example.original_output[j])]
        if example.original_y is not None:
            each.append(("target", page.y[j], example.original_y[j]))
        for label, value, original in each:
            numbers = total([mean, product(spread, page.number(value))])
            rows.append([f"{label} {name}", numbers, page.number(original)])
    page.rows(rows)


def _answer(page: Page, names: Sequence[str]) -> None:
    best = int(np.argmax(page.output.a))
    target = "" if page.example.y is None else f"; the target is {printable(names[int(np.argmax(page.y))], 20)}"
    answer = f"{page.a(page.last, best)} = {page.number(page.output.a[best])}"
    page.lines.append("")
    page.say(f"The network answers {printable(names[best], 20)}, with {answer}{target}.")


def cost(page: Page) -> None:
    """C of the example, as the sum over its outputs."""
    summands, value = page.example.cost_summands, page.example.cost
    assert summands is not None and value is not None
    formula, a = page.loss_formula, page.output.a
    if formula is None:
        page.subheading("Cost of the example")
        page.rows([["C", page.number(value)]])
        return
    page.subheading(f"Cost of the example   C = {formula.cost.format(a='a' + raised(page.last))}")
    symbols, numbers = page.sum(
        summands,
        value,
        lambda j: formula.summand(page.a(page.last, j), f"y_{j + 1}"),
        lambda j: formula.summand(page.number(a[j]), page.number(page.y[j])),
    )
    page.rows([["C", total(symbols), total(numbers), page.number(value)]])
    if page.saturated:
        page.say("An output is saturated: C was calculated from z, where a has been rounded to 0 or 1.", indent="    ")


def end_without_target(page: Page) -> None:
    """Say why the steps end here."""
    page.lines.append("")
    page.say("No target y was given, so there is no cost and no error to send back.")
