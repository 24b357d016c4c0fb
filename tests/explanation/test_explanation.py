"""What an explanation shows of itself: its views as methods, in a notebook, and in a line."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from read_back import network_and_target
from rich.console import Console
from worked import batch_explanation, wide_explanation

from backlit.explanation import explain, render
from backlit.explanation.exercise import Exercise


def test_views_are_methods():
    explanation = wide_explanation()
    options = {"digits": 3, "neurons": [2, 9], "layers": [2], "terms": None}
    for view in ("text", "markdown", "latex", "html"):
        method = getattr(explanation, f"to_{view}")
        assert method() == render(explanation, view)
        assert method(**options) == render(explanation, view, **options) != method()
        assert method(worksheet=True) == render(explanation, view, worksheet=True)
    assert explanation.to_text(width=60) == render(explanation, width=60)
    assert str(explanation) == explanation.to_text()


def test_a_notebook_shows_it_without_touching_its_own_page():
    shown = wide_explanation()._repr_html_()
    assert shown == wide_explanation().to_html(fragment=True)
    assert shown.startswith('<div class="backlit">') and shown.endswith("</div>")
    assert "<html" not in shown and "<script" not in shown
    style = shown.split("<style>")[1].split("</style>")[0]
    for rule in style.replace("{ .", "{\n.").splitlines():
        selector = rule.strip().partition("{")[0]
        assert not selector or ".backlit" in selector or selector[0] in "@}-" or ":" in selector, rule
    body = shown.split("</style>")[1].removesuffix("</div>").strip()
    assert body in wide_explanation().to_html()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_the_page_on_explanations_shows_is_so(capsys):
    page = (Path(__file__).parents[2] / "docs" / "explanations.md").read_text(encoding="utf-8")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    assert capsys.readouterr().out.startswith("One step of backpropagation on a batch of 2 examples")
    (exercise,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert f"{explain(Exercise.from_dict(json.loads(exercise))).cost:.9f}" == "0.298371109"


def test_a_terminal_shows_the_plain_text_in_color():
    explanation = wide_explanation()
    shown = io.StringIO()
    Console(file=shown, force_terminal=True, width=100, color_system="standard", _environ={}).print(explanation)
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue())
    assert [line.rstrip() for line in plain.splitlines()] == explanation.to_text(width=100).splitlines()
    colored = shown.getvalue()
    for part in ("\x1b[1mOne step", "\x1b[33mz²_", "\x1b[35mδ³_1\x1b[0m", "\x1b[2m(… ", "\x1b[1m── 2. Feed forward"):
        assert part in colored
    results = re.findall(r"\x1b\[1m([−\d.]+(?:×10[⁻¹²³⁴⁵⁶⁷⁸⁹⁰]+)?)\x1b\[0m", colored)
    assert len(results) > 50


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (batch_explanation, "<Explanation of 6 examples, network 20-12-3, cost "),
        (lambda: explain(*network_and_target("quadratic", "sigmoid")[:2]), "<Explanation of 1 example, network 3-4-3>"),
    ],
)
def test_a_line_says_what_it_is(make, line):
    assert repr(make()).startswith(line)
    assert len(repr(make())) < 90
