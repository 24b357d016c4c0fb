"""Formulas in MathML Core, which browsers set by themselves."""

from __future__ import annotations

from html import escape

from backlit.explanation.plain_text import rounded
from backlit.explanation.story.document import Blank, Literal, Maths, More, Number, Partial, Sign, Symbol, Term, Word
from backlit.explanation.story.maths import formula


def mathml_of(maths: Maths, digits: int) -> str:
    """Write a formula as one ``<math>`` element."""
    return f"<math>{_row(maths, digits)}</math>"


def _row(maths: Maths, digits: int) -> str:
    return "".join(_term(term, digits) for term in maths)


def _term(term: Term, digits: int) -> str:
    match term:
        case Number():
            return _number(term.value, digits)
        case Symbol():
            letter = f"<mo>{term.letter}</mo>" if term.letter == "∇" else f"<mi>{term.letter}</mi>"
            return _scripts("<mo>∑</mo>" if term.letter == "Σ" else letter, term.sup, term.sub)
        case Partial():
            of, by = _term(term.of, digits), _term(term.by, digits)
            return f'<mfrac displaystyle="true"><mrow><mi>∂</mi>{of}</mrow><mrow><mi>∂</mi>{by}</mrow></mfrac>'
        case Sign():
            return _sign(term)
        case Word():
            return _scripts(
                f"<mi>{escape(term.text)}</mi>" if _is_function(term.text) else _text(term.text), term.sup, ""
            )
        case Literal():
            half = "<mfrac><mn>1</mn><mn>2</mn></mfrac>"
            return half if term.text == "½" else f"<mn>{term.text}</mn>"
        case More():
            return f'<mo stretchy="false">(</mo><mtext>… {term.words}</mtext><mo stretchy="false">)</mo>'
        case Blank():
            return '<mtext class="blank">\u2003\u2003\u2003\u2003\u2003\u2003</mtext>'


def _is_function(word: str) -> bool:
    return word in ("exp", "ln", "tanh", "cosh", "max", "huber", "pinball", "step", "clip", "sign")


def _text(words: str) -> str:
    return f"<mtext>\u00a0{escape(words)}\u00a0</mtext>"


def _sign(term: Sign) -> str:
    text = term.text.strip()
    if not text:
        return '<mspace width="0.17em"/>'
    if text in ("(", ")", "[", "]", "|", "‖"):
        return _scripts(f'<mo stretchy="false">{text}</mo>', term.sup, term.sub)
    if text == "…":
        return "<mo>…</mo>"
    signs = text.split()
    # a minus without spaces around it belongs to what follows
    form = ' form="prefix"' if term.text in ("−", "±") else ' form="infix"' if text in ("+", "−", "=") else ""
    return "".join(f"<mo{form}>{escape(sign)}</mo>" for sign in signs)


def _scripts(base: str, sup: str, sub: str) -> str:
    if not sup and not sub:
        return base
    above = "<mi>T</mi>" if sup == "ᵀ" else f"<mrow>{_row(formula(sup), 6)}</mrow>" if sup else ""
    below = f"<mrow>{_index(sub)}</mrow>" if sub else ""
    if above and below:
        return f"<msubsup>{base}{below}{above}</msubsup>"
    return f"<msup>{base}{above}</msup>" if above else f"<msub>{base}{below}</msub>"


def _index(sub: str) -> str:
    parts = sub.split(",")
    return "<mo>,</mo>".join(f"<mn>{part}</mn>" if part.isdigit() else f"<mi>{part}</mi>" for part in parts)


def _number(value: float, digits: int) -> str:
    mantissa, exponent = rounded(value, digits)
    if not exponent:
        return f"<mn>{mantissa}</mn>"
    power = str(exponent).replace("-", "−")
    return f"<mrow><mn>{mantissa}</mn><mo>×</mo><msup><mn>10</mn><mn>{power}</mn></msup></mrow>"
