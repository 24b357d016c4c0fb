"""Reads a rendered explanation back: the equations of its text, and what the trace says they must be.

Also the networks and batches that the views are tested on.
"""

from __future__ import annotations

import math
import re

import numpy as np

from backlit.core.network import Network
from backlit.explanation import render_text
from backlit.explanation.plain_text import number, raised

PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
NUMBER = r"\d+(?:\.\d+)?(?:×10⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|∞|NaN"
TOKEN = re.compile(
    r"(?P<more>\(… [^)]*\))"
    r"|(?P<symbol>σ′\(z[⁰-⁹¹²³]+_\d+\)|(?:∂C(?:_\d+)?/∂)?[wabzδ][⁰-⁹¹²³]+_\d+(?:,\d+)?|y_\d+|C_\d+"
    r"|Σ_k exp\(z[⁰-⁹¹²³]+_k\)|Σ_k a_k ∂C(?:_\d+)?/∂a_k|Σ_k y_k|μ)"
    rf"|(?P<number>{NUMBER})"
)


def value_of(text):
    """Read a printed number."""
    sign, text = (-1, text[1:]) if text.startswith("−") else (1, text)
    if text in ("∞", "NaN"):
        return sign * float(text.replace("∞", "inf"))
    mantissa, _, power = text.partition("×10")
    return sign * float(f"{mantissa}e{power.translate(PLAIN) or 0}")


def equations_of(text):
    """Read a page back: for each equation the list of its parts."""
    equations, is_open = [], False
    for line in text.splitlines():
        if (
            re.match(r"    ((a¹|y)_\d+ = .*   (a¹|y)|[^ ]+ = |[wb][⁰-⁹¹²³]+_[\d,]+ ←|\S+ +(=|←))", line)
            and "δ_j = " not in line
        ):
            equations += re.split(r"   (?=a¹_|y_)", line.split("  ← ")[0].strip())
            is_open = True
        elif is_open and re.match(r"     +[=+−] ", line):
            equations[-1] += " " + line.split("  ← ")[0].strip()
        else:
            is_open = False
    return [[part.strip() for part in re.split(r" += ", equation)] for equation in equations]


class Truth:
    """Looks a symbol of the page up in the trace."""

    def __init__(self, explanation, index=0):
        self.explanation = explanation
        self.index, self.example = index, explanation.examples[index]

    def __call__(self, symbol):
        last = self.example.layers[-1]
        if symbol == "C":
            return self.explanation.cost
        if symbol.startswith("C_"):
            return self.explanation.examples[int(symbol[2:]) - 1].cost
        if symbol == "μ":
            return self.explanation.learning_rate
        if symbol.startswith("y_"):
            return self.example.y[int(symbol[2:]) - 1]
        if symbol == "Σ_k y_k":
            return self.example.y.sum()
        prefix, letter, layer, places = re.fullmatch(
            r"(.*?)(?<![A-Z])([wabzδ])([⁰-⁹¹²³]+)_([\dk,]+)\)?", symbol
        ).groups()
        layer = int(layer.translate(PLAIN))
        if prefix.startswith("Σ_k exp"):
            return self.example.layer(layer).sum_exp
        if prefix.startswith("∂C_"):
            return self.of_example(int(prefix[3:-2]) - 1, letter, layer, places)
        *_, parameters = (None, *self.explanation.parameters[: layer - 1])
        trace = self.example.layer(layer) if layer > 1 else last
        if letter == "w":
            j, k = (int(place) - 1 for place in (places.split(",") if "," in places else places))
            return (parameters.step.nabla_w if prefix else parameters.w)[j, k]
        j = int(places) - 1
        if letter == "b":
            return (parameters.step.nabla_b if prefix else parameters.b)[j]
        if letter == "a":
            return trace.error.nabla_a[j] if prefix else self.example.activations(layer)[j]
        if letter == "z":
            return trace.error.sigma_prime[j] if prefix == "σ′(" else trace.z[j]
        return trace.error.delta[j]

    def of_example(self, index, letter, layer, places):
        """∂C_x/∂w, ∂C_x/∂b or ∂C_x/∂a."""
        j, *k = (int(place) - 1 for place in (places.split(",") if "," in places or letter != "w" else places))
        error = self.explanation.examples[index].layer(layer).error
        if letter == "w":
            return error.delta[j] * self.explanation.examples[index].activations(layer - 1)[k[0]]
        return (error.delta if letter == "b" else error.nabla_a)[j]

    def after(self, symbol):
        letter, layer, places = re.fullmatch(r"([wb])([⁰-⁹¹²³]+)_([\d,]+)", symbol).groups()
        step = self.explanation.layer_parameters(int(layer.translate(PLAIN))).step
        if letter == "b":
            return step.b_after[int(places) - 1]
        j, k = (int(place) - 1 for place in (places.split(",") if "," in places else places))
        return step.w_after[j, k]


FUNCTIONS = {
    "exp": np.exp,
    "ln": np.log,
    "sign": np.sign,
    "clip": np.clip,
    "abs": abs,
    "tanh": math.tanh,
    "cosh": math.cosh,
    "step": lambda r: float(r > 0),
    "pinball": lambda r: 0.5 * abs(r),
    "huber": lambda r: 0.5 * r * r if abs(r) <= 1 else abs(r) - 0.5,
}


