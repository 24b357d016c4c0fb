"""Write the parts of the documentation that follow from the code.

docs/equations.md has each equation of the lecture, and the lines where it lives in Python and in C++. docs/explain.svg
is the README's picture, a step of backpropagation as `backlit explain` shows it.

    python docs/build.py            # write
    python docs/build.py --check    # fail if the page is not up to date
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import numpy as np
from rich.console import Console

import backlit as bl
from backlit.explanation import render_text

DOCS = Path(__file__).parent
ROOT = DOCS.parent

# what it is, its formula, where it is in Python, where in C++: (file, text of the line)
EQUATIONS = [
    (
        "weighted input",
        "z^l = w^l a^{l−1} + b^l",
        ("src/backlit/core/network.py", "def weighted_input"),
        ("native/equations.hpp", "// Forward: z = w a + b"),
    ),
    (
        "activation",
        "a^l = σ(z^l)",
        ("src/backlit/core/network.py", "a.append(get_activation(activation).value(z[-1]))"),
        ("native/epilogues.hpp", "void sigma_of_tile("),
    ),
    (
        "sigmoid",
        "σ(z) = 1 / (1 + e^−z)",
        ("src/backlit/core/activations.py", "def sigmoid("),
        ("native/activations.hpp", "struct sigmoid"),
    ),
    (
        "quadratic cost",
        "C_x = ½‖y − a^L‖²",
        ("src/backlit/core/residual_losses.py", "def quadratic("),
        ("native/losses.hpp", "case Loss::quadratic:"),
    ),
    (
        "BP1",
        "δ^L = ∇_a C ⊙ σ′(z^L)",
        ("src/backlit/core/backpropagation.py", "def bp1("),
        ("native/equations.hpp", "// BP1:"),
    ),
    (
        "BP1, coupled neurons",
        "δ^L_j = Σ_k ∂a_k/∂z_j ∂C/∂a_k",
        ("src/backlit/core/activations.py", "def softmax_transposed_jacobian("),
        ("native/activations.hpp", "inline void softmax_pull_back_row"),
    ),
    (
        "BP2",
        "δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)",
        ("src/backlit/core/backpropagation.py", "def bp2("),
        ("native/equations.hpp", "// BP2:"),
    ),
    (
        "BP3",
        "∂C/∂b^l_j = δ^l_j",
        ("src/backlit/core/backpropagation.py", "def bp3("),
        ("native/equations.hpp", "// BP3:"),
    ),
    (
        "BP4",
        "∂C/∂w^l_jk = a^{l−1}_k δ^l_j",
        ("src/backlit/core/backpropagation.py", "def bp4("),
        ("native/equations.hpp", "// BP4:"),
    ),
    (
        "gradient descent",
        "w ← w − μ ∂C/∂w,  b ← b − μ ∂C/∂b",
        ("src/backlit/core/optimizers.py", "return theta - rate * nabla, ()"),
        ("native/optimizers.hpp", "return theta + nabla;"),
    ),
]

HEAD = """\
# The equations, line by line

Each equation of the lecture, and the line where it lives in the reference (Python) and in the native engine (C++). This
page is written by `make docs`; a test fails when a line has moved.

| | equation | Python | C++ |
|---|---|---|---|
"""


def link(path: str, text: str) -> str:
    """Return a link to the first line of a file that holds the text."""
    for number, line in enumerate((ROOT / path).read_text().splitlines(), start=1):
        if text in line:
            return f"[{Path(path).name}:{number}](../{path}#L{number})"
    raise SystemExit(f"{path} has no line with {text!r}; correct docs/build.py")


def page() -> str:
    """Return the page."""
    rows = [f"| {what} | `{formula}` | {link(*python)} | {link(*cpp)} |" for what, formula, python, cpp in EQUATIONS]
    return HEAD + "\n".join(rows) + "\n"


def picture() -> str:
    """Return the picture: the output error and BP2 of a small network that was published as a worked example.

    Its weights are those of Matt Mazur, "A Step by Step Backpropagation Example" (2015).
    """
    network = bl.Network(
        (np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])),
        (np.array([0.35, 0.35]), np.array([0.60, 0.60])),
        ("sigmoid", "sigmoid"),
    )
    text = render_text(bl.explain(network, [0.05, 0.10], [0.01, 0.99], learning_rate=0.5))
    begin, end = text.index("── 2. Feed"), text.index("── 5. Grad")
    console = Console(record=True, width=90, file=io.StringIO())
    console.print("$ backlit explain model.safetensors row.csv --row 1\n…", highlight=False)
    console.print(text[begin:end], highlight=False, markup=False)
    svg = console.export_svg(title="backlit", unique_id="backlit")
    # no request to a server of fonts: any monospaced font will do
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    """Write everything, or check that it is up to date."""
    for name, content in {"equations.md": page(), "explain.svg": picture()}.items():
        if "--check" not in sys.argv:
            (DOCS / name).write_text(content)
            print(f"Wrote docs/{name}.")
        elif (DOCS / name).read_text() != content:
            raise SystemExit(f"docs/{name} is not up to date: run make docs")


if __name__ == "__main__":
    main()
