"""The sum, or the product, that a number of a step is: its terms, their factors, and where each factor comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from backlit.explanation.explanation import Explanation
from backlit.explanation.plain_text import number as printed
from backlit.explanation.story.document import Maths, Number, Sign, Symbol
from backlit.explanation.story.maths import SPACE, Symbols, factor, is_negative, number, product
from backlit.explanation.story.selection import largest
from backlit.explanation.trace.tree import Floats
from backlit.explanation.views.mathml import mathml_of
from backlit.lab.state.numbers import number_at, symbol_of
from backlit.lab.talk.findings import Factor, Summand
from backlit.lab.talk.replies import Quantity, Reference

Term = tuple[Reference | Factor, ...]
"""What is multiplied; of the many terms of a long sum only those that are shown are written out."""
_PLUS, _MINUS = Sign(" + "), Sign(" − ")


@dataclass(frozen=True)
class Sum:
    """Terms that add up to a number, after they are multiplied by `times` where that is there.

    Attributes
    ----------
    summands : tuple of Summand
    signs : tuple of int
        −1 where the product of a summand's factors is subtracted.
    times : Factor or None
    adds_up : bool
        Whether the number is this sum; otherwise it is some other function of the factors, such as σ.
    """

    summands: tuple[Summand, ...]
    signs: tuple[int, ...]
    times: Factor | None = None
    adds_up: bool = True


def sum_of(step: Explanation, place: Reference, example: int, terms: int | None, digits: int) -> Sum | None:
    """Return what a number is made of; None where it is given.

    Parameters
    ----------
    step : Explanation
    place : Reference
        Checked.
    example : int
        The one in view, counted from 0.
    terms : int or None
        How many terms of a long sum are shown.
    digits : int
    """
    e = example if place.example is None else place.example - 1
    writer = _Writer(step, e, terms, digits)
    layer, j, last = place.layer, place.neuron, step.n_layers
    match place.quantity:
        case "z":
            before = [writer.at("x" if layer == 2 else "a", layer - 1, k) for k in _all(step, layer - 1)]
            weights = [Reference("w", layer, j, k) for k in _all(step, layer - 1)]
            return writer.sum(list(zip(weights, before, strict=True)), bias=Reference("b", layer, j))
        case "a":
            return writer.made_of([writer.at("z", layer, k) for k in _coupled(step, place)], writer.alpha(layer, j))
        case "sigma_prime":
            return writer.made_of([writer.at("z", layer, j)], writer.alpha(layer, j))
        case "nabla_a" if layer == last:
            return writer.made_of([writer.at("a", layer, j), writer.at("y", layer, j)])
        case "nabla_a":
            return writer.sum(_errors(step, writer, layer, j))
        case "delta":
            return _delta(step, writer, layer, j)
        case "nabla_b" | "nabla_w":
            return _gradient(step, writer, place)
        case "b_new" | "w_new":
            own = replace(place, quantity="b" if place.k is None else "w", example=None)
            slope = replace(place, quantity="nabla_b" if place.k is None else "nabla_w", example=None)
            rate = writer.constant(Symbol("μ"), step.learning_rate)
            return writer.sum([(own,), (rate, slope)], signs=(1, -1), whole=True)
        case "cost":
            return _cost(step, writer, place)
    return None


def _all(step: Explanation, layer: int) -> range:
    return range(1, step.sizes[layer - 1] + 1)


def _coupled(step: Explanation, place: Reference) -> Sequence[int]:
    couples = step.examples[0].layer(place.layer).sum_exp is not None
    return _all(step, place.layer) if couples else (place.neuron,)


def _errors(step: Explanation, writer: _Writer, layer: int, j: int) -> list[Term]:
    return [(Reference("w", layer + 1, k, j), writer.at("delta", layer + 1, k)) for k in _all(step, layer + 1)]


def _delta(step: Explanation, writer: _Writer, layer: int, j: int) -> Sum:
    error = step.examples[writer.example].layer(layer).error
    assert error is not None
    if layer < step.n_layers and error.sigma_prime is not None:
        return writer.sum(_errors(step, writer, layer, j), times=writer.at("sigma_prime", layer, j))
    y = step.examples[writer.example].y
    if error.short_cut and error.sigma_prime is None and y is not None and float(y.sum()) == 1.0:
        return writer.sum([(writer.at("a", layer, j),), (writer.at("y", layer, j),)], signs=(1, -1), whole=True)
    pair = (writer.at("nabla_a", layer, j),)
    if error.sigma_prime is None:
        return writer.made_of([writer.at("a", layer, j), *pair])
    if error.short_cut and not np.isclose(error.general[j - 1], error.delta[j - 1], rtol=1e-12, atol=0.0):
        # the equation has lost digits where an output is saturated; the short cut has not
        return writer.made_of([*pair, writer.at("sigma_prime", layer, j)])
    return writer.sum([(*pair, writer.at("sigma_prime", layer, j))])


def _gradient(step: Explanation, writer: _Writer, place: Reference) -> Sum:
    layer, j, k, n = place.layer, place.neuron, place.k, len(step.examples)
    examples = [place.example] if place.example is not None else list(range(1, n + 1))
    terms: list[Term] = []
    for e in examples:
        delta = Reference("delta", layer, j, None, e)
        terms.append((delta,) if k is None else (Reference("x" if layer == 2 else "a", layer - 1, k, None, e), delta))
    mean = None if len(examples) == 1 else writer.constant(Symbol("1/n"), 1.0 / n)
    return writer.sum(terms, times=mean)


def _cost(step: Explanation, writer: _Writer, place: Reference) -> Sum | None:
    n = len(step.examples)
    if step.cost is None:
        return None
    if place.example is None and n > 1:
        costs = [(Reference("cost", step.n_layers, 0, None, e),) for e in range(1, n + 1)]
        return writer.sum(costs, times=writer.constant(Symbol("1/n"), 1.0 / n))
    return writer.outputs()


class _Writer:
    """Writes the terms of a number of one example."""

    def __init__(self, step: Explanation, example: int, terms: int | None, digits: int) -> None:
        self.step, self.example, self.terms, self.digits = step, example, terms, digits

    def _value(self, part: Reference | Factor) -> float:
        return part.value if isinstance(part, Factor) else number_at(self.step, part, self.example)

    def _factor(self, place: Reference | Factor) -> Factor:
        if isinstance(place, Factor):
            return place
        value = number_at(self.step, place, self.example)
        symbol = symbol_of(self.step, place, self.example)
        return Factor(place, mathml_of(symbol, self.digits), value, printed(value, self.digits))

    def at(self, quantity: Quantity, layer: int, neuron: int) -> Reference:
        return Reference(quantity, layer, neuron, None, self.example + 1)

    def constant(self, symbol: Symbol, value: float) -> Factor:
        return Factor(None, mathml_of((symbol,), self.digits), value, printed(value, self.digits))

    def alpha(self, layer: int, j: int) -> list[Summand]:
        """Return a neuron's own α, where it has one: given, so that it comes from nowhere."""
        alphas = self.step.layer_parameters(layer).alpha
        if alphas is None:
            return []
        symbol, value = (Symbols(self.step.sizes).of_neuron("α", layer, j - 1),), float(alphas[j - 1])
        numbers = mathml_of(number(value), self.digits)
        return [Summand(mathml_of(symbol, self.digits), numbers, value, printed(value, self.digits), (), 1)]

    def made_of(self, places: Sequence[Reference], given: Sequence[Summand] = ()) -> Sum:
        """What is no sum: the numbers that it is a function of."""
        summands = [*(self._summand((each,), 1, first=True) for each in places[: self.terms]), *given]
        return Sum(tuple(summands), (1,) * len(summands), adds_up=False)

    def sum(
        self,
        terms: Sequence[Term],
        *,
        bias: Reference | None = None,
        times: Reference | Factor | None = None,
        signs: Sequence[int] | None = None,
        whole: bool = False,
    ) -> Sum:
        """Terms of factors, the largest where there are many, and all others as one; a bias stands at the end."""
        values = np.array([math.prod(map(self._value, term)) for term in terms])
        places = largest(values, None if whole else self.terms)
        signs = signs or (1,) * len(terms)
        written = [self._summand(terms[k], signs[k], first=i == 0) for i, k in enumerate(places)]
        others = np.delete(values, places)
        if others.size:
            written.append(self._rest(others, first=not written))
        if bias is not None:
            written.append(self._summand((bias,), 1, first=not written))
        told = [signs[k] for k in places] + [1] * (len(written) - len(places))
        return Sum(tuple(written), tuple(told), None if times is None else self._factor(times))

    def outputs(self) -> Sum:
        """What each output adds to the cost of the example."""
        told = self.step.examples[self.example]
        summands: Floats | None = told.cost_summands
        assert summands is not None
        last = self.step.n_layers
        places = largest(summands, self.terms)
        written: list[Summand] = []
        for k in places:
            value = float(summands[k])
            factors = (self._factor(self.at("a", last, k + 1)), self._factor(self.at("y", last, k + 1)))
            first = not written
            symbols = " ".join(each.symbol for each in factors)
            numbers = mathml_of(_signed(number(value), 1, first=first), self.digits)
            written.append(Summand(symbols, numbers, value, printed(value, self.digits), (), 1))
        others = np.delete(np.asarray(summands, dtype=np.float64), places)
        if others.size:
            written.append(self._rest(others, first=not written))
        return Sum(tuple(written), (1,) * len(written))

    def _summand(self, term: Term, sign: int, *, first: bool) -> Summand:
        factors = tuple(map(self._factor, term))
        value = sign * math.prod(each.value for each in factors)
        names: Maths = ()
        for each in factors:
            place = each.place
            name: Maths = (Symbol("μ"),) if place is None else symbol_of(self.step, place, self.example)
            names = (*names, SPACE, *name) if names else name
        texts = [number(each.value) for each in factors]
        return Summand(
            symbols=mathml_of(_signed(names, sign, first=first), self.digits),
            numbers=mathml_of(_signed(product(*texts), sign, first=first), self.digits),
            value=value,
            printed="·".join(_bracketed(each.printed, first=i == 0) for i, each in enumerate(factors)),
            factors=factors,
            count=1,
        )

    def _rest(self, others: Floats, *, first: bool) -> Summand:
        value = float(others.sum())
        numbers = mathml_of(_signed(number(value), 1, first=first), self.digits)
        sign = "" if first else '<mo form="infix">+</mo>'
        symbols = f"<math>{sign}<mtext>… {others.size} more terms</mtext></math>"
        return Summand(symbols, numbers, value, printed(value, self.digits), (), int(others.size))


def _signed(maths: Maths, sign: int, *, first: bool) -> Maths:
    """Put the sign before a summand that it has in its sum."""
    if sign < 0:
        return (_MINUS if not first else Sign("−"), *factor(maths))
    if first:
        return maths
    head = maths[0]
    if isinstance(head, Number) and is_negative(maths):
        return (_MINUS, Number(-head.value), *maths[1:])
    return (_PLUS, *maths)


def _bracketed(text: str, *, first: bool) -> str:
    return text if first or not text.startswith("−") else f"({text})"