def calculate(expression):
    """Work out an expression of numbers; return its value and how far the rounding of its numbers may move it."""
    numbers = list(re.finditer(NUMBER, expression))
    template = re.sub(NUMBER, "{}", re.sub(r"[{}]", "", expression))
    template = re.sub(r"\|([^|]*)\|", r"abs(\1)", template)
    for sign, plain in {"−": "-", "·": "*", "½": "0.5", "²": "**2", "[": "(", "]": ")"}.items():
        template = template.replace(sign, plain)

    def evaluate(values):
        return float(eval(template.format(*(f"({value!r})" for value in values)), {}, FUNCTIONS))

    values = [value_of(match.group()) for match in numbers]
    result, slack = evaluate(values), 0.0
    for i, value in enumerate(values):
        moved = [*values[:i], value + half_a_digit(numbers[i].group()), *values[i + 1 :]]
        slack += abs(evaluate(moved) - result)
    return result, slack


def half_a_digit(text, digits=6):
    value = abs(value_of(text))
    return 0.5 * 10.0 ** (math.floor(math.log10(value)) - digits + 1) if value else 0.0


def check(explanation, digits=6, **options):
    """Read a rendered explanation back and compare every equation with the trace; return the left-hand sides."""
    head, *parts = re.split(r"(?m)^══ ", render_text(explanation, digits=digits, **options))
    if not parts:
        return check_part(explanation, 0, head, digits)
    assert [part.split()[0] for part in parts] == ["Example"] * len(explanation.examples) + (
        ["The"] if explanation.cost is not None else []
    )
    return [
        symbol
        for i, part in enumerate(parts)
        for symbol in check_part(explanation, min(i, len(explanation.examples) - 1), part, digits)
    ]


def check_part(explanation, index, text, digits):
    """Check the equations of one example, or of the batch."""
    truth = Truth(explanation, index)
    equations = equations_of(text)
    couples = {layer.layer: layer.sum_exp is not None for layer in explanation.examples[0].layers}
    for left, *middle, result in equations:
        left, arrow, update = left.partition(" ← ")
        if left.startswith(("predicted", "target")):
            continue
        expected = truth.after(left) if arrow else truth(left)
        if middle and left[0] == "δ" and left[1] == raised(explanation.n_layers) and "∂C" in middle[0]:
            expected = explanation.examples[index].layers[-1].error.general[int(left.split("_")[1]) - 1]
        expected = float(expected)
        assert result == number(expected, digits), (left, middle, result)
        assert abs(value_of(result) - expected) <= 1.001 * half_a_digit(result, digits) or not np.isfinite(expected)

        parts = [update, *middle] if arrow else middle
        if len(parts) != 2:
            continue
        symbols, numbers = parts
        # every symbol has its own number, in the same order
        shown = [(m.lastgroup, m.group()) for m in TOKEN.finditer(symbols)]
        printed = [value_of(m.group()) for m in re.finditer(NUMBER, numbers)]
        if (left[0] != "C" or symbols.startswith("(C_")) and not symbols.startswith(("σ(z", "clip")):
            printed_of = iter(printed)
            for kind, symbol in shown:
                if kind == "more":
                    if "all 0" not in symbol:
                        next(printed_of)
                elif kind == "number":
                    assert value_of(symbol) == next(printed_of)
                elif "Σ_k a_k" in symbol:
                    layer = int(left[1].translate(PLAIN))
                    mean = explanation.examples[index].layer(layer).error.mean_nabla_a
                    assert abs(value_of(number(mean, digits))) == next(printed_of)
                else:
                    assert abs(value_of(number(truth(symbol), digits))) == next(printed_of), (left, symbol, numbers)
            assert not list(printed_of)
        # the line adds up
        if "σ" in numbers:
            assert f"σ({number(truth(left.replace('a', 'z')), digits)})" == numbers
            assert not couples[int(left[1].translate(PLAIN))]
        elif digits == 6:
            calculated, slack = calculate(numbers)
            assert abs(calculated - expected) <= 2 * (slack + half_a_digit(result)) + 1e-15, (left, numbers, result)
    return [left.partition(" ← ")[0] for left, *_ in equations]


def network_and_target(loss, output, dtype="float64", sizes=(3, 4, 3), hidden="tanh", seed=5):
    network = Network.initialize(sizes, [hidden] * (len(sizes) - 2) + [output], seed=seed, dtype=dtype)
    for b in network.biases:
        b[:] = np.random.default_rng(len(b)).uniform(-0.5, 0.5, len(b))  # new networks have biases of 0
    n = sizes[-1]
    y = {"cross_entropy": np.eye(n)[n // 2], "poisson": np.arange(n) + 1.0}.get(loss, np.linspace(-0.4, 1.7, n))
    return network, np.random.default_rng(4).normal(size=sizes[0]), y


def batch(loss, output, n=3, **options):
    network, x, y = network_and_target(loss, output, **options)
    xs = np.random.default_rng(8).normal(size=(n, len(x)))
    return network, xs, np.stack([np.roll(y, e) for e in range(n)])
