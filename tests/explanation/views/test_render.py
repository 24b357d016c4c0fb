"""Every view prints the same equations with the same numbers: each is read back and compared with the text's."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser

import pytest
from read_back import equations_of, network_and_target
from read_views import READERS, squeezed
from worked import batch_explanation, saturated_explanation, wide_explanation

import needs
from backlit.core.losses import fitting_pairs
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.explanation import explain, render
from every import every


def check_views(explanation, **options):
    expected = sorted(map(squeezed, equations_of(render(explanation, width=200, **options))))
    assert len(expected) > 10
    for view, read in READERS.items():
        assert read(render(explanation, view, **options)) == expected, view


@every(("loss", "output"), fitting_pairs())
def test_every_pair_says_the_same_in_every_view(loss, output):
    network, x, y = network_and_target(loss, output, sizes=(2, 3, 2))
    check_views(explain(network, x * 1e-3, y, loss=loss, learning_rate=1e-6))


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"neurons": None, "terms": None}, marks=pytest.mark.thorough),
        pytest.param({"digits": 17}, marks=pytest.mark.thorough),
        {"neurons": [2, 9]},
    ],
    ids=str,
)
def test_wide_network_says_the_same_in_every_view(options):
    check_views(wide_explanation(), **options)
    check_views(batch_explanation(), **options)


def test_saturated_network_says_the_same_in_every_view():
    check_views(saturated_explanation())


def test_chosen_neurons_and_layers():
    text = render(wide_explanation(), neurons=[2, 9], layers=[2])
    left = {equation[0] for equation in equations_of(text)}
    assert {"z²_2", "z²_9", "δ²_2", "δ²_9"} <= left
    assert not any(symbol.startswith(("z³", "δ³", "∂C/∂w³")) for symbol in left)
    weights = {symbol for symbol in left if symbol.startswith("∂C/∂w²")}
    assert weights and all(symbol.startswith(("∂C/∂w²_2,", "∂C/∂w²_9,")) for symbol in weights)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": [4]}, "layers must lie in 1 to 3"),
        ({"layers": []}, "layers chooses nothing"),
        ({"neurons": [13]}, "neurons must lie in 1 to 12"),
        ({"neurons": [0]}, "neurons must lie in 1 to 12"),
        ({"format": "json", "worksheet": True}, "A worksheet is a page"),
    ],
)
def test_refuses_what_is_not_there(options, message):
    with pytest.raises(InvalidInputError, match=message):
        render(wide_explanation(), **options)


def test_unknown_format_is_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'latex'"):
        render(wide_explanation(), "latx")


def test_html_asks_for_nothing_and_escapes_what_is_not_its_own():
    page = render(wide_explanation(), "html")
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<title>One step of backpropagation</title>" in page
    assert not re.search(r"<script|<link|src=|href=|url\(|@import|http", page)
    assert "<b> " not in page
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)
    parser.feed(page)
    assert {"math", "msubsup", "mfrac", "table"} <= set(tags)


def test_markdown_escapes_what_is_not_its_own():
    page = render(wide_explanation(), "markdown")
    assert r"α\_β % \& \# \{\}\\\$ \~^0" in page
    assert "$$0" not in page.replace("\n", "")
    assert not re.search(r"(?<!\\)<b>", page)
    assert all(line.count(" | ") == 4 for line in page.splitlines() if line.startswith("| $a"))


def test_latex_is_ascii():
    assert render(wide_explanation(), "latex").isascii()


@pytest.mark.parametrize("worksheet", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        wide_explanation,
        pytest.param(batch_explanation, marks=pytest.mark.thorough),
        pytest.param(saturated_explanation, marks=pytest.mark.thorough),
    ],
)
def test_latex_compiles(make, worksheet, tmp_path):
    compile_latex(render(make(), "latex", worksheet=worksheet), tmp_path)


@pytest.mark.thorough
def test_every_formula_compiles(tmp_path):
    pages = []
    for loss, output in fitting_pairs():
        network, x, y = network_and_target(loss, output, hidden=output)
        page = render(explain(network, x, y, loss=loss, learning_rate=1e-6), "latex", digits=17)
        pages.append(page.split(r"\begin{document}")[1].split(r"\end{document}")[0])
    head = page.split(r"\begin{document}")[0]
    compile_latex("\n".join([head, r"\begin{document}", *pages, r"\end{document}"]), tmp_path)


def compile_latex(page, folder):
    needs.require("pdflatex")
    (folder / "page.tex").write_text(page, encoding="ascii")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    # nothing runs off the paper: the margin is 20 mm, or 57 pt
    too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", done.stdout)]
    assert max(too_wide, default=0) < 40
    assert (folder / "page.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("view", ["text", "markdown", "latex", "html"])
def test_worksheet_keeps_its_answers_for_the_second_page(view):
    network, x, y = network_and_target("quadratic", "sigmoid", sizes=(3, 6, 3))
    explanation = explain(network, x, y)
    page = render(explanation, view, worksheet=True, digits=9)
    mark = {"text": "═══", "markdown": "break-after", "latex": r"\newpage", "html": "<hr/>"}[view]
    questions, answers = page.split(mark, 1)
    blank = {"text": "____", "markdown": r"\underline", "latex": r"\underline", "html": 'class="blank"'}[view]
    assert questions.count(blank) > 30
    assert blank not in answers

    def printed(value):
        text = f"{abs(value):.9g}"
        return text if "e" not in text else None

    (example,) = explanation.examples
    worked = [v for t in example.layers if t.layer == 3 for v in (*t.z, *t.a, *t.error.delta)]
    worked += [explanation.cost, explanation.cost_after]
    for value in filter(None, map(printed, worked)):
        assert value not in questions
        assert value in answers
    for value in [*x, *y, *explanation.parameters[1].b]:
        assert printed(value) in questions  # what is calculated with is given


def test_worksheet_of_a_batch_gives_what_each_example_needs():
    questions = render(batch_explanation(), worksheet=True, width=200).split("═" * 200)[0]
    given = set(re.findall(r"([wb][²³]_[\d,]+) = [−\d]", questions))
    sums = re.findall(r"(?m)^    (?:z[²³]|δ²)_\d+ = (.*) = ____", questions)
    used = set(re.findall(r"[wb][²³]_[\d,]+", " ".join(sums)))
    assert len(sums) == 6 * (3 + 3 + 3)
    assert used == given
