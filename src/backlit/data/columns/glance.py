"""What a first look tells of all columns of text at once: whether they are plain numbers.

A question to one column costs polars as much as to a thousand, so that wide tables are asked in one go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backlit.data.formats.beginning import is_number

if TYPE_CHECKING:
    import polars as pl

THREE_DIGITS = r"^[-+]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d{1,3})$"
"""A cell of thousands, or of three decimals."""
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
    is_close : bool
        Whether all cells were looked at: where none of the first is a number, `floats` is null without a look.
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
    is_close: bool = True


def glance(texts: pl.DataFrame, *, closely: bool = False) -> dict[str, Glance]:
    """Look at columns of text.

    Parameters
    ----------
    texts : polars.DataFrame
        Stripped; empty cells are null.
    closely : bool, default=False
        Whether to look at all cells also where none of the first is a number.

    Returns
    -------
    dict of str to Glance
        For each column.
    """
    import polars as pl

    head = texts.head(_FEW_ROWS).to_dict(as_series=False)
    first = {name: [cell for cell in cells if cell is not None] for name, cells in head.items()}
    close = [name for name, few in first.items() if closely or not few or any(map(is_number, few))]
    numbers = texts.select(pl.col(close).cast(pl.Float64, strict=False).fill_nan(None)).to_dict() if close else {}
    maybe = [name for name in close if _matches(first[name][:1], _WHOLE)]
    whole = (
        {column.name: column for column in texts.select(pl.col(maybe).cast(pl.Int64, strict=False))} if maybe else {}
    )
    codes = texts.select(pl.col(maybe).str.contains(_CODE).any()).row(0, named=True) if maybe else {}
    glances = {}
    nothing = pl.Series([None], dtype=pl.Float64).new_from_index(0, texts.height)
    for cells in texts:
        name = cells.name
        floats = numbers.get(name, nothing)
        gaps = floats.null_count()
        some = gaps < len(floats)
        is_whole = some and name in whole and whole[name].null_count() == gaps
        glances[name] = Glance(
            floats=floats,
            whole=whole[name] if is_whole else None,
            is_plain=some and gaps == cells.null_count(),
            has_codes=is_whole and bool(codes[name]),
            may_be_long=_matches(first[name], _WHOLE),
            may_have_thousands=_matches(first[name], THREE_DIGITS),
            is_close=name in close,
        )
    return glances


def _matches(cells: list[str], pattern: str) -> bool:
    return all(re.match(pattern, cell) for cell in cells)
