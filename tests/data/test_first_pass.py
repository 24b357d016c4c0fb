import gzip
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from backlit.data.columns.choices import ColumnChoices
from backlit.data.columns.decide import decide
from backlit.data.encoding import TableEncoding
from backlit.data.formats.table_file import read_table_file
from backlit.data.stream import all_tallies, tallies
from backlit.data.stream.first_pass import first_pass
from backlit.data.stream.table_stream import TableStream, find_files
from backlit.data.stream.text_pieces import TextOptions, text_pieces
from backlit.errors import BacklitError, DataError
from every import every

MEMORY = 64 << 20
TEXT = "\n".join(
    [
        "id,price,code,when,kind,flag,note,mixed,same,target",
        *(
            f"{i},{1000 + 7 * i % 900},{i % 9:03d},{1 + i % 28:02d}/{1 + i % 12:02d}/2020,{'abc'[i % 3]},"
            f"{['true', 'False'][i % 2]},note {i},{i % 50 if i % 17 else 'unknown'},5,{i * 0.5}"
            for i in range(600)
        ),
    ]
)


def typed():
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "id": np.arange(3000),
            "x": rng.standard_normal(3000),
            "n": rng.integers(0, 40, 3000),
            "kind": rng.choice(["red", "green", "blue"], 3000),
            "padded": [["red ", " red", "red", "blue  ", "   "][i % 5] for i in range(3000)],
            "figure": [f" {i % 90 / 8} " if i % 11 else "  " for i in range(3000)],
            "gaps": pl.Series([None if i % 7 == 0 else i % 13 for i in range(3000)]),
            "nan": [float("nan") if i % 5 == 0 else float(i) for i in range(3000)],
            "same": [2] * 3000,
            "nothing": pl.Series([None] * 3000, dtype=pl.Int32),
            "flag": rng.random(3000) < 0.5,
            "when": pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2020, 5, 4, 23), "1h", eager=True).head(
                3000
            ),
            "target": rng.standard_normal(3000),
        }
    )


def looked_at(files, **options):
    return first_pass(TableStream.of(files, piece_bytes=1 << 16), ColumnChoices(**options), "target", MEMORY)


def encoder_of(first):
    names = [name for name in first.types if name != "target"]
    encoder = TableEncoding("float64", numbers="piecewise", n_bins=8)
    encoder.fit_statistics(first.statistics(names), first.schema.only(names))
    return encoder


def in_memory(path, **options):
    file = read_table_file(path)
    schema = decide(file.frame, ColumnChoices(**options).for_file(file), target="target")
    table = schema.read(file.frame).drop("target")
    return schema, TableEncoding("float64", numbers="piecewise", n_bins=8).fit_read(table, schema.only(table.columns))


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet", "parquet with words for gaps"])
def test_small_files_are_decided_and_encoded_as_in_memory_bit_for_bit(tmp_path, kind):
    kind, _, words = kind.partition(" ")
    path = tmp_path / f"x.{kind}"
    if kind == "parquet":
        typed().write_parquet(path)
    else:
        path.write_bytes(gzip.compress(TEXT.encode()) if kind == "csv.gz" else TEXT.encode())
    given = {"columns": {"code": "category"}} if kind == "csv" else {"missing": ("blue", "12")} if words else {}
    first = looked_at(path, **given)
    schema, encoder = in_memory(path, **given)
    assert first.schema == schema
    assert encoder_of(first).plans_ == encoder.plans_
    assert first.remarks() == []


def test_pieces_of_several_files_say_the_same_as_one(tmp_path):
    table = typed()
    table.write_parquet(tmp_path / "whole.parquet")
    for k in range(3):
        table[1000 * k : 1000 * (k + 1)].write_parquet(tmp_path / f"part{k}.parquet")
    one, three = looked_at(tmp_path / "whole.parquet"), looked_at(f"{tmp_path}/part*.parquet")
    assert one.schema == three.schema
    assert encoder_of(one).plans_ == encoder_of(three).plans_


