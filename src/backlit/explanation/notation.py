"""Numbers, symbols and formulas as the lecture writes them, in plain Unicode.

An activation or loss that is not listed here is shown all the same, only without its formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backlit.core.losses import (
    ABSOLUTE,
    BINARY_CROSS_ENTROPY,
    CATEGORICAL_CROSS_ENTROPY,
    HUBER,
    POISSON,
    QUADRATIC,
    Loss,
)

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def raised(number: int | str) -> str:
    """Write a whole number as a superscript."""
    return str(number).translate(_RAISED)


def number(value: float, digits: int) -> str:
    """Write a number with so many significant digits: ``0.59327``, ``−1.5×10⁻⁷``, ``∞``."""
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"  # not −0
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    power = f"×10{raised(int(exponent))}" if exponent else ""
    return mantissa.replace("-", "−") + power


def printable(text: str, longest: int = 60) -> str:
    """Write somebody else's text on one line: no control characters, and not too long."""
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def factor(text: str) -> str:
    """Put a negative number in brackets, as it stands after a sign of operation."""
    return f"({text})" if text.startswith("−") else text


def product(*texts: str) -> str:
    """``0.15·(−0.05)``."""
    return "·".join([texts[0], *map(factor, texts[1:])])


def difference(left: str, right: str) -> str:
    """``0.75 − 0.01``."""
    return f"{left} − {factor(right)}"


def total(summands: Sequence[str]) -> str:
    """``0.15·0.05 − 0.2·0.1 + 0.35``: a summand that begins with a minus is subtracted."""
    text = summands[0]
    for summand in summands[1:]:
        text += f" − {summand[1:]}" if summand.startswith("−") else f" + {summand}"
    return text


@dataclass(frozen=True)
class Symbols:
    """Names of the numbers of a network. Layers count from 1; neurons are given from 0 and written from 1.

    Attributes
    ----------
    sizes : tuple of int
        Neurons of each layer.
    """

    sizes: tuple[int, ...]

    def of_neuron(self, letter: str, layer: int, j: int) -> str:
        """``z²_1``, for z, a, b and δ."""
        return f"{letter}{raised(layer)}_{j + 1}"

    def w(self, layer: int, j: int, k: int) -> str:
        """``w²_12``, and with a comma, ``w²_1,12``, where an index of the matrix may have two digits."""
        comma = "," if max(self.sizes[layer - 2 : layer]) > 9 else ""
        return f"w{raised(layer)}_{j + 1}{comma}{k + 1}"


@dataclass(frozen=True)
class ActivationFormula:
    """σ and σ′ of one activation; σ′ is empty where σ couples neurons."""

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


@dataclass(frozen=True)
class LossFormula:
    """One loss.

    Attributes
    ----------
    cost : str
        C_x, with ``{a}`` for a^L.
    summand, nabla_a : callable
        ``(a, y) → text`` of what one output adds to C_x and of ∂C/∂a; given symbols as well as numbers.
    """

    cost: str
    summand: Callable[[str, str], str]
    nabla_a: Callable[[str, str], str]


def _one_minus(text: str) -> str:
    return f"({difference('1', text)})"


def _binary_summand(a: str, y: str) -> str:
    if y in ("0", "1"):
        return f"−ln({a})" if y == "1" else f"−ln{_one_minus(a)}"
    return f"−[{y}·ln({a}) + {_one_minus(y)}·ln{_one_minus(a)}]"


def _poisson_summand(a: str, y: str) -> str:
    return a if y == "0" else f"({a} − {y}·ln({a}) + {y}·ln({y}) − {y})"


LOSS_FORMULAS: dict[Loss, LossFormula] = {
    QUADRATIC: LossFormula(
        "½ ‖y − {a}‖²",
        lambda a, y: f"½·({difference(y, a)})²",
        lambda a, y: difference(a, y),
    ),
    BINARY_CROSS_ENTROPY: LossFormula(
        "−Σ_j [ y_j ln {a}_j + (1 − y_j) ln(1 − {a}_j) ]",
        _binary_summand,
        lambda a, y: f"({difference(a, y)}) / ({a}·{_one_minus(a)})",
    ),
    CATEGORICAL_CROSS_ENTROPY: LossFormula(
        "−Σ_j y_j ln {a}_j",
        lambda a, y: f"−{factor(y)}·ln({a})",
        lambda a, y: f"−{factor(y)} / {factor(a)}",
    ),
    HUBER: LossFormula(
        "Σ_j huber({a}_j − y_j),  huber(r) = ½ r² for |r| ≤ 1, |r| − ½ beyond",
        lambda a, y: f"huber({difference(a, y)})",
        lambda a, y: f"clip({difference(a, y)}, −1, 1)",
    ),
    ABSOLUTE: LossFormula(
        "Σ_j |{a}_j − y_j|",
        lambda a, y: f"|{difference(a, y)}|",
        lambda a, y: f"sign({difference(a, y)})",
    ),
    POISSON: LossFormula(
        "Σ_j ( {a}_j − y_j ln {a}_j + y_j ln y_j − y_j )",
        _poisson_summand,
        lambda a, y: f"1 − {factor(y)} / {factor(a)}",
    ),
}


def _softmax_short_cut(a: str, y: str, y_sum: str) -> str:
    return difference(a if y_sum == "1" else product(a, y_sum), y)


SHORT_CUT_FORMULAS: dict[tuple[str, str], Callable[[str, str, str], str]] = {
    ("cross_entropy", "sigmoid"): lambda a, y, y_sum: difference(a, y),
    ("cross_entropy", "softmax"): _softmax_short_cut,
    ("poisson", "exp"): lambda a, y, y_sum: difference(a, y),
    ("poisson", "sigmoid"): lambda a, y, y_sum: f"({difference(a, y)})·{_one_minus(a)}",
    ("poisson", "softmax"): _softmax_short_cut,
}
"""(loss, activation) → ``(a, y, Σ_k y_k) → text`` of the short cut for δ^L."""
