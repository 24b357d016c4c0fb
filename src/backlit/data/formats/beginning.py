"""Where a table begins in a text file: behind how many lines of title and comments stands its header, if it is one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

COMMENT_MARKS = ("#", "%", "//", "!")
_YEAR = re.compile(r"(1[89]|20)\d\d")
_LOOKED_AT, _SHOWN = 10_000, 4
_ALIKE = 2 / 3


def find_beginning(rows: Sequence[Sequence[str]]) -> int | None:
    """Find the header among the first rows of a file.

    Lines before a table are believed only where they cannot be lines of it: comments, lines of a single cell, and lines
    padded with empty cells. And what follows must look like a header above rows, for to take a row for the header, and
    drop those above it, would be worse than an error.

    Parameters
    ----------
    rows : sequence of sequences of str
        The cells of the first lines; blank lines are empty sequences.

    Returns
    -------
    int or None
        Position of the header in `rows`; None if these rows are no table.
    """
    filled = [k for k, row in enumerate(rows) if any(cell.strip() for cell in row)]
    if not filled:
        return None
    width = Counter(len(rows[k]) for k in filled[len(filled) // 3 :]).most_common(1)[0][0]
    if width < 2:
        return None
    for place, k in enumerate(filled):
        below = [rows[i] for i in filled[place + 1 :]]
        if place == 0 and len(rows[k]) == width and not _is_before(rows[k], width):
            return k if all(len(row) == width for row in below) else None
        before = [rows[i] for i in filled[:place]]
        if _is_header(rows[k], width) and below and all(len(row) == width for row in below):
            # A comment of as many cells may be the header itself, as in `#chromosome,position`.
            named = any(len(row) == width and all(cell.strip() for cell in row) for row in before)
            plain = not named and (width > 2 or all(map(_is_comment, before)))
            return k if plain or _numbers_below(rows[k], below) else None
        if not _is_before(rows[k], width):
            return None
    return None


def is_number(text: str) -> bool:
    """Tell whether a cell is a number as programs write them."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_comment(row: Sequence[str]) -> bool:
    return row[0].lstrip().startswith(COMMENT_MARKS)


def _is_before(row: Sequence[str], width: int) -> bool:
    filled = sum(bool(cell.strip()) for cell in row)
    # Spreadsheets pad a title to the width of the table below it.
    padded = bool(row[0].strip()) and width > 2 and 2 * filled <= width
    return _is_comment(row) or filled == 1 == len(row) or padded


def _is_header(row: Sequence[str], width: int) -> bool:
    # The first name may be missing, where an index stands below, and so may the last, where lines end in a separator.
    if len(row) != width or _is_comment(row) or not all(cell.strip() for cell in row[1:-1]):
        return False
    if not (row[0].strip() or row[-1].strip()):
        return False
    numbers = [cell.strip() for cell in row if is_number(cell)]
    return len(numbers) < width and len(set(numbers)) == len(numbers) and all(map(_YEAR.fullmatch, numbers))


def _numbers_below(header: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    return any(
        not is_number(header[j]) and all(is_number(row[j]) or not row[j].strip() for row in below)
        for j in range(len(header))
    )


def remark_on_header(frame: pl.DataFrame, path: object) -> tuple[str, ...]:
    """Return what to say where most names of columns might as well stand below them: none where all seems right.

    A number above text, or text above numbers, is a name. A number above numbers may be one (``1990``), and so may a
    word that no cell has; a word that also stands in its column is none.
    """
    head = frame.head(_LOOKED_AT)
    like_cells, words = 0, 0
    for i, name in enumerate(head.columns):
        if is_number(name) != _holds_numbers(head[name]):
            return ()
        if is_number(name):
            like_cells += 1
        elif (head[name].str.strip_chars() == name).any():
            like_cells, words = like_cells + 1, words + 1
        elif i + 1 - like_cells > frame.width * (1 - _ALIKE):
            return ()
    if not words:
        return ()
    names = ", ".join(map(repr, frame.columns[:_SHOWN])) + " …" * (frame.width > _SHOWN)
    return (
        f"The first line of {path} was taken for the names of columns, but reads like a row: {names}. "
        "If the file has no header line, give names= (--names).",
    )


def _holds_numbers(cells: pl.Series) -> bool:
    import polars as pl

    if cells.dtype != pl.String:
        return True
    first = next((text for text in cells.head(100).to_list() if text and text.strip()), "")
    return is_number(first.strip())
