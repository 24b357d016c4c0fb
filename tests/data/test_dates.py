"""How dates are written: each way by its right values; day and month are told apart for the whole column."""

import datetime as dt

import polars as pl
import pytest

from backlit.data.columns import dates
from backlit.data.columns.counted import Counted
from backlit.data.columns.dates import find_dates, formats_of, read_dates
from backlit.data.columns.durations import are_durations, read_durations
from every import every

DAYS = ("2020-12-31", "31/12/20", "Thursday, December 31, 2020", "3-sept-2020", "20201231", "Dec 2020")
CLOCKS = ("", " 11:59 PM", "T23:59:30.5", " 23:59:59am", " 7 p.m. 8 a.m.", "9pm")
DAY, NOON = dt.date(2020, 12, 31), dt.datetime(2020, 12, 31, 23, 59)


@every(
    ("cell", "written", "value"),
    [
        ("2020-12-31", "%Y-%m-%d", DAY),
        ("2020/12/31", "%Y/%m/%d", DAY),
        ("2020.12.31", "%Y.%m.%d", DAY),
        ("20201231", "%Y%m%d", DAY),
        ("31/12/2020", "%d/%m/%Y", DAY),
        ("12/31/2020", "%m/%d/%Y", DAY),
        ("31-12-2020", "%d-%m-%Y", DAY),
        ("31.12.2020", "%d.%m.%Y", DAY),
        ("31/12/20", "%d/%m/%y", DAY),
        ("31-Dec-2020", "%d-%B-%Y", DAY),
        ("31-DEC-20", "%d-%B-%y", DAY),
        ("31 December 2020", "%d %B %Y", DAY),
        ("Dec 31, 2020", "%B %d, %Y", DAY),
        ("Thursday, December 31, 2020", "%B %d, %Y", DAY),
        ("2020-Dec-31", "%Y-%B-%d", DAY),
        ("12/31/2020 11:59 PM", "%m/%d/%Y %I:%M %p", NOON),
        ("31/12/2020 23:59", "%d/%m/%Y %H:%M", NOON),
        ("31.12.2020, 23:59:00", "%d.%m.%Y, %H:%M:%S", NOON),
        ("2020-12-31T23:59:00", "%Y-%m-%dT%H:%M:%S", NOON),
        ("2020-12-31 23:59:00.000", "%Y-%m-%d %H:%M:%S%.f", NOON),
        ("2020-12-31T23:59:00Z", "%Y-%m-%dT%H:%M:%S%#z", NOON.replace(tzinfo=dt.UTC)),
        ("2021-01-01 00:59+01:00", "%Y-%m-%d %H:%M%#z", NOON.replace(tzinfo=dt.UTC)),
        ("2020-12-31 18:59:00-0500", "%Y-%m-%d %H:%M:%S%#z", NOON.replace(tzinfo=dt.UTC)),
        ("2020-12-31 23:59 UTC", "%Y-%m-%d %H:%M UTC", NOON),
        ("2020-12", "%Y-%m", dt.date(2020, 12, 1)),
        ("12/2020", "%m/%Y", dt.date(2020, 12, 1)),
        ("Dec-2020", "%B-%Y", dt.date(2020, 12, 1)),
        ("23:59", "%H:%M", dt.time(23, 59)),
        ("11:59 PM", "%I:%M %p", dt.time(23, 59)),
        ("23:59:30.5", "%H:%M:%S%.f", dt.time(23, 59, 30, 500000)),
    ],
)
def test_a_way_to_write_dates_is_found_and_read(cell, written, value):
    found = find_dates(Counted.of(pl.Series("x", [cell])))
    assert (found.form.formats, found.share) == ((written,), 1)
    assert read_dates(pl.Series("x", [cell, None]), found.form).to_list() == [value, None]


