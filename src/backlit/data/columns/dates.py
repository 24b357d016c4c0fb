"""How the dates of a column are written: found from all of its cells, so that 01/02/2020 is what its neighbors are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from backlit.data.columns.counted import Counted
from backlit.data.columns.written import DateForm

if TYPE_CHECKING:
    import polars as pl

Order = Literal["day", "month"]

_MONTHS = r"(?i)\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|t?ember|ober|t)?\b"
_DAYS = r"(?i)\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b,?\s*"
_ZONE = r"[-+]\d{2}:?\d{2}$|[zZ]$"
_MOST_SHAPES, _SEEN, _FEW = 12, 1000, 200
_FIRST_TWO = r"^\D*(\d{1,2})[-/. ](\d{1,2})[-/. ]\d"

# A shape is what is left of a cell when years are Y, other numbers n, fractions f, months b, am and pm p, zones z.
_TO_SHAPE = [
    (_DAYS, ""),
    (_MONTHS, "b"),
    (r"(?i)\b([ap])\.?m\b\.?", "p"),
    (r"(?i)(\d)[ap]m$", r"\1p"),
    (r"(:\d{2}.*?)(?:[-+]\d{2}:?\d{2}|[zZ])$", r"\1z"),
    (r"(:\d{2})\.\d+", r"\1f"),
    (r"^\d{1,2}[-/.]\d{1,2}[-/.]\d$", "N"),  # a version: 1.2.3
    (r"\b\d{4}(\d{2})(\d{2})\b", "Ynn"),
    (r"\d{5,}", "N"),
    (r"\d{4}", "Y"),
    (r"\d{3}", "N"),
    (r"\d{1,2}", "n"),
]
_DATE_SHAPES: list[tuple[str, str]] = [
    (r"Y([-/. ]?)n\1n", r"%Y\1%m\1%d"),
    (r"Y([-/. ])n", r"%Y\1%m"),
    (r"n([-/.])Y", r"%m\1%Y"),
    (r"n([-/. ]{0,2})b\.?([-/., ]{0,2})(Y|n)", r"%d\1%B\2\3"),
    (r"b\.? n, ?(Y|n)", r"%B %d, \1"),
    (r"b\.? n (Y|n)", r"%B %d \1"),
    (r"b([-/. ])(Y|n)", r"%B\1\2"),
    (r"Y([-/. ])b\1n", r"%Y\1%B\1%d"),
]
_NUMERIC = re.compile(r"n([-/. ])n\1(Y|n)")
_TIME = re.compile(
    r"(?P<gap>[T ,]{0,2})n:n(?P<seconds>:n)?(?P<fraction>f)?(?P<half> ?p)?(?P<zone> ?z)?(?P<utc> UTC| GMT)?"
)


@dataclass(frozen=True)
class DateFinding:
    """How the dates of a column are written, as far as its cells tell.

    Attributes
    ----------
    form : DateForm or None
        None: day and month cannot be told apart.
    share : float
        The share of the cells that are dates.
    why : str
        What decided between day and month, in words; empty where nothing had to be decided.
    example : str
        A cell.
    decided : {"day", "month"} or None
        What comes first, where the cells themselves tell.
    separator : str
        What divides day and month.
    """

    form: DateForm | None
    share: float
    why: str = ""
    example: str = ""
    decided: Order | None = None


def read_dates(cells: pl.Series, form: DateForm) -> pl.Series:
    """Read cells as dates, moments (UTC where zones are given) or times of day; null where a cell is none.

    Parameters
    ----------
    cells : polars.Series
        Text, stripped.
    form : DateForm
    """
    import polars as pl

    if any("%B" in written for written in form.formats) or cells.str.contains(r"^[A-Za-z]").any():
        cells = cells.str.replace(_DAYS, "").str.replace_all(r"(?i)\bsept\b", "Sep")
    results = [_read_one(cells, each) for each in form.formats]
    if all(result.dtype == pl.Time for result in results):
        kind: pl.DataType | type[pl.DataType] = pl.Time
    elif all(result.dtype == pl.Date for result in results):
        kind = pl.Date
    else:
        kind = pl.Datetime("us")
        zoned = any(getattr(result.dtype, "time_zone", None) and result.is_not_null().any() for result in results)
        results = [result.cast(pl.Datetime("us")).dt.replace_time_zone("UTC" if zoned else None) for result in results]
    read = pl.Series(cells.name, [None] * len(cells), dtype=results[0].dtype if kind != pl.Time else pl.Time)
    for result in results:
        read = read.zip_with(read.is_not_null(), result)
    return read


def _read_one(cells: pl.Series, written: str) -> pl.Series:
    has_time, has_date = bool(re.search(r"%[HIT]", written)), bool(re.search(r"%[YyFDj]", written))
    if not has_date:
        return cells.str.to_time(written, strict=False)
    if not re.search(r"%[djFD]", written):  # a month is its first day
        cells, written = cells + " 01", written + " %d"
    if has_time:
        return cells.str.to_datetime(written, time_unit="us", strict=False)
    return cells.str.to_date(written, strict=False)


def find_dates(counted: Counted, *, first: Order | None = None) -> DateFinding | None:
    """Find how the dates of a column are written; None where its cells are no dates.

    Parameters
    ----------
    counted : Counted
        Text, stripped, without words for gaps.
    first : {"day", "month"} or None
        What comes first, where other columns tell and these cells do not.
    """
    cells = counted.cells
    seen = _shapes(cells[:_SEEN])
    kinds = seen.unique(maintain_order=True).to_list()
    if len(kinds) > _MOST_SHAPES * 4 or not any(formats_of(kind, "day") for kind in kinds[:200]):
        return None
    order, why, undecided = first, "", ""
    if any(map(_undecidable, kinds)):
        shapes = _shapes(cells)
        open_kinds = [kind for kind in shapes.unique(maintain_order=True).to_list() if _undecidable(kind)]
        numeric = counted.only(shapes.is_in(open_kinds))
        told, why = _order(numeric)
        order = told or first
        why = why or ("as in the table's other dates" if first else "")
        undecided = "" if order else numeric.cells[0]
        kinds = shapes.unique(maintain_order=True).to_list()
    form = _form_of(kinds, order)
    read = counted.read(form, lambda cells: read_dates(cells, form))
    if read.null_count():
        strange = _shapes(cells.filter(read.is_null())).unique(maintain_order=True).to_list()
        if wider := [kind for kind in strange if kind not in kinds and formats_of(kind, "day")]:
            form = _form_of([*kinds, *wider], order)
            read = read_dates(cells, form)
    share = counted.count(read.is_not_null()) / counted.total
    decided = order if order != first or why.startswith("'") else None
    return DateFinding(None if undecided else form, share, why, undecided or cells[0], decided)


def _form_of(kinds: list[str], order: Order | None) -> DateForm:
    formats = dict.fromkeys(written for kind in kinds for written in formats_of(kind, order or "day"))
    return DateForm(tuple(sorted(formats, key=len, reverse=True)))


def _shapes(cells: pl.Series) -> pl.Series:
    import polars as pl

    if len(cells) <= _FEW:
        # Python keeps what it has compiled, and polars compiles all patterns for each column anew.
        return pl.Series(map(_shape, cells.to_list()), dtype=pl.String)
    for pattern, replacement in _TO_SHAPE:
        cells = cells.str.replace_all(pattern, re.sub(r"\\(\d)", r"${\1}", replacement))
    return cells


def _shape(cell: str) -> str:
    for pattern, replacement in _TO_SHAPE:
        cell = re.sub(pattern, replacement, cell)
    return cell


def formats_of(shape: str, order: Order) -> list[str]:
    """Return the formats, as strftime has them, that cells of a shape may be written in."""
    time = _TIME.search(shape)
    if time is not None and time.end() != len(shape):
        return []
    date, clock = (shape, "") if time is None else (shape[: time.start()], _clock(time))
    if not date:
        return [clock] if time is not None and not time["gap"] and not time["zone"] else []
    numeric = _NUMERIC.fullmatch(date)
    if numeric:
        mark, year = numeric[1], "%Y" if numeric[2] == "Y" else "%y"
        days = ["%d", "%m"] if order == "day" or mark == "." else ["%m", "%d"]
        return [mark.join([*days, year]) + clock]
    for pattern, written in _DATE_SHAPES:
        found = re.fullmatch(pattern, date)
        if found and not (date == "Y" or (clock and "n" not in date)):
            dotted = written.replace("%B", "%B.") if "b." in date else written
            years = re.sub(r"(?<!%)Y$", "%Y", re.sub(r"n$", "%y", found.expand(dotted)))
            return [years + clock]
    return []


def _clock(time: re.Match[str]) -> str:
    hours = "%I" if time["half"] else "%H"
    clock = f"{time['gap']}{hours}:%M" + (":%S" if time["seconds"] else "") + ("%.f" if time["fraction"] else "")
    if time["half"]:
        clock += time["half"].replace("p", "%p")
    if time["zone"]:
        clock += time["zone"].replace("z", "%#z")
    return clock + (time["utc"] or "")


def _undecidable(shape: str) -> bool:
    found = _NUMERIC.match(shape)
    return found is not None and found[1] != "."


def _order(numeric: Counted) -> tuple[Order | None, str]:
    """Tell whether the day or the month comes first, by a number above 12."""
    import polars as pl

    groups = numeric.cells.str.extract_groups(_FIRST_TWO).struct.unnest()
    first, second = (groups.to_series(k).cast(pl.Int64, strict=False) > 12 for k in (0, 1))
    days, months = numeric.only(first), numeric.only(second)
    # a typing error may stand against all others
    if days.total > 20 * months.total:
        return "day", f"{days.cells[0]!r} has the day first"
    if months.total > 20 * days.total:
        return "month", f"{months.cells[0]!r} has the month first"
    return None, ""
