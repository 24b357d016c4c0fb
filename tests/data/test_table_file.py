import datetime as dt
import sys

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

from backlit.data import TableEncoder, read_table
from backlit.data.columns import ColumnChoices, decide
from backlit.data.formats.table_file import read_table_file
from backlit.errors import DataError, MissingExtraError


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


TABLE = {"a": [1, 2], "b": ["x", "y z"]}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", "a,b\n1,x\n2,y z\n"),
        ("t.csv", "a,b,\n1,x,\n2,y z,\n"),
        ("t.csv", "a,b\n1,x,\n2,y z,\n"),
        ("t.csv", "a,b,\n1,x\n2,y z\n"),
        ("t.csv", 'a,b\n1,x,\n2,"y z",\n'),
        ("t.csv", "a,b\n1,x\n2,y z\n".encode("utf-16")),
        ("t.csv", "a\tb\n1\tx\n2\ty z\n".encode("utf-16-le")),
        ("t.txt", "a,b\n1,x\n2,y z\n".encode("utf-16-be")),
        ("t.txt", '  a   b\n  1   x\n 2   "y z"\n'),
        ("t.csv", "Made by somebody\n\na,b\n1,x\n2,y z\n"),
        ("t.csv", "# Made by somebody, with a comma\na;b\n1;x\n2;y z\n"),
        ("t.jsonl", '{"a": 1, "b": "x"}\n{"a": 2, "b": "y z"}\n'),
        ("t.json", '[{"a": 1, "b": "x"},\n {"a": 2, "b": "y z"}]'),
        ("t.arff", "% c\n@RELATION r\n@attribute a numeric\n@attribute b {x,'y z'}\n@data\n1,x\n\n% it's\n2,'y z'\n"),
        ("t.txt", "@relation r\n@attribute 'a' integer\n@attribute b string\n@data\n1,x\n% c\n2, y z\n"),
    ],
)
def test_many_formats_of_one_table(tmp_path, name, data):
    assert read_table(write(tmp_path, name, data)).to_dict(as_series=False) == TABLE


def test_svmlight_keeps_the_numbers_of_its_places(tmp_path):
    table = read_table(write(tmp_path, "t.svm", "1 1:0.5 3:2 # c\n-1 2:1\n"))
    assert table.to_dict(as_series=False) == {
        "feature_1": [0.5, 0], "feature_2": [0, 1], "feature_3": [2, 0], "label": [1, -1],
    }  # fmt: skip
    assert read_table(write(tmp_path, "t", "1.5 0:1\n2 1:1\n"), label_name="y").columns == [
        "feature_0",
        "feature_1",
        "y",
    ]


def test_where_a_table_begins_is_told(tmp_path):
    file = read_table_file(write(tmp_path, "t.csv", "Title\nby me,,\n\nwhen,a,b\n2020,1,2\n"))
    assert (file.begins_on, file.separator, file.is_text) == (4, ",", True)
    assert file.remarks == ("Left out 3 lines before the table, which begins on line 4.",)
    skipped = read_table_file(write(tmp_path, "u.csv", "x,y\n1,2\na,b\n# 3,4\n5,6\n"), skip_rows=2, comment="#")
    assert (skipped.begins_on, skipped.frame.rows()) == (3, [("5", "6")])


def test_a_sheet_is_read_as_its_csv_would_be(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "t.xlsx", {"strings_to_numbers": False})
    dates = book.add_format({"num_format": "yyyy-mm-dd"})
    book.add_worksheet("empty")
    sheet = book.add_worksheet("data")
    for i, (day, *cells) in enumerate([("Made by me",), (None,), ("when", "n", "code", "flag"), (1, 7, "01", True),
                                       (2, 0.5, "x", False)]):  # fmt: skip
        if i < 3:
            sheet.write_row(i, 0, [day, *cells])
        else:
            sheet.write_datetime(i, 0, dt.date(2020, 1, day), dates)
            sheet.write_row(i, 1, cells)
    book.add_worksheet("notes").write(0, 0, "x")
    book.close()
    assert read_table(tmp_path / "t.xlsx").to_dict(as_series=False) == {
        "when": [dt.date(2020, 1, 1), dt.date(2020, 1, 2)], "n": [7, 0.5], "code": ["01", "x"], "flag": [True, False],
    }  # fmt: skip
    file = read_table_file(tmp_path / "t.xlsx")
    assert file.remarks[0] == "Read the sheet 'data' and left 'notes'."
    assert file.begins_on == 3


