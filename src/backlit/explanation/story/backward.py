"""Steps 3 to 6: BP1, BP2, BP3, BP4, and the step of gradient descent."""

from __future__ import annotations

import numpy as np

from backlit.explanation.plain_text import number as printed
from backlit.explanation.story import formulas
from backlit.explanation.story.document import Maths, Partial, Sign, Symbol
from backlit.explanation.story.maths import (
    CLOSE,
    MINUS,
    OPEN,
    SPACE,
    TIMES,
    factor,
    formula,
    number,
    product,
    total,
)
from backlit.explanation.story.story import Story, arrow
from backlit.explanation.trace.tree import Floats


def output_error(story: Story) -> None:
    """Step 3: BP1, ``δ^L = ∇_a C ⊙ σ′(z^L)``, and the short cut where one is used."""
    layer, error = story.last, story.error(story.last)
    story.heading("3. Output error")
    story.definition("BP1", "δ^L = ∇_a C ⊙ σ′(z^L)", "how fast the cost changes with each output's weighted input")
    if layer not in story.layers:
        return
    _error_title(story, layer, f"∇_a C_{story.cost.sub}" if story.is_batch else "∇_a C")
    loss = story.loss_formula
    rows = []
    for j in story.shown[layer]:
        parts: list[Maths] = [(story.nabla_a(layer, j),)]
        if loss:
            parts.append(loss.nabla_a((story.a(layer, j),), (story.y_symbol(j),)))
            parts.append(loss.nabla_a(number(story.output.a[j]), number(story.y[j])))
        rows.append([*parts, number(error.nabla_a[j])])
    story.rows(rows)
    story.rows(_pulled_back(story, layer, error.general))
    if error.short_cut:
        _short_cut(story)


def _error_title(story: Story, layer: int, nabla_a: str) -> None:
    """Write δ of a layer in matrix form."""
    activation = story.example.layer(layer).activation
    if story.error(layer).sigma_prime is not None:
        known = formulas.ACTIVATION_FORMULAS.get(activation)
        slope = f",  $σ′(z) = {known.derivative}$" if known and known.derivative else ""
        story.layer(layer, f"$δ^{{{layer}}} = {nabla_a} ⊙ σ′(z^{{{layer}}})${slope}")
        return
    story.layer(layer, f"$δ^{{{layer}}} = Jᵀ {nabla_a}$")
    if story.index > 0:
        return
    story.say(
        f"Each output of {activation} depends on all $z$ of its layer, so the transposed Jacobian $J$ of $σ$ takes the "
        "place of $⊙ σ′$:",
        depth=2,
    )
    story.say("$δ_j = Σ_k ∂a_k/∂z_j ∂C/∂a_k = a_j (∂C/∂a_j − Σ_k a_k ∂C/∂a_k)$", depth=2)


def _pulled_back(story: Story, layer: int, delta: Floats) -> list[list[Maths]]:
    """∂C/∂a, which has just been written, becomes ∂C/∂z: by σ′, or by the transposed Jacobian."""
    error, trace = story.error(layer), story.example.layer(layer)
    rows: list[list[Maths]] = []
    for j in story.shown[layer]:
        a, nabla_a, partial = story.a(layer, j), number(error.nabla_a[j]), story.nabla_a(layer, j)
        if error.sigma_prime is not None:
            symbols: Maths = (partial, SPACE, *_sigma_prime(story, layer, j))
            numbers = product(nabla_a, number(error.sigma_prime[j]))
        else:
            assert error.mean_nabla_a is not None
            mean = (*formula("Σ_k a_k "), Partial(story.cost, Symbol("a", sub="k")))
            symbols = (a, Sign(" ("), partial, MINUS, *mean, CLOSE)
            inside = (*nabla_a, MINUS, *factor(number(error.mean_nabla_a)))
            numbers = (*number(trace.a[j]), TIMES, OPEN, *inside, CLOSE)
        rows.append([(story.delta(layer, j),), symbols, numbers, number(delta[j])])
    return rows


