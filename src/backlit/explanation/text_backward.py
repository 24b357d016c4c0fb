"""Steps 3 to 6 as text: BP1, BP2, BP3, BP4, and the step of gradient descent."""

from __future__ import annotations

import numpy as np

from backlit.explanation.notation import ACTIVATION_FORMULAS, SHORT_CUT_FORMULAS, factor, product, raised, total
from backlit.explanation.selection import largest_entries
from backlit.explanation.text_page import Page
from backlit.explanation.tree import Floats


def output_error(page: Page) -> None:
    """Step 3: BP1, ``δ^L = ∇_a C ⊙ σ′(z^L)``, and the short cut where one is used."""
    layer, error = page.last, page.error(page.last)
    page.heading("3. Output error")
    page.definition("BP1", "δ^L = ∇_a C ⊙ σ′(z^L)", "how fast the cost changes with each output's weighted input")
    _error_title(page, layer, "∇_a C")
    formula = page.loss_formula
    rows = []
    for j in page.shown[layer]:
        parts = [f"∂C/∂{page.a(layer, j)}"]
        if formula:
            parts.append(formula.nabla_a(page.a(layer, j), f"y_{j + 1}"))
            parts.append(formula.nabla_a(page.number(page.output.a[j]), page.number(page.y[j])))
        rows.append([*parts, page.number(error.nabla_a[j])])
    page.rows(rows)
    page.rows(_pulled_back(page, layer, error.general))
    if error.short_cut:
        _short_cut(page)


def _error_title(page: Page, layer: int, nabla_a: str) -> None:
    """Write δ of a layer in matrix form."""
    activation = page.example.layer(layer).activation
    l = raised(layer)  # noqa: E741
    if page.error(layer).sigma_prime is not None:
        formula = ACTIVATION_FORMULAS.get(activation)
        slope = f",  σ′(z) = {formula.derivative}" if formula and formula.derivative else ""
        page.layer(layer, f"δ{l} = {nabla_a} ⊙ σ′(z{l}){slope}")
        return
    page.layer(layer, f"δ{l} = Jᵀ {nabla_a}")
    page.say(
        f"Each output of {activation} depends on all z of its layer, so the transposed Jacobian J of σ takes the place "
        "of ⊙ σ′:",
        indent="    ",
    )
    page.say("δ_j = Σ_k ∂a_k/∂z_j ∂C/∂a_k = a_j (∂C/∂a_j − Σ_k a_k ∂C/∂a_k)", indent="    ")


def _pulled_back(page: Page, layer: int, delta: Floats) -> list[list[str]]:
    """∂C/∂a, which has just been written, becomes ∂C/∂z: by σ′, or by the transposed Jacobian."""
    error, trace = page.error(layer), page.example.layer(layer)
    rows = []
    for j in page.shown[layer]:
        a, nabla_a = page.a(layer, j), page.number(error.nabla_a[j])
        if error.sigma_prime is not None:
            symbols = f"∂C/∂{a} σ′({page.z(layer, j)})"
            numbers = product(nabla_a, page.number(error.sigma_prime[j]))
        else:
            assert error.mean_nabla_a is not None
            symbols = f"{a} (∂C/∂{a} − Σ_k a_k ∂C/∂a_k)"
            numbers = f"{page.number(trace.a[j])}·({nabla_a} − {factor(page.number(error.mean_nabla_a))})"
        rows.append([page.delta(layer, j), symbols, numbers, page.number(delta[j])])
    return rows


def _short_cut(page: Page) -> None:
    layer, error, trace = page.last, page.error(page.last), page.output
    formula = SHORT_CUT_FORMULAS.get((page.explanation.loss, trace.activation))
    y_sum = page.number(page.y.sum(dtype=np.float64))
    y_sum_symbol = "1" if y_sum == "1" else "Σ_k y_k"
    l = raised(layer)  # noqa: E741
    written = f" δ{l} = {formula(f'a{l}', 'y', y_sum_symbol)}" if formula else ""
    page.lines.append("")
    page.say(f"The short cut{written} for this cost and activation {_agreement(page)}:")
    rows = []
    for j in page.shown[layer]:
        parts = [page.delta(layer, j)]
        if formula:
            parts.append(formula(page.a(layer, j), f"y_{j + 1}", y_sum_symbol))
            parts.append(formula(page.number(trace.a[j]), page.number(page.y[j]), y_sum))
        rows.append([*parts, page.number(error.delta[j])])
    page.rows(rows)


def _agreement(page: Page) -> str:
    """Say how the short cut compares with what the general form gave."""
    error, shown = page.error(page.last), page.shown[page.last]
    if all(page.number(error.general[j]) == page.number(error.delta[j]) for j in shown):
        return "gives the same"
    if page.saturated:
        return "is used, as an output is saturated and the equation divides by 0 or loses its digits"
    return "gives the same up to rounding"


def backpropagate(page: Page) -> None:
    """Step 4: BP2, ``δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)``, from layer L−1 to layer 2."""
    page.heading("4. Backpropagate")
    page.definition(
        "BP2",
        "δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)",
        "the errors of the next layer come back through the weights that led to them",
    )
    if page.last == 2:
        page.lines.append("")
        page.say("This network has no hidden layer to go back to.")
    for layer in range(page.last - 1, 1, -1):
        error = page.error(layer)
        _error_title(page, layer, f"((w{raised(layer + 1)})ᵀ δ{raised(layer + 1)})")
        sums = {j: _error_sum(page, layer, j) for j in page.shown[layer]}
        if error.sigma_prime is not None:
            page.rows([_bp2(page, layer, j, *sums[j]) for j in sums])
            continue
        page.rows(
            [
                [f"∂C/∂{page.a(layer, j)}", total(symbols), total(numbers), page.number(error.nabla_a[j])]
                for j, (symbols, numbers) in sums.items()
            ]
        )
        page.rows(_pulled_back(page, layer, error.delta))


