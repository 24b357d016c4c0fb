"""What one column of text is, as far as its own cells tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backlit.data.columns.column import Column
from backlit.data.columns.dates import DateFinding, find_dates, read_dates
from backlit.data.columns.durations import are_durations, read_durations
from backlit.data.columns.gaps import is_usual_word
from backlit.data.columns.glance import THREE_DIGITS, Glance
from backlit.data.columns.numbers import ENOUGH, Finding, find_numbers, read_numbers
from backlit.data.columns.written import DateForm, DurationForm, FlagForm, NumberForm, Written

if TYPE_CHECKING:
    import polars as pl

_CODE = r"^[-+]?0\d+$"
_LONG = r"^[-+]?\d{16,}$"
_EXACT = 2**53
FEW = 10
"""Numbers that differ less than this may be codes, or a category's names."""


@dataclass(frozen=True)
class Telling:
    """What the cells of a column tell.

    Attributes
    ----------
    column : Column or None
        What it is; None where the cells leave it open, and `number` or `date` tells between what.
    number : Finding or None
    date : DateFinding or None
    decimal : {".", ","} or None
        The decimal mark that its numbers must have.
    """

    column: Column | None
    number: Finding | None = None
    date: DateFinding | None = None
    decimal: str | None = None


def tell(
    cells: pl.Series, look: Glance, *, places: int, is_target: bool = False, decimal: str | None = None
) -> Telling:
    """Tell what a column of text is.

    Parameters
    ----------
    cells : polars.Series
        Text, stripped; empty cells are null.
    look : Glance
        What a first look told of it.
    places : int
        Categories that get a place of their own.
    is_target : bool
        Whether the column is the one to predict.
    decimal : {".", ","} or None
        The decimal mark, where it was given.
    """
    if cells.null_count() == len(cells):
        return Telling(Column(cells.name, "empty", "no cell holds anything", None, len(cells), len(cells)))
    if look.is_plain:
        return _plain_numbers(cells, look, places, is_target, decimal)
    strange = cells.filter(look.floats.is_null() & cells.is_not_null())
    rest = strange.filter(~is_usual_word(strange))
    if rest.is_empty() and len(strange) + cells.null_count() < len(cells):
        return _plain_numbers(cells, look, places, is_target, decimal)
    present = cells.drop_nulls()
    sure = present.filter(~is_usual_word(present)) if len(rest) < len(strange) else present
    if sure.is_empty():
        return Telling(of_text(cells, places, is_target))
    if sure.str.to_lowercase().is_in(["true", "false"]).all():
        return Telling(with_misfits(cells, "flag", FlagForm()))
    number = find_numbers(sure, decimal=decimal)
    if number is not None and _is_number(number, sure):
        if len(number.forms) > 1:
            return Telling(None, number=number)
        return Telling(of_numbers(cells, number.forms[0], number.why), decimal=_decimal_of(number.forms[0], sure))
    date = find_dates(sure)
    if date is not None and date.share >= ENOUGH:
        return Telling(None if date.form is None else of_dates(cells, date.form, date.why), date=date)
    if are_durations(sure, ENOUGH):
        return Telling(with_misfits(cells, "duration", DurationForm()))
    why = ""
    if number is not None and number.share > 0.5:
        fit = round(number.share * len(sure))
        why = number.problem or f"only {fit:,} of {len(sure):,} cells are numbers"
    return Telling(of_text(cells, places, is_target, why))


def plain_numbers(cells: pl.Series) -> Telling:
    """Tell what a column of text is whose cells were all found to be plain numbers, and read as such."""
    column = Column(cells.name, "number", "", NumberForm(), len(cells), cells.null_count())
    return Telling(column, decimal="." if cells.dtype.is_float() else None)


def _is_number(finding: Finding, cells: pl.Series) -> bool:
    if finding.problem or finding.share < ENOUGH:
        return False
    form = finding.forms[0]
    if finding.share == 1 and not any(mark[-1:].isalpha() for mark in form.marks):
        return True
    # "1", "2", "K" are names; numbers that vary, with a word among them, are measured
    numbers = read_numbers(cells, form).drop_nulls()
    return numbers.n_unique() >= FEW or (finding.share < 1 and bool((numbers % 1 != 0).any()))


def _decimal_of(form: NumberForm, cells: pl.Series) -> str | None:
    if form.thousands in (".", ",") or cells.str.contains(rf"{re.escape(form.decimal)}\d").any():
        return form.decimal
    return None


def _plain_numbers(cells: pl.Series, look: Glance, places: int, is_target: bool, decimal: str | None) -> Telling:
    if look.whole is not None or (look.may_be_long and _are_digits(cells, look.floats)):
        coded = _as_codes(cells, look, places, is_target)
        if coded is not None:
            return Telling(coded)
        is_long = look.whole is not None and _is_long(look.whole)
        why = "whole numbers beyond 2⁵³, of which neighbors cannot be told apart" if is_long else ""
        return Telling(of_numbers(cells, NumberForm(), why, look.floats))
    column = of_numbers(cells, NumberForm(), "", look.floats)
    if decimal == "." or not look.may_have_thousands:
        return Telling(column, decimal=".")
    number = cells.filter(look.floats.is_not_null())
    if not number.str.contains(THREE_DIGITS).all():
        return Telling(column, decimal=".")
    # 1.299 and 950: three decimals each, or thousands
    if number.str.contains(r"^[-+]?\d+$").any():
        column = replace(column, why="a point is taken for the decimal mark")
    return Telling(column, number=find_numbers(number))