def test_a_missing_package_for_workbooks_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(MissingExtraError, match=r"t.xlsx needs .* pip install 'backlit\[excel\]'"):
        read_table(write(tmp_path, "t.xlsx", b"PK\x03\x04"))


def test_categories_of_an_arff_file_stay_text(tmp_path):
    path = write(tmp_path, "t.arff", "@relation r\n@attribute a real\n@attribute b {01,02}\n@data\n?,01\n3,?\n")
    assert read_table(path).to_dict(as_series=False) == {"a": [None, 3], "b": ["01", None]}


def test_an_integer_of_json_keeps_every_digit(tmp_path):
    table = read_table(write(tmp_path, "t.jsonl", '{"a": 12345678901234567890, "b": 1}\n{"a": 7, "b": "x"}\n'))
    assert table.to_dict(as_series=False) == {"a": ["12345678901234567890", "7"], "b": ["1", "x"]}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t.csv", b"PK\x03\x04xx", "ZIP archive or an Excel workbook"),
        ("t.csv", b"BZh91AY", "bunzip2"),
        ("t.feather", b"ARROW1\0\0", "polars.read_ipc('"),
        ("t.dta", b"<stata_dta>", "Stata"),
        ("t.pkl", b"\x80\x05\x95abc", "can run code"),
        ("t.npy", b"\x93NUMPY\x01", "numpy.savez"),
        ("t.db", b"SQLite format 3\0", "sqlite3 -header"),
        ("t.csv", "\n<!DOCTYPE html><html>", "web page"),
        ("t.csv", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("t.xlsx", b"PK\x03\x04xx", "cannot be read as a workbook"),
        ("t.csv", "a,b\n".encode("utf-16") + b"\x00\xd8", "begins as UTF-16, but is damaged"),
        ("t.json", '{"a": 1', "cannot be read as rows of JSON"),
        ("t.json", "[1, 2]", "cannot be read as rows of JSON"),
        ("t.jsonl", '{"a": [1, 2]}', "'a' holds lists or objects"),
        ("t.arff", "@relation r\n@attribute a real\n", "no line @data"),
        ("t.arff", "@relation r\n@data\n1\n", "no line @attribute"),
        ("t.arff", "@relation r\n@attribute a relational\n@data\n1\n", "no attribute that can be used"),
        ("t.arff", "@relation r\n@attribute a real\n@attribute 'a' real\n@data\n1,2\n", "the name 'a'"),
        ("t.arff", "@relation r\n@attribute a real\n@attribute b real\n@data\n{0 1}\n", "SparseToNonSparse"),
        ("t.arff", "@relation r\n@attribute a real\n@attribute b {x,y}\n@data\n1,x\n1,'x',2\n", "Line 6 "),
        ("t.arff", "@relation r\n@attribute a real\n@attribute b real\n@data\n1,2\n1,2,3\n", "Line 6 "),
        ("t.svm", "1 2:3\nx\n", "svmlight/libsvm"),
        ("t.svm", "1 99999999:1\n0 1:1\n0 1:1\n", "too many for a table"),
        ("t.csv", '"a" "b"\n"1" 5 6\n"2" 7 8\n', "as R's write.table does it"),
        ("t.csv", "a,b\n1,2,3\n4,5,6\n", "as R's write.table does it"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused_by_name(tmp_path, name, data, said):
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, name, data))
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_the_index_of_a_pandas_frame_is_no_feature(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"noise": rng.normal(size=60), "y": ["a"] * 30 + ["b"] * 30}).sample(frac=1, random_state=0)
    for name, file in (("__index_level_0__", frame), ("row", frame.rename_axis("row"))):
        file.to_parquet(tmp_path / "t.parquet")
        read = read_table_file(tmp_path / "t.parquet")
        assert read.index == (name,)
        columns = decide(read.frame, ColumnChoices().for_file(read), target="y").by_name
        assert (columns[name].kind, columns["noise"].kind) == ("left out", "number")
        with pytest.warns(UserWarning, match="an index|index of a pandas"):
            TableEncoder(columns=ColumnChoices().for_file(read)).fit(read.frame.drop("y"))
    frame.reset_index(drop=True).to_parquet(tmp_path / "t.parquet")
    assert read_table_file(tmp_path / "t.parquet").index == ()
