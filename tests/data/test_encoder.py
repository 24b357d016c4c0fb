import datetime as dt
import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from backlit.data import TableEncoder, read_table
from backlit.errors import DataError, InvalidInputError, ModelFileError, ShapeError

COLUMNS = {
    "age": [20, 30, 40, 50, 60],
    "income": [1.5, None, 2.5, -40.25, 3.5],
    "sex": ["f", "m", None, "m", "f"],
    "member": [True, False, True, None, True],
    "since": [dt.date(2020, 1, 1), dt.date(2021, 6, 1), None, dt.date(2022, 1, 1), dt.date(2023, 1, 1)],
    "waited": [dt.timedelta(1), dt.timedelta(2), dt.timedelta(3), None, dt.timedelta(5)],
    "same": [7, 7, 7, 7, 7],
    "nothing": [None] * 5,
}
TABLE = pl.DataFrame(COLUMNS)
NAMES = [
    *["age", "income", "income is missing", "sex = f", "sex = m", "sex is other", "sex is missing"],
    *["member", "member is missing", "since", "since (sine of the year)", "since (cosine of the year)"],
    *["since (sine of the week)", "since (cosine of the week)", "since is missing"],
    *["waited", "waited is missing", "same", "nothing"],
]


@parametrize_with_checks([TableEncoder(), TableEncoder(dtype="float32")])
def test_scikit_learns_own_checks(estimator, check, monkeypatch):
    # without it scikit-learn skips the check under array API dispatch
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    check(estimator)


def test_names_shape_and_values():
    encoder = TableEncoder().fit(TABLE)
    X = encoder.transform(TABLE)
    assert encoder.get_feature_names_out().tolist() == NAMES
    assert encoder.feature_names_in_.tolist() == list(COLUMNS)
    assert encoder.n_features_in_ == 8
    assert X.shape == (5, 19)
    assert np.isfinite(X).all()
    z = (20 - 40) / 20
    assert X[0, 0] == pytest.approx(z / np.sqrt(1 + z**2 / 9))
    assert X[:, 2].tolist() == [0, 1, 0, 0, 0]
    assert X[1, 1] == 0
    z = (-40.25 - 2.0) / (2.75 + 8.9375)  # the quartiles interpolate: 2.75 and −8.9375
    assert X[3, 1] == pytest.approx(z / np.sqrt(1 + z**2 / 9))
    assert X[:, 3:7].tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 0]]
    assert (X[:, -2:] == 0).all()


def test_every_library_gives_the_same_bits():
    encoder = TableEncoder().fit(TABLE)
    expected = encoder.transform(TABLE)
    for library in (pd.DataFrame, pa.table):
        table = library(COLUMNS)
        np.testing.assert_array_equal(encoder.transform(table), expected)
        assert TableEncoder().fit(table).to_dict() == encoder.to_dict()


@pytest.mark.parametrize("dtype", ["float32", "float64", np.float32])
def test_dtype(dtype):
    X = TableEncoder(dtype=dtype).fit(TABLE).transform(TABLE)
    assert X.dtype == dtype
    np.testing.assert_allclose(X, TableEncoder().fit_transform(TABLE), rtol=1e-6)


def test_a_row_does_not_depend_on_its_neighbors():
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"a": rng.normal(size=2000), "d": (pl.Series(rng.integers(0, 20000, 2000))).cast(pl.Date)})
    encoder = TableEncoder().fit(table)
    X = encoder.transform(table)
    for i in (0, 1, 1023, 1024, 1999):
        np.testing.assert_array_equal(encoder.transform(table[i : i + 1])[0], X[i])


@pytest.mark.parametrize("library", [pl.DataFrame.clone, pl.DataFrame.to_pandas, pl.DataFrame.to_arrow])
@pytest.mark.parametrize("numbers", ["scaled", "piecewise"])
def test_long_tables_are_encoded_in_strips_with_the_same_bits(monkeypatch, numbers, library):
    rng = np.random.default_rng(0)
    long = library(TABLE[rng.integers(0, TABLE.height, 20_001)])
    encoder = TableEncoder(numbers=numbers).fit(long)
    whole = encoder.transform(long)
    monkeypatch.setattr("backlit.data.features._STRIP", 1500)
    assert encoder.transform(long).tobytes() == whole.tobytes()


def test_what_is_wrong_in_a_later_strip_is_said_by_its_own_row(monkeypatch):
    long = TABLE[np.arange(20_000) % TABLE.height]
    encoder = TableEncoder().fit(long)
    monkeypatch.setattr("backlit.data.features._STRIP", 1500)
    far = long.with_columns(income=pl.when(pl.row_index() == 17_000).then(np.inf).otherwise("income"))
    with pytest.raises(DataError, match="Column 'income', row 17001: inf is infinite"):
        encoder.transform(far)
    with pytest.raises(DataError, match="row 17001"):
        TableEncoder().fit(far)


