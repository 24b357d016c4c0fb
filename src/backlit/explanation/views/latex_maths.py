"""Formulas in LaTeX, for the LaTeX and the Markdown view, and equations broken into lines."""

from __future__ import annotations

from collections.abc import Callable

from backlit.explanation.plain_text import printable, rounded
from backlit.explanation.story.document import (
    Blank,
    Equations,
    Literal,
    Maths,
    More,
    Number,
    Partial,
    Sign,
    Symbol,
    Term,
    Word,
)
from backlit.explanation.story.maths import broken, formula
from backlit.explanation.views.text import text_of

LETTERS = {
    "σ": r"\sigma", "σ′": r"\sigma'", "Σ": r"\sum", "∇": r"\nabla", "λ": r"\lambda", "μ": r"\mu", "α": r"\alpha",
    "β": r"\beta", "δ": r"\delta", "Φ": r"\Phi", "φ": r"\varphi",
}  # fmt: skip
SIGNS = {
    "−": "-", "·": r"\cdot", "⊙": r"\odot", "←": r"\leftarrow", "≤": r"\le", "×": r"\times", "‖": r"\Vert", "±": r"\pm",
    "…": r"\dots", "→": r"\to", "{": r"\{", "}": r"\}",
}  # fmt: skip
FUNCTIONS = {"exp": r"\exp", "ln": r"\ln", "tanh": r"\tanh", "cosh": r"\cosh", "max": r"\max"} | {
    name: rf"\operatorname{{{name}}}" for name in ("huber", "pinball", "step", "clip", "sign")
}

TextWriter = Callable[[str], str]
"""Writes somebody's text for the inside of ``\\text{}``."""


def latex_of(maths: Maths, digits: int, text: TextWriter) -> str:
    """Write a formula in LaTeX."""
    written = ""
    for term in maths:
        following = _term(term, digits, text)
        # a command must not run into the letter behind it
        glue = " " if written[-1:].isalpha() and following[:1].isalpha() and "\\" in written.rsplit(" ", 1)[-1] else ""
        written += glue + following
    return written.strip()


def _term(term: Term, digits: int, text: TextWriter) -> str:
    match term:
        case Number():
            return _number(term.value, digits)
        case Symbol():
            return LETTERS.get(term.letter, term.letter) + _scripts(term.sup, term.sub, text)
        case Partial():
            return rf"\frac{{\partial {_term(term.of, digits, text)}}}{{\partial {_term(term.by, digits, text)}}}"
        case Sign():
            return _sign(term.text) + _scripts(term.sup, term.sub, text)
        case Word():
            name = FUNCTIONS.get(term.text) or rf"\text{{ {text(term.text)} }}"
            return name + _scripts(term.sup, "", text)
        case Literal():
            return r"\tfrac{1}{2}" if term.text == "½" else term.text
        case More():
            return rf"(\dots\text{{ {term.words}}})"
        case Blank():
            return r"\underline{\hspace{8em}}"


def _sign(sign: str) -> str:
    core = "".join(
        f"{SIGNS[char]} " if char in SIGNS and SIGNS[char][0] == "\\" else SIGNS.get(char, char) for char in sign
    )
    if not core.strip():
        return r"\," if core else ""
    return f" {core.strip()} " if sign[0] == " " or sign[-1] == " " else core


def _scripts(sup: str, sub: str, text: TextWriter) -> str:
    above = r"\mathsf{T}" if sup == "ᵀ" else latex_of(formula(sup), 6, text) if sup else ""
    below = sub if sub.replace(",", "").isalnum() or not sub else latex_of(formula(sub), 6, text)
    return (f"^{{{above}}}" if above else "") + (f"_{{{below}}}" if below else "")


def _number(value: float, digits: int) -> str:
    mantissa, exponent = rounded(value, digits)
    mantissa = mantissa.replace("−", "-").replace("∞", r"\infty ").replace("NaN", r"\text{NaN}")
    return rf"{mantissa}\times 10^{{{exponent}}}" if exponent else mantissa


def aligned_lines(block: Equations, digits: int, text: TextWriter, width: int = 76) -> list[str]:
    """Return the lines of an ``aligned`` environment: one part of an equation on each, long sums broken.

    Parameters
    ----------
    block : Equations
    digits : int
    text : callable
    width : int
        About how many signs fit on a line, to the right of the sign of equality.
    """
    lines = []
    for row in block.rows:
        left = latex_of(row.parts[0], digits, text)
        if not row.parts[1:]:
            lines.append(left)
            continue
        remark = "" if row.remark is None else rf"\quad\leftarrow\text{{ {text(printable(row.remark.text, 20))}}}"
        length = 0
        current = f"{left} &="
        for i, part in enumerate(row.parts[1:]):
            chunks = broken(part)
            whole = len(text_of(part, digits))
            if i > 0:
                if length + whole + 3 > width:
                    lines.append(current)
                    current, length = "&=", 0
                else:
                    current, length = f"{current} =", length + 3
            for chunk in chunks:
                size = len(text_of(chunk, digits))
                if length and length + size > width:
                    lines.append(current)
                    current, length = r"&\quad {}", 4
                current += f" {latex_of(chunk, digits, text)}"
                length += size
        lines.append(current + remark)
    return lines
