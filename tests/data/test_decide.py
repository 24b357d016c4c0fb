"""What a column is taken for, by its own cells and by the table's others; what the user gives goes before."""

import datetime as dt
import threading
from dataclasses import replace

import polars as pl
import pytest

from backlit.data.columns import ColumnChoices, LeftOutRow, Source, decide
from backlit.data.columns.choices import NOTHING_GIVEN, columns_of
from backlit.data.columns.counted import MANY, Counted, of_each
from backlit.data.columns.gaps import blank_missing
from backlit.data.columns.tally import Tally
from backlit.data.formats.table_file import read_table_file
from backlit.errors import DataError, InvalidInputError, UnknownNameError

NUMBERS = [f"{k / 7:.3f}" for k in range(40)]


def text(**columns):
    return pl.DataFrame({name: pl.Series(cells, dtype=pl.String) for name, cells in columns.items()})


def taken(cells, choices=NOTHING_GIVEN, **more):
    """The column x of a table, and its values."""
    table = text(x=cells)
    schema = decide(table, choices, **more)
    return schema.by_name["x"], schema.read(table)["x"].to_list()


ISSUE = ["unknown", "?", "-", ".", "\\N", "#DIV/0!", "(null)", "missing", "n.a.", "NIL"]


@pytest.mark.parametrize(
    "word",
    [*ISSUE, "NA", "N/A", "<NA>", "NaN", "None", "#VALUE!", "--", "not available", "1.#QNAN", "TBD", "sensor off"],
)
def test_a_word_among_numbers_is_a_gap(word):
    column, values = taken([*NUMBERS, word])
    assert (column.kind, column.n_misfits + column.gaps) == ("number", 1)
    assert values == [*map(float, NUMBERS), None]
    if word != "NaN":  # which is a number's own word for a gap
        assert column.misfits == ((word, 1),)


@pytest.mark.parametrize(
    ("cells", "kind", "why", "first"),
    [
        (["1", "2", "3", "K"] * 10, "category", "only 30 of 40 cells are numbers", "1"),
        (["low", "high"] * 20, "category", "", "low"),
        (["NA", "None", "DE"] * 9, "category", "", "NA"),  # countries
        (["NA", "1", "2"] * 9, "number", "", None),
        (["$5", "€6"] * 9, "category", "measured in several units ($ ×9, € ×9)", "$5"),
        (["True", "false", "NA"], "flag", "", True),
        (["yes", "no"] * 9, "category", "", "yes"),
        (["7"] * 9, "constant", "7 in every row", 7),
        (["a"] * 9, "constant", "'a' in every row", "a"),
        ([None] * 3, "empty", "no cell holds anything", None),
        (["01", "02", "13"] * 9, "category", "codes: '01' begins with a zero", "01"),
        ([f"{k:03}" for k in range(99)], "number", "too many values for codes; zeros before them are dropped", 0),
        (
            [str(10**19 + k % 9) for k in range(60)],
            "category",
            "codes: '10000000000000000000' has more digits",
            str(10**19),
        ),
        ([str(10**19 + k) for k in range(60)], "identifier", "a new value in each row", str(10**19)),
        ([str(2**53 + k) for k in range(9)], "number", "whole numbers beyond 2⁵³", 2**53),
        ([f"K{k}" for k in range(60)], "identifier", "a new value in each row", "K0"),
        (
            [f"the house number {k} of it" for k in range(60)],
            "text",
            "a new text in each row",
            "the house number 0 of it",
        ),
        (["12 months", "36 months"] * 9, "category", "", "12 months"),
        (["23:59", "00:01"], "duration", "read as %H:%M", dt.time(23, 59)),
        (["31/12/2020", "unknown"], "date", "read as %d/%m/%Y", dt.date(2020, 12, 31)),
        (["2021-02-29", "2020-01-01"], "category", "", "2021-02-29"),
    ],
)
def test_kinds_of_columns(cells, kind, why, first):
    column, values = taken(cells)
    assert (column.kind, values[0]) == (kind, first)
    assert why in column.why
    assert column.values == (len({*cells}) if kind in ("category", "identifier", "text") else column.values)


