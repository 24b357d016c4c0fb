"""A network seen through: every number of one step of backpropagation, and how to show it.

`trace` collects the numbers, and nothing after it calculates any. `story` says them, as a document of blocks and typed
terms; `selection` chooses what of a wide layer is said. Each renderer only sets that document: `render_text`,
`render_markdown`, `render_latex`, `render_html`. Another view is another renderer beside them.
"""

from __future__ import annotations

from backlit.explanation.render import render, render_text
from backlit.explanation.trace import Explanation, explain

__all__ = ["Explanation", "explain", "render", "render_text"]