def test_many_cells_have_the_same_shapes_as_few(monkeypatch):
    cells = [day + clock + zone for day in DAYS for clock in CLOCKS for zone in ("", " UTC", "+01:00", "Z", "z")]
    cells += ["1.2.3", "category 17", "123-45-6789", "Tue Wed 3", "12\n3", "20201231 1234567", "x", "", "٣/٤/٢٠٢٠"]
    few, last = dates._shapes(pl.Series(cells[:9])), dates._shapes(pl.Series(cells[9:]))
    monkeypatch.setattr(dates, "_FEW", 0)
    assert dates._shapes(pl.Series(cells)).to_list() == few.to_list() + last.to_list()


@pytest.mark.parametrize(
    ("cells", "first", "decided"),
    [
        (["01/02/2020", "13/02/2020"], dt.date(2020, 2, 1), "day"),
        (["01/02/2020", "02/13/2020"], dt.date(2020, 1, 2), "month"),
        (["1-2-20", "1-13-20"], dt.date(2020, 1, 2), "month"),
        (["01/02/2020", "30/01/2020"] * 30 + ["01/30/2020"], dt.date(2020, 2, 1), "day"),
        (["01.02.2020"], dt.date(2020, 2, 1), None),
        (["01/02/2020 10:00", "13/02/2020 11:00"], dt.datetime(2020, 2, 1, 10), "day"),
    ],
)
def test_day_or_month_is_decided_for_the_whole_column(cells, first, decided):
    found = find_dates(Counted.of(pl.Series(cells)))
    assert found.decided == decided
    assert read_dates(pl.Series(cells[:1]), found.form).to_list() == [first]


@pytest.mark.parametrize("cells", [["01/02/2020"], ["1-2-20", "3-4-20"], ["13/01/2020"] * 5 + ["01/13/2020"]])
def test_what_cannot_be_decided_has_no_form_until_it_is_told(cells):
    assert find_dates(Counted.of(pl.Series(cells))).form is None
    told = find_dates(Counted.of(pl.Series(["01/02/2020"])), first="month")
    assert read_dates(pl.Series(["01/02/2020"]), told.form).to_list() == [dt.date(2020, 1, 2)]
    dotted = find_dates(Counted.of(pl.Series(["01.02.2020"])), first="month")  # nobody writes the month first there
    assert dotted.form.formats == ("%d.%m.%Y",)


def test_a_column_of_dates_and_moments_is_one_of_moments():
    cells = pl.Series(["2020-12-31", "2020-12-31 23:59"])
    read = read_dates(cells, find_dates(Counted.of(cells)).form)
    assert read.to_list() == [dt.datetime(2020, 12, 31), NOON]


@pytest.mark.parametrize("cell", ["2020", "may", "12.5", "abc", "1-2", "2020Q1", "192.168.0.1", "20:15 left", "1.2.3"])
def test_what_is_no_date(cell):
    found = find_dates(Counted.of(pl.Series([cell])))
    assert found is None or found.share == 0
    assert formats_of("Y", "day") == []


@pytest.mark.parametrize(
    ("cell", "hours"),
    [
        ("1 days 02:30:00", 26.5),
        ("1 day, 2:30:00", 26.5),
        ("-1 days +23:00:00", -1),
        ("-1 days -02:00:00", -26),
        ("0 days 00:00:00.360000", 1e-4),
        ("2 days", 48),
        ("26:30", 26.5),
        ("P1DT2H30M", 26.5),
        ("PT0.36S", 1e-4),
        ("-PT1H", -1),
    ],
)
def test_spans_of_time(cell, hours):
    cells = pl.Series([cell, "none", None])
    assert read_durations(cells).to_list() == [dt.timedelta(hours=hours), None, None]
    assert are_durations(Counted.of(cells[:1]), 0.9)


@pytest.mark.parametrize("cell", ["23:59", "P", "part", "day", "1:2:3:4", "12"])
def test_no_spans_of_time(cell):
    assert not are_durations(Counted.of(pl.Series([cell])), 0.9)
