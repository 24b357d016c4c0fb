"""Every view prints the same equations with the same numbers: each is read back and compared with the text's."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from read_back import batch, equations_of, network_and_target

import needs
from backlit.core.losses import fitting_pairs
from backlit.core.network import Network
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.explanation import explain, render

NASTY = ["α_β % & # {}\\$ ~^", "日本", 'it\'s <b> é ü ð "x" `c` | end']

LETTERS = {r"\delta": "δ", r"\sigma'": "σ′", r"\sigma": "σ", r"\sum": "Σ", r"\mu": "μ"}
OPERATORS = {
    r"\cdot": "·", r"\leftarrow": "←", r"\infty": "∞", r"\text{NaN}": "NaN", r"\exp": "exp", r"\ln": "ln",
    r"\cosh": "cosh", r"\tanh": "tanh",
    r"\tfrac{1}{2}": "½", r"\dots": "…", r"\pm": "±", r"\Vert": "‖", r"\,": "", "-": "−",
}  # fmt: skip


def squeezed(equation):
    """An equation in plain notation, without what only makes it legible: spaces, and raised figures."""
    text = re.sub(r"\s", "", " = ".join(equation) if isinstance(equation, list) else equation)
    text = text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−"))
    return re.sub(r"[\^{}]", "", text)


def from_latex(text):
    by = r"\\frac\{\\partial (\w(?:_\{\d+\})?)\}\{\\partial (\w(?:\^\{\d+\})?_\{[\w,]+\})\}"
    text = re.sub(by, r"∂\1/∂\2", text)
    text = re.sub(r"\\times 10\^\{(.*?)\}", r"×10\1", text)
    text = re.sub(r"\\operatorname\{(\w+)\}", r"\1", text)
    for command, sign in {**LETTERS, **OPERATORS}.items():
        text = text.replace(command, sign)
    return squeezed(re.sub(r"\\text\{([^}]*)\}", r"\1", text))


def equations_in_latex(page):
    """The equations of a LaTeX or Markdown page, those that share a line as well."""
    found = []
    for block in re.findall(r"\\begin\{align(?:ed|\*)\}\n(.*?)\n\\end\{align(?:ed|\*)\}", page, re.DOTALL):
        for line in block.split(" \\\\\n"):
            line = line.split(r"\quad\leftarrow")[0]
            if line.startswith("&"):
                found[-1] += re.sub(r"^&(\\quad \{\})?", "", line)
            else:
                found.append(line.replace("&=", "="))
    found += re.findall(r"\$((?:a\^\{1\}|y)_\{\d+\} = [^$]*)\$", page)
    return sorted(map(from_latex, found))


def plain_mathml(node):
    children = [plain_mathml(child) for child in node]
    match node.tag:
        case "msup":
            joint = "" if children[0] == "10" else "^"
            return children[0] + joint + children[1]
        case "msub":
            return f"{children[0]}_{children[1]}"
        case "msubsup":
            return f"{children[0]}{children[2]}_{children[1]}"
        case "mfrac":
            return "½" if children == ["1", "2"] else "/".join(children)
    return (node.text or "") + "".join(child + (part.tail or "") for child, part in zip(children, node, strict=True))


def equations_in_html(page):
    tree = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    found = []
    for grid in tree.iter("div"):
        if grid.get("class") == "equations":
            for left, right in zip(grid[::2], grid[1::2], strict=True):
                spans = [span for span in right if span.get("class") != "name"]
                found.append(plain_mathml(left) + "".join(map(plain_mathml, spans)))
        elif grid.get("class") == "flow":
            found += map(plain_mathml, grid)
    return sorted(squeezed(text.replace("∑", "Σ")) for text in found)


READERS = {"latex": equations_in_latex, "markdown": equations_in_latex, "html": equations_in_html}


def check_views(explanation, **options):
    expected = sorted(map(squeezed, equations_of(render(explanation, width=200, **options))))
    assert len(expected) > 10
    for view, read in READERS.items():
        assert read(render(explanation, view, **options)) == expected, view


def wide_explanation():
    network, x, y = network_and_target("cross_entropy", "softmax", sizes=(20, 12, 3))
    encoding = [(f"f{k}", f"{NASTY[k % 3]}{k}", f"<{k}>|*_", f"(x − 3) / {k}", x[k]) for k in range(20)]
    return explain(network, x, y, loss="cross_entropy", encodings=[encoding], output_names=NASTY)


def batch_explanation():
    network, xs, ys = batch("cross_entropy", "softmax", n=6, sizes=(20, 12, 3))
    encodings = [[(f"f{k}", NASTY[k % 3], f"{e}", f"(x − 3) / {k}", x[k]) for k in range(20)] for e, x in enumerate(xs)]
    names = [f"row {e} {NASTY[e % 3]}" for e in range(6)]
    return explain(network, xs, ys, loss="cross_entropy", example_names=names, encodings=encodings, output_names=NASTY)


def saturated_explanation():
    network = Network((np.array([[900.0], [0.0], [-900.0]]),), (np.zeros(3),), ("softmax",))
    return explain(network, [1.0], [0.0, 0.0, 1.0], loss="cross_entropy")


@pytest.mark.parametrize(("loss", "output"), fitting_pairs())
def test_every_pair_says_the_same_in_every_view(loss, output):
    network, x, y = network_and_target(loss, output)
    check_views(explain(network, x * 1e-3, y, loss=loss, learning_rate=1e-6))


@pytest.mark.parametrize(
    "options", [{}, {"neurons": None, "terms": None}, {"digits": 17}, {"neurons": [2, 9]}], ids=str
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
@pytest.mark.parametrize("make", [wide_explanation, batch_explanation, saturated_explanation])
def test_latex_compiles(make, worksheet, tmp_path):
    compile_latex(render(make(), "latex", worksheet=worksheet), tmp_path)


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
