"""A document as plain Unicode text, on lines of a given width; in color too, letter for letter the same."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backlit.errors import InvalidInputError
from backlit.explanation.plain_text import WIDTH, number, printable, raised
from backlit.explanation.story.document import (
    Blank,
    Block,
    Definition,
    Document,
    Equations,
    Heading,
    Literal,
    Maths,
    More,
    Name,
    Number,
    PageBreak,
    Partial,
    Pieces,
    Sentence,
    Sign,
    Symbol,
    Table,
    Word,
)
from backlit.explanation.views.layout import equations, flow, table

if TYPE_CHECKING:
    from rich.text import Text

NARROWEST = 60


def text_of(maths: Maths, digits: int) -> str:
    """Write a formula in plain notation."""
    return "".join(_term(term, digits) for term in maths)


def _term(term: object, digits: int) -> str:
    match term:
        case Number():
            return number(term.value, digits)
        case Symbol():
            return term.letter + _script(term.sup, term.sub)
        case Partial():
            return f"∂{_term(term.of, digits)}/∂{_term(term.by, digits)}"
        case Sign():
            return term.text + _script(term.sup, term.sub)
        case Word():
            return term.text + _script(term.sup, "")
        case Literal():
            return term.text
        case More():
            return f"(… {term.words})"
        case Blank():
            return "________"
    raise TypeError(f"{term!r} is no term")


def _script(sup: str, sub: str) -> str:
    if re.fullmatch(r"−?\d+|ᵀ", sup):
        above = raised(sup)
    else:
        above = f"^{sup}" if len(sup.lstrip("−")) == 1 else f"^{{{sup}}}" if sup else ""
    return above + (f"_{sub}" if sub else "")


def words_of(pieces: Pieces, digits: int, longest: int = 20) -> str:
    """Write a sentence."""
    return "".join(
        part
        if isinstance(part, str)
        else printable(part.text, part.longest or longest)
        if isinstance(part, Name)
        else text_of(part, digits)
        for part in pieces
    )


def render_document_text(document: Document, width: int = WIDTH) -> str:
    """Return a document as plain text."""
    if width < NARROWEST:
        raise InvalidInputError(f"width must be at least {NARROWEST} columns, but {width!r} came.")
    page = _Page(document.digits, width)
    for block in document.blocks:
        page.add(block)
    return "\n".join(page.lines).lstrip("\n")


class _Page:
    def __init__(self, digits: int, width: int) -> None:
        self.digits, self.width = digits, width
        self.lines: list[str] = []
        self.previous: Block | None = None

    def add(self, block: Block) -> None:
        match block:
            case Heading():
                self._heading(block)
            case Sentence():
                goes_on = isinstance(self.previous, Heading) or (
                    isinstance(self.previous, Sentence) and self.previous.depth <= block.depth
                )
                if block.depth == 1 and not goes_on:
                    self.lines.append("")
                self._wrap(self._words(block.pieces), "  " * block.depth)
            case Definition():
                if not isinstance(self.previous, Heading):
                    self.lines.append("")
                self._wrap(f"{block.name}   {text_of(block.formula, self.digits)}", "  ")
                self._wrap(self._words(block.meaning), " " * 8)
            case Equations():
                self._equations(block)
            case Table():
                self._table(block)
            case PageBreak():
                self.lines += ["", "═" * self.width]
        self.previous = block

    def _words(self, pieces: Pieces) -> str:
        return words_of(pieces, self.digits)

    def _heading(self, block: Heading) -> None:
        text = self._words(block.text)
        if block.level == 0:
            self.lines += ["", text]
        elif block.level == 1:
            self.lines += ["", f"══ {text} ".ljust(self.width, "═")]
        elif block.level == 2:
            self.lines += ["", f"── {text} ".ljust(self.width, "─")]
        else:
            self._subheading(text.rstrip(), block.remark)

    def _subheading(self, text: str, remark: str) -> None:
        self.lines.append("")
        whole = f"  {text}   {remark}" if remark else f"  {text}"
        if len(whole) <= self.width:
            self.lines.append(whole)
            return
        self._wrap(text, "  ")
        if remark:
            self._wrap(remark, "    ")

    def _wrap(self, text: str, indent: str) -> None:
        self.lines += textwrap.wrap(
            text, self.width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )

    def _equations(self, block: Equations) -> None:
        rows = []
        for row in block.rows:
            parts = [text_of(part, self.digits) for part in row.parts]
            if row.remark is not None:
                parts[-1] += f"  ← {printable(row.remark.text, 20)}"
            rows.append(parts)
        if block.flow:
            self.lines += flow([" = ".join(parts) for parts in rows], self.width)
        else:
            self.lines += equations(rows, self.width)

    def _table(self, block: Table) -> None:
        rows = [[self._cell(cell) for cell in row] for row in block.rows]
        lines = table([list(block.head), *rows], indent="  ")
        if max(map(len, lines)) <= self.width:
            self.lines += lines
            return
        self._narrow_table(rows)

    def _cell(self, cell: str | Name | Maths) -> str:
        return words_of((cell,), self.digits, longest=60)

    def _narrow_table(self, rows: Sequence[Sequence[str]]) -> None:
        margin = "    " + " " * max(len(row[0]) for row in rows) + "  "
        for first, *others in rows:
            head = ": ".join(others[:2])
            self.lines.append(f"    {first}".ljust(len(margin)) + head[: self.width - len(margin)])
            self._wrap(" ".join(others[2:]), margin)


_SYMBOL = r"(?:∂C(?:_\d+)?/∂)?{letter}[⁰¹²³⁴⁵⁶⁷⁸⁹]+(?:_[\djk,]+)?"
STYLES = {
    _SYMBOL.format(letter="w"): "blue",
    _SYMBOL.format(letter="b"): "cyan",
    _SYMBOL.format(letter="z"): "yellow",
    _SYMBOL.format(letter="a"): "green",
    _SYMBOL.format(letter="δ"): "magenta",
    r"(?m)(?<= = )(?:−?[\d.]+(?:×10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?|−?∞|NaN)(?=$|  )": "bold",  # results
    r"(?m)^  BP[1-4] .*$": "bold",
    r"(?m)\(… [^)]*\)|  ← .*$|\[[^]]* of [^]]*\]$|^ +… .*$": "dim",
    r"\A.*|(?m:^(?:──|══) .*$)": "bold",
}
"""What is colored, and how, by the names of rich; terminals choose the shades."""


def colored(page: str) -> Text:
    """Return an explanation as text in color.

    Parameters
    ----------
    page : str
        As `render_document_text` wrote it.
    """
    from rich.text import Text

    text = Text(page, no_wrap=True, overflow="ignore")
    for pattern, style in STYLES.items():
        text.highlight_regex(pattern, style)
    return text
