"""Words that stand for a missing value, and the cells that a user says do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_WORDS = r"""
    na n/a n.a n.a. #n/a #na #n/a! <na> nan -nan 1.#ind -1.#ind 1.#qnan -1.#qnan null (null) [null] \n
    \\n none (none) nil void nothing missing (missing) blank (blank) empty (empty) unknown unk undefined
    undef not_available nd n/d n.d. s/d tbd tba k.a. ? ?? ??? - -- --- . .. ... * ** – — _ / #div/0!
    #value! #ref! #name? #num! #null! #error! 0000-00-00 00/00/0000
"""
_PHRASES = {"not known", "not available", "not applicable", "no data", "keine angabe", "k. a.", "0000-00-00 00:00:00"}
USUAL_WORDS = frozenset(_WORDS.split()) | _PHRASES
"""What pandas, R, SQL and spreadsheets write, in small letters. They are gaps in columns of numbers, dates and flags
alone: in a column of text "None" and "NA" (Namibia) are good categories."""


def is_usual_word(words: pl.Series) -> pl.Series:
    """Tell which cells are a usual word for a gap, (n_cells,)."""
    return words.str.to_lowercase().is_in(list(USUAL_WORDS))


def blank_missing(table: pl.DataFrame, missing: Sequence[str]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Strip the cells of text, and turn empty ones and those that the user calls missing into nulls.

    Parameters
    ----------
    table : polars.DataFrame
    missing : sequence of str
        A number matches any way to write it, in columns of numbers too: ``-999`` is ``-999.0``.

    Returns
    -------
    table : polars.DataFrame
    matches : dict of str to int
        How many cells each word matched.
    """
    import polars as pl

    words = list(dict.fromkeys(word.strip() for word in missing))
    numbers = {word: number for word in words if (number := _number(word)) is not None}
    matches = dict.fromkeys(words, 0)
    changed = []
    text = table.select(pl.col(pl.String)).columns
    for name in table.columns if words else text:
        column = table[name]
        if column.dtype == pl.String:
            column = column.str.strip_chars()
            column = column.set(column == "", None) if (column == "").any() else column
        found = [(word, same) for word in words if (same := _same(column, word, numbers.get(word))) is not None]
        for word, same in found:
            matches[word] += int(same.sum())
        if found:
            column = column.set(_any(same for _, same in found), None)
        changed.append(column)
    return table.with_columns(changed) if changed else table, matches


def _any(masks: Iterable[pl.Series]) -> pl.Series:
    import operator
    from functools import reduce

    return reduce(operator.or_, masks)


def _same(column: pl.Series, word: str, number: float | None) -> pl.Series | None:
    import polars as pl

    if column.dtype == pl.String:
        same = column == word
        if number is not None:
            same = same | (column.cast(pl.Float64, strict=False) == number).fill_null(value=False)
    elif column.dtype.is_numeric() and number is not None:
        same = column.cast(pl.Float64) == number
    else:
        return None
    same = same.fill_null(value=False)
    return same if same.any() else None


def _number(word: str) -> float | None:
    try:
        return float(word) if "_" not in word else None
    except ValueError:
        return None
