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

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backlit.explanation.explanation import Explanation, explain
    from backlit.explanation.views.render import render, render_text

# Imported when they are first used: commands that print a table need `plain_text` alone.
_HOMES = {
    "Explanation": "explanation",
    "explain": "explanation",
    "render": "views.render",
    "render_text": "views.render",
}

__all__ = ["Explanation", "explain", "render", "render_text"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'backlit.explanation' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"backlit.explanation.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
