"""How numbers are written: each way by its right values, and what the cells of a column tell of 2,590."""

import polars as pl
import pytest

from backlit.data.columns.counted import Counted
from backlit.data.columns.numbers import find_numbers, read_numbers
from backlit.data.columns.written import NumberForm


@pytest.mark.parametrize(
    ("cells", "form", "values"),
    [
        # thousands
        (["2,590", "1,234,567", "950"], NumberForm(".", ","), [2590, 1234567, 950]),
        (["2,590.5", "12"], NumberForm(".", ","), [2590.5, 12]),
        (["12,34,567", "1,234"], NumberForm(".", ","), [1234567, 1234]),
        (["1.299,99", "5"], NumberForm(",", "."), [1299.99, 5]),
        (["1.234.567", "89"], NumberForm(",", "."), [1234567, 89]),
        (["1 299,99", "-5,5"], NumberForm(",", " "), [1299.99, -5.5]),
        (["1\u00a0299", "2\u202f500"], NumberForm(".", " "), [1299, 2500]),
        (["1'299.99", "12’500"], NumberForm(".", "'"), [1299.99, 12500]),
        # decimal comma
        (["0,346", "1,250"], NumberForm(","), [0.346, 1.25]),
        (["12,5", "3"], NumberForm(","), [12.5, 3]),
        (["2,590", "1500"], NumberForm(","), [2.59, 1500]),
        ([",5", "-1,25e3"], NumberForm(","), [0.5, -1250]),
        (["1234,567", "1,234"], NumberForm(","), [1234.567, 1.234]),
        # currencies, per cent and units
        (["$134.1", "-$5", "($3)"], NumberForm(marks=("$",)), [134.1, -5, -3]),
        (["1,000 €", "12 €"], NumberForm(".", ",", ("€",)), [1000, 12]),
        (["USD 1,000.50", "USD 3"], NumberForm(".", ",", ("USD",)), [1000.5, 3]),
        (["0.521%", "3 %", "0"], NumberForm(marks=("%",)), [0.521, 3, 0]),
        (["1,5 %", "12%"], NumberForm(",", "", ("%",)), [1.5, 12]),
        (["12 kg", "3.5kg"], NumberForm(marks=("kg",)), [12, 3.5]),
        (["Rs. 12,34,000", "Rs. 5"], NumberForm(".", ",", ("Rs.",)), [1234000, 5]),
        # other digits
        (["١٬٢٣٤", "-٣٫٥"], NumberForm(".", "'"), [1234, -3.5]),
        (["１２", "3", "५"], NumberForm(), [12, 3, 5]),
        (["٣٪", "۴٪"], NumberForm(marks=("%",)), [3, 4]),
        # signs
        (["−3", "5-", "+2", "(1,000)"], NumberForm(".", ","), [-3, -5, 2, -1000]),
    ],
)
def test_a_way_to_write_numbers_is_found_and_read(cells, form, values):
    found = find_numbers(Counted.of(pl.Series("x", cells)))
    assert (found.forms, found.share, found.problem) == ((form,), 1, "")
    assert read_numbers(pl.Series("x", cells), form).to_list() == pytest.approx(values)


@pytest.mark.parametrize("cells", [["2,590", "1,234"], ["-2,590", "12,345"], ["$1,000", "$2,500"]])
def test_two_ways_are_told_as_two(cells):
    marks = ("$",) if cells[0].startswith("$") else ()
    assert find_numbers(Counted.of(pl.Series(cells))).forms == (NumberForm(",", "", marks), NumberForm(".", ",", marks))
    for decimal, forms in ((".", NumberForm(".", ",", marks)), (",", NumberForm(",", "", marks))):
        assert find_numbers(Counted.of(pl.Series(cells)), decimal=decimal).forms == (forms,)


def test_a_point_is_first_of_all_the_decimal_mark():
    assert find_numbers(Counted.of(pl.Series(["1.299", "950"]))).forms == (NumberForm(), NumberForm(",", "."))


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (["$5", "€6", "€7"], "measured in several units (€ ×2, $ ×1)"),
        (["12 kg", "3 lb"], "measured in several units"),
        (["5%", "0.05"], "1 have % and 1 have none"),
        (["1st", "2nd", "3rd"], "several units"),
        (["11 am", "3 pm"], "several units"),
    ],
)
def test_what_looks_like_numbers_but_cannot_be_compared(cells, problem):
    assert problem in find_numbers(Counted.of(pl.Series(cells))).problem


@pytest.mark.parametrize(
    "cell", ["A12", "31.12.2020", "1,2,3", "12 34", "0,123,456", "1,2345.6", "10:30", "1_000", "v1.2", "1.2.3.4", "$"]
)
def test_what_is_no_number(cell):
    found = find_numbers(Counted.of(pl.Series([cell] * 3)))
    assert found is None or found.share == 0
    for form in (NumberForm(), NumberForm(".", ","), NumberForm(",", ".")):
        assert read_numbers(pl.Series([cell]), form).to_list() == [None]


def test_whole_numbers_stay_whole_to_the_last_digit():
    assert read_numbers(pl.Series(["9007199254740993", "1"]), NumberForm()).to_list() == [9007199254740993, 1]
    assert read_numbers(pl.Series(["1", None, "unknown"]), NumberForm()).dtype == pl.Int64
    assert read_numbers(pl.Series(["1.0", "2.0"]), NumberForm()).dtype == pl.Float64