def test_columns_whose_gaps_begin_late_are_sketched_as_those_without(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((6000, 5)) * [1, 10, 100, 1000, 1] + [0, 1, 2, 3, 4]
    table = pl.DataFrame(x, schema=list("abcde")).with_columns(target=pl.Series(x[:, 0]))
    late = pl.int_range(6000)
    table = table.with_columns(
        b=pl.when(late < 3000).then("b"),
        d=pl.when(late % 7 + late // 4500 < 7).then("d"),
        e=pl.lit(None, dtype=pl.Float64),
    )
    table.write_parquet(tmp_path / "x.parquet")
    first = looked_at(tmp_path / "x.parquet")
    schema, encoder = in_memory(tmp_path / "x.parquet")
    assert first.schema == schema
    assert encoder_of(first).plans_ == encoder.plans_


def test_more_than_there_is_room_for_is_close(tmp_path, monkeypatch):
    monkeypatch.setattr(all_tallies, "_MOST", 256)
    monkeypatch.setattr(tallies, "DIFFERENT", 200)
    lines = [
        "x,text,word,target",
        *(f"{i},word{i * i},{'ab'[i % 2] if i % 40 else f'rare{i}'},{i}" for i in range(9000)),
    ]
    (tmp_path / "x.csv").write_text("\n".join(lines))
    first = looked_at(tmp_path / "x.csv")
    by_name = first.schema.by_name
    assert (by_name["x"].kind, by_name["text"].kind, by_name["word"].kind) == ("number", "identifier", "category")
    assert any("Quantiles of numbers are known to" in said for said in first.remarks())
    assert any("a sample was counted" in said for said in first.remarks())
    plans = {plan.column: plan for plan in encoder_of(first).plans_}
    assert plans["x"].scaled.center == pytest.approx(4500, rel=0.03)
    assert {"a", "b"} <= set(plans["word"].values)


def test_what_is_rare_is_found_wherever_it_stands(tmp_path, monkeypatch):
    # though the sample of different cells has lost it
    monkeypatch.setattr(tallies, "DIFFERENT", 200)
    lines = ["x,code,target", *(f"{i if i != 4321 else 'oops'},{i if i != 4000 else '007'},{i}" for i in range(5000))]
    (tmp_path / "x.csv").write_text("\n".join(lines))
    first = looked_at(tmp_path / "x.csv")
    assert first.schema.by_name["x"].kind == "number"
    assert first.schema.by_name["code"].why == "too many values for codes; zeros before them are dropped"
    (statistics,) = first.statistics(["x"])
    assert statistics.missing
    assert statistics.numbers.max() == 4999


def test_lines_are_cut_at_their_ends(tmp_path):
    text = "a,b\n" + "".join(f'"{i}\n,""{i}",{i}\n' for i in range(30_000))
    (tmp_path / "x.csv").write_text(text)
    frames = [frame for frame, _ in text_pieces(tmp_path / "x.csv", TextOptions(), 1)]
    assert len(frames) > 3
    assert pl.concat(frames)["a"].to_list() == [f'{i}\n,"{i}' for i in range(30_000)]
    (tmp_path / "y.csv").write_text("a,b\n" + "1,2\n" * 40_000 + "3\n")
    with pytest.raises(DataError, match="Line 40002"):
        list(text_pieces(tmp_path / "y.csv", TextOptions(), 1))


def spoiled(tmp_path: Path, kind: str) -> str:
    good = pl.DataFrame({"x": [1, 2, 3], "target": [1.0, 2.0, 4.0]})
    for k in range(2):
        good.write_parquet(tmp_path / f"{k}.parquet")
    last = tmp_path / "2.parquet"
    match kind:
        case "columns":
            good.rename({"x": "y"}).write_parquet(last)
        case "types":
            good.with_columns(x=pl.lit("a")).write_parquet(last)
        case "damaged":
            last.write_bytes((tmp_path / "0.parquet").read_bytes()[:-3])
        case "nothing":
            return str(tmp_path / "*.csv")
        case "twice":
            return [tmp_path / "0.parquet", tmp_path / "0.parquet"]
        case "infinite":
            good.with_columns(x=pl.Series([1.0, float("inf"), 2.0])).write_parquet(last)
        case "no target":
            for k in range(2):
                good.drop("target").write_parquet(tmp_path / f"{k}.parquet")
        case "no rows":
            for k in range(2):
                good.head(0).write_parquet(tmp_path / f"{k}.parquet")
        case "empty file":
            (tmp_path / "a.csv").write_text("x,target\n1,2\n")
            (tmp_path / "b.csv").write_text("")
            return str(tmp_path / "*.csv")
        case "other format":
            (tmp_path / "x.json").write_text("[]")
            return tmp_path / "x.json"
    return str(tmp_path / "*.parquet")


SPOILED = {
    "columns": "2.parquet has other columns than .*0.parquet: it lacks 'x' and has 'y' besides",
    "types": "'x' holds String in .*2.parquet, but Int64 in .*0.parquet",
    "damaged": "2.parquet is not a whole Parquet file",
    "nothing": "No file is named like",
    "twice": "is named twice",
    "infinite": "Column 'x', row 2 of .*parquet: inf",
    "no target": "Unknown column 'target'|target",
    "no rows": "has no rows, nor has any other file",
    "empty file": "b.csv is empty",
    "other format": "cannot be read in pieces",
}


@every("kind", SPOILED)
def test_bad_files_are_named(kind, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spoiled")
    with pytest.raises(BacklitError, match=SPOILED[kind]):
        looked_at(spoiled(folder, kind))


def test_wider_types_and_files_without_rows_are_fine(tmp_path):
    pl.DataFrame({"x": [7], "target": [1.0]}).write_parquet(tmp_path / "0.parquet")
    pl.DataFrame({"target": [3.0, 4.0], "x": [1.5, 2.0]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"x": [], "target": []}, schema={"x": pl.Float64, "target": pl.Float64}).write_parquet(
        tmp_path / "2.parquet"
    )
    first = looked_at(tmp_path)
    assert first.n_rows == 3
    assert next(first.statistics(["x"])).numbers.tolist() == [7.0, 1.5, 2.0]


def test_a_file_that_changes_or_vanishes_while_it_is_read_is_refused(tmp_path):
    for k in range(2):
        typed().write_parquet(tmp_path / f"{k}.parquet")
    pieces = TableStream.of(tmp_path, piece_bytes=1 << 16).pieces()
    next(pieces)
    os.utime(tmp_path / "0.parquet", (0, 0))
    with pytest.raises(DataError, match=r"0.parquet changed while it was read"):
        list(pieces)
    stream = TableStream.of(tmp_path / "1.parquet", piece_bytes=1 << 16)
    pieces = stream.pieces()
    next(pieces)
    (tmp_path / "1.parquet").unlink()
    with pytest.raises(DataError, match=r"1.parquet vanished"):
        list(pieces)


def test_rows_of_small_files_are_one_piece_and_what_is_refused_is_named_by_its_own_file(tmp_path):
    table, n_rows = typed().head(300), 300
    for k in range(5):
        table.write_parquet(tmp_path / f"{k}.parquet")
    stream = TableStream.of(tmp_path, piece_bytes=1 << 20)
    [piece] = stream.joined_pieces()
    assert piece.frame.table.equals(pl.concat([table] * 5))
    assert [each.path.name for each in piece.joined] == [f"{k}.parquet" for k in range(5)]
    doubled = piece.with_table(piece.frame.table.with_columns(twice=1))
    assert [each.frame.table.height for each in doubled.joined] == [n_rows] * 5
    assert "twice" in doubled.joined[4].frame.table.columns

    def refuse(piece):
        if piece.frame.table.height > n_rows or piece.path.name == "3.parquet":
            raise DataError(f"{piece.path.name}, row {piece.first_row}")

    with pytest.raises(DataError, match=r"^3.parquet, row 1$"):
        piece.each(refuse)
    [*few] = TableStream.of(tmp_path, piece_bytes=1).joined_pieces()  # a piece has at least 1024 rows
    assert sum(each.frame.table.height for each in few) == 5 * n_rows
    assert max(each.frame.table.height for each in few) <= 1024


def test_folders_and_globs_are_sorted_and_hidden_files_left_out(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.csv", "a.parquet", "sub/c.csv.gz", ".hidden.csv", "_meta.parquet", "readme.md"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in find_files(tmp_path)] == ["a.parquet", "b.csv", "c.csv.gz"]
    assert [path.name for path in find_files([f"{tmp_path}/*.csv"])] == ["b.csv"]


@every("kind", ["parquet", "csv"])
def test_the_encoder_learns_from_rows_that_have_a_target(kind, tmp_path_factory):
    # as in memory; the others are seen where it is decided what a column is
    folder = tmp_path_factory.mktemp(kind)
    frame = (
        typed()
        .with_row_index("row")
        .with_columns(target=pl.when(pl.col("row") % 3 > 0).then("target"), x=pl.when(pl.col("row") % 3 > 0).then("x"))
    )
    frame = frame.with_columns(n=pl.when(pl.col("row") % 3 > 0).then("n").otherwise(1000)).drop("row")
    path = folder / f"x.{kind}"
    if kind == "csv":
        frame.with_columns(pl.col("target").cast(pl.String).fill_null("NA")).write_csv(path)
        rows = read_table_file(path).frame.filter(pl.col("target") != "NA")
    else:
        frame.write_parquet(path)
        rows = frame.drop_nulls("target")
    first = looked_at(path)
    assert first.schema.by_name["x"].gaps == 1000
    assert first.schema.by_name["target"].gaps + first.schema.by_name["target"].n_misfits == 1000
    names = [name for name in first.types if name != "target"]
    expected = TableEncoding("float64", numbers="piecewise", n_bins=8)
    expected.fit_read(first.schema.read(rows).drop("target"), first.schema.only(names))
    plans = {plan.column: plan for plan in encoder_of(first).plans_}
    assert plans == {plan.column: plan for plan in expected.plans_}
    assert not plans["x"].scaled.missing


def test_a_category_may_be_called_none(tmp_path):
    (tmp_path / "x.csv").write_text("x,target\n" + "".join(f"{i},{['none', 'some'][i % 2]}\n" for i in range(100)))
    first = looked_at(tmp_path / "x.csv")
    (plan,) = encoder_of(first).plans_
    assert plan.scaled.center == pytest.approx(49.5)


def test_of_very_many_rows_some_are_drawn_wherever_files_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(all_tallies, "_ALL_OF", 500)
    frame = pl.DataFrame({"x": np.arange(6000.0), "target": np.arange(6000.0)})
    frame[:5900].write_parquet(tmp_path / "0.parquet")
    frame[5900:].write_parquet(tmp_path / "1.parquet")
    first = looked_at(tmp_path)
    (statistics,) = first.statistics(["x"])
    assert 0 < first.learned["x"].error < 0.1
    assert np.quantile(statistics.numbers, [0, 0.25, 0.5, 0.75, 1]) == pytest.approx(
        [0, 1500, 3000, 4500, 5999], abs=6000 * 0.02
    )
