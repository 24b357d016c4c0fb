"""What stands left of a printed "=" gives, by calculator, what stands right of it."""

from __future__ import annotations

import datetime as dt
import math
import re

import numpy as np
import polars as pl
import pytest
from read_back import FUNCTIONS, NUMBER, half_a_digit, value_of
from read_views import READERS, plain_page

import backlit as bl
from backlit.core.activations import get_activation
from backlit.explanation import render
from backlit.tables.options import TableTraining
from every import in_turn

N = 60
RNG = np.random.default_rng(0)
TABLE = pl.DataFrame(
    {
        "price": RNG.normal(1e6, 5, N),  # u is a small difference of large numbers
        "small": RNG.normal(0, 1e-8, N),
        "when": [dt.datetime(2020, 1, 1, 0, 20) + dt.timedelta(minutes=1237 * i) for i in range(N)],
        "zoned": pl.Series([dt.datetime(2020, 3, 1, tzinfo=dt.UTC) + dt.timedelta(hours=31 * i) for i in range(N)]),
        "took": [dt.timedelta(seconds=7 * i * i) for i in range(N)],
        "day": [None if i % 9 == 8 else dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(N)],
        "city": ["Ulm", "Köln", "Bonn"] * 20,
        "ok": [True, False, None] * 20,
        "gap": [None if i % 5 == 0 else float(i) for i in range(N)],
        "pixel_1": pl.Series(RNG.integers(0, 256, N), dtype=pl.UInt8),
        "y": RNG.normal(50, 9, N),
        "kind": ["a", "b", "c", "a"] * 15,
    }
).with_columns(pl.col("zoned").dt.convert_time_zone("Europe/Berlin"))
ROWS = [1, 2, 9, 36, 60]


PLAIN = {"−": "-", "·": "*", "½": "0.5", "²": "**2", "√": "sqrt", "[": "(", "]": ")", "π": "*pi"}
KNOWN = FUNCTIONS | {"sin": math.sin, "cos": math.cos, "sqrt": math.sqrt, "pi": math.pi}
ENCODED = re.compile(r" +a¹_\d+ .*?(?P<left>u = .*|(?:sin|cos)\(.*|\d+ / 255|\(.*\) / \(.*\)) += (?P<right>\S+)$")


def calculated(text, **names):
    """The value of an expression as it is printed."""
    text = re.sub(NUMBER, lambda match: repr(value_of(match.group())), text)
    for sign, plain in PLAIN.items():
        text = text.replace(sign, plain)
    return float(eval(text, {}, KNOWN | names))


def check_encoded(left, right):
    definition, _, formula = left.rpartition(",  ")
    names = {"u": calculated(definition.partition("u = ")[2])} if definition else {}
    came = calculated(re.sub(r", the part of the \w+ that has passed", "", formula.rpartition(": ")[2]), **names)
    one_unit_of_the_sixth_digit = 2.001 * half_a_digit(right)
    assert abs(came - value_of(right)) <= one_unit_of_the_sixth_digit + 1e-11, (left, right)


def check_equation(left, right, sigma):
    if sigma is not None:
        KNOWN["σ"] = lambda z: float(get_activation(sigma).value(np.array([z]))[0])
    came = calculated(left)
    # the numbers of a sum are rounded, each by half a unit of its sixth digit
    terms = re.split(r" [+−] ", left)
    slack = 5e-6 * sum(abs(math.prod(value_of(n) for n in re.findall(NUMBER, term))) for term in terms)
    assert came == pytest.approx(right, rel=1e-5, abs=slack + 1e-12), (left, right)


def check_page(text):
    """Work out every line of a page of text that has numbers left of a sign of equality; return how many."""
    checked, sigma = [], None
    for line in text.splitlines():
        layer = re.match(r"  Layer \d+   (\w+): σ", line)
        sigma = layer[1] if layer else sigma
        encoded = ENCODED.match(line)
        if encoded:
            check_encoded(encoded["left"], encoded["right"])
            checked.append(line)
            continue
        *_, left, right = ["", "", *re.split(r" += ", re.sub(r"  ← .*", "", line))]
        numbers_alone = re.sub(rf"{NUMBER}|\b(?:exp|ln|σ)(?=\()|[−·½²+/\[\]() ]", "", left) == ""
        if numbers_alone and re.search(r"\d", left) and re.fullmatch(rf"−?(?:{NUMBER})", right.strip()):
            check_equation(left.strip(), value_of(right.strip()), sigma)
            checked.append(line)
    return checked


@pytest.mark.parametrize(
    ("of_target", "numbers"), in_turn([("y", "relu"), ("kind", "sigmoid")], ["scaled", "piecewise"])
)
def test_every_line_of_a_table(of_target, numbers):
    target, activation = of_target
    table = TABLE.drop({"y": "kind", "kind": "y"}[target])
    model = bl.TableModel.train(
        table, target, TableTraining(hidden=(3,), epochs=3, activation=activation, numbers=numbers, n_bins=4)
    )
    for row in ROWS:
        lines = check_page(model.explain(table, row).to_text(width=2000, terms=None))
        assert sum("a¹_" in line for line in lines) > 10 and len(lines) > 35
        assert numbers == "scaled" or sum(") / (" in line and "a¹_" in line for line in lines) >= 2
    # however it is set, no formula is cut short
    explanation = model.explain(table, 1)
    for view in ("text", *READERS):
        page = plain_page(render(explanation, view, terms=None), view)
        for step in explanation.examples[0].encoding:
            if step.operation.startswith(("in days", "sin(")) and step.value:
                # the number that ends it, and the words; signs between are set by commands in some views
                *_, last = re.findall(NUMBER, step.operation.removesuffix("u / √(1 + (u/3)²)"))
                assert last in page, (view, step)
        assert "…t" not in page and "has…" not in page and page.count("thathaspassed") >= 6, view


def test_a_line_that_is_wrong_is_found():
    table = TABLE.drop("kind")
    text = (
        bl.TableModel.train(table, "y", TableTraining(hidden=(2,), epochs=1))
        .explain(table, 1)
        .to_text(width=2000, terms=None)
    )
    for right, wrong in (
        (r"(u = \()(\d)", r"\g<1>9\2"),
        (r"(δ²_1 = .* = )", r"\g<1>1"),
        (r"(predicted y.* = )", r"\g<1>1"),
    ):
        spoiled, n = re.subn(right, wrong, text, count=1)
        assert n == 1
        with pytest.raises(AssertionError):
            check_page(spoiled)
