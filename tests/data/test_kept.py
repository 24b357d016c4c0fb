from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from backlit.data.columns.choices import ColumnChoices
from backlit.data.encoding import TableEncoding
from backlit.data.stream import kept as kept_module
from backlit.data.stream.first_pass import first_pass, read_pieces
from backlit.data.stream.packing import Packing
from backlit.data.stream.table_stream import TableStream

MEMORY = 64 << 20
TYPES = {"float32": pl.Float32, "float64": pl.Float64, "int16": pl.Int16, "uint8": pl.UInt8}


def write_table(folder, dtype, n_rows=3000):
    rng = np.random.default_rng(0)
    columns = {f"x{k}": (rng.standard_normal(n_rows) * 20 + 100).astype(int) + 0.5 * (k % 2) for k in range(6)}
    table = pl.DataFrame(columns).cast(TYPES[dtype])
    if dtype == "float32":
        table = table.with_columns(x1=pl.when(pl.col("x1") > 120).then(None).otherwise(pl.col("x1")), x2=pl.lit(2.0))
    table = table.with_columns(target=pl.Series([["a", None, "b"][i % 3] for i in range(n_rows)]))
    for k in range(3):
        table[1000 * k : 1000 * (k + 1)].write_parquet(folder / f"{k}.parquet")
    return table


def looked_at(folder, on, **choices):
    stream = replace(TableStream.of(folder / "*.parquet", piece_bytes=1 << 16), folder=on)
    return first_pass(stream, ColumnChoices(**choices), "target", MEMORY)


@pytest.mark.parametrize("dtype", list(TYPES))
def test_rows_that_were_kept_are_encoded_as_those_that_are_read_again(tmp_path, dtype):
    write_table(tmp_path, dtype)
    kept, again = looked_at(tmp_path, tmp_path), looked_at(tmp_path, None)
    assert kept.kept is not None
    assert again.kept is None
    assert kept.schema == again.schema
    names = [f"x{k}" for k in range(6)]
    encoder = TableEncoding("float32", numbers="piecewise", n_bins=8)
    encoder.fit_statistics(kept.statistics(names), kept.schema.only(names))
    packing = Packing.of(encoder, "float32")
    own, others = list(read_pieces(kept)), list(read_pieces(again))
    assert [(p.path, p.first_row) for p in own] == [(p.path, p.first_row) for p in others]
    for mine, other in zip(own, others, strict=True):
        assert mine.numbers is not None
        assert mine.frame.table["target"].equals(other.frame.table["target"])
        assert packing.pack(mine.numbers).tobytes() == packing.pack(other.frame.table.drop("target")).tobytes()
        assert [part.first_row for part in mine.joined] == [part.first_row for part in other.joined]
    assert len(list(tmp_path.iterdir())) == 3


def test_what_is_not_its_type_is_read_again(tmp_path):
    write_table(tmp_path, "float64")
    assert looked_at(tmp_path, tmp_path, missing=("100",)).kept is None
    assert looked_at(tmp_path, tmp_path, columns={"x0": "category"}).kept is None
    days = pl.Series([20200101 + i % 28 for i in range(3000)])
    table = pl.read_parquet(tmp_path / "*.parquet").with_columns(date=days)
    table.write_parquet(tmp_path / "0.parquet")
    for k in (1, 2):
        (tmp_path / f"{k}.parquet").unlink()
    first = looked_at(tmp_path, tmp_path)
    assert (first.kept is None) is (first.schema.by_name["date"].kind == "date")


def test_a_disk_without_room_is_no_error(tmp_path, monkeypatch):
    write_table(tmp_path, "float32")
    monkeypatch.setattr(kept_module, "_ROOM", 1 << 60)
    first = looked_at(tmp_path, tmp_path)
    assert first.kept is None
    assert sum(piece.frame.table.height for piece in read_pieces(first)) == 3000
