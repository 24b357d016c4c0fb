"""Reads the equations of a view back, in plain notation: of LaTeX, Markdown and HTML."""

from __future__ import annotations

import re
from xml.etree import ElementTree

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


def plain_page(page, view):
    """A page in plain notation, without spaces and marks."""
    if view == "html":
        tree = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
        return squeezed("".join(map(plain_mathml, tree.find("body"))))
    if view == "text":
        return squeezed(page)
    return from_latex(
        re.sub(r"\$|\*|\\textbf|\\quad|&emsp;|\\medskip|\\nopagebreak|\\(sub)?section|\\ensuremath", "", page)
    )


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
