"""What one column of text is, as far as its own cells tell."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from backlit.data.columns.column import Column
from backlit.data.columns.counted import Counted
from backlit.data.columns.dates import DateFinding, find_dates, read_dates
from backlit.data.columns.durations import are_durations, read_durations
from backlit.data.columns.gaps import is_usual_word
from backlit.data.columns.glance import THREE_DIGITS, Glance, glance
from backlit.data.columns.numbers import ENOUGH, Finding, find_numbers, read_numbers
from backlit.data.columns.tally import Tally
from backlit.data.columns.written import DateForm, DurationForm, FlagForm, NumberForm, Written

if TYPE_CHECKING:
    import polars as pl

_CODE = r"^[-+]?0\d+$"
_LONG = r"^[-+]?\d{16,}$"
_EXACT = 2**53
_PLAIN = NumberForm()
FEW = 10
"""Numbers that differ less than this may be codes, or a category's names."""


class Telling(NamedTuple):
    """What the cells of a column tell.

    Attributes
    ----------
    column : Column or None
        What it is; None where the cells leave it open, and `number` or `date` tells between what.
    number : Finding or None
    date : DateFinding or None
    decimal : {".", ","} or None
        The decimal mark that its numbers must have.
    counted : Counted or None
        Its different cells; always there where `column` is not.
    """

    column: Column | None
    number: Finding | None = None
    date: DateFinding | None = None
    decimal: str | None = None
    counted: Counted | None = None


def tell(tally: Tally, look: Glance, *, places: int, is_target: bool = False, decimal: str | None = None) -> Telling:
    """Tell what a column of text is.

    Parameters
    ----------
    tally : Tally
        Of text, stripped; empty cells are null.
    look : Glance
        What a first look told of it.
    places : int
        Categories that get a place of their own.
    is_target : bool
        Whether the column is the one to predict.
    decimal : {".", ","} or None
        The decimal mark, where it was given.
    """
    if tally.is_empty:
        return Telling(Column(tally.name, "empty", "no cell holds anything", None, tally.rows, tally.rows))
    if look.is_plain:
        return _plain_numbers(tally, look, places, is_target, decimal)
    counted = tally.counted
    usual = is_usual_word(counted.cells)
    sure = counted.only(~usual) if usual.any() else counted
    if len(sure.cells) and plain_cells(sure).null_count() == 0:
        look = look if look.is_close else glance(tally.cells.to_frame(), closely=True)[tally.name]
        return _plain_numbers(tally, look, places, is_target, decimal, counted)
    if sure.cells.is_empty():
        return Telling(of_text(counted, places, is_target), counted=counted)
    if sure.cells.str.to_lowercase().is_in(["true", "false"]).all():
        return Telling(with_misfits(counted, "flag", FlagForm()), counted=counted)
    number = find_numbers(sure, decimal=decimal)
    if number is not None and _is_number(number, sure):
        if len(number.forms) > 1:
            return Telling(None, number=number, counted=counted)
        numbers = of_numbers(counted, number.forms[0], number.why)
        return Telling(numbers, decimal=_decimal_of(number.forms[0], sure.cells), counted=counted)
    date = find_dates(sure)
    if date is not None and date.share >= ENOUGH:
        column = None if date.form is None else of_dates(counted, date.form, date.why)
        return Telling(column, date=date, counted=counted)
    if are_durations(sure, ENOUGH):
        return Telling(with_misfits(counted, "duration", DurationForm()), counted=counted)
    why = ""
    if number is not None and number.share > 0.5:
        fit = round(number.share * sure.total)
        why = number.problem or f"only {fit:,} of {sure.total:,} cells are numbers"
    return Telling(of_text(counted, places, is_target, why), counted=counted)


def plain_cells(counted: Counted) -> pl.Series:
    """Read the different cells as numbers that programs write; null where one is none."""
    import polars as pl

    return counted.read("plain", lambda cells: cells.cast(pl.Float64, strict=False).fill_nan(None))


def plain_numbers(tally: Tally) -> Telling:
    """Tell what a column of text is whose cells were all found to be plain numbers, and read as such."""
    return Telling(Column(tally.name, "number", "", _PLAIN, tally.rows, tally.gaps))


def _is_number(finding: Finding, counted: Counted) -> bool:
    if finding.problem or finding.share < ENOUGH:
        return False
    form = finding.forms[0]
    if finding.share == 1 and not any(mark[-1:].isalpha() for mark in form.marks):
        return True
    # "1", "2", "K" are names; numbers that vary, with a word among them, are measured
    numbers = read_counted(counted, form).drop_nulls()
    return numbers.n_unique() >= FEW or (finding.share < 1 and bool((numbers % 1 != 0).any()))


def _decimal_of(form: NumberForm, cells: pl.Series) -> str | None:
    if form.thousands in (".", ",") or cells.str.contains(rf"{re.escape(form.decimal)}\d").any():
        return form.decimal
    return None


