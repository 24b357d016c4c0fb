"""What an explanation says, before anybody decides how it is set: blocks, and the typed terms of their formulas.

The builder writes a document once; each renderer (text, Markdown, LaTeX, HTML) only formats it. Numbers stay numbers
until then, so that every view prints the trace's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Number:
    """A number of the trace."""

    value: float


@dataclass(frozen=True)
class Literal:
    """A number that belongs to a formula, as it is written there: ``1``, ``½``, ``0.01``."""

    text: str


@dataclass(frozen=True)
class Symbol:
    """A letter with what stands above and below it, each in plain notation: ``w``, ``l+1``, ``kj``."""

    letter: str
    sup: str = ""
    sub: str = ""


@dataclass(frozen=True)
class Partial:
    """``∂C/∂w²_11``."""

    of: Symbol
    by: Symbol


@dataclass(frozen=True)
class Sign:
    """An operator, bracket or space, with the spaces around it, and what stands above and below a closing bracket."""

    text: str
    sup: str = ""
    sub: str = ""


@dataclass(frozen=True)
class Word:
    """A function's name, or a word inside a formula."""

    text: str
    sup: str = ""


@dataclass(frozen=True)
class More:
    """``(… 770 more terms)``, standing for summands that are not shown.

    Attributes
    ----------
    count : int
    some_shown : bool
        Whether other terms of the sum are shown.
    total : float or None
        What they sum to; None where all are 0.
    """

    count: int
    some_shown: bool
    total: float | None

    @property
    def words(self) -> str:
        """What is said of them."""
        more = f"{self.count} {'more ' if self.some_shown else ''}{'term' if self.count == 1 else 'terms'}"
        return more if self.total is not None else f"{more}, all 0"


@dataclass(frozen=True)
class Blank:
    """A gap on a worksheet, to be filled in by hand."""


Term: TypeAlias = Number | Literal | Symbol | Partial | Sign | Word | More | Blank
Maths: TypeAlias = tuple[Term, ...]


@dataclass(frozen=True)
class Name:
    """Somebody else's text: a column, a class, a value of a table. It is never read as notation.

    Attributes
    ----------
    text : str
    longest : int or None
        How many characters of it are shown at most; None leaves that to the view.
    """

    text: str
    longest: int | None = None


Pieces: TypeAlias = tuple[str | Name | Maths, ...]
"""A sentence: words, names and formulas."""


@dataclass(frozen=True)
class Heading:
    """The title of the document (level 0), a part of it (1), a step (2) or a layer within it (3)."""

    level: int
    text: Pieces
    remark: str = ""


@dataclass(frozen=True)
class Sentence:
    """One sentence, `depth` steps in; an `answer` is left out of a worksheet."""

    pieces: Pieces
    depth: int = 1
    answer: bool = False


@dataclass(frozen=True)
class Definition:
    """One of the four equations as the lecture states it, and what it says."""

    name: str
    formula: Maths
    meaning: Pieces


@dataclass(frozen=True)
class Equation:
    """``left = part = part``, with a remark at its end."""

    parts: tuple[Maths, ...]
    remark: Name | None = None


@dataclass(frozen=True)
class Equations:
    """Equations below each other.

    Attributes
    ----------
    rows : tuple of Equation
    given : bool
        Whether they are what is given, rather than what is worked out.
    flow : bool
        Whether they are short and may share a line.
    """

    rows: tuple[Equation, ...]
    given: bool = False
    flow: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str | Name | Maths, ...], ...]


@dataclass(frozen=True)
class PageBreak:
    """What follows begins on a new page."""


Block: TypeAlias = Heading | Sentence | Definition | Equations | Table | PageBreak


@dataclass(frozen=True)
class Document:
    """Blocks in the order they are read, and how many significant digits their numbers are printed with."""

    blocks: tuple[Block, ...]
    digits: int = 6
