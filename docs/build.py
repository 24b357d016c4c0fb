"""Write docs/equations.md: each equation of the lecture, and the lines where it lives in Python and in C++.

    python docs/build.py            # write
    python docs/build.py --check    # fail if the page is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent

# what it is, its formula, where it is in Python, where in C++: (file, text of the line)
EQUATIONS = [
    (
        "weighted input",
        "z^l = w^l a^{l−1} + b^l",
        ("src/backlit/core/network.py", "def weighted_input"),
        ("native/kernels.cpp", "struct ForwardEpilogue"),
    ),
    (
        "activation",
        "a^l = σ(z^l)",
        ("src/backlit/core/network.py", "a.append(get_activation(activation).value(z[-1]))"),
        ("native/kernels.cpp", "void sigma(long i"),
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
        ("src/backlit/core/losses.py", "def quadratic("),
        ("native/losses.hpp", "case Loss::quadratic:"),
    ),
    (
        "BP1",
        "δ^L = ∇_a C ⊙ σ′(z^L)",
        ("src/backlit/core/backpropagation.py", "def bp1("),
        ("native/kernels.cpp", "// BP1:"),
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
        ("native/kernels.cpp", "// BP2:"),
    ),
    (
        "BP3",
        "∂C/∂b^l_j = δ^l_j",
        ("src/backlit/core/backpropagation.py", "def bp3("),
        ("native/kernels.cpp", "// BP3:"),
    ),
    (
        "BP4",
        "∂C/∂w^l_jk = a^{l−1}_k δ^l_j",
        ("src/backlit/core/backpropagation.py", "def bp4("),
        ("native/kernels.cpp", "// BP4:"),
    ),
    (
        "gradient descent",
        "w ← w − μ ∂C/∂w,  b ← b − μ ∂C/∂b",
        ("src/backlit/core/optimizers.py", "return theta - rate * nabla, ()"),
        ("native/optimizers.hpp", "theta = fma(broadcast(s.q), nabla, theta);"),
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


def main() -> None:
    """Write the page, or check it."""
    target = DOCS / "equations.md"
    if "--check" in sys.argv:
        if target.read_text() != page():
            raise SystemExit("docs/equations.md is not up to date: run make docs")
        return
    target.write_text(page())
    print(f"Wrote {target.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
