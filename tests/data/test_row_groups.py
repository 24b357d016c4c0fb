import polars as pl
import pytest

from backlit.data.stream.row_groups import rows_and_groups


@pytest.mark.parametrize(("size", "groups"), [(None, 1), (100, 7), (1, 601)])
def test_rows_and_groups_are_those_that_were_written(tmp_path, size, groups):
    names = [f"x{k}" for k in range(20)]
    table = pl.DataFrame({name: range(601) for name in names}).with_columns(
        flag=pl.col("x0") > 3, text=pl.col("x0").cast(pl.String), when=pl.lit("2020-01-01").str.to_datetime()
    )
    table.write_parquet(tmp_path / "x.parquet", row_group_size=size)
    assert rows_and_groups(tmp_path / "x.parquet") == (601, groups)


def test_what_is_no_footer_is_not_guessed(tmp_path):
    path = tmp_path / "x.parquet"
    for data in (b"", b"PAR1", b"PAR1" + b"\x1d" * 40 + (40).to_bytes(4, "little") + b"PAR1"):
        path.write_bytes(data)
        assert rows_and_groups(path) is None
    assert rows_and_groups(tmp_path / "none.parquet") is None