def _sigma_prime(story: Story, layer: int, j: int) -> Maths:
    return (Symbol("σ′"), OPEN, story.z(layer, j), CLOSE)


def _short_cut(story: Story) -> None:
    layer, error, trace = story.last, story.error(story.last), story.output
    known = formulas.SHORT_CUT_FORMULAS.get((story.explanation.loss, trace.activation))
    y_sum = number(story.y.sum(dtype=np.float64))
    y_sum_symbol = formula("1") if y_sum == number(1) else formula("Σ_k y_k")
    written: tuple[str | Maths, ...] = ()
    if known:
        short = known((Symbol("a", str(layer)),), (Symbol("y"),), y_sum_symbol)
        written = (" ", (Symbol("δ", str(layer)), Sign(" = "), *short))
    story.subheading("The short cut", *written, f" for this cost and activation {_agreement(story)}:")
    rows = []
    for j in story.shown[layer]:
        parts: list[Maths] = [(story.delta(layer, j),)]
        if known:
            parts.append(known((story.a(layer, j),), (story.y_symbol(j),), y_sum_symbol))
            parts.append(known(number(trace.a[j]), number(story.y[j]), y_sum))
        rows.append([*parts, number(error.delta[j])])
    story.rows(rows)


def _agreement(story: Story) -> str:
    """Say how the short cut compares with what the general form gave."""
    error, shown = story.error(story.last), story.shown[story.last]
    if story.saturated:
        return "is used, as an output is saturated and the equation divides by 0 or loses its digits"
    if all(printed(error.general[j], 6) == printed(error.delta[j], 6) for j in shown):
        return "gives the same"
    return "gives the same up to rounding"


def backpropagate(story: Story) -> None:
    """Step 4: BP2, ``δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)``, from layer L−1 to layer 2."""
    story.heading("4. Backpropagate")
    story.definition(
        "BP2",
        "δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)",
        "the errors of the next layer come back through the weights that led to them",
    )
    if story.last == 2:
        story.say("This network has no hidden layer to go back to.")
    for layer in reversed([layer for layer in story.layers if layer < story.last]):
        error = story.error(layer)
        _error_title(story, layer, f"((w^{{{layer + 1}}})ᵀ δ^{{{layer + 1}}})")
        sums = {j: _error_sum(story, layer, j) for j in story.shown[layer]}
        if error.sigma_prime is not None:
            story.rows([_bp2(story, layer, j, *sums[j]) for j in sums])
            continue
        story.rows(
            [
                [(story.nabla_a(layer, j),), total(symbols), total(numbers), number(error.nabla_a[j])]
                for j, (symbols, numbers) in sums.items()
            ]
        )
        story.rows(_pulled_back(story, layer, error.delta))


def _error_sum(story: Story, layer: int, j: int) -> tuple[list[Maths], list[Maths]]:
    """``Σ_k w^{l+1}_kj δ^{l+1}_k``, as symbols and as numbers."""
    w, delta = story.explanation.layer_parameters(layer + 1).w[:, j], story.error(layer + 1).delta
    return story.sum(
        w * delta,
        float(story.error(layer).nabla_a[j]),
        lambda k: (story.w(layer + 1, k, j), SPACE, story.delta(layer + 1, k)),
        lambda k: product(number(w[k]), number(delta[k])),
    )


def _bp2(story: Story, layer: int, j: int, symbols: list[Maths], numbers: list[Maths]) -> list[Maths]:
    error = story.error(layer)
    assert error.sigma_prime is not None
    left, right = ((), ()) if len(symbols) == 1 else ((OPEN,), (CLOSE,))
    return [
        (story.delta(layer, j),),
        (*left, *total(symbols), *right, SPACE, *_sigma_prime(story, layer, j)),
        (*left, *total(numbers), *right, TIMES, *factor(number(error.sigma_prime[j]))),
        number(error.delta[j]),
    ]