def _are_digits(cells: pl.Series, floats: pl.Series) -> bool:
    # whole numbers of more than 19 digits, which no integer type of 64 bits holds
    return bool(cells.filter(floats.is_not_null()).str.contains(r"^[-+]?\d+$").all())


def _is_long(whole: pl.Series) -> bool:
    low, high = whole.min(), whole.max()
    return isinstance(low, int) and isinstance(high, int) and not -_EXACT <= low <= high <= _EXACT


def _as_codes(cells: pl.Series, look: Glance, places: int, is_target: bool) -> Column | None:
    # Whole numbers that are names all the same: 007, or more digits than a number has room for.
    if look.has_codes:
        if is_target or cells.n_unique() <= places:
            code = cells.filter(cells.str.contains(_CODE))[0]
            return of_text(cells, places, is_target, f"codes: {code!r} begins with a zero")
        why = "too many values for codes; zeros before them are dropped"
        return of_numbers(cells, NumberForm(), why, look.floats)
    if look.whole is None or (is_target and _is_long(look.whole)):
        long = cells.filter(cells.str.contains(_LONG))
        return of_text(cells, places, is_target, f"codes: {long[0]!r} has more digits than a number holds")
    return None


def of_numbers(cells: pl.Series, form: NumberForm, why: str = "", numbers: pl.Series | None = None) -> Column:
    """Describe a column of numbers of a form."""
    numbers = read_numbers(cells, form) if numbers is None else numbers
    if not form.is_plain:
        why = "; ".join(filter(None, [_spoken(form), why]))
    column = with_misfits(cells, "number", form, why, numbers)
    if len(cells) > 1 and column.gaps + column.n_misfits == 0 and numbers.min() == numbers.max():
        return Column(cells.name, "constant", f"{cells[0]} in every row", form, len(cells))
    return column


def _spoken(form: NumberForm) -> str:
    names = {",": "comma", ".": "point", " ": "blank", "'": "apostrophe"}
    said = []
    if form.thousands:
        said.append(f"a {names[form.thousands]} divides thousands".replace("a apo", "an apo"))
    if form.decimal == ",":
        said.append("with a decimal comma")
    if form.marks:
        said.append("without " + ", ".join(map(repr, form.marks)))
    return ", ".join(said)


def of_dates(cells: pl.Series, form: DateForm, why: str = "") -> Column:
    """Describe a column of dates of a form."""
    import polars as pl

    dates = read_dates(cells, form)
    said = "; ".join(filter(None, ["read as " + " or ".join(form.formats), why]))
    return with_misfits(cells, "duration" if dates.dtype == pl.Time else "date", form, said, dates)


def with_misfits(cells: pl.Series, kind: str, written: Written, why: str = "", read: pl.Series | None = None) -> Column:
    """Describe a column, with the cells that are not what it holds."""
    if read is None:
        read = read_cells(cells, written)
    if read.null_count() == cells.null_count():
        return Column(cells.name, kind, why, written, len(cells), cells.null_count())  # type: ignore[arg-type]
    strange = cells.filter(read.is_null() & cells.is_not_null())
    counts = strange.alias("cell").value_counts(name="n").sort(["n", "cell"], descending=[True, False]).rows()
    return Column(cells.name, kind, why, written, len(cells), cells.null_count(), tuple(counts))  # type: ignore[arg-type]


def read_cells(cells: pl.Series, written: Written) -> pl.Series:
    """Read cells, stripped, by what is known of them; null where one does not fit. Plain numbers have been read."""
    import polars as pl

    if cells.dtype.is_numeric():
        return cells
    match written:
        case NumberForm():
            return read_numbers(cells, written)
        case DateForm():
            return read_dates(cells, written)
        case DurationForm():
            return read_durations(cells)
        case FlagForm():
            words = cells.str.to_lowercase()
            known = words.is_in(["true", "false", *_YES, *_NO])
            return pl.select(pl.when(known).then(words.is_in(["true", *_YES])).alias(cells.name))[cells.name]
    return cells


_YES, _NO = ["yes", "y", "t", "on", "1"], ["no", "n", "f", "off", "0"]


def of_text(cells: pl.Series, places: int, is_target: bool, why: str = "") -> Column:
    """Describe a column of text: a category, or what has a new value in each row."""
    present = cells.drop_nulls()
    values, gaps = present.n_unique(), cells.null_count()
    if values == 1 and not gaps and len(cells) > 1:
        return Column(cells.name, "constant", f"{cells[0]!r} in every row", None, len(cells), values=1)
    if values == len(present) and values > places and not is_target:
        words = present.str.contains(r"\S\s+\S+\s+\S").mean()
        if isinstance(words, float) and words > 0.5:
            return Column(cells.name, "text", "a new text in each row", None, len(cells), gaps, values=values)
        why = "; ".join(filter(None, [why, "a new value in each row"]))
        return Column(cells.name, "identifier", why, None, len(cells), gaps, values=values)
    return Column(cells.name, "category", why, None, len(cells), gaps, values=values)