def test_other_columns_tell_what_a_column_does_not():
    plain, german = ["0.5", "12.25"], ["0,5", "1.212,25"]
    open_ = ["2,590", "1,234"]
    for other, value in ((plain, 2590), (german, 2.59)):
        table = text(x=open_, other=other)
        assert decide(table).read(table)["x"][0] == value
    table = text(x=["2.590", "950"], other=german)  # by itself a point is the decimal mark
    assert decide(table).read(table)["x"].to_list() == [2590, 950]
    assert decide(text(x=["2.590", "950"])).read(table)["x"].to_list() == [2.59, 950]
    assert decide(text(x=open_), ColumnChoices(source=Source(";"))).read(text(x=open_))["x"][0] == 2.59
    dates = text(x=["01/02/2020"] * 2, other=["13/02/2020", "01/02/2020"])
    assert decide(dates).read(dates)["x"][0] == dt.date(2020, 2, 1)


@pytest.mark.parametrize(
    ("cells", "said", "choices", "value"),
    [
        (["2,590", "1,234"], "--decimal", ColumnChoices(decimal=","), 2.59),
        (["2,590", "1,234"], "1234 if the comma divides", ColumnChoices(decimal="."), 2590),
        (["2,590", "1,234"], "number:,", ColumnChoices({"x": "number:,"}), 2.59),
        (["01/02/2020"] * 2, "--column x=date:%d/%m/%Y", ColumnChoices({"x": "date:%d/%m/%Y"}), dt.date(2020, 2, 1)),
        (["01/02/2020"] * 2, "date:%m/%d/%Y", ColumnChoices({"x": "date:%m/%d/%Y"}), dt.date(2020, 1, 2)),
        (["01/02/2020"] * 2, "columns=", ColumnChoices({"x": "category"}), "01/02/2020"),
    ],
)
def test_what_nothing_tells_is_refused_with_what_decides_it(cells, said, choices, value):
    with pytest.raises(DataError, match=r"'x' can be read in two ways") as caught:
        taken(cells)
    assert said in str(caught.value)
    assert taken(cells, choices)[1][0] == value


@pytest.mark.parametrize(
    ("cells", "given", "kind", "first"),
    [
        (["90210", "10001"] * 9, "category", "category", "90210"),
        (["01", "02"] * 9, "number", "number", 1),
        (["1", "2", "K"] * 9, "number", "number", 1),
        (["1.5", "2"], "number:,", "number", 1.5),  # no cell has a decimal comma
        (["yes", "no"], "flag", "flag", True),
        (["20200131", "20200201"], "date:%Y%m%d", "date", dt.date(2020, 1, 31)),
        (["2020-01-31", "x"], "date", "date", dt.date(2020, 1, 31)),
        (["a", "b"], "text", "text", "a"),
    ],
)
def test_what_is_given_goes_before_what_cells_say(cells, given, kind, first):
    column, values = taken(cells, ColumnChoices({"x": given}))
    assert (column.kind, column.why.startswith(("as was given", "read as")), values[0]) == (kind, True, first)