def test_columns_go_by_name():
    encoder = TableEncoder().fit(TABLE)
    shuffled = TABLE.select(reversed(TABLE.columns)).with_columns(more=pl.lit(1))
    np.testing.assert_array_equal(encoder.transform(shuffled), encoder.transform(TABLE))
    assert encoder.extra_columns(shuffled) == ["more"]
    assert encoder.extra_columns(TABLE) == []
    with pytest.raises(DataError, match=r"lacks 'age', 'sex', which training had.* Not known from training: 'Age'"):
        encoder.transform(TABLE.rename({"age": "Age"}).drop("sex"))


def test_later_tables_may_differ_within_reason():
    encoder = TableEncoder().fit(pl.DataFrame({"n": [0.0, 1, 2], "c": ["1", "2", "x"]}))
    X = encoder.transform(pd.DataFrame({"n": [1, 2], "c": [1.0, np.nan]}))
    assert X[0].tolist() == [0, 1, 0, 0, 0]
    assert X[1, 1:].tolist() == [0, 0, 0, 1]
    assert encoder.transform(pl.DataFrame({"n": [None, "2"], "c": [2, 7]}))[:, 1:].tolist() == [
        [0, 1, 0, 0],
        [0, 0, 0, 1],
    ]
    np.testing.assert_array_equal(encoder.transform(pl.DataFrame({"n": [None], "c": [None]}))[0, 0], 0)
    with pytest.raises(DataError, match=r"Column 'n', row 2: 'two' came where a number was expected"):
        encoder.transform(pl.DataFrame({"n": ["1", "two"], "c": ["1", "1"]}))
    with pytest.raises(DataError, match=r"Column 'n', row 2: inf"):
        encoder.transform(pl.DataFrame({"n": [1.0, float("inf")], "c": ["1", "1"]}))
    with pytest.raises(DataError, match=r"Column 'n', row 1: datetime.date"):
        encoder.transform(pl.DataFrame({"n": [dt.date(2020, 1, 1)], "c": ["1"]}))
    assert encoder.transform(pl.DataFrame(schema={"n": pl.Float64, "c": pl.String})).shape == (0, 5)


def test_categories_agree_whatever_library_made_floats_of_them():
    encoder = TableEncoder().fit(pd.DataFrame({"c": pd.Categorical([1, 2, None, 1])}))
    assert encoder.get_feature_names_out().tolist() == ["c = 1", "c = 2", "c is other", "c is missing"]
    for later in (["1"], [1], [1.0], pl.Series(["1"], dtype=pl.Categorical)):
        assert encoder.transform(pl.DataFrame({"c": later})).tolist() == [[1, 0, 0, 0]]


def test_pixels():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (700, 3), dtype=np.uint8)
    table = pl.DataFrame(pixels, schema=["pixel_1_1", "pixel_1_2", "other"])
    encoder = TableEncoder().fit(table)
    np.testing.assert_array_equal(encoder.transform(table)[:, :2], pixels[:, :2] / 255)
    np.testing.assert_array_equal(encoder.transform(table.cast(pl.Float64)), encoder.transform(table))
    with pytest.raises(DataError, match="Column 'pixel_1_2', row 2: -1 is no pixel"):
        encoder.transform(pl.DataFrame({"pixel_1_1": [0, 0], "pixel_1_2": [0, -1], "other": [0, 0]}))


def test_arrays_go_by_position():
    X = np.array([[1.0, np.nan], [2, 3], [5, 4]])
    encoder = TableEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1", "x1 is missing"]
    assert not hasattr(encoder, "feature_names_in_")
    expected = encoder.transform(X)
    np.testing.assert_array_equal(encoder.transform(X.tolist()), expected)
    np.testing.assert_array_equal(encoder.transform(X.astype(object)), expected)
    np.testing.assert_array_equal(encoder.transform(pl.DataFrame(X, schema=["p", "q"])), expected)
    assert encoder.extra_columns(X) == []
    with pytest.raises(ShapeError, match="X has 3 features, but TableEncoder is expecting 2"):
        encoder.transform(np.ones((1, 3)))


def test_feature_names_are_distinct():
    table = pl.DataFrame({"a": [1, None], "a is missing": [1, 2], "a is missing (2)": [3, 4]})
    names = TableEncoder().fit(table).get_feature_names_out().tolist()
    assert names == ["a", "a is missing", "a is missing (3)", "a is missing (2)"]


def test_refit_on_an_array_forgets_names():
    assert not hasattr(TableEncoder().fit(TABLE).fit(np.ones((2, 2))), "feature_names_in_")


def test_bad_parameters_and_use_before_fit():
    with pytest.raises(InvalidInputError, match="dtype should be"):
        TableEncoder(dtype="int8").fit(TABLE)
    with pytest.raises(InvalidInputError, match="dtype should be"):
        TableEncoder(dtype="nonsense").fit(TABLE)
    with pytest.raises(InvalidInputError, match="max_categories should be"):
        TableEncoder(max_categories=0).fit(TABLE)
    with pytest.raises(NotFittedError):
        TableEncoder().transform(TABLE)
    with pytest.raises(DataError, match="no rows"):
        TableEncoder().fit(TABLE[:0])


