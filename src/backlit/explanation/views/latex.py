"""A document as a LaTeX article that plain ``pdflatex`` sets: amsmath and geometry, and no sign beyond ASCII."""

from __future__ import annotations

import unicodedata

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
from backlit.explanation.views.latex_maths import LETTERS, aligned_lines, latex_of

HEAD = r"""\documentclass[a4paper,10pt]{article}
\usepackage{amsmath,array}
\usepackage[margin=20mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
\allowdisplaybreaks
\raggedbottom
\sloppy
\begin{document}
\setlength{\abovedisplayskip}{3pt}
\setlength{\belowdisplayskip}{3pt}
"""

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}", '"': r"\textquotedbl{}", "'": r"'{}", "`": r"`{}", "-": "-{}", ",": ",{}", "?": "?{}",
    "!": "!{}",
    "−": r"\ensuremath{-}", "×": r"\ensuremath{\times}", "÷": r"\ensuremath{\div}", "·": r"\ensuremath{\cdot}",
    "±": r"\ensuremath{\pm}", "≤": r"\ensuremath{\le}", "≥": r"\ensuremath{\ge}", "²": r"\ensuremath{^{2}}",
    "√": r"\ensuremath{\surd}",
    "³": r"\ensuremath{^{3}}", "°": r"\ensuremath{^{\circ}}", "∞": r"\ensuremath{\infty}", "…": r"\dots{}",
    "–": "--{}", "—": "---{}", "‘": "`{}", "’": "'{}", "“": "``{}", "”": "''{}", "ß": r"\ss{}", "æ": r"\ae{}",
    "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}",
    "£": r"\pounds{}", "§": r"\S{}", "¶": r"\P{}", "¡": "!`{}", "¿": "?`{}", "ı": r"\i{}",
}  # fmt: skip
_SPECIAL['"'] = "''{}"
_SPECIAL |= {raised: rf"\ensuremath{{^{{{sign}}}}}" for raised, sign in zip("⁰¹⁴⁵⁶⁷⁸⁹⁻", "01456789-", strict=True)}
_GREEK = {
    "β": "beta", "γ": "gamma", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa",
    "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "τ": "tau", "υ": "upsilon", "χ": "chi", "ψ": "psi", "ω": "omega",
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0323": "d", "\u0331": "b",
}  # fmt: skip


def latex_text(text: str) -> str:
    """Write any text in ASCII and LaTeX; a sign that the standard fonts lack is given by its Unicode number."""
    return "".join(map(_latex_sign, unicodedata.normalize("NFC", text)))


def _latex_sign(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    if " " <= char <= "~":
        return char
    if char in LETTERS:
        return rf"\ensuremath{{{LETTERS[char]}}}"
    if char in _GREEK:
        return rf"\ensuremath{{\{_GREEK[char]}}}"
    parts = unicodedata.normalize("NFD", char)
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in _ACCENTS:
        return rf"\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return rf"\texttt{{[U+{ord(char):04X}]}}"


def render_document_latex(document: Document) -> str:
    """Return a document as a LaTeX article."""
    body = ""
    for block in document.blocks:
        # a formula on lines of its own belongs to the paragraph before it; anything else begins one
        body += ("\n" if isinstance(block, Equations) and not block.flow else "\n\n") + _block(block, document.digits)
    return f"{HEAD}{body}\n\\end{{document}}\n"


def _block(block: Block, digits: int) -> str:
    match block:
        case Heading():
            return _heading(block, digits)
        case Sentence():
            return _words(block.pieces, digits)
        case Definition():
            formula = latex_of(block.formula, digits, latex_text)
            return rf"\textbf{{{block.name}}}\quad $\displaystyle {formula}$\quad --- {_words(block.meaning, digits)}"
        case Equations():
            return _equations(block, digits)
        case Table():
            return _table(block, digits)
        case PageBreak():
            return r"\newpage"


def _heading(block: Heading, digits: int) -> str:
    text = _words(block.text, digits)
    command = ("section*", "section*", "subsection*", "")[block.level]
    if command:
        return rf"\{command}{{{text}}}"
    remark = rf" {{\small {latex_text(block.remark)}}}" if block.remark else ""
    return rf"\medskip\textbf{{{text}}}{remark}\nopagebreak"


def _words(pieces: Pieces, digits: int, longest: int = 40) -> str:
    written = ""
    for part in pieces:
        if isinstance(part, tuple):
            written += f"${latex_of(part, digits, latex_text)}$"
        elif isinstance(part, Name):
            written += latex_text(printable(part.text, part.longest or longest))
        else:
            written += latex_text(part).replace("   ", r"\quad ")
    return written


def _equations(block: Equations, digits: int) -> str:
    if block.flow:
        rows = [" = ".join(latex_of(part, digits, latex_text) for part in row.parts) for row in block.rows]
        return ", \\quad ".join(f"${row}$" for row in rows)
    lines = " \\\\\n".join(aligned_lines(block, digits, latex_text))
    return f"\\begin{{align*}}\n{lines}\n\\end{{align*}}"


def _table(block: Table, digits: int) -> str:
    columns = r"@{}l>{\raggedright}p{34mm}>{\raggedright}p{34mm}>{\raggedright}p{56mm}l@{}"
    rows = [" & ".join(rf"\textit{{{latex_text(name)}}}" for name in block.head)]
    rows += [" & ".join(_cell(cell, digits) for cell in row) for row in block.rows]
    lines = " \\tabularnewline\n".join(rows)
    return f"{{\\small\n\\begin{{tabular}}{{{columns}}}\n{lines}\n\\end{{tabular}}}}"


def _cell(cell: str | Name | Maths, digits: int) -> str:
    return _words((cell,), digits, longest=60)
