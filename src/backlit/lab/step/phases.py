"""The parts that a step is worked through in: what lights up together, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from backlit.core.losses import get_loss
from backlit.explanation.story.formulas import ACTIVATION_FORMULAS, loss_formula
from backlit.explanation.story.maths import formula
from backlit.explanation.trace.tree import WorkedStep
from backlit.explanation.views.mathml import mathml_of
from backlit.lab.talk.replies import Phase, Quantity


def phases_of(step: WorkedStep) -> tuple[Phase, ...]:
    """Return the parts of a step, in the order of the lecture's algorithm."""
    last = step.n_layers
    phases = [_phase("input", 1, "1. Input", ["a¹ = x"], "the example, layer by layer from here", ("x",))]
    phases += [_forward(step, layer) for layer in range(2, last + 1)]
    if step.cost is None:
        return tuple(phases)
    phases.append(_cost(step))
    phases.append(_output_error(step))
    for layer in range(last - 1, 1, -1):
        slope = _slope(step, layer)
        phases.append(
            _phase(
                "BP2",
                layer,
                f"4. Backpropagate to layer {layer}",
                [f"δ^{{{layer}}} = ((w^{{{layer + 1}}})ᵀ δ^{{{layer + 1}}}) ⊙ σ′(z^{{{layer}}})", *slope],
                "the errors of the next layer come back through the weights that led to them",
                ("delta", "nabla_a", "sigma_prime"),
            )
        )
    many = len(step.examples) > 1
    mean = " The batch's gradient is the mean of its examples'." if many else ""
    phases.append(
        _phase(
            "gradients",
            last,
            "5. Gradients",
            ["∂C/∂b^l_j = δ^l_j", "∂C/∂w^l_jk = a^{l−1}_k δ^l_j"],
            f"BP3 and BP4: what comes in through a weight, times the error it leads to.{mean}",
            ("nabla_b", "nabla_w"),
        )
    )
    phases.append(
        _phase(
            "update",
            last,
            "6. Gradient descent",
            ["w ← w − μ ∂C/∂w", "b ← b − μ ∂C/∂b"],
            "a step against the gradient, of every weight and bias at once",
            ("b_new", "w_new"),
        )
    )
    return tuple(phases)


def _phase(
    key: str, layer: int, title: str, equations: Sequence[str], meaning: str, quantities: tuple[Quantity, ...]
) -> Phase:
    return Phase(key, layer, title, tuple(map(_written, equations)), meaning, quantities)  # type: ignore[arg-type]


@lru_cache(1000)
def _written(equation: str) -> str:
    return mathml_of(formula(equation), 6)


def _forward(step: WorkedStep, layer: int) -> Phase:
    name = step.activations[layer - 2]
    known = ACTIVATION_FORMULAS.get(name)
    couples = step.examples[0].layer(layer).sum_exp is not None
    sigma = [f"{'σ(z)_j' if couples else 'σ(z)'} = {known.value}"] if known else []
    equations = [
        f"z^{{{layer}}} = w^{{{layer}}} a^{{{layer - 1}}} + b^{{{layer}}}",
        f"a^{{{layer}}} = σ(z^{{{layer}}})",
    ]
    meaning = f"what comes in, each times its weight, and the bias; then σ, here {name}"
    return _phase("forward", layer, f"2. Feed forward to layer {layer}", [*equations, *sigma], meaning, ("z", "a"))


def _cost(step: WorkedStep) -> Phase:
    last = step.n_layers
    loss = loss_formula(get_loss(step.loss, step.activations[-1]))
    equations = [] if loss is None else [f"C_x = {loss.cost.replace('{l}', f'{{{last}}}')}"]
    return _phase("cost", last, "The cost", equations, f"how far the output is from y: {step.loss}", ("cost", "y"))


def _output_error(step: WorkedStep) -> Phase:
    last = step.n_layers
    error = step.examples[0].layer(last).error
    assert error is not None
    couples = error.sigma_prime is None
    law = f"δ^{{{last}}} = Jᵀ ∇_a C" if couples else f"δ^{{{last}}} = ∇_a C ⊙ σ′(z^{{{last}}})"
    meaning = "how fast the cost changes with each output's weighted input"
    if couples:
        meaning += "; each output depends on every z of the layer, so the Jacobian J takes the place of σ′"
    if error.short_cut:
        meaning += "; for this cost and σ it comes to the short cut that is used"
    return _phase(
        "BP1", last, "3. Output error", [law, *_slope(step, last)], meaning, ("delta", "nabla_a", "sigma_prime")
    )


def _slope(step: WorkedStep, layer: int) -> list[str]:
    known = ACTIVATION_FORMULAS.get(step.activations[layer - 2])
    return [f"σ′(z) = {known.derivative}"] if known and known.derivative else []
