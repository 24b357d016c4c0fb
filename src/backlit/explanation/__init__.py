"""A network seen through: every number of one step of backpropagation, and how to show it.

The rooms come in the order in which an explanation is made, and each imports only from those before it.

- `trace`: what happened in one step. It collects the numbers, and nothing after it calculates any.
- `story`: what is said about it, once, as a document of blocks and typed terms.
- `views`: how that document is set: text, Markdown, LaTeX, HTML, a worksheet. Another view is another file there.

Two rooms beside them need `trace` alone: `demon`, who moves a weighted input and watches the cost, and `diagnosis`,
which says how healthy every layer is and what to try. Begin with `explanation.py`, where `explain` goes through the
first three.
"""

from __future__ import annotations

from backlit.explanation.explanation import Explanation, explain
from backlit.explanation.views.render import render, render_text

__all__ = ["Explanation", "explain", "render", "render_text"]
