"""Formulas put together from terms, and the plain notation that fixed formulas are written in.

`formula` reads the lecture's notation, ``δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)``, into typed terms, so that a formula is
written once, legibly, and every renderer can set it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from backlit.explanation.story.document import Literal, Maths, More, Name, Number, Partial, Pieces, Sign, Symbol, Word

PLUS, MINUS, TIMES, SPACE = Sign(" + "), Sign(" − "), Sign("·"), Sign(" ")
OPEN, CLOSE = Sign("("), Sign(")")

_UNRAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−")
_WORDS = "exp|ln|tanh|cosh|max|huber|pinball|step|clip|sign|mean|scale|for|else|beyond"
_SYMBOL = r"[A-Za-zσΣ∇λμαβδΦφ]′?"


def _sup(group: str) -> str:
    raised = "[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|ᵀ"
    return rf"(?:\^\{{(?P<{group}_braced>[^{{}}]*)\}}|\^(?P<{group}_bare>−?\w)|(?P<{group}_raised>{raised}))?"


def _sub(group: str) -> str:
    return rf"(?:_(?:\{{(?P<{group}_braced>[^{{}}]*)\}}|(?P<{group}_bare>\w+(?:,\w+)?)))?"


_TERM = re.compile(
    rf"∂(?P<of>C(?:_\w+)?|a_k)/∂(?P<by>{_SYMBOL}){_sup('by_sup')}{_sub('by_sub')}"
    rf"|(?P<word>\b(?:{_WORDS})(?![A-Za-z_])){_sup('word_sup')}"
    r"|(?P<literal>\d+(?:\.\d+)?|½)"
    rf"|(?P<symbol>{_SYMBOL}){_sup('sup')}{_sub('sub')}"
    rf"|(?P<close>[)\]‖]){_sup('close_sup')}{_sub('close_sub')}"
    r"|(?P<sign> *(?:[+−=←⊙/·×≤>,;…→] *|[(\[{|}])| +)"
)


@cache
def formula(text: str) -> Maths:
    """Read a formula in plain notation."""
    terms: list[object] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise ValueError(f"{text[at:]!r} in {text!r} is not in the notation of formulas")
        found = match.groupdict()

        def script(group: str, found: dict[str, str] = found) -> str:
            given = [found.get(f"{group}_{kind}") for kind in ("braced", "bare", "raised")]
            return next((value.translate(_UNRAISED) for value in given if value), "")

        if found["of"]:
            letter, _, below = found["of"].partition("_")
            terms.append(Partial(Symbol(letter, sub=below), Symbol(found["by"], script("by_sup"), script("by_sub"))))
        elif found["word"]:
            terms.append(Word(found["word"], script("word_sup")))
        elif found["literal"]:
            terms.append(Literal(found["literal"]))
        elif found["symbol"]:
            terms.append(Symbol(found["symbol"], script("sup"), script("sub")))
        elif found["close"]:
            terms.append(Sign(found["close"], script("close_sup"), script("close_sub")))
        else:
            terms.append(Sign(found["sign"]))
        at = match.end()
    return tuple(terms)  # type: ignore[arg-type]


def pieces(*parts: str | Name | Maths) -> Pieces:
    """Read a sentence: text between dollar signs is a formula in plain notation."""
    result: list[str | Name | Maths] = []
    for part in parts:
        read = [part]
        if isinstance(part, str):
            read = [formula(text) if i % 2 else text for i, text in enumerate(part.split("$")) if text]
        for each in read:
            if isinstance(each, tuple) and result and isinstance(result[-1], tuple):
                result[-1] = (*result[-1], *each)
            else:
                result.append(each)
    return tuple(result)


def is_negative(maths: Maths) -> bool:
    """Whether a formula begins with a minus."""
    first = maths[0]
    return (isinstance(first, Number) and first.value < 0) or first == Sign("−")


def factor(maths: Maths) -> Maths:
    """Put what begins with a minus in brackets, as it stands after a sign of operation."""
    return (OPEN, *maths, CLOSE) if is_negative(maths) else maths


def product(*factors: Maths) -> Maths:
    """``0.15·(−0.05)``."""
    result = factors[0]
    for each in factors[1:]:
        result = (*result, TIMES, *factor(each))
    return result


def difference(left: Maths, right: Maths) -> Maths:
    """``0.75 − 0.01``."""
    return (*left, MINUS, *factor(right))


def bracketed(maths: Maths) -> Maths:
    """``(0.75 − 0.01)``."""
    return (OPEN, *maths, CLOSE)


def total(summands: Sequence[Maths]) -> Maths:
    """``0.15·0.05 − 0.2·0.1 + 0.35``: a summand that begins with a minus is subtracted."""
    result = summands[0]
    for summand in summands[1:]:
        if not is_negative(summand):
            result = (*result, PLUS, *summand)
            continue
        first = summand[0]
        rest = (Number(-first.value), *summand[1:]) if isinstance(first, Number) else summand[1:]
        result = (*result, MINUS, *rest)
    return result


def number(value: float) -> Maths:
    """A number of the trace."""
    return (Number(float(value)),)


def has_numbers(maths: Maths) -> bool:
    """Whether numbers of the trace stand in a formula."""
    return any(isinstance(term, Number) for term in maths)


def with_totals(maths: Maths) -> Maths:
    """Write the sum of the terms that are not shown in their place, for readers who add up by hand."""
    result: Maths = ()
    for term in maths:
        if not isinstance(term, More):
            result = (*result, term)
        elif term.total is not None:
            result = (*result, *factor(number(term.total)))
        else:
            result = (*result, Literal("0"))
    return result


@dataclass(frozen=True)
class Symbols:
    """Names of the numbers of a network. Layers count from 1; neurons are given from 0 and written from 1.

    Attributes
    ----------
    sizes : tuple of int
        Neurons of each layer.
    """

    sizes: tuple[int, ...]

    def of_neuron(self, letter: str, layer: int, j: int) -> Symbol:
        """``z²_1``, for z, a, b and δ."""
        return Symbol(letter, str(layer), str(j + 1))

    def w(self, layer: int, j: int, k: int) -> Symbol:
        """``w²_12``, and with a comma, ``w²_1,12``, where an index of the matrix may have two digits."""
        comma = "," if max(self.sizes[layer - 2 : layer]) > 9 else ""
        return Symbol("w", str(layer), f"{j + 1}{comma}{k + 1}")


def broken(maths: Maths) -> list[Maths]:
    """Cut a formula before each sign of addition, where a line may be broken."""
    cuts = [i for i, term in enumerate(maths) if term in (PLUS, MINUS) and i > 0]
    return [maths[i:j] for i, j in zip([0, *cuts], [*cuts, len(maths)], strict=True)]