def test_wrong_choices():
    table = text(x=["1", "2"], y=["3", "4"])
    with pytest.raises(UnknownNameError, match=r"column named 'z'"):
        decide(table, ColumnChoices({"z": "number"}))
    with pytest.raises(UnknownNameError, match=r"column named 'id'"):
        decide(table, ColumnChoices(ignore=("id",)))
    with pytest.raises(UnknownNameError, match="kind of column named 'numeric'"):
        ColumnChoices({"x": "numeric"})
    with pytest.raises(InvalidInputError, match="form"):
        ColumnChoices({"x": "category:%d"})
    with pytest.raises(InvalidInputError, match="decimal mark"):
        ColumnChoices(decimal=";")
    with pytest.raises(InvalidInputError, match="list"):
        ColumnChoices(missing="?")
    with pytest.raises(InvalidInputError, match="cannot be left out"):
        decide(table, ColumnChoices(ignore=("y",)), target="y")
    with pytest.raises(DataError, match="no cell of it is one, not even '1'"):
        decide(table, ColumnChoices({"x": "date:%d.%m.%Y"}))
    with pytest.raises(InvalidInputError, match="zip=category"):
        columns_of(["zip"])
    assert columns_of(["a=b=category", "when=date:%d/%m/%Y"]) == {"a=b": "category", "when": "date:%d/%m/%Y"}


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("column_1", ["0", "1", "2"], "left out"),  # a header without a name
        ("Unnamed: 0", ["2", "0", "1"], "left out"),
        ("index", ["7", "3", "12"], "left out"),
        ("__index_level_0__", ["7", "7", "12"], "left out"),
        ("id", ["7", "3", "12"], "identifier"),
        ("customer_id", ["7", "3", "12"], "identifier"),
        ("customerId", ["7", "3", "12"], "identifier"),
        ("id", ["7", "7", "12"], "number"),
        ("fluid", ["7", "3", "12"], "number"),
        ("day", ["0", "1", "2"], "number"),
        ("index", ["1.5", "2.5", "3.5"], "number"),
    ],
)
def test_what_only_counts_the_rows_is_no_feature(name, cells, kind):
    table = text(**{name: cells, "y": ["a", "b", "a"]})
    assert decide(table).by_name[name].kind == kind
    assert decide(table.with_columns(pl.col(name).cast(pl.Float64))).by_name[name].kind == kind
    assert decide(table, target=name).by_name[name].kind == "number"
    assert decide(table, ColumnChoices({name: "number"})).by_name[name].kind == "number"
    assert decide(table, ColumnChoices(ignore=(name,))).by_name[name].kind == "left out"


def test_missing_words_and_numbers():
    table = text(t=["?", " a", ""], n=["-999.0", "1", "?"]).with_columns(f=pl.Series([-999.0, 1, 2]))
    blanked, matches = blank_missing(table, ["?", "-999", "x"])
    assert blanked.to_dict(as_series=False) == {"t": [None, "a", None], "n": [None, "1", None], "f": [None, 1, 2]}
    assert matches == {"?": 2, "-999": 2, "x": 0}
    assert decide(table, ColumnChoices(missing=("x",))).remarks == ("No cell is 'x', which was given as missing.",)


@pytest.mark.parametrize(("odd", "becomes"), [("b ", "b"), ("\u00a0a", "a"), ("  ", None), ("", None)])
def test_a_single_odd_cell_among_many_that_recur_is_stripped(odd, becomes):
    cells = ["a", "b"] * 6_000
    cells[-1] = odd
    assert blank_missing(text(t=cells), [])[0]["t"].tail(2).to_list() == ["a", becomes]


def test_each_column_of_a_long_table_is_decided_by_its_own_cells():
    # as many rows as make several columns be looked at at a time
    table = text(t=["a ", "b"] * 6_000, d=["2020-01-01", "2020-01-02"] * 6_000, n=["1.5", "?"] * 6_000)
    assert [(column.name, column.kind) for column in decide(table).columns] == [
        ("t", "category"),
        ("d", "date"),
        ("n", "number"),
    ]
    assert blank_missing(table, [])[0].row(0) == ("a", "2020-01-01", "1.5")


