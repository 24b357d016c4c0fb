"""What a first look tells of all columns of text at once: whether they are plain numbers.

A question to one column costs polars as much as to a thousand, so that wide tables are asked in one go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

THREE_DIGITS = r"^[-+]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d{1,3})$"
_CODE = r"^[-+]?0\d+$"
_WHOLE = r"^[-+]?\d+$|[^-+.\d]"
_FEW_ROWS = 8


@dataclass(frozen=True, eq=False)
class Glance:
    """A first look at a column of text.

    Attributes
    ----------
    floats : polars.Series
        Its cells as numbers; null where one is none, or NaN.
    whole : polars.Series or None
        Its cells as whole numbers of 64 bits, where all that are numbers are such.
    is_plain : bool
        Whether every cell is empty or a number, and some are.
    has_codes : bool
        Whether a whole number begins with a zero: 007.
    may_be_long, may_have_thousands : bool
        Whether the first cells are all digits, or digits in threes.
    """

    floats: pl.Series
    whole: pl.Series | None
    is_plain: bool
    has_codes: bool
    may_be_long: bool
    may_have_thousands: bool


def glance(texts: pl.DataFrame) -> dict[str, Glance]:
    """Look at columns of text.

    Parameters
    ----------
    texts : polars.DataFrame
        Stripped; empty cells are null.

    Returns
    -------
    dict of str to Glance
        For each column.
    """
    import polars as pl

    numbers = texts.select(pl.all().cast(pl.Float64, strict=False).fill_nan(None)).get_columns()
    first = {cells.name: cells.head(_FEW_ROWS).drop_nulls().to_list() for cells in texts}
    maybe = [column.name for column in numbers if _matches(first[column.name][:1], _WHOLE)]
    whole = (
        {column.name: column for column in texts.select(pl.col(maybe).cast(pl.Int64, strict=False))} if maybe else {}
    )
    codes = texts.select(pl.col(maybe).str.contains(_CODE).any()).row(0, named=True) if maybe else {}
    glances = {}
    for cells, floats in zip(texts, numbers, strict=True):
        name, gaps = cells.name, floats.null_count()
        some = gaps < len(floats)
        is_whole = some and name in whole and whole[name].null_count() == gaps
        glances[name] = Glance(
            floats=floats,
            whole=whole[name] if is_whole else None,
            is_plain=some and gaps == cells.null_count(),
            has_codes=is_whole and bool(codes[name]),
            may_be_long=_matches(first[name], _WHOLE),
            may_have_thousands=_matches(first[name], THREE_DIGITS),
        )
    return glances


def _matches(cells: list[str], pattern: str) -> bool:
    return all(re.match(pattern, cell) for cell in cells)