def gradients(story: Story) -> None:
    """Step 5: BP3, ``∂C/∂b^l_j = δ^l_j``, and BP4, ``∂C/∂w^l_jk = a^{l−1}_k δ^l_j``."""
    story.heading("5. Gradients")
    story.definition("BP3", "∂C/∂b^l_j = δ^l_j", "the gradient of a bias is the error of its neuron")
    for layer in reversed(story.layers):
        story.layer(layer, (Partial(story.cost, Symbol("b", str(layer))), Sign(" = "), Symbol("δ", str(layer))))
        delta = story.error(layer).delta
        story.rows(
            [
                [(Partial(story.cost, story.b(layer, j)),), (story.delta(layer, j),), number(delta[j])]
                for j in story.shown[layer]
            ]
        )
    story.definition(
        "BP4",
        "∂C/∂w^l_jk = a^{l−1}_k δ^l_j",
        "the gradient of a weight is what comes in through it, times the error it leads to",
    )
    for layer in reversed(story.layers):
        _weight_gradient(story, layer)


def _weight_gradient(story: Story, layer: int) -> None:
    nabla_w, delta = story.explanation.nabla_w(layer, story.index), story.error(layer).delta
    a_previous, entries = story.example.activations(layer - 1), story.entries(layer)
    n_out, n_in = nabla_w.shape
    which = " largest" if isinstance(story.choice.neurons, int) and not story.is_batch else ""
    remark = f"[{len(entries)}{which} of {n_out}×{n_in} entries]" if len(entries) < nabla_w.size else ""
    if not entries:
        remark = f"[all {n_out}×{n_in} entries are 0]"
    text = f" = δ^{{{layer}}} (a^{{{layer - 1}}})ᵀ"
    nabla = (Partial(story.cost, Symbol("w", str(layer))), *formula(text))
    story.subheading(f"Layer {layer}   ", nabla, remark=remark)
    story.rows(
        [
            [
                (Partial(story.cost, story.w(layer, j, k)),),
                (story.a(layer - 1, k), SPACE, story.delta(layer, j)),
                product(number(a_previous[k]), number(delta[j])),
                number(nabla_w[j, k]),
            ]
            for j, k in entries
        ]
    )


def descend(story: Story) -> None:
    """Step 6: ``w ← w − μ ∂C/∂w`` and ``b ← b − μ ∂C/∂b``, and what became of the cost."""
    rate = number(story.explanation.learning_rate)
    story.heading("6. Gradient descent")
    story.say("$w ← w − μ ∂C/∂w$,   $b ← b − μ ∂C/∂b$,   ", (Symbol("μ"), Sign(" = "), *rate))
    for layer in story.layers:
        parameters, step = story.explanation.layer_parameters(layer), story.step(layer)
        entries = [
            (story.w(layer, j, k), parameters.w[j, k], step.nabla_w[j, k], step.w_after[j, k])
            for j, k in story.entries(layer)
        ]
        entries += [(story.b(layer, j), parameters.b[j], step.nabla_b[j], step.b_after[j]) for j in story.shown[layer]]
        story.subheading(f"Layer {layer}")
        story.rows([_update(*entry, rate) for entry in entries])
    _outcome(story)


def _update(symbol: Symbol, before: float, nabla: float, after: float, rate: Maths) -> list[Maths]:
    update = (symbol, MINUS, Symbol("μ"), SPACE, Partial(Symbol("C"), symbol))
    numbers = (*number(before), MINUS, *product(factor(rate), number(nabla)))
    return [arrow((symbol,), update), numbers, number(after)]


def _outcome(story: Story) -> None:
    before, after = story.explanation.cost, story.explanation.cost_after
    assert before is not None and after is not None
    story.subheading("The cost")
    story.say("Cost before the step   ", (Symbol("C"), Sign(" = "), *number(before)), answer=True)
    story.say("Cost after the step    ", (Symbol("C"), Sign(" = "), *number(after)), answer=True)
    if not after <= before:
        story.say(
            "The cost did not fall: the step was too long. The gradient only speaks for a small neighborhood; try a "
            "smaller $μ$.",
            answer=True,
        )