@pytest.mark.parametrize("options", [{}, {"numbers": "piecewise", "n_bins": 3}])
def test_written_and_read_back_bit_for_bit(options):
    encoder = TableEncoder(dtype="float32", max_categories=10, **options).fit(TABLE)
    written = json.dumps(encoder.to_dict(), allow_nan=False)
    again = TableEncoder.from_dict(json.loads(written))
    assert again.get_params() == encoder.get_params()
    assert again.to_dict() == encoder.to_dict()
    assert again.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()
    assert set(NAMES) <= set(again.get_feature_names_out())
    assert again.feature_names_in_.tolist() == list(COLUMNS)
    np.testing.assert_array_equal(again.transform(TABLE), encoder.transform(TABLE))
    assert again.describe_row(TABLE, 0) == encoder.describe_row(TABLE, 0)
    assert encoder.to_dict()["version"] == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 3}, "encoder.version is 3"),
        ({"version": "1"}, "encoder.version must be"),
        ({"dtype": "float16"}, "encoder.dtype must be one of"),
        ({"max_categories": 0}, "encoder.max_categories must be"),
        ({"n_bins": 1}, "encoder.n_bins must be a whole number from 2"),
        ({"max_categories": 1}, r"encoder.columns\[2\].values must be a list of 0 to 1"),
        ({"named": 1}, "encoder.named must be"),
        ({"schema": {"version": 1, "columns": []}}, "encoder.schema must be of the same columns"),
        ({"n_features_out": 3}, "encoder.n_features_out must be 19"),
        ({"columns": {}}, "encoder.columns must be a list"),
        ({"columns": [{"kind": "empty", "column": "a"}] * 8}, "distinct names"),
        ({"columns": [{"kind": "eval", "column": "a"}] * 8}, r"encoder.columns\[0\].kind"),
        ({"more": 1}, "unknown field 'more'"),
    ],
)
def test_a_damaged_dictionary_is_refused(change, said):
    with pytest.raises(ModelFileError, match=said):
        TableEncoder.from_dict({**TableEncoder().fit(TABLE).to_dict(), **change})
    with pytest.raises(ModelFileError):
        TableEncoder.from_dict("nonsense")


def test_clone_pickle_and_pipelines():
    encoder = TableEncoder(dtype="float32", max_categories=3).fit(TABLE)
    expected = {"dtype": "float32", "max_categories": 3, "categorical_features": "from_dtype", "columns": None}
    expected |= {"numbers": "scaled", "n_bins": 32, "bins_above": 0}
    assert clone(encoder).get_params() == expected
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder)).transform(TABLE), encoder.transform(TABLE))
    y = np.arange(5.0)
    for table in (TABLE, TABLE.to_pandas(), np.arange(10.0).reshape(5, 2)):
        assert make_pipeline(TableEncoder(), LinearRegression()).fit(table, y).predict(table).shape == (5,)
    framed = TableEncoder().set_output(transform="polars").fit(TABLE).transform(TABLE)
    assert framed.columns == NAMES


def test_a_row_explained():
    encoder = TableEncoder().fit(TABLE)
    X = encoder.transform(TABLE)
    for i in range(5):
        features = encoder.describe_row(TABLE, i)
        assert [f.name for f in features] == NAMES
        assert [f.value for f in features] == X[i].tolist()
        json.dumps([f.raw_value for f in features])
    first = {f.name: f for f in encoder.describe_row(TABLE, 0)}
    assert first["age"].operation == "u = (20 − 40) / 20,  u / √(1 + (u/3)²)"
    assert (first["sex = f"].operation, first["sex = f"].value) == ('sex = "f"', 1.0)
    assert (first["sex = m"].raw_value, first["sex = m"].value) == ("f", 0.0)
    assert first["since"].column == "since"
    assert first["since"].raw_value == "2020-01-01"
    assert first["same"].operation == "0: the column was constant in training"
    with pytest.raises(DataError, match="no row 5"):
        encoder.describe_row(TABLE, 5)


def test_covertype_and_adult(data_dir):
    cover = read_table(data_dir / "covertype/covertype-93k.csv.gz").drop("Cover_Type")
    X = TableEncoder("float32").fit_transform(cover)
    assert X.shape == (92962, 54)
    assert np.abs(X).max() < 3
    names = [f"c{j}" for j in range(14)] + ["income"]
    train, test = (
        read_table(data_dir / "adult" / file, names=names, missing=["?"]).drop("income")
        for file in ("adult.train", "adult.test")
    )
    encoder = TableEncoder().fit(train)
    X = encoder.transform(test)
    assert X.shape == (16281, len(encoder.get_feature_names_out()))
    country = [j for j, name in enumerate(encoder.get_feature_names_out()) if name.startswith("c13 ")]
    assert (X[:, country].sum(axis=1) == 1).all()
    missing = encoder.get_feature_names_out().tolist().index("c13 is missing")
    assert X[:, missing].sum() == 274


def test_mnist_pixels(data_dir):
    table = read_table(data_dir / "mnist/t10k-images-idx3-ubyte.gz")
    X = TableEncoder("float32").fit_transform(table)
    np.testing.assert_array_equal(X, (table.to_numpy() / 255).astype(np.float32))
