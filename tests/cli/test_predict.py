"""Predictions stand in the places of their rows, and a file may lack what its format leaves out."""

from __future__ import annotations

import polars as pl
import pytest

from backlit.data.formats.table_file import read_table_file
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining

TINY = TableTraining(hidden=(2,), epochs=1, validation_fraction=0)
ROWS = pl.DataFrame(
    {
        "day": [f"2020-01-{i % 28 + 1:02}" for i in range(40)],
        "amount": [str(10 * i + 1) for i in range(40)],
        "kind": ["ab"[i % 2] for i in range(40)],
        "y": [f"{2 * i}.5" for i in range(40)],
    }
)
NEW = "day,amount,kind\ndays,EUR,-\n2020-02-01,100,a\n2020-02-02,200,b\nday,amount,kind\n2020-02-03,50,a\nTotal,350,\n"


@pytest.mark.parametrize(("target", "ending"), [("y", "csv"), ("kind", "csv"), ("kind", "npz"), ("y", "parquet")])
def test_a_line_that_is_no_row_keeps_its_place_and_is_left_empty(tmp_path, run, target, ending):
    TableModel.train(ROWS, target, TINY).save(tmp_path / "m.safetensors")
    new = tmp_path / "new.csv"
    new.write_text(
        NEW if target == "y" else NEW.replace("kind", "y").replace(",a\n", ",1.5\n").replace(",b\n", ",2.5\n")
    )
    out = tmp_path / f"out.{ending}"
    code, _, err = run("predict", tmp_path / "m.safetensors", new, "--out", out)
    assert code == 0, err
    for said in (
        "Row 1 gets no prediction",
        "Row 4 gets",
        "Row 6 gets no prediction, and is left empty: a line of totals",
    ):
        assert said in err
    assert "Wrote 3 predictions" in err
    predicted = read_table_file(out).frame[target].to_list()
    kept = [value for value in predicted if value not in (None, "", "NaN") and value == value]
    assert len(predicted) == 6
    assert kept == [predicted[1], predicted[2], predicted[4]]


def test_what_a_sparse_file_leaves_out_is_zero(tmp_path, run):
    (tmp_path / "train.svm").write_text("".join(f"{i % 2} 1:{i} 3:{2 * i} 5:{i % 3 or 1}\n" for i in range(1, 30)))
    (tmp_path / "new.svm").write_text("0 1:3\n1 1:4 3:2\n")
    (tmp_path / "same.csv").write_text("feature_1,feature_2,feature_3,feature_4,feature_5\n3,0,0,0,0\n4,0,2,0,0\n")
    model = TableModel.train(read_table_file(tmp_path / "train.svm").frame, "label", TINY)
    model.save(tmp_path / "m.safetensors")
    sparse, dense = (run("predict", tmp_path / "m.safetensors", tmp_path / name) for name in ("new.svm", "same.csv"))
    assert sparse[0] == 0, sparse
    assert sparse[1] == dense[1]
    assert run("evaluate", tmp_path / "m.safetensors", tmp_path / "new.svm")[0] == 0


@pytest.mark.parametrize("missing", [(), ("--missing", "?")])
def test_blanks_around_text_of_a_typed_file_count_as_in_training(tmp_path, run, missing):
    table = pl.DataFrame({"kind": [" a", "a ", "a"] * 20, "y": [i + 0.5 for i in range(60)]})
    model = TableModel.train(table, "y", TINY)
    model.save(tmp_path / "m.safetensors")
    table.write_parquet(tmp_path / "new.parquet")
    out = tmp_path / "out.parquet"
    code, _, err = run("predict", tmp_path / "m.safetensors", tmp_path / "new.parquet", "--out", out, *missing)
    assert code == 0, err
    came = pl.read_parquet(out).to_series(-1)[:3].to_list()
    assert came == pytest.approx(model.predict(table[:3].drop("y")).values.tolist())
    assert len(set(came)) == 3
