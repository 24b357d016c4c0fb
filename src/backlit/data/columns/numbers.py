"""How the numbers of a column are written: found from all of its cells, and read by what was found.

``2,590`` alone is 2590 or 2.59; a column mostly tells which. Every way to write numbers is a `NumberForm`; those under
which the most cells are numbers are left, and where two are, what else is known decides (`_choose`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backlit.data.columns.counted import Counted
from backlit.data.columns.written import NumberForm

if TYPE_CHECKING:
    import polars as pl

_CURRENCIES = (
    r"[$€£¥₹₽₩₺₫₪฿]|(?:US|AU|CA|NZ|HK|[ACR])\$|(?:USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL"
    r"|MXN|ZAR|RUB|TRY|KRW|SGD|HKD|ILS|THB)\b|Rs\.?|kr\.?|Kč|zł|Ft"
)
_UNITS = r"%|‰|°?[\p{L}µ°Ωµ][\p{L}µ°²³/.]{0,9}"
_MINUS = r"[-+−–]"
_CELL = (
    rf"^(?P<open>\()?\s*(?P<minus>{_MINUS})?\s*(?P<before>{_CURRENCIES})?\s*(?P<minus2>{_MINUS})?\s*"
    r"(?P<digits>\d[\d.,'’\x{a0}\x{2009}\x{202f} ]*|[.,]\d+)(?P<power>[eE][-+]?\d+)?"
    rf"\s*(?P<after>{_CURRENCIES}|{_UNITS})?(?P<close>\))?(?P<minus3>-)?$"
)
_OTHER_DIGITS = r"[\d--0-9]"
_SPACES = r"[\x{a0}\x{2009}\x{202f}]"
_FORMS = [
    NumberForm(decimal, thousands)
    for decimal, thousands in [
        (".", ""),
        (",", ""),
        (".", ","),
        (",", "."),
        (".", " "),
        (",", " "),
        (".", "'"),
        (",", "'"),
    ]
]
_SEEN = 1000
"""Of so many different cells, the most frequent, none is a number: no need to look at a million."""
ENOUGH = 0.9
"""The share of cells that have to be numbers, or dates, for a column to be nearly all that."""


@dataclass(frozen=True)
class Finding:
    """How the numbers of a column are written, as far as its cells tell.

    Attributes
    ----------
    forms : tuple of NumberForm
        Those under which the most cells are numbers. Several: the cells do not tell; where a point is decimal mark or
        not, decimals come first, for so programs write.
    share : float
        The share of the cells that are then numbers.
    why : str
        What decided, in words; empty for plain numbers.
    examples : tuple of str
        Cells that several forms read differently.
    problem : str
        Why these are no numbers all the same: ``"in several currencies"``; empty for none.
    marks : tuple of (str, int)
        What stands before or after the numbers, with how many cells have it.
    """

    forms: tuple[NumberForm, ...]
    share: float
    why: str = ""
    examples: tuple[str, ...] = ()
    problem: str = ""


def read_numbers(cells: pl.Series, form: NumberForm) -> pl.Series:
    """Read cells as numbers of a form: whole ones as int64 where all are, else float64; null where a cell is none.

    Parameters
    ----------
    cells : polars.Series
        Text, stripped.
    form : NumberForm
    """
    import polars as pl

    if form.decimal == "." and not form.thousands:
        numbers = cells.cast(pl.Float64, strict=False)
        strange = numbers.is_null() & cells.is_not_null()
        if strange.any():
            numbers = numbers.scatter(strange.arg_true(), _read(cells.filter(strange), form))
    else:
        numbers = _read(cells, form)
    numbers = numbers.fill_nan(None)
    # what is written as a whole number is one, to its last digit
    whole = cells.cast(pl.Int64, strict=False)
    if whole.null_count() > numbers.null_count():
        whole = numbers.cast(pl.Int64, strict=False)
        if not (whole == numbers).all() or cells.str.contains(r"\.\d|e").any():
            return numbers
    return whole if whole.null_count() == numbers.null_count() else numbers


def _read(cells: pl.Series, form: NumberForm) -> pl.Series:
    import polars as pl

    parts = _parts(cells)
    digits = pl.col("digits")
    if form.thousands:
        digits = digits.str.replace_all(form.thousands, "", literal=True)
    number = (digits.str.replace(form.decimal, ".", literal=True) + pl.col("power").fill_null("")).cast(
        pl.Float64, strict=False
    )
    fits = pl.col("digits").str.contains(_pattern(form))
    for mark in (pl.col("before"), pl.col("after")):
        fits &= mark.is_null() | mark.is_in(list(form.marks))
    return parts.select(pl.when(fits).then(pl.when(_is_negative()).then(-number).otherwise(number)).alias(cells.name))[
        cells.name
    ]


def _parts(cells: pl.Series) -> pl.DataFrame:
    # The parts of each cell; all are null where a cell has another shape.
    import polars as pl

    cells = _in_usual_digits(cells).str.replace_all(_SPACES, " ")
    parts = cells.str.extract_groups(_CELL).struct.unnest()
    return parts.with_columns(
        pl.when(pl.col("open").is_null() == pl.col("close").is_null())
        .then(pl.col("digits").str.strip_chars_end(" ").str.replace_all("’", "'"))
        .alias("digits")
    )


def _in_usual_digits(cells: pl.Series) -> pl.Series:
    """Write digits of other scripts, as Arabic's and those of full width, and Arabic's separators as the usual ones."""
    others = cells.filter(cells.str.contains(_OTHER_DIGITS))
    if others.is_empty():
        return cells
    usual = {mark: str(unicodedata.decimal(mark)) for mark in set("".join(others)) if mark.isdecimal()}
    usual |= {"٫": ".", "٬": "'", "٪": "%"}
    return cells.str.replace_many(list(usual), list(usual.values()))


def _is_negative() -> pl.Expr:
    import polars as pl

    negative = pl.col("open").is_not_null()
    for name in ("minus", "minus2", "minus3"):
        negative |= pl.col(name).is_not_null() & (pl.col(name) != "+")
    return negative


def _pattern(form: NumberForm) -> str:
    decimal, thousands = re.escape(form.decimal), re.escape(form.thousands)
    rest = rf"(?:{decimal}\d*)?"
    plain = rf"\d+{rest}|{decimal}\d+"
    if not thousands:
        return f"^(?:{plain})$"
    # India groups by two: 12,34,567
    return rf"^(?:{plain}|[1-9]\d{{0,2}}(?:{thousands}\d{{2,3}})*{thousands}\d{{3}}{rest})$"


def find_numbers(counted: Counted, *, decimal: str | None = None) -> Finding | None:
    """Find how the numbers of a column are written; None where hardly any cell is one.

    Parameters
    ----------
    counted : Counted
        Text, stripped, without words for gaps.
    decimal : {".", ","} or None
        The decimal mark, where it is known.
    """
    import polars as pl

    total = counted.total
    if counted.count(counted.cells.str.contains(r"\d")) < total / 2:
        return None
    if len(counted.cells) > 2 * _SEEN and _parts(counted.cells[:_SEEN])["digits"].null_count() == _SEEN:
        return None
    parts = _parts(counted.cells).with_columns(counted.n.alias("n")).filter(pl.col("digits").is_not_null())
    if parts.is_empty() or parts["n"].sum() < total / 2:
        return None
    marks, problem = _marks(parts)
    digits = parts.group_by("digits").agg(pl.col("n").sum())
    fits = [(form, int(digits.filter(pl.col("digits").str.contains(_pattern(form)))["n"].sum())) for form in _FORMS]
    best = max(n for _, n in fits)
    wanted = [(form, n) for form, n in fits if form.decimal == decimal and n >= ENOUGH * best]
    if wanted:
        fits, best = wanted, max(n for _, n in wanted)
    forms = _distinct([form for form, n in fits if n == best], digits["digits"])
    named = tuple(NumberForm(form.decimal, form.thousands, marks) for form in forms)
    grouped = digits.filter(pl.col("digits").str.contains(r"[.,]"))["digits"]
    why = ""
    if len(named) > 1 and NumberForm(",", "", marks) in named:
        named, why = _by_the_rest(named, digits["digits"])
    return Finding(named, best / total, why, tuple(grouped.sort()[:3].to_list()), problem)


def _distinct(forms: list[NumberForm], digits: pl.Series) -> list[NumberForm]:
    # Of forms that read all cells alike the simplest stays: which separators stand there at all?
    used = "".join(mark for mark in ".,' " if digits.str.contains(mark, literal=True).any())
    different: dict[tuple[str, str], NumberForm] = {}
    for form in forms:
        meaning = (form.decimal if form.decimal in used else "", form.thousands if form.thousands in used else "")
        different.setdefault(meaning, form)
    kept = list(different.values())
    # Grouping that no cell uses is no form of its own.
    return [form for form in kept if not form.thousands or form.thousands in used] or kept[:1]


def _by_the_rest(forms: tuple[NumberForm, ...], digits: pl.Series) -> tuple[tuple[NumberForm, ...], str]:
    """Choose between decimals and thousands by the cells that have neither."""
    bare = digits.filter(digits.str.contains(r"^\d+$"))
    if bare.is_empty():
        return forms, ""
    if (bare.str.len_chars() > 3).any():
        large = bare.filter(bare.str.len_chars() > 3)[0]
        return tuple(form for form in forms if not form.thousands), f"{large!r} stands there without one"
    return tuple(form for form in forms if form.thousands), "numbers below 1000 have none"


def _marks(parts: pl.DataFrame) -> tuple[tuple[str, ...], str]:
    import polars as pl

    marks: dict[str, int] = {}
    for side in ("before", "after"):
        for mark, n in parts.group_by(side).agg(pl.col("n").sum()).drop_nulls().rows():
            marks[mark] = marks.get(mark, 0) + n
    problem = ""
    if len(marks) > 1:
        listed = ", ".join(
            f"{mark} ×{n:,}" for mark, n in sorted(marks.items(), key=lambda item: (-item[1], item[0]))[:4]
        )
        problem = f"measured in several units ({listed})"
    elif marks and next(iter(marks)) in "%‰":
        bare = parts.filter(pl.col("after").is_null() & ~pl.col("digits").str.contains(r"^[0.,]+$"))["n"].sum()
        if bare:
            mark, n = next(iter(marks.items()))
            problem = f"{n:,} have {mark} and {bare:,} have none"
    return tuple(sorted(marks)), problem
