"""σ, σ′, C_x, ∇_a C and the short cuts as they are written.

An activation or loss that is not listed here is shown all the same, only without its formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backlit.core.definitions import Loss
from backlit.core.losses import (
    ABSOLUTE,
    BINARY_CROSS_ENTROPY,
    CATEGORICAL_CROSS_ENTROPY,
    LOG_COSH,
    POISSON,
    QUADRATIC,
)
from backlit.core.parametric import PREFIX
from backlit.explanation.story.document import Literal, Maths, Number, Sign, Word
from backlit.explanation.story.maths import (
    MINUS,
    OPEN,
    PLUS,
    TIMES,
    bracketed,
    difference,
    factor,
    product,
)


@dataclass(frozen=True)
class ActivationFormula:
    """σ and σ′ of one activation in plain notation; σ′ is empty where σ couples neurons."""

    value: str
    derivative: str = ""


ACTIVATION_FORMULAS = {
    "sigmoid": ActivationFormula("1 / (1 + e^−z)", "σ(z) (1 − σ(z))"),
    "tanh": ActivationFormula("tanh(z)", "1 − tanh²(z)"),
    "relu": ActivationFormula("max(0, z)", "1 for z > 0, else 0"),
    "leaky_relu": ActivationFormula("z for z > 0, else 0.01 z", "1 for z > 0, else 0.01"),
    "elu": ActivationFormula("z for z > 0, else e^z − 1", "1 for z > 0, else e^z"),
    "selu": ActivationFormula("λ z for z > 0, else λ α (e^z − 1)", "λ for z > 0, else λ α e^z"),
    "gelu": ActivationFormula("z Φ(z)", "Φ(z) + z φ(z)"),
    "silu": ActivationFormula("z / (1 + e^−z)", "a + (1 − a) / (1 + e^−z)"),
    "mish": ActivationFormula("z tanh(ln(1 + e^z))"),
    "softplus": ActivationFormula("ln(1 + e^z)", "1 / (1 + e^−z)"),
    "exp": ActivationFormula("e^z", "e^z"),
    "identity": ActivationFormula("z", "1"),
    "softmax": ActivationFormula("e^{z_j} / Σ_k e^{z_k}"),
}
ACTIVATION_FORMULAS |= {
    PREFIX + name: ActivationFormula(f"z + α (s − z), s = {sigma.value.replace('α', 'β')}", "1 + α (s′ − 1)")
    for name, sigma in ACTIVATION_FORMULAS.items()
    if name != "softmax"
}


@dataclass(frozen=True)
class LossFormula:
    """One loss.

    Attributes
    ----------
    cost : str
        C_x in plain notation, with ``{l}`` for L.
    summand, nabla_a : callable
        ``(a, y) → formula`` of what one output adds to C_x and of ∂C/∂a; given symbols as well as numbers.
    """

    cost: str
    summand: Callable[[Maths, Maths], Maths]
    nabla_a: Callable[[Maths, Maths], Maths]


_ONE: Maths = (Literal("1"),)
_HALF: Maths = (Literal("½"),)
_MINUS: Maths = (Sign("−"),)
_LN: Maths = (Word("ln"),)
_OVER: Maths = (Sign(" / "),)


def _one_minus(maths: Maths) -> Maths:
    return bracketed(difference(_ONE, maths))


def _is(maths: Maths, value: float) -> bool:
    return maths == (Number(value),)


def _binary_summand(a: Maths, y: Maths) -> Maths:
    if _is(y, 1):
        return (*_MINUS, *_LN, *bracketed(a))
    if _is(y, 0):
        return (*_MINUS, *_LN, *_one_minus(a))
    inside = (*y, TIMES, *_LN, *bracketed(a), PLUS, *_one_minus(y), TIMES, *_LN, *_one_minus(a))
    return (*_MINUS, Sign("["), *inside, Sign("]"))


def _poisson_summand(a: Maths, y: Maths) -> Maths:
    if _is(y, 0):
        return a
    return bracketed((*a, MINUS, *y, TIMES, *_LN, *bracketed(a), PLUS, *y, TIMES, *_LN, *bracketed(y), MINUS, *y))


def _call(name: str, *arguments: Maths) -> Maths:
    inside = arguments[0]
    for argument in arguments[1:]:
        inside = (*inside, Sign(", "), *argument)
    return (Word(name), *bracketed(inside))


LOSS_FORMULAS: dict[Loss, LossFormula] = {
    QUADRATIC: LossFormula(
        "½ ‖y − a^{l}‖²",
        lambda a, y: (*_HALF, TIMES, OPEN, *difference(y, a), Sign(")", "2")),
        lambda a, y: difference(a, y),
    ),
    BINARY_CROSS_ENTROPY: LossFormula(
        "−Σ_j [y_j ln a^{l}_j + (1 − y_j) ln(1 − a^{l}_j)]",
        _binary_summand,
        lambda a, y: (*bracketed(difference(a, y)), *_OVER, *bracketed((*a, TIMES, *_one_minus(a)))),
    ),
    CATEGORICAL_CROSS_ENTROPY: LossFormula(
        "−Σ_j y_j ln a^{l}_j",
        lambda a, y: (*_MINUS, *factor(y), TIMES, *_LN, *bracketed(a)),
        lambda a, y: (*_MINUS, *factor(y), *_OVER, *factor(a)),
    ),
    LOG_COSH: LossFormula(
        "Σ_j ln(cosh(a^{l}_j − y_j))",
        lambda a, y: (*_LN, *bracketed(_call("cosh", difference(a, y)))),
        lambda a, y: _call("tanh", difference(a, y)),
    ),
    ABSOLUTE: LossFormula(
        "Σ_j |a^{l}_j − y_j|",
        lambda a, y: (Sign("|"), *difference(a, y), Sign("|")),
        lambda a, y: _call("sign", difference(a, y)),
    ),
    POISSON: LossFormula(
        "Σ_j (a^{l}_j − y_j ln a^{l}_j + y_j ln y_j − y_j)",
        _poisson_summand,
        lambda a, y: (*_ONE, MINUS, *factor(y), *_OVER, *factor(a)),
    ),
}


def loss_formula(loss: Loss) -> LossFormula | None:
    """Return how a loss is written; None if only its numbers are known."""
    parameter = f"{loss.parameter:.6g}"
    if loss.family == "huber":
        return _huber(parameter, f"{0.5 * loss.parameter:.6g}")
    if loss.family == "quantile":
        return _quantile(parameter, f"{1.0 - loss.parameter:.6g}")
    return LOSS_FORMULAS.get(loss)


def _huber(delta: str, half: str) -> LossFormula:
    beyond = "|r| − ½" if delta == "1" else f"{delta} (|r| − {half})"
    return LossFormula(
        f"Σ_j huber(a^{{l}}_j − y_j),  huber(r) = ½ r² for |r| ≤ {delta}, {beyond} beyond",
        lambda a, y: _call("huber", difference(a, y)),
        lambda a, y: _call("clip", difference(a, y), (Sign("−"), Literal(delta)), (Literal(delta),)),
    )


def _quantile(q: str, rest: str) -> LossFormula:
    return LossFormula(
        f"Σ_j pinball(a^{{l}}_j − y_j),  pinball(r) = {rest} r for r > 0, else −{q} r",
        lambda a, y: _call("pinball", difference(a, y)),
        lambda a, y: (*_call("step", difference(a, y)), MINUS, Literal(q)),
    )


def _softmax_short_cut(a: Maths, y: Maths, y_sum: Maths) -> Maths:
    return difference(a if y_sum in (_ONE, (Number(1.0),)) else product(a, y_sum), y)


SHORT_CUT_FORMULAS: dict[tuple[str, str], Callable[[Maths, Maths, Maths], Maths]] = {
    ("cross_entropy", "sigmoid"): lambda a, y, y_sum: difference(a, y),
    ("cross_entropy", "softmax"): _softmax_short_cut,
    ("poisson", "exp"): lambda a, y, y_sum: difference(a, y),
    ("poisson", "sigmoid"): lambda a, y, y_sum: (*bracketed(difference(a, y)), TIMES, *_one_minus(a)),
    ("poisson", "softmax"): _softmax_short_cut,
}
"""(loss, activation) → ``(a, y, Σ_k y_k) → formula`` of the short cut for δ^L."""
