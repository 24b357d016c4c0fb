"""What stands beside the equations, the encoder's work and the sentences, has the trace's numbers in every view too."""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree

import numpy as np
import pytest
from read_back import batch
from read_views import READERS, from_latex, plain_mathml, plain_page, squeezed

from backlit.core.network import Network
from backlit.explanation import explain, render
from backlit.explanation.plain_text import number


def tables_of(page, view):
    """The rows of a page's tables, each a list of cells in plain notation."""
    if view == "html":
        tree = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
        rows = [[plain_mathml(cell) for cell in row] for row in tree.iter("tr") if row[0].tag == "td"]
    elif view == "text":
        rows = [re.split(r"\s{2,}", line.strip()) for line in page.splitlines() if re.match(r"  a¹_\d+  ", line)]
    else:
        mark, end = (" | ", " |") if view == "markdown" else (" & ", r" \tabularnewline")
        lines = [
            line.removesuffix(end).removeprefix("| ") for line in page.splitlines() if re.match(r"(\| )?\$a\^", line)
        ]
        rows = [[from_latex(cell.replace("$", "")) for cell in line.split(mark)] for line in lines if mark in line]
    return [[squeezed(cell) for cell in row] for row in rows]


@pytest.mark.parametrize("view", ["text", *READERS])
@pytest.mark.parametrize("digits", [3, 6, 17])
def test_the_encoders_work_is_the_same_in_every_view(view, digits):
    network, xs, ys = batch("quadratic", "identity", n=2, sizes=(5, 3, 3))
    columns = ["age", "income", "job", "job", "day"]
    encodings = [
        [
            (f"{column} {k}", column, f"{10 * e + k}.5", f"({k} + 2.5) / {e + 3}", x[k])
            for k, column in enumerate(columns)
        ]
        for e, x in enumerate(xs)
    ]
    explanation = explain(network, xs, ys, encodings=encodings)
    expected = [
        [
            f"a1_{k + 1}",
            step.column,
            step.raw_value,
            squeezed(step.operation),
            "=" + squeezed(number(step.value, digits)),
        ]
        for example in explanation.examples
        for k, step in enumerate(example.encoding)
    ]
    assert tables_of(render(explanation, view, digits=digits), view) == expected


@pytest.mark.parametrize("view", ["text", *READERS])
def test_sentences_say_the_same_numbers_in_every_view(view):
    network, xs, ys = batch("cross_entropy", "softmax", n=2, sizes=(40, 6, 3))
    explanation = explain(network, xs, ys, loss="cross_entropy", output_names=["ant", "bee", "cat"], learning_rate=0.25)
    page = plain_page(render(explanation, view), view)
    sentences = [
        "learningrateμ=0.25",
        f"CostbeforethestepC={squeezed(number(explanation.cost, 6))}",
        f"CostafterthestepC={squeezed(number(explanation.cost_after, 6))}",
    ]
    for example in explanation.examples:
        a, others = example.layers[-1].a, np.sort(np.abs(example.x))[: 40 - 16]
        best, target = int(a.argmax()), ["ant", "bee", "cat"][int(example.y.argmax())]
        answer = f"Thenetworkanswers{['ant', 'bee', 'cat'][best]},witha3_{best + 1}={squeezed(number(a[best], 6))}"
        sentences += [f"{answer};thetargetis{target}.", f"…24more,nonebeyond±{squeezed(number(others.max(), 6))}"]
    for sentence in sentences:
        assert sentence in page, sentence


@pytest.mark.parametrize(
    "view", ["text", *(pytest.param(view, marks=pytest.mark.thorough) for view in (*READERS, "json"))]
)
def test_a_large_network_is_quick_in_every_view(view):
    network = Network.initialize([784, 100, 10], ["relu", "softmax"], seed=0, dtype="float32")
    x, y = np.random.default_rng(0).random(784), np.eye(10)[3]
    seconds = []
    for _ in range(5):
        start = time.process_time()
        render(explain(network, x, y, loss="cross_entropy"), view)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.5
