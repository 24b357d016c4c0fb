import gzip
import io
import sys
from pathlib import Path

import polars as pl
import pytest

from backlit.data import read_table
from backlit.data.formats.writers import check_format, write_table
from backlit.errors import MissingExtraError, OutputError

TABLE = pl.DataFrame(
    {"file": ["01", "=1+1", "é,;"], "n": [1, 2**53 + 2, 3], "probability_a/b": [0.25, 0.5, 1.0]},
)


@pytest.mark.parametrize("name", ["csv", "csv.gz", "tsv", "parquet", "json", "jsonl", "jsonl.gz", "npz", "xlsx"])
def test_what_is_written_is_read_again(tmp_path, name):
    path = tmp_path / f"p.{name}"
    check_format(path)
    with path.open("wb") as stream:
        write_table(TABLE, stream, path)
    read = read_table(path)
    assert read.columns == TABLE.columns
    assert read["file"].to_list() == TABLE["file"].to_list()
    assert [int(n) for n in read["n"]] == TABLE["n"].to_list()
    assert read["probability_a/b"].to_list() == [0.25, 0.5, 1]


def test_a_packed_table_has_the_same_bytes_at_any_time():
    stream = io.BytesIO()
    write_table(TABLE, stream, Path("p.CSV.gz"))
    assert gzip.decompress(stream.getvalue()).decode() == TABLE.write_csv()
    assert stream.getvalue()[4:8] == bytes(4)


@pytest.mark.parametrize("name", ["p.feather", "p.pkl", "p.xls", "p.parquet.gz", "p.gz"])
def test_other_formats_are_refused(name):
    with pytest.raises(OutputError, match=name):
        check_format(Path(name))


def test_a_workbook_must_be_able_to_hold_the_table(monkeypatch):
    check_format(Path("p.xlsx"), 16_384, 1_048_575)
    with pytest.raises(OutputError, match="1,048,576 and 2"):
        check_format(Path("p.xlsx"), 2, 1_048_576)
    with pytest.raises(OutputError, match="16,384 columns"):
        check_format(Path("p.xlsx"), 16_385, 1)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingExtraError, match=r"p.xlsx needs .* 'backlit\[excel\]'"):
        check_format(Path("p.xlsx"))