def test_what_was_counted_when_the_file_was_read_holds_as_long_as_its_cells_are_there(tmp_path):
    cells = pl.Series("x", ["a", "b", "a"])
    counted = Counted.of(cells)
    assert Tally.of(cells.to_frame(), {"x": counted})[0].counted is counted
    for others in (cells[:2], pl.Series("x", ["a", "b", None])):
        assert Tally.of(others.to_frame(), {"x": counted})[0].counted.total == 2
    (tmp_path / "t.csv").write_text("x,y\n" + "a,1\nb,2\n" * MANY)
    file = read_table_file(tmp_path / "t.csv")
    assert file.counted["x"].n.to_list() == [MANY, MANY]
    by_file, anew = ColumnChoices().for_file(file), ColumnChoices(source=Source(blanked=True))
    assert decide(file.frame, by_file) == decide(file.frame, anew)
    assert decide(file.frame, replace(by_file, missing=("b",))).by_name["x"].gaps == MANY


def test_columns_are_counted_at_the_same_time():
    # each waits until the other one is being counted
    both = threading.Barrier(2, timeout=20)
    counted = Counted.of(pl.Series("x", ["a"]))
    tallies = [Tally("x", MANY, 0, counted.cells.to_frame(), lambda: (both.wait(), counted)[1]) for _ in range(2)]
    assert of_each(tallies, lambda tally: tally.counted, MANY) == [counted, counted]


SALES = [f"{k}.5" for k in range(9)]
TOTAL = str(sum(map(float, SALES)))


@pytest.mark.parametrize(
    ("before", "after", "left_out"),
    [
        ([], [["Total", TOTAL]], ((10, "a line of totals: 'Total'"),)),
        ([], [["Grand total:", TOTAL]], ((10, "a line of totals: 'Grand total:'"),)),
        ([], [["Mean", "4.5"]], ((10, "a line of totals: 'Mean'"),)),
        ([], [["Summe", TOTAL]], ((10, "a line of totals: 'Summe'"),)),
        ([], [["Total", "3.5"]], ()),  # a place of that name
        ([["-", "(kg)"]], [], ((1, "a line of units"),)),
        ([["", "m/s"]], [["Total", TOTAL]], ((1, "a line of units"), (11, "a line of totals: 'Total'"))),
        ([["text", "float"]], [], ((1, "a line of units"),)),
        ([["Rome", "unknown"]], [], ()),
        ([], [["city", "sales"], ["Bonn", "3.5"]], ((10, "the header once more"),)),
    ],
)
def test_lines_that_are_no_rows(before, after, left_out):
    rows = [*before, *([city, sale] for city, sale in zip("abcabcabc", SALES, strict=True)), *after]
    table = pl.DataFrame(rows, schema={"city": pl.String, "sales": pl.String}, orient="row")
    schema = decide(table)
    assert schema.left_out_rows == tuple(LeftOutRow(*line) for line in left_out)
    assert schema.by_name["sales"].kind == "number"
    assert schema.by_name["sales"].n_misfits == (before == [["Rome", "unknown"]])
    again, lines = schema.read_rows(table)
    assert (lines, len(again)) == (schema.left_out_rows, len(rows) - len(left_out))


def test_a_total_that_stands_among_numbers():
    table = text(region=[*"123456789", "Total"], sales=[*SALES, "99999"])
    assert decide(table).left_out_rows == (LeftOutRow(10, "a line of totals: 'Total'"),)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pl.Series([1, 2, None]), "number"),
        (pl.Series([1.5, float("nan")]), "number"),
        (pl.Series([3.0, 3.0]), "constant"),
        (pl.Series([True, False]), "flag"),
        (pl.Series([dt.date(2020, 1, 1), None]), "date"),
        (pl.Series([dt.timedelta(1)]), "duration"),
        (pl.Series([dt.time(1)]), "duration"),
        (pl.Series(["1", "2"], dtype=pl.Categorical), "category"),
        (pl.Series([None, None]), "empty"),
    ],
)
def test_columns_that_have_a_type(column, kind):
    table = pl.DataFrame({"x": column})
    schema = decide(table)
    assert schema.by_name["x"].kind == kind
    assert schema.read(table).equals(table)
    assert schema.by_name["x"].gaps == sum(value is None or value != value for value in column)