def _plain_numbers(
    tally: Tally, look: Glance, places: int, is_target: bool, decimal: str | None, counted: Counted | None = None
) -> Telling:
    # `counted` where some cells are words for a gap
    cells = tally.cells
    if look.whole is not None or (look.may_be_long and _are_digits(cells, look.floats)):
        coded = _as_codes(tally, look, places, is_target)
        if coded is not None:
            return Telling(coded)
        is_long = look.whole is not None and _is_long(look.whole)
        why = "whole numbers beyond 2⁵³, of which neighbors cannot be told apart" if is_long else ""
        return Telling(_of_plain(tally, look, why, counted))
    column = _of_plain(tally, look, "", counted)
    if decimal == "." or not look.may_have_thousands:
        return Telling(column, decimal=".")
    number = cells.filter(look.floats.is_not_null())
    if not number.str.contains(THREE_DIGITS).all():
        return Telling(column, decimal=".")
    # 1.299 and 950: three decimals each, or thousands
    if number.str.contains(r"^[-+]?\d+$").any():
        column = replace(column, why="a point is taken for the decimal mark")
    return Telling(column, number=find_numbers(_among(tally, number)), counted=counted or tally.counted)


def _among(tally: Tally, cells: pl.Series) -> Counted:
    # only what is there, and what else there is, matters: how often does not
    return Counted.of(cells) if tally.count is None else tally.counted.only(tally.counted.cells.is_in(cells.implode()))


def _of_plain(tally: Tally, look: Glance, why: str, counted: Counted | None) -> Column:
    if counted is not None:
        return of_numbers(counted, NumberForm(), why)
    column = Column(tally.name, "number", why, NumberForm(), tally.rows, tally.gaps)
    is_constant = tally.rows > 1 and not tally.gaps and look.floats.min() == look.floats.max()
    return replace(column, kind="constant", why=f"{tally.cells[0]} in every row") if is_constant else column


def _are_digits(cells: pl.Series, floats: pl.Series) -> bool:
    # whole numbers of more than 19 digits, which no integer type of 64 bits holds
    return bool(cells.filter(floats.is_not_null()).str.contains(r"^[-+]?\d+$").all())


def _is_long(whole: pl.Series) -> bool:
    low, high = whole.min(), whole.max()
    return isinstance(low, int) and isinstance(high, int) and not -_EXACT <= low <= high <= _EXACT


def _as_codes(tally: Tally, look: Glance, places: int, is_target: bool) -> Column | None:
    # Whole numbers that are names all the same: 007, or more digits than a number has room for.
    cells = tally.cells
    if look.has_codes:
        if is_target or cells.n_unique() <= places:
            code = cells.filter(cells.str.contains(_CODE))[0]
            return of_text(tally.counted, places, is_target, f"codes: {code!r} begins with a zero")
        return of_numbers(tally.counted, NumberForm(), "too many values for codes; zeros before them are dropped")
    if look.whole is None or (is_target and _is_long(look.whole)):
        long = cells.filter(cells.str.contains(_LONG))
        why = f"codes: {long[0]!r} has more digits than a number holds"
        return of_text(tally.counted, places, is_target, why)
    return None


def of_numbers(counted: Counted, form: NumberForm, why: str = "") -> Column:
    """Describe a column of numbers of a form."""
    numbers = read_counted(counted, form)
    if not form.is_plain:
        why = "; ".join(filter(None, [_spoken(form), why]))
    column = with_misfits(counted, "number", form, why)
    if counted.rows > 1 and column.gaps + column.n_misfits == 0 and numbers.min() == numbers.max():
        return Column(counted.name, "constant", f"{counted.cells[0]} in every row", form, counted.rows)
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


def of_dates(counted: Counted, form: DateForm, why: str = "") -> Column:
    """Describe a column of dates of a form."""
    import polars as pl

    dates = read_counted(counted, form)
    said = "; ".join(filter(None, ["read as " + " or ".join(form.formats), why]))
    return with_misfits(counted, "duration" if dates.dtype == pl.Time else "date", form, said)


def with_misfits(counted: Counted, kind: str, written: Written, why: str = "") -> Column:
    """Describe a column, with the cells that are not what it holds."""
    strange = counted.only(read_counted(counted, written).is_null())
    counts = sorted(zip(strange.cells, strange.n, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return Column(counted.name, kind, why, written, counted.rows, counted.gaps, tuple(counts))  # type: ignore[arg-type]


def read_counted(counted: Counted, written: Written) -> pl.Series:
    """Read the different cells of a column by what is known of them; null where one does not fit."""
    return counted.read(written, lambda cells: read_cells(cells, written))


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


def of_text(counted: Counted, places: int, is_target: bool, why: str = "") -> Column:
    """Describe a column of text: a category, or what has a new value in each row."""
    name, rows, gaps, values = counted.name, counted.rows, counted.gaps, counted.n_values
    if values == 1 and not gaps and rows > 1:
        return Column(name, "constant", f"{counted.cells[0]!r} in every row", None, rows, values=1)
    if values == rows - gaps and values > places and not is_target:
        words = counted.cells.str.contains(r"\S\s+\S+\s+\S").mean()
        if isinstance(words, float) and words > 0.5:
            return Column(name, "text", "a new text in each row", None, rows, gaps, values=values)
        why = "; ".join(filter(None, [why, "a new value in each row"]))
        return Column(name, "identifier", why, None, rows, gaps, values=values)
    return Column(name, "category", why, None, rows, gaps, values=values)
