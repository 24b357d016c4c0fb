"""What the estimators refuse before NumPy makes numbers of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import needs
from backlit import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from backlit.data.value_types import is_float32, refuse_all_but_numbers, refuse_odd_labels, refuse_times
from backlit.errors import DataError

torch = needs.imported("torch")

MOMENTS = np.array(["2020-01-31", "2020-02-01"], dtype="datetime64[s]")
DAYS = MOMENTS.astype("datetime64[D]").tolist()
SPANS = MOMENTS - MOMENTS[0]
DATES = {
    "numpy": MOMENTS,
    "nanoseconds": MOMENTS.astype("datetime64[ns]"),
    "pandas": pd.Series(MOMENTS),
    "zoned": pd.Series(MOMENTS).dt.tz_localize("Europe/Berlin"),
    "arrow in pandas": pd.Series(MOMENTS).astype("timestamp[us][pyarrow]"),
    "polars": pl.Series(DAYS),
    "pyarrow": pa.array(DAYS),
    "objects": np.array(DAYS, dtype=object),
    "list": DAYS,
}
SPANS_OF = {"numpy": SPANS, "pandas": pd.Series(SPANS), "polars": pl.Series([dt.timedelta(1)] * 2), "list": list(SPANS)}


@pytest.mark.parametrize("values", DATES.values(), ids=DATES)
def test_dates_are_no_targets_of_a_regression(values):
    with pytest.raises(
        DataError, match=r"learns numbers, but y holds dates, such as .*2020.*days since one of your own"
    ):
        refuse_all_but_numbers(values)


@pytest.mark.parametrize("values", SPANS_OF.values(), ids=SPANS_OF)
def test_nor_are_durations(values):
    with pytest.raises(DataError, match="y holds durations"):
        refuse_all_but_numbers(values)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["1", "2"], "y holds text, such as .*'1'.*y.astype"),
        (np.array(["1", "2"]), "y holds text"),
        (pd.Series(["1", "2"]), "y holds text"),
        (pl.Series(["1", "2"]), "y holds text"),
        ([1.0, "2"], "y holds text, such as '2'"),
        (pd.Series(pd.period_range("2020", periods=2, freq="M")), "y holds periods"),
        ([dt.time(1), dt.time(2)], "y holds times of the day"),
        ([{}, {}], "y holds what is no number, such as {}"),
        (pl.DataFrame({"a": [1.0], "b": ["x"]}), "y, column 'b', holds text"),
        ([1.0, None], "y has no number in row 2"),
        (np.array([[1, None]], dtype=object), "y has no number"),
    ],
)
def test_what_else_is_none(values, what):
    with pytest.raises(DataError, match=what):
        refuse_all_but_numbers(values)


@pytest.mark.parametrize(
    "values",
    [
        *([1, 2.5], [True, False], [Decimal("1.5")] * 2, np.array([1, 2], dtype=object), np.eye(2)),
        *(pd.Series([1, None], dtype="Int64"), pd.Series([3, 4]).astype("category"), pa.array([1, 2]), pl.Series([1])),
    ],
    ids=str,
)
def test_numbers_pass(values):
    refuse_all_but_numbers(values)


@pytest.mark.parametrize(
    ("labels", "what"),
    [
        ([1, "a"], "mixes labels of types that cannot be compared: 1 in row 1 and 'a' in row 2"),
        ([True, "x"], "mixes labels"),
        (np.array(["a", 2.5], dtype=object), "'a' in row 1 and 2.5 in row 2"),
        (["a", None], "the label in row 2 is None"),
        (pl.Series(["a", None]), "the label in row 2 is None"),
        (pd.Series(["a", None], dtype="string"), "the label in row 2 is <NA>"),
        (np.array(["a", np.nan], dtype=object), "the label in row 2 is nan"),
        ([(1, 2), (3, 4)], r"the label in row 1 is \(1, 2\), but each must be one value"),
        ([{1}, {2}], "the label in row 1 is {1}"),
        (DAYS, "labels of the type date"),
        ([Decimal(1)] * 2, "labels of the type Decimal"),
        (np.array([1, 2], dtype=object), "holds numbers, but as objects"),
    ],
)
def test_odd_labels(labels, what):
    with pytest.raises(DataError, match=what):
        refuse_odd_labels(labels)


@pytest.mark.parametrize(
    "labels",
    [
        *(["a", "b"], [1, True], [[1, 0], [0, 1]], np.array(["a", "b"], dtype=object), pd.Series(["a", "b"])),
        *(
            pd.Series(["a", "b"]).astype("category"),
            pl.Series(["a", "b"]),
            pa.array(["a"]),
            np.array([0, 1]),
            [],
            MOMENTS,
        ),
    ],
    ids=str,
)
def test_labels_pass(labels):
    refuse_odd_labels(labels)


X_OF_DATES = {
    "numpy": MOMENTS[:, None],
    "spans": SPANS[:, None],
    "pandas": pd.DataFrame({"when": MOMENTS, "a": 1.0}),
    "polars": pl.DataFrame({"a": [1.0, 2.0], "when": DAYS}),
    "pyarrow": pa.table({"when": DAYS}),
    "objects": np.array([[day] for day in DAYS], dtype=object),
    "objects in pandas": pd.DataFrame({"when": np.array([None, DAYS[0]], dtype=object)}),
    "periods": pd.DataFrame({"when": pd.period_range("2020", periods=2, freq="M")}),
    "list": [[1.0, day] for day in DAYS],
}


@pytest.mark.parametrize("X", X_OF_DATES.values(), ids=X_OF_DATES)
def test_times_are_no_features(X):
    with pytest.raises(DataError, match=r"X holds .*counts of whatever unit .*categorical_features='from_dtype'"):
        refuse_times(X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_estimators_refuse_and_encode(cls):
    frame, y = pd.DataFrame({"when": MOMENTS, "a": [0.0, 1.0]}), [0, 1]
    model = cls(hidden_layer_sizes=(2,), max_iter=1, random_state=0)
    for ask in (model.fit, model.partial_fit) if cls is MLPRegressor else (model.fit,):
        with pytest.raises(DataError, match="X holds dates in column 'when'"):
            ask(frame, y)
    with pytest.raises(DataError, match="X holds dates"):
        model.fit(np.ones((2, 2)), y).predict(frame)
    with pytest.raises(DataError, match=r"y holds dates|mixes labels"):
        model.fit(np.ones((2, 2)), MOMENTS if cls is MLPRegressor else [1, "a"])
    assert len(model.set_params(categorical_features="from_dtype").fit(frame, y).predict(frame)) == 2


FLOATS = {"a": np.array([0.0, 1.0], dtype="float32"), "b": np.array([1.0, 3.0], dtype="float32")}
PANDAS = pd.DataFrame(FLOATS)
FLOAT32 = {
    "numpy": np.eye(2, dtype="float32"),
    "pandas": PANDAS,
    "nullable": PANDAS.astype("Float32"),
    "arrow in pandas": PANDAS.astype("float[pyarrow]"),
    "sparse in pandas": PANDAS.astype(pd.SparseDtype("float32", 0.0)),
    "polars": pl.DataFrame(FLOATS),
    "pyarrow": pa.table(FLOATS),
    "torch": torch.eye(2),
    "with bytes": pl.DataFrame(FLOATS).with_columns(c=pl.Series([1, 2], dtype=pl.Int8)),
}
FLOAT64 = {"wider": pl.DataFrame(FLOATS).with_columns(c=1.0), "integers": pl.DataFrame(FLOATS).with_columns(c=1)}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("X", [*FLOAT32.values(), *FLOAT64.values()], ids=[*FLOAT32, *FLOAT64])
@pytest.mark.parametrize("options", [{}, {"categorical_features": "from_dtype"}], ids=["matrix", "table"])
def test_float32_stays_float32_whatever_holds_it(X, options):
    if options and isinstance(X, pd.DataFrame) and isinstance(X.dtypes.iloc[0], pd.SparseDtype):
        return  # no table
    model = MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, random_state=0, **options).fit(X, [0, 1])
    expected = "float64" if any(X is other for other in FLOAT64.values()) else "float32"
    assert model.coefs_[0].dtype == model.predict(X).dtype == expected


def test_float32_beside_text():
    table = pl.DataFrame(FLOATS).with_columns(c=pl.Series(["x", "y"]))
    assert is_float32(table, tables=True)
    assert not is_float32(table)


MASKED = np.ma.array([[1.0, 5.0], [2.0, 6.0], [1.0, 7.0], [2.0, 8.0]], mask=[[0, 0], [0, 1], [0, 0], [0, 0]])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("cls", "tabular"), [(MLPClassifier, TabularClassifier), (MLPRegressor, TabularRegressor)])
def test_what_is_masked_is_a_gap(cls, tabular):
    y, options = [0, 1, 0, 1], {"hidden_layer_sizes": (2,), "max_iter": 1, "random_state": 0}
    with pytest.raises(DataError, match=r"1 of the cells of X is masked.* missing_values='encode'"):
        cls(**options).fit(MASKED, y)
    model = cls(**options).fit(np.asarray(MASKED), y)
    with pytest.raises(DataError, match="of X is masked"):
        model.predict(MASKED)
    for estimator in (cls(**options), tabular()):
        with pytest.raises(DataError, match="2 of the cells of y are masked"):
            estimator.fit(np.asarray(MASKED), np.ma.array(y, mask=[1, 0, 0, 1]))
    holes = MASKED.filled(np.nan)
    encoded = cls(**options, missing_values="encode")
    np.testing.assert_array_equal(encoded.fit(MASKED, y).encoder_.transform(MASKED), encoded.encoder_.transform(holes))
    cls(**options).fit(np.ma.array(holes[2:], mask=False), y[2:])  # nothing is masked
