"""A network seen through: every number of one step of backpropagation, and how to show it.

`trace` collects the numbers, and nothing after it calculates any: `selection` chooses what of a wide layer is shown,
`notation` writes numbers and symbols as the lecture does, and `text` sets them on lines. Another way of showing an
explanation is another module beside `text`.
"""

from __future__ import annotations

from backlit.explanation.text import render_text
from backlit.explanation.trace import Explanation, explain

__all__ = ["Explanation", "explain", "render_text"]