def _error_sum(page: Page, layer: int, j: int) -> tuple[list[str], list[str]]:
    """``Σ_k w^{l+1}_kj δ^{l+1}_k``, as symbols and as numbers."""
    w, delta = page.explanation.layer_parameters(layer + 1).w[:, j], page.error(layer + 1).delta
    return page.sum(
        w * delta,
        float(page.error(layer).nabla_a[j]),
        lambda k: f"{page.w(layer + 1, k, j)} {page.delta(layer + 1, k)}",
        lambda k: product(page.number(w[k]), page.number(delta[k])),
    )


def _bp2(page: Page, layer: int, j: int, symbols: list[str], numbers: list[str]) -> list[str]:
    error = page.error(layer)
    assert error.sigma_prime is not None
    left, right = ("", "") if len(symbols) == 1 else ("(", ")")
    sigma_prime = factor(page.number(error.sigma_prime[j]))
    return [
        page.delta(layer, j),
        f"{left}{total(symbols)}{right} σ′({page.z(layer, j)})",
        f"{left}{total(numbers)}{right}·{sigma_prime}",
        page.number(error.delta[j]),
    ]


def gradients(page: Page) -> None:
    """Step 5: BP3, ``∂C/∂b^l_j = δ^l_j``, and BP4, ``∂C/∂w^l_jk = a^{l−1}_k δ^l_j``."""
    page.heading("5. Gradients")
    page.definition("BP3", "∂C/∂b^l_j = δ^l_j", "the gradient of a bias is the error of its neuron")
    for layer in range(page.last, 1, -1):
        page.layer(layer, f"∂C/∂b{raised(layer)} = δ{raised(layer)}")
        nabla_b = page.step(layer).nabla_b
        page.rows(
            [[f"∂C/∂{page.b(layer, j)}", page.delta(layer, j), page.number(nabla_b[j])] for j in page.shown[layer]]
        )
    page.lines.append("")
    page.definition(
        "BP4",
        "∂C/∂w^l_jk = a^{l−1}_k δ^l_j",
        "the gradient of a weight is what comes in through it, times the error it leads to",
    )
    for layer in range(page.last, 1, -1):
        _weight_gradient(page, layer)


def _weight_gradient(page: Page, layer: int) -> None:
    nabla_w, delta = page.step(layer).nabla_w, page.error(layer).delta
    a_previous = page.example.activations(layer - 1)
    places = largest_entries(nabla_w, page.terms)
    n_out, n_in = nabla_w.shape
    remark = f"[{len(places)} largest of {n_out}×{n_in} entries]" if len(places) < nabla_w.size else ""
    if not places:
        remark = f"[all {n_out}×{n_in} entries are 0]"
    page.subheading(f"Layer {layer}   ∂C/∂w{raised(layer)} = δ{raised(layer)} (a{raised(layer - 1)})ᵀ", remark)
    page.rows(
        [
            [
                f"∂C/∂{page.w(layer, j, k)}",
                f"{page.a(layer - 1, k)} {page.delta(layer, j)}",
                product(page.number(a_previous[k]), page.number(delta[j])),
                page.number(nabla_w[j, k]),
            ]
            for j, k in places
        ]
    )


def descend(page: Page) -> None:
    """Step 6: ``w ← w − μ ∂C/∂w`` and ``b ← b − μ ∂C/∂b``, and what became of the cost."""
    rate = page.number(page.explanation.learning_rate)
    page.heading("6. Gradient descent")
    page.say(f"w ← w − μ ∂C/∂w,   b ← b − μ ∂C/∂b,   μ = {rate}")
    for layer in range(2, page.last + 1):
        parameters, step = page.explanation.layer_parameters(layer), page.step(layer)
        entries = [
            (page.w(layer, j, k), parameters.w[j, k], step.nabla_w[j, k], step.w_after[j, k])
            for j, k in largest_entries(step.nabla_w, page.terms)
        ]
        entries += [(page.b(layer, j), parameters.b[j], step.nabla_b[j], step.b_after[j]) for j in page.shown[layer]]
        page.subheading(f"Layer {layer}")
        page.rows(
            [
                [
                    f"{symbol} ← {symbol} − μ ∂C/∂{symbol}",
                    f"{page.number(before)} − {product(factor(rate), page.number(nabla))}",
                    page.number(after),
                ]
                for symbol, before, nabla, after in entries
            ]
        )
    _outcome(page)


def _outcome(page: Page) -> None:
    before, after = page.explanation.cost, page.explanation.cost_after
    assert before is not None and after is not None
    page.lines.append("")
    page.lines.append(f"  Cost before the step   C = {page.number(before)}")
    page.lines.append(f"  Cost after the step    C = {page.number(after)}")
    if not after <= before:
        page.lines.append("")
        page.say(
            "The cost did not fall: the step was too long. The gradient only speaks for a small neighborhood; try a "
            "smaller μ."
        )
