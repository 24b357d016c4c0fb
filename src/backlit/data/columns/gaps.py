"""Words that stand for a missing value, and the cells that a user says do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backlit.data.columns.counted import MANY, Counted, of_each

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

    table, _ = strip_cells(table)
    matches = {}
    for word in dict.fromkeys(word.strip() for word in missing):
        number = _number(word)
        masks = {cells.name: mask for cells in table if (mask := _same(cells, word, number)) is not None}
        counts = table.select(mask.sum().alias(name) for name, mask in masks.items()).row(0) if masks else ()
        found = [name for name, count in zip(masks, counts, strict=True) if count]
        table = table.with_columns(pl.when(~masks[name].fill_null(value=False)).then(pl.col(name)) for name in found)
        matches[word] = sum(counts)
    return table, matches


def blank_words(table: pl.DataFrame, missing: Sequence[str]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Turn cells that the user calls missing into nulls, and no others: blanks around text are its own.

    See `blank_missing`, for what it takes and returns.
    """
    import polars as pl

    blanked, matches = blank_missing(table, missing)
    kept = []
    for text in table.select(pl.col(pl.String)):
        is_word = blanked[text.name].is_null() & text.is_not_null() & (text.str.strip_chars() != "")
        kept.append(text.set(is_word, None))
    return blanked.with_columns(kept), matches


def strip_cells(table: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, Counted]]:
    """Strip the cells of text, and turn empty ones into nulls.

    Returns
    -------
    table : polars.DataFrame
    counted : dict of str to Counted
        Columns of which that was seen not to be needed, by their different cells: whoever asks for these has them.
    """
    import polars as pl

    of_text = table.select(pl.col(pl.String)).get_columns()
    counted = {each.name: each for each in of_each(of_text, _counted_if_stripped, table.height) if each is not None}
    texts = [cells.name for cells in of_text if cells.name not in counted]
    if texts:
        text = pl.col(texts)
        # apart, for in one expression polars strips all cells twice
        table = table.with_columns(table[texts].select(text.str.strip_chars()).iter_columns())
        table = table.with_columns(pl.when(text != "").then(text))
    return table, counted


def _counted_if_stripped(cells: pl.Series) -> Counted | None:
    """Count a long column whose cells recur if none has blanks around it, and none is empty."""
    head = cells.head(MANY)
    if len(head) < MANY or head.n_unique() > MANY / 2:
        return None  # to strip such a column at once takes less time
    counted = Counted.of(cells)
    different = counted.cells
    return counted if ((different.str.strip_chars() == different) & (different != "")).all() else None


def _same(cells: pl.Series, word: str, number: float | None) -> pl.Expr | None:
    import polars as pl

    column = pl.col(cells.name)
    if cells.dtype == pl.String:
        same = column == word
        return (
            same if number is None else same | (column.cast(pl.Float64, strict=False) == number).fill_null(value=False)
        )
    return column.cast(pl.Float64) == number if number is not None and cells.dtype.is_numeric() else None


def _number(word: str) -> float | None:
    try:
        return float(word) if "_" not in word else None
    except ValueError:
        return None
