import polars as pl
import pytest

from backlit.data.formats.table_file import read_table_file

ROWS = "39,State-gov,77516,<=50K\n50,Private,83311,<=50K\n28,Private,338409,>50K\n44,State-gov,160323,>50K\n"
REMARK = "reads like a row"


def remarks(tmp_path, text, **options):
    path = tmp_path / "table.csv"
    path.write_text(text)
    return " ".join(read_table_file(path, **options).remarks)


@pytest.mark.parametrize("plain_numbers", [False, True])
def test_a_first_line_like_the_others_is_remarked_on(tmp_path, plain_numbers):
    said = remarks(tmp_path, ROWS, plain_numbers=plain_numbers)
    assert REMARK in said and "'39', 'State-gov', '77516', '<=50K'" in said and "--names" in said
    assert not remarks(tmp_path, ROWS, names=list("abcd"))


@pytest.mark.parametrize(
    "header",
    ["age,work,weight,income", "39,work,77516,income", "country,State-gov,1990,1991", "1,2,3,4"],
)
def test_names_are_names(tmp_path, header):
    assert REMARK not in remarks(tmp_path, f"{header}\n{ROWS}")


def test_a_name_that_is_a_value_too_is_a_name(tmp_path):
    assert not remarks(tmp_path, "color,yes,size\nred,yes,small\nblue,no,large\n")
    assert not remarks(tmp_path, "a,b\n1,b\n2,c\n")
    years = pl.DataFrame({"country": ["France", "Chad"], "1990": [1.5, 2], "1991": [2.5, 3]})
    assert not remarks(tmp_path, years.write_csv())
