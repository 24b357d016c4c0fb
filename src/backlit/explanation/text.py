"""An explanation as plain text: the six steps of the lecture's algorithm, with the example's own numbers."""

from __future__ import annotations

from backlit.errors import InvalidInputError
from backlit.explanation import text_backward, text_forward
from backlit.explanation.text_page import Page
from backlit.explanation.tree import Explanation


def render_text(
    explanation: Explanation,
    *,
    digits: int = 6,
    neurons: int | None = 3,
    terms: int | None = 3,
    width: int = 88,
) -> str:
    """Return an explanation as plain Unicode text in the lecture's notation.

    Parameters
    ----------
    explanation : Explanation
    digits : int, default 6
        Significant digits, 1 to 17.
    neurons : int or None, default 3
        How many neurons of a wide layer are shown, those with the largest |δ|; None for all. A layer of up to four is
        always shown whole.
    terms : int or None, default 3
        How many terms of a long sum, and entries of a large gradient matrix, are shown, the largest; None for all.
    width : int, default 88
        Columns of a line, at least 60.

    Returns
    -------
    str
    """
    if not 1 <= digits <= 17:
        raise InvalidInputError(f"digits must lie in 1 to 17, but {digits!r} came.")
    if width < 60:
        raise InvalidInputError(f"width must be at least 60 columns, but {width!r} came.")
    for name, count in (("neurons", neurons), ("terms", terms)):
        if count is not None and count < 1:
            raise InvalidInputError(f"{name} must be at least 1, or None for all, but {count!r} came.")

    page = Page(explanation, explanation.examples[0], digits, neurons, terms, width)
    text_forward.title(page)
    text_forward.input_layer(page)
    text_forward.feed_forward(page)
    if page.example.y is None:
        text_forward.end_without_target(page)
    else:
        text_forward.cost(page)
        text_backward.output_error(page)
        text_backward.backpropagate(page)
        text_backward.gradients(page)
        text_backward.descend(page)
    return "\n".join(page.lines)
