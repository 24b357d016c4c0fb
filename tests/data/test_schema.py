"""A schema: a cell means the same in every file; what was decided is said, written down and read back."""

import json

import polars as pl
import pytest

from backlit.data.columns import Column, ColumnChoices, TableSchema, decide
from backlit.data.columns.report import describe, describe_all, is_lossy
from backlit.errors import DataError, InvalidInputError

TRAINING = pl.DataFrame(
    {
        "price": ["1,299.50", "12", "unknown", "?", "unknown", "5", "7", "9", "11", "13", "15", "17", "19", "21"] * 3,
        "code": ["01", "2A"] * 21,
        "when": ["31/12/2020", "01/02/2021", None] * 14,
        "member": ["true", "FALSE"] * 21,
        "version": ["1.50", "2.0b"] * 21,
    }
)
SCHEMA = decide(TRAINING)


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("price", "2,590", 2590),
        ("price", "unknown", None),
        ("price", "N/A", None),  # a usual word, though training had none
        ("code", "01", "01"),
        ("when", "01/02/2020", "2020-02-01"),
        ("member", "True", True),
        ("version", "1.50", "1.50"),
    ],
)
def test_a_cell_means_the_same_alone_as_in_its_file(column, cell, value):
    alone = SCHEMA.read(pl.DataFrame({column: [cell]}))[column][0]
    assert (str(alone) if column == "when" else alone) == value
    among = SCHEMA.read(TRAINING.with_columns(pl.lit(cell).alias(column)))[column]
    assert among.is_null().all() if alone is None else (among == alone).all()


@pytest.mark.parametrize("missing", [(), ("red",)])
def test_blanks_around_text_that_comes_with_types_are_its_own_wherever_it_is_read(missing):
    table = pl.DataFrame({"kind": [" red", "blue ", "blue", " "] * 3, "size": [" 1", "2 ", "3", None] * 3})
    schema = decide(table, ColumnChoices(missing=missing))
    read, (rows, _) = schema.read(table), schema.read_rows(table)
    assert rows.equals(read)
    assert rows["kind"].to_list()[:4] == [None if missing else " red", "blue ", "blue", " "]
    assert rows["size"].to_list()[:4] == [1, 2, 3, None]


def test_a_cell_that_cannot_be_read_is_an_error_that_names_it():
    with pytest.raises(DataError, match=r"Column 'price', row 8: 'cheap' came where a number was expected"):
        SCHEMA.read(pl.DataFrame({"price": ["1", "cheap"]}), first_row=7)
    with pytest.raises(DataError, match=r"Column 'when', row 1: '2020-13-45' came where a date was expected"):
        SCHEMA.read(pl.DataFrame({"when": ["2020-13-45"]}))


def test_columns_that_had_a_type_are_read_from_text_as_programs_write_it():
    typed = SCHEMA.read(TRAINING)
    again = decide(typed)
    assert again.read(typed.select(pl.all().cast(pl.String))).equals(typed)
    assert again.read(pl.DataFrame({"when": ["2020-12-31T10:00:00"]}))["when"][0].hour == 10


def test_written_and_read_back():
    document = json.loads(json.dumps(SCHEMA.to_document()))
    assert TableSchema.from_document(document) == SCHEMA
    # what people write by hand
    short = TableSchema.from_document({"version": 1, "columns": [{"name": "price", "kind": "category"}]})
    assert short.read(TRAINING)["price"].to_list() == TRAINING["price"].to_list()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "numeric"}, r"s.json.columns\[0\].kind must be one of 'number', 'category'"),
        ({"name": 1}, r"columns\[0\].name must be text"),
        ({"written": {"as": "eval"}}, "written.as must be one of 'number', 'date', 'flag'"),
        ({"written": {"as": "number", "decimal": ",", "thousands": ",", "marks": []}}, "thousands must be one of"),
        ({"misfits": ["x"]}, r"misfits\[0\] must be a list"),
        ({"values": -1}, "values must be"),
        ({"more": 1}, "unknown field 'more'"),
    ],
)
def test_a_wrong_field_is_named(change, said):
    document = SCHEMA.to_document()
    document["columns"][0] |= change
    with pytest.raises(InvalidInputError, match=said):
        TableSchema.from_document(document, "s.json")


def test_a_schema_decides_as_it_was_edited():
    document = SCHEMA.to_document()
    document["columns"][1]["kind"], document["columns"][2]["kind"] = "left out", "category"
    choices = ColumnChoices(schema=TableSchema.from_document(document))
    again = decide(TRAINING.head(6), choices)
    assert [column.kind for column in again.columns] == ["number", "left out", "category", "flag", "category"]
    assert again.by_name["price"].misfits == (("unknown", 2), ("?", 1))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (
            Column("price", "number", rows=2000, misfits=(("unknown", 2), ("?", 1))),
            "number; 3 of 2,000 cells are not: 'unknown' ×2, '?': taken as gaps",
        ),
        (
            Column("a", "number", rows=9, gaps=1, misfits=(("x", 1),)),
            "number; 1 of 9 cells is not: 'x': taken as gaps; 1 gap",
        ),
        (Column("c", "category", values=1), "category of 1 value"),
        (
            Column("c", "category", "codes", values=400),
            "category of 400 values (codes); the 50 most frequent have a place of their own, the others share one",
        ),
        (Column("id", "identifier", "a new value in each row"), "identifier, left out (a new value in each row)"),
    ],
)
def test_what_is_said_of_a_column(column, said):
    assert describe(column) == said
    assert is_lossy(column, 50) == ("category of 1" not in said)


def test_many_columns_are_said_on_one_screen():
    plain = [Column(f"p{k}", "number") for k in range(700)]
    said = describe_all([*plain, Column("id", "identifier", "new"), Column("c", "category", values=400)], 50)
    assert [line.split()[0] for line in said] == ["id", "c", "700"]
    strange = describe_all([Column(f"n{k}", "number", misfits=(("x", 1),)) for k in range(90)], 50)
    assert len(strange) < 25
    assert "70 more like these: 70 numbers" in strange[-1]
    assert str(SCHEMA).splitlines()[0].split()[0] == "price"
