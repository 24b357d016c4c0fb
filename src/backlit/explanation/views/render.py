"""An explanation in any of its views."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backlit.documents.strict_json import dump_in_order
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.explanation.json_document import to_document
from backlit.explanation.plain_text import WIDTH
from backlit.explanation.story.document import Document
from backlit.explanation.story.selection import FEW, Choice
from backlit.explanation.story.tell import tell
from backlit.explanation.trace.tree import WorkedStep
from backlit.explanation.views.html import render_document_html, render_fragment_html
from backlit.explanation.views.latex import render_document_latex
from backlit.explanation.views.markdown import render_document_markdown
from backlit.explanation.views.text import render_document_text
from backlit.explanation.views.worksheet import as_worksheet

VIEWS: dict[str, Callable[[Document], str]] = {
    "text": render_document_text,
    "markdown": render_document_markdown,
    "latex": render_document_latex,
    "html": render_document_html,
    "fragment": render_fragment_html,
}
FORMATS = (*VIEWS, "json")


def render(
    explanation: WorkedStep,
    format: str = "text",
    *,
    digits: int = Document.digits,
    layers: Sequence[int] | None = None,
    neurons: int | Sequence[int] | None = FEW,
    terms: int | None = FEW,
    worksheet: bool = False,
    width: int = WIDTH,
) -> str:
    """Return an explanation as a page in the lecture's notation. Every view prints the same numbers.

    Parameters
    ----------
    explanation : Explanation
    format : {"text", "markdown", "latex", "html", "fragment", "json"}, default "text"
        LaTeX is a whole article for ``pdflatex``, HTML a whole page that loads nothing else, and a fragment is what
        goes into the body of another page. JSON is the explanation itself, exact and complete; the options below do not
        change it.
    digits : int, default 6
        Significant digits, 1 to 17.
    layers : sequence of int, optional
        Layers shown after the input, counted from 1, the input. Default: all.
    neurons : int, sequence of int, or None, default 3
        How many neurons of a wide layer are shown, those with the largest |δ|; or which ones, counted from 1; None for
        all. By number, a layer of up to four is always shown whole.
    terms : int or None, default 3
        How many terms of a long sum, and entries of a large gradient matrix, are shown, the largest; None for all, and
        for all inputs.
    worksheet : bool, default False
        Leave gaps in place of the numbers to be worked out, and give the answers on a second page.
    width : int, default 88
        Columns of a line of text, at least 60.

    Returns
    -------
    str

    Examples
    --------
    >>> from backlit.core.network import Network
    >>> from backlit.explanation import explain
    >>> explanation = explain(Network.initialize([2, 2, 1], seed=1), [0.5, -1.0], [1.0])
    >>> render(explanation).splitlines()[0]
    'One step of backpropagation'
    """
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    if not 1 <= digits <= 17:
        raise InvalidInputError(f"digits must lie in 1 to 17, but {digits!r} came.")
    choice = Choice(neurons, terms, layers)
    choice.check(explanation)
    if format == "json":
        if worksheet:
            raise InvalidInputError(f"A worksheet is a page: choose one of {', '.join(VIEWS)}, not json.")
        return json_of(explanation)
    document = tell(explanation, choice, digits)
    if worksheet:
        document = as_worksheet(document, explanation, choice)
    return render_document_text(document, width) if format == "text" else VIEWS[format](document)


def json_of(explanation: WorkedStep, indent: int | None = None) -> str:
    """Return an explanation as JSON, exact and complete."""
    return dump_in_order(to_document(explanation), indent)


def render_text(explanation: WorkedStep, **options: object) -> str:
    """Return an explanation as plain text; the options are those of `render`."""
    return render(explanation, "text", **options)  # type: ignore[arg-type]
