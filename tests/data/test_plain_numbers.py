import polars as pl
import pytest

from backlit.data.columns import decide
from backlit.data.columns.choices import ColumnChoices
from backlit.data.formats import plain_numbers
from backlit.data.formats.delimited import read_delimited
from backlit.data.formats.table_file import TableFile

COLUMNS = {
    "float": ["1.5", "-2", ".5", "1e5"],
    "whole": ["1", "2", "-3", "4"],
    "gaps": ["1", "", "3", "4"],
    "zero": ["0", "-0", "0.5", "-0.25"],
    # stay text
    "inf": ["1", "inf", "3.5", "2"],
    "code": ["01", "2", "3", "4"],
    "signed": ["-01", "2", "3", "4"],
    "long": ["12345678901234567890", "2", "3", "4"],
    "exact": ["9007199254740993", "2", "3", "4"],
    "thousands": ["1.299", "950", "2.100", "3.500"],
    "nan": ["1.5", "NaN", "2", "3"],
    "word": ["1", "2", "3", "unknown"],
    "constant": ["7", "7", "7", "7"],
    "flag": ["true", "false", "true", "true"],
    "text": ["a", "b", "c", "d"],
    "empty": ["", "", "", ""],
}
PLAIN = {"float", "whole", "gaps", "zero"}


@pytest.mark.parametrize("many", [False, True])
def test_plain_numbers_mean_what_their_text_means(many, monkeypatch):
    monkeypatch.setattr(plain_numbers, "_HEAD", 3 if many else 1000)
    order = ["text", *(name for name in COLUMNS if name != "text")]
    for name in order:
        data = "\n".join([f"k,{name}", *(f"x{i},{cell}" for i, cell in enumerate(COLUMNS[name]))]).encode()
        text = read_delimited(data, "t.csv")
        fast = read_delimited(data, "t.csv", plain_numbers=True)
        assert fast.plain == ({name} & PLAIN), name
        assert fast.frame.columns == text.frame.columns
        schema = decide(text.frame)
        assert decide(fast.frame, ColumnChoices().for_file(TableFile(fast.frame, plain=fast.plain))) == schema
        assert schema.read(fast.frame).equals(schema.read(text.frame)), name


def test_a_word_below_the_head_makes_text_of_its_column_alone(monkeypatch):
    monkeypatch.setattr(plain_numbers, "_HEAD", 2)
    table, plain = plain_numbers.divide(b"1,2\n3,4\n5,6.5\nx,7", 0, ",", ["a", "b"])
    assert (plain, table["a"].to_list(), table["b"].to_list()) == ({"b"}, ["1", "3", "5", "x"], [2, 4, 6.5, 7])
    table, plain = plain_numbers.divide(b"1,2\n3,4\n5,6\n7,8", 0, ",", ["a", "b"], as_text=["b"])
    assert (plain, table.dtypes) == ({"a"}, [pl.Int64, pl.String])
    assert plain_numbers.divide(b"1,2\n3,4,5", 0, ",", ["a", "b"]) is None


def test_zeros_are_found_across_pieces(monkeypatch):
    monkeypatch.setattr(plain_numbers, "_CHUNK", 4)
    zeros = plain_numbers._has_zeros_before_digits
    for n in range(1, 9):
        for header in (b"", b"a,b\n"):
            assert zeros(header + b"1" * n + b",-07", len(header), ",")
            assert not zeros(header + b"1" * n + b",-0.7", len(header), ",")
    assert zeros(b"01,1", 0, ",") and zeros(b"a,b\n01,1", 4, ",")
    assert not zeros(b"0,1", 0, ",") and not zeros(b"00,01\n0,1", 6, ",")  # names of columns do not count
