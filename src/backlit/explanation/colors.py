"""An explanation in color, for a terminal: each letter of the lecture has its own, and results stand out.

The page is the plain text, letter for letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

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
