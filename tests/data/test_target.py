import datetime as dt
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from backlit.data import TargetScaler, check_target, class_codes, encode_classes, infer_task, read_table
from backlit.errors import DataError, ModelFileError, ShapeError, UnknownNameError


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b", None], "classification"),
        ([True, False, None], "classification"),
        ([0, 1, 1], "classification"),
        ([0.0, 1.0, None], "classification"),
        ([1, 2, 3], "regression"),
        (list(range(20)) * 10, "classification"),
        (list(range(20)) * 9, "regression"),
        (list(range(21)) * 1000, "regression"),
        ([0.5, 1.0] * 1000, "regression"),
        (["1", "2"], "classification"),
    ],
)
def test_the_rule(values, task):
    for column in (pl.Series("y", values), pd.Series(values, name="y"), values):
        assert infer_task(column).task == task


def test_the_sentence():
    assert infer_task(pl.Series("price", range(11602))).reason == (
        "`price` has 11,602 distinct numbers: regression (override with --task)"
    )
    assert infer_task(np.array([1.5, 2]), name="y").reason.startswith("`y` has fractions")
    assert infer_task([1.5, 2]).reason.startswith("the target has fractions")
    assert "2 distinct values that are not numbers" in infer_task(pd.Series(pd.Categorical(["a", "b"]))).reason


def test_columns_that_are_no_target():
    with pytest.raises(DataError, match="holds dates"):
        infer_task(pl.Series("d", [dt.date(2020, 1, 1)]))
    with pytest.raises(DataError, match="has no values"):
        infer_task(pl.Series("d", [None, float("nan")]))
    with pytest.raises(ShapeError, match="a table came"):
        infer_task(pl.DataFrame({"a": [1]}))
    with pytest.raises(ShapeError, match=r"shape \(2, 2\)"):
        infer_task(np.ones((2, 2)))
    assert infer_task(np.ones((2, 1))).task == "classification"


@pytest.mark.parametrize(
    ("file", "target", "task"),
    [
        ("covertype/covertype-93k.csv.gz", "Cover_Type", "classification"),
        ("letter/letter.csv", "class", "classification"),
        ("mnist/t10k-labels-idx1-ubyte.gz", "label", "classification"),
        ("diamonds/diamonds.csv", "price", "regression"),
        ("california-housing/housing.csv", "median_house_value", "regression"),
    ],
)
def test_real_targets(data_dir, file, target, task):
    table, dropped = check_target(read_table(data_dir / file), target)
    assert dropped == 0
    assert infer_task(table[target]).task == task


@pytest.mark.parametrize("library", [pl.DataFrame, pd.DataFrame, pa.table])
@pytest.mark.parametrize("values", [[1.5, None, 2.0], ["a", None, "b"], [True, None, False]])
def test_rows_without_a_target_are_dropped(library, values):
    table, dropped = check_target(library({"x": [1, 2, 3], "y": values}), "y")
    assert isinstance(table, type(library({"x": [1]})))
    assert dropped == 1
    assert list(pd.DataFrame({"x": table["x"]})["x"].astype(int)) == [1, 3]


def test_pandas_index_does_not_matter():
    table, dropped = check_target(pd.DataFrame({"y": [1.0, None, 3.0]}, index=[7, 7, 9]), "y")
    assert (list(table["y"]), dropped) == ([1.0, 3.0], 1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([None, None], "missing in all 2 rows"),
        ([float("nan")] * 2, "missing in all 2 rows"),
        (["a", "a", None], "is 'a' in every row"),
        ([7.0, 7.0], "is 7 in every row"),
        ([True, True], "is 'true' in every row"),
        ([1.0, float("inf")], "infinite in labelled row 2"),
    ],
)
def test_targets_that_cannot_be_learned(values, said):
    with pytest.raises(DataError, match=said):
        check_target(pl.DataFrame({"y": values}), "y")


def test_unknown_target():
    with pytest.raises(UnknownNameError, match="Did you mean 'price'"):
        check_target(pl.DataFrame({"price": [1], "x": [2]}), "pirce")
    wide = pl.DataFrame({f"pixel_{j}": [1] for j in range(784)})
    with pytest.raises(UnknownNameError) as caught:
        check_target(wide, "class")
    assert len(str(caught.value)) < 400


def test_classes_are_sorted_and_numbered():
    for values, classes, codes in (
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        ([3, 1, 3], [1, 3], [1, 0, 1]),
        ([3.0, 1.0], [1, 3], [1, 0]),
        ([1.5, 0.5], [0.5, 1.5], [1, 0]),
        ([True, False], [False, True], [1, 0]),
    ):
        for column in (pl.Series(values), pd.Series(values), np.array(values)):
            found, numbers = encode_classes(column)
            assert found == classes
            assert [type(label) for label in found] == [type(label) for label in classes]
            assert numbers.tolist() == codes
            json.dumps(found)


def test_labels_of_another_table():
    assert class_codes(pl.Series([2.0, 1.0]), [1, 2]).tolist() == [1, 0]
    assert class_codes(pl.Series([2, 1]), ["1", "2", "x"]).tolist() == [1, 0]
    assert class_codes(["True", "false"], [False, True]).tolist() == [1, 0]
    assert class_codes(pl.Series(["a", None, "z"]), ["a"], unseen="mark").tolist() == [0, -1, -1]
    with pytest.raises(DataError, match=r"label 'z' in row 2 of y is none of the 1 classes from training: 'a'"):
        class_codes(pl.Series("y", ["a", "z"]), ["a"])
    with pytest.raises(UnknownNameError):
        class_codes(["a"], ["a"], unseen="ignore")


def test_classes_that_cannot_be():
    with pytest.raises(DataError, match="missing values"):
        encode_classes(["a", None])
    with pytest.raises(DataError, match="mixes text and numbers"):
        encode_classes(["a", 1])
    with pytest.raises(DataError, match="no rows"):
        encode_classes(np.empty(0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scaler_there_and_back(dtype):
    y = np.array([1.0, 2, 6], dtype=dtype)
    scaler = TargetScaler.fit(y)
    assert scaler.mean == 3.0
    assert scaler.scale == pytest.approx(np.std([1, 2, 6]))
    z = scaler.transform(y)
    assert z.dtype == y.dtype
    np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-6)
    np.testing.assert_allclose(scaler.inverse(z), y, rtol=1e-6)
    assert TargetScaler.from_dict(json.loads(json.dumps(scaler.to_dict()))) == scaler


def test_scaler_of_difficult_targets():
    assert TargetScaler.fit(np.full(3, 0.1)).scale == 1.0
    for bad, error in (([1, np.nan], DataError), ([1e308, -1e308], DataError), ([], ShapeError), ([[1]], ShapeError)):
        with pytest.raises(error):
            TargetScaler.fit(np.array(bad, dtype=float))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"version": 1, "mean": 0.0}, "target_scaler.scale is missing"),
        ({"version": 1, "mean": 0.0, "scale": 0.0}, "target_scaler.scale must be a finite number above 0"),
        ({"version": 1, "mean": float("nan"), "scale": 1.0}, "target_scaler.mean must be a finite"),
        ({"version": 1, "mean": 0.0, "scale": 1.0, "x": 1}, "unknown field 'x'"),
        ({"version": 9, "mean": 0.0, "scale": 1.0}, "Upgrade"),
        (None, "target_scaler must be an object"),
    ],
)
def test_damaged_scalers_are_refused(data, said):
    with pytest.raises(ModelFileError, match=said):
        TargetScaler.from_dict(data)
