"""A document as Markdown with formulas between dollar signs, as GitHub and Jupyter set them."""

from __future__ import annotations

import re

from backlit.explanation.plain_text import printable
from backlit.explanation.story.document import (
    Block,
    Definition,
    Document,
    Equations,
    Heading,
    Maths,
    Name,
    PageBreak,
    Pieces,
    Sentence,
    Table,
)
from backlit.explanation.views.latex_maths import aligned_lines, latex_of


def markdown_text(text: str) -> str:
    """Write somebody's text so that no sign of it is taken for Markdown, HTML or a formula."""
    return re.sub(r"([\\`*_{}\[\]<>#|$&~!])", r"\\\1", text)


def text_in_maths(text: str) -> str:
    """Write somebody's text for a formula: signs that mean something to TeX or HTML as their full-width twins."""
    return re.sub(r"[\\{}$&#%_^~<>`*|]", lambda match: chr(ord(match.group()) + 0xFEE0), text)


def render_document_markdown(document: Document) -> str:
    """Return a document as Markdown."""
    return "\n\n".join(_block(block, document.digits) for block in document.blocks) + "\n"


def _block(block: Block, digits: int) -> str:
    match block:
        case Heading():
            remark = f" *{block.remark.strip('[]')}*" if block.remark else ""
            return f"{'#' * (block.level + 1)} {_words(block.text, digits)}{remark}"
        case Sentence():
            return _words(block.pieces, digits)
        case Definition():
            return f"**{block.name}** {_inline(block.formula, digits)} — {_words(block.meaning, digits)}"
        case Equations():
            return _equations(block, digits)
        case Table():
            rows = [block.head, ("---",) * len(block.head)]
            written = [f"| {' | '.join(row)} |" for row in rows]
            written += [f"| {' | '.join(_words((cell,), digits, 60) for cell in row)} |" for row in block.rows]
            return "\n".join(written)
        case PageBreak():
            return '<div style="break-after: page"></div>\n\n---'


def _inline(maths: Maths, digits: int) -> str:
    return f"${latex_of(maths, digits, text_in_maths)}$"


def _words(pieces: Pieces, digits: int, longest: int = 40) -> str:
    written = ""
    for part in pieces:
        if isinstance(part, tuple):
            written += _inline(part, digits)
        elif isinstance(part, Name):
            written += markdown_text(printable(part.text, part.longest or longest))
        else:
            written += re.sub(" {2,}", "  ", part).replace("  ", " &emsp; ").replace("_", r"\_")
    return written.strip()


def _equations(block: Equations, digits: int) -> str:
    if block.flow:
        rows = [" = ".join(latex_of(part, digits, text_in_maths) for part in row.parts) for row in block.rows]
        return ", ".join(f"${row}$" for row in rows)
    lines = " \\\\\n".join(aligned_lines(block, digits, text_in_maths))
    return f"$$\n\\begin{{aligned}}\n{lines}\n\\end{{aligned}}\n$$"
