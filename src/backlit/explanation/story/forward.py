"""Steps 1 and 2: the input, feeding forward, and what the output costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.parametric import plain_name
from backlit.explanation.plain_text import printable
from backlit.explanation.story import formulas
from backlit.explanation.story.document import (
    Equation,
    Equations,
    Heading,
    Maths,
    Name,
    Sentence,
    Sign,
    Symbol,
    Table,
    Word,
)
from backlit.explanation.story.maths import (
    CLOSE,
    MINUS,
    OPEN,
    PLUS,
    SPACE,
    TIMES,
    factor,
    formula,
    number,
    pieces,
    product,
    total,
)
from backlit.explanation.story.selection import largest
from backlit.explanation.story.story import Story
from backlit.explanation.trace.tree import Feature, LayerTrace

INPUTS_SHOWN = 16


def title(story: Story) -> None:
    """Say which network this is, and how to read what follows."""
    explanation = story.explanation
    has_target, n = story.example.y is not None, len(explanation.examples)
    sizes = "-".join(map(str, explanation.sizes))
    names = explanation.activations
    network = f"Network {sizes}, {names[0] if len(set(names)) == 1 else ', '.join(names)}"
    batch = f" on a batch of {n} examples" if story.is_batch else ""
    story.blocks.append(Heading(0, (("One step of backpropagation" if has_target else "One forward pass") + batch,)))
    if not has_target:
        story.say(f"{network}.", depth=0)
    else:
        loss = explanation.loss.replace("_", "-")
        rate = number(explanation.learning_rate)
        story.say(f"{network}; {loss} cost; learning rate $μ = $", rate, ".", depth=0)
    story.say(
        "Layers and neurons count from 1; layer 1 is the input. The weight $w^l_jk$ leads from neuron $k$ of layer "
        "$l−1$ to neuron $j$ of layer $l$.",
        depth=0,
    )
    if story.is_batch and has_target:
        story.say(
            "$C_x$ is the cost of example $x$, and $C$ that of the batch: the mean of them. So is its gradient.",
            depth=0,
        )
    if any(len(story.shown[layer]) < explanation.sizes[layer - 1] for layer in story.layers):
        chosen = story.choice.neurons
        if chosen is None or isinstance(chosen, int):
            measure = ("|δ|" if has_target else "|a|") + ("$ over the batch" if story.is_batch else "$")
            story.say(
                f"Wide layers show the neurons with the largest ${measure}, long sums the largest terms.", depth=0
            )
        else:
            story.say("Layers show the chosen neurons, long sums the largest terms.", depth=0)
    if len(story.layers) < story.last - 1:
        layers = " and ".join(filter(None, [", ".join(map(str, story.layers[:-1])), *map(str, story.layers[-1:])]))
        story.say(f"Only layers 1 and {layers} are shown." if layers else "Only layer 1 is shown.", depth=0)


def input_layer(story: Story) -> None:
    """Step 1: ``a^1 = x``, and how x came from a row of a table."""
    story.heading("1. Input")
    x, encoding = story.example.x, story.example.encoding
    # a bin that a number has left behind says no more than the number, and may be one of many
    full = np.zeros(len(x), dtype=bool) if encoding is None else np.array([_is_full(step) for step in encoding])
    places = sorted(largest(np.where(full, 0, x), _inputs_shown(story)))
    if encoding is None:
        story.say("$a¹ = x$")
        story.rows([[(story.a(1, k),), number(x[k])] for k in places], given=True, flow=True)
    else:
        story.say("$a¹ = x$, the row of the table in numbers:")
        if _inputs_shown(story) is not None:
            # a category has a place for each of its values; the one that is not 0 says it all
            said = {encoding[k].column for k in places if x[k] != 0}
            places = [k for k in places if x[k] != 0 or encoding[k].column not in said]
        _encoded(story, [(k, encoding[k]) for k in places])
    others = np.delete(x, places)
    if others.any():
        n_zeros = int((x == 0).sum())
        zeros = f"; {n_zeros} of all {len(x)} are 0" if n_zeros else ""
        bound = (Sign("±"), *number(np.abs(others).max()))
        story.say(f"… {len(others)} more, none beyond ", bound, zeros, depth=2)
    elif others.size:
        story.say(f"… {len(others)} {'more, all' if places else 'inputs of'} 0", depth=2)
    if story.example.y is not None:
        _target(story)


def _is_full(step: Feature) -> bool:
    return step.operation.startswith("1: ")


def _inputs_shown(story: Story) -> int | None:
    return None if story.choice.terms is None else INPUTS_SHOWN


def _target(story: Story) -> None:
    """Write y, which a worksheet has to give; elsewhere it stands in the cost."""
    places = sorted(largest(story.y, _inputs_shown(story)))
    others = len(story.y) - len(places)
    more = f" (the {others} others are 0)" if others and not np.delete(story.y, places).any() else ""
    story.say(f"The target is $y${more}:")
    story.rows([[(story.y_symbol(j),), number(story.y[j])] for j in places], given=True, flow=True)


def _encoded(story: Story, features: Sequence[tuple[int, Feature]]) -> None:
    rows: list[tuple[str | Name | Maths, ...]] = []
    for k, step in features:
        # a formula that is cut short tells nothing
        names = (Name(step.column), Name(step.raw_value), Name(step.operation, longest=200))
        rows.append(((story.a(1, k),), *names, (Sign("= "), *number(step.value))))
    if rows:
        story.blocks.append(Table(("", "column", "value", "encoded", ""), tuple(rows)))


def feed_forward(story: Story) -> None:
    """Step 2: ``z^l = w^l a^{l−1} + b^l`` and ``a^l = σ(z^l)`` for each layer, and what the output means."""
    story.heading("2. Feed forward")
    story.say("$z^l = w^l a^{l−1} + b^l$,   $a^l = σ(z^l)$")
    for trace in story.example.layers:
        if trace.layer not in story.layers:
            continue
        known = formulas.ACTIVATION_FORMULAS.get(trace.activation)
        sigma = "σ(z)_j" if trace.sum_exp is not None else "σ(z)"
        formula_of = f": ${sigma} = {known.value}$" if known else ""
        story.layer(trace.layer, f"{trace.activation}{formula_of}")
        _alphas(story, trace.layer)
        story.rows([_weighted_input(story, trace, j) for j in story.shown[trace.layer]])
        _activations(story, trace)
    if story.explanation.target_scale is not None:
        _original_scale(story)
    elif story.explanation.output_names is not None and story.output.sum_exp is not None:
        _answer(story, story.explanation.output_names)


def _alphas(story: Story, layer: int) -> None:
    alpha = story.explanation.layer_parameters(layer).alpha
    if alpha is not None:
        story.say("Each neuron's α, which the step leaves as it is:")
        story.rows([[(story.alpha(layer, j),), number(alpha[j])] for j in story.shown[layer]], given=True, flow=True)


def _weighted_input(story: Story, trace: LayerTrace, j: int) -> list[Maths]:
    layer = trace.layer
    parameters, a_previous = story.explanation.layer_parameters(layer), story.example.activations(layer - 1)
    w, b = parameters.w[j], parameters.b[j]
    symbols, numbers = story.sum(
        w * a_previous,
        float(trace.z[j]) - float(b),
        lambda k: (story.w(layer, j, k), SPACE, story.a(layer - 1, k)),
        lambda k: product(number(w[k]), number(a_previous[k])),
    )
    return [
        (story.z(layer, j),),
        total([*symbols, (story.b(layer, j),)]),
        total([*numbers, number(b)]),
        number(trace.z[j]),
    ]


def _activations(story: Story, trace: LayerTrace) -> None:
    names = story.explanation.output_names if trace.layer == story.last else None
    rows = []
    for j in story.shown[trace.layer]:
        remark = Name(names[j]) if names else None
        rows.append(Equation(tuple(_activation(story, trace, j)), remark))
    story.blocks.append(Equations(tuple(rows)))


def _activation(story: Story, trace: LayerTrace, j: int) -> list[Maths]:
    z, symbol = number(trace.z[j]), story.z(trace.layer, j)
    if trace.sum_exp is not None and 0 < trace.sum_exp < float("inf"):
        all_z = (Symbol("Σ", sub="k"), SPACE, Word("exp"), Sign("("), Symbol("z", str(trace.layer), "k"), Sign(")"))
        symbols: Maths = (Word("exp"), Sign("("), symbol, Sign(")"), Sign(" / "), *all_z)
        numbers: Maths = (Word("exp"), Sign("("), *z, Sign(")"), Sign(" / "), *number(trace.sum_exp))
    elif trace.sum_exp is not None:
        symbols = formula(f"σ(z^{{{trace.layer}}})_{j + 1}")
        numbers = (Symbol("σ"), Sign("("), Sign("… "), *z, Sign(" …"), *formula(f")_{j + 1}"))
    elif (alphas := story.explanation.layer_parameters(trace.layer).alpha) is not None:
        s = get_activation(plain_name(trace.activation)).value(np.float64(trace.z[j]))
        alpha = story.alpha(trace.layer, j)
        symbols = (symbol, PLUS, alpha, SPACE, OPEN, Symbol("s"), MINUS, symbol, CLOSE)
        away = (OPEN, *number(float(s)), MINUS, *factor(z), CLOSE)
        numbers = (*z, PLUS, *factor(number(alphas[j])), TIMES, *away)
    else:
        symbols = (Symbol("σ"), Sign("("), symbol, Sign(")"))
        numbers = (Symbol("σ"), Sign("("), *z, Sign(")"))
    return [(story.a(trace.layer, j),), symbols, numbers, number(trace.a[j])]


def _original_scale(story: Story) -> None:
    scale, names, example = story.explanation.target_scale, story.explanation.output_names, story.example
    assert scale is not None and example.original_output is not None
    story.subheading(f"On the scale of the table, $mean + scale·a^{{{story.last}}}$")
    rows = []
    for j in story.shown[story.last]:
        name = f" {names[j]}" if names else f" output {j + 1}"
        each = [("predicted", story.output.a[j], example.original_output[j])]
        if example.original_y is not None:
            each.append(("target", story.y[j], example.original_y[j]))
        for label, value, original in each:
            numbers = total([number(scale.mean[j]), (*number(scale.scale[j]), TIMES, *_factor(value))])
            rows.append([(Word(label + _shortened(name)),), numbers, number(original)])
    story.rows(rows)
    if scale.range is not None:
        for j in story.shown[story.last]:
            kept = float(np.clip(example.original_output[j], *scale.range))
            if kept != example.original_output[j]:
                low, high = map(number, scale.range)
                told = ("Predictions are kept to the range seen in training, ", low, " to ", high)
                story.say(*told, ": the model predicts ", number(kept), ".")


def _factor(value: float) -> Maths:
    return number(value) if value >= 0 else (Sign("("), *number(value), Sign(")"))


def _shortened(name: str) -> str:
    return printable(name, 31)


def _answer(story: Story, names: Sequence[str]) -> None:
    best = int(np.argmax(story.output.a))
    answer = (story.a(story.last, best), Sign(" = "), *number(story.output.a[best]))
    target: tuple[str | Name, ...] = ()
    if story.example.y is not None:
        target = ("; the target is ", Name(names[int(np.argmax(story.y))]))
    told = pieces("The network answers ", Name(names[best]), ", with ", answer, *target, ".")
    story.blocks.append(Sentence(told, answer=True))


def cost(story: Story) -> None:
    """C of the example, as the sum over its outputs."""
    summands, value = story.example.cost_summands, story.example.cost
    assert summands is not None and value is not None
    loss, a = story.loss_formula, story.output.a
    symbol: Maths = (story.cost,)
    if loss is None:
        story.subheading("Cost of the example")
        story.rows([[symbol, number(value)]])
        return
    definition = (*symbol, Sign(" = "), *formula(loss.cost.replace("{l}", f"{{{story.last}}}")))
    story.subheading("Cost of the example   ", definition)
    symbols, numbers = story.sum(
        summands,
        value,
        lambda j: loss.summand((story.a(story.last, j),), (story.y_symbol(j),)),
        lambda j: loss.summand(number(a[j]), number(story.y[j])),
    )
    story.rows([[symbol, total(symbols), total(numbers), number(value)]])
    if story.saturated:
        where = "was calculated from $z$, where $a$ has been rounded to 0 or 1."
        story.say("An output is saturated: ", symbol, f" {where}", depth=2)


def end_without_target(story: Story) -> None:
    """Say why the steps end here."""
    story.say("No target $y$ was given, so there is no cost and no error to send back.")
