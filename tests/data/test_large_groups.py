import numpy as np
import polars as pl
import pytest

from backlit.data.stream import large_groups
from backlit.data.stream.large_groups import rows_of
from backlit.data.stream.typed_pieces import schema_of, typed_pieces

PIECE = 1 << 18


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((9000, 60), dtype=np.float32)
    x[17, 3] = np.nan
    columns = {f"x{k}": x[:, k] for k in range(60)}
    return pl.DataFrame(columns | {"word": [f"w{i % 7}" for i in range(9000)]}).with_columns(
        x5=pl.when(pl.col("x5") > 1).then(None).otherwise(pl.col("x5"))
    )


@pytest.mark.parametrize("groups", [None, 4000, 700])
@pytest.mark.parametrize("on_disk", [False, True])
def test_pieces_are_the_file_whatever_its_groups(tmp_path, monkeypatch, table, groups, on_disk):
    path = tmp_path / "x.parquet"
    table.write_parquet(path, row_group_size=groups)
    written = []
    monkeypatch.setattr(large_groups, "_write", lambda *given, write=large_groups._write: written.append(write(*given)))
    pieces = list(typed_pieces(path, schema_of(path), PIECE, tmp_path if on_disk else None))
    assert len(pieces) > 1
    assert max(piece.height for piece in pieces) <= rows_of(table.schema, PIECE)
    # where a group is larger than a piece, gaps of numbers that wait on disk come back as NaN
    assert bool(written) is (on_disk and groups != 700)
    whole, wanted = (pl.concat(pieces).fill_nan(None), table.fill_nan(None)) if written else (pl.concat(pieces), table)
    assert whole.equals(wanted)
    assert whole.schema == table.schema
    assert [each.name for each in tmp_path.iterdir()] == ["x.parquet"]


def test_a_piece_ends_where_a_group_does(tmp_path, table):
    path = tmp_path / "x.parquet"
    table.write_parquet(path, row_group_size=300)
    heights = [piece.height for piece in typed_pieces(path, schema_of(path), PIECE)]
    assert all(height % 300 == 0 for height in heights)
    assert sum(heights) == 9000


@pytest.mark.parametrize("gap", [False, True])
def test_bytes_wait_on_disk_unless_one_is_missing(tmp_path, monkeypatch, gap):
    x = np.random.default_rng(0).integers(0, 256, (9000, 300), dtype=np.uint8)
    table = pl.DataFrame({f"x{k}": x[:, k] for k in range(300)} | {"word": [f"w{i % 7}" for i in range(9000)]})
    if gap:
        table = table.with_columns(x250=pl.when(pl.col("x250") > 9).then(pl.col("x250")))
    path = tmp_path / "x.parquet"
    table.write_parquet(path)
    written = []
    monkeypatch.setattr(large_groups, "_write", lambda *given, write=large_groups._write: written.append(write(*given)))
    pieces = list(typed_pieces(path, schema_of(path), PIECE, tmp_path))
    assert len(pieces) > 1
    assert written
    assert pl.concat(pieces).equals(table)
    assert pl.concat(pieces).schema == table.schema
