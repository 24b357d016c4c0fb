"""Models as ONNX: onnxruntime predicts as we do."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError
from some_models import SATURATED, fitted, of_identity, random_model

import backlit as bl
from backlit.core.activations import ACTIVATIONS
from backlit.core.losses import LOSSES, fitting_pairs
from backlit.errors import InvalidInputError
from backlit.tables.options import TableTraining
from every import every
from running_onnx import feeds_of, run_onnx

NAMES = list(ACTIVATIONS)
QUICK = TableTraining(hidden=(8,), epochs=4)


@every("seed", range(100))
def test_random_models_agree(seed):
    model, X = random_model(seed)
    if isinstance(model, bl.MLPRegressor):
        expected = {"variable": model.predict(X).reshape(30, -1)}
    else:
        expected = {"label": model.predict(X), "probabilities": model.predict_proba(X)}
    came = run_onnx(model.to_onnx(), X=X)
    assert came.keys() == expected.keys()
    for name, values in expected.items():
        assert came[name].shape == values.shape
        if name == "label":
            assert (came[name] == values).all()
        else:
            assert came[name].dtype == X.dtype
            assert came[name] == pytest.approx(values, rel=1e-5, abs=1e-5)


def test_no_positive_output_means_equal_probabilities():
    # as `probabilities` has it for outputs that can be negative
    X, y = np.random.default_rng(0).standard_normal((30, 2)), np.arange(30) % 3
    model = fitted(bl.MLPClassifier((), loss="quadratic", output_activation="identity", random_state=0), X, y)
    model.intercepts_[-1] -= 10.0
    model.intercepts_[-1][0] += 9.0
    came = run_onnx(bl.to_onnx(model), X=X)["probabilities"]
    assert came == pytest.approx(model.predict_proba(X), abs=1e-6)
    assert (came == 1 / 3).all(axis=1).any()


CLASSES, TWO, SEVERAL, NUMBERS = (0, 1, 2), (0, 1, 1), ((1, 0, 0), (0, 1, 1), (0, 0, 1)), None


@every("dtype", ["float32", "float64"])
@every("activation", NAMES)
def test_saturated_outputs(activation, dtype):
    X = SATURATED.astype(dtype)
    for loss in LOSSES:
        if (loss, activation) not in fitting_pairs():
            continue
        for y in (CLASSES, TWO, SEVERAL, NUMBERS) if loss in ("quadratic", "cross_entropy") else (CLASSES,):
            if activation == "softmax" and y is SEVERAL:
                continue
            model = of_identity(dtype, activation, loss, y)
            came = run_onnx(model.to_onnx(), X=X)
            if y is NUMBERS:
                assert came["variable"] == pytest.approx(model.predict(X), rel=1e-5, abs=1e-5)
            else:
                assert came["probabilities"] == pytest.approx(model.predict_proba(X), rel=1e-5, abs=1e-30)
                assert came["label"].tolist() == model.predict(X).tolist(), (loss, y)


def test_shares_are_told_from_z():
    # as numbers, for a mistake that both had would be found by no comparison
    model = of_identity("float32", "sigmoid")
    model.intercepts_ = [np.array([-20, -24, -19.5], dtype="float32")]
    X = np.array([[0, 0, 0], [-100, -100, -100]], dtype="float32")
    assert model.predict_proba(X) == pytest.approx(np.array([[0.375, 0.007, 0.618]] * 2), abs=1e-3)
    assert model.predict(X).tolist() == [2, 2]


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("y", [CLASSES, TWO, SEVERAL, NUMBERS], ids=["classes", "two", "several", "numbers"])
def test_a_row_of_nan_has_no_label(y, activation):
    X = np.eye(3, dtype="float32")
    kind, y = (bl.MLPRegressor, np.eye(3)) if y is NUMBERS else (bl.MLPClassifier, np.array(y))
    model = fitted(kind(hidden_layer_sizes=(2,), activation=activation, max_iter=1), X, y)
    X[1] = np.nan
    if kind is bl.MLPRegressor:
        came = run_onnx(model.to_onnx(), X=X)["variable"]
        assert np.isnan(came).any(axis=1).tolist() == [False, True, False]
    else:
        with pytest.raises(Exception, match="out of data bounds"):
            run_onnx(model.to_onnx(), X=X)


def homes(n=400):
    """A column of every kind that ONNX can express, some named as tensors of the network are."""
    rng = np.random.default_rng(0)

    def with_gaps(values):
        return [None if gap else value for gap, value in zip(rng.random(n) < 0.1, values, strict=True)]

    return pl.DataFrame(
        {
            "w2": rng.normal(1e6, 1e4, n),
            "city": with_gaps(rng.choice(["Ulm", "Köln", "Ürümqi"], n).tolist()),
            "label": with_gaps(rng.exponential(1.0, n).tolist()),
            "garden": with_gaps((rng.random(n) < 0.5).tolist()),
            "sold": rng.random(n) < 0.5,
            "empty": pl.Series([None] * n, dtype=pl.Float64),
            "pixel_1": pl.Series(rng.integers(0, 256, n), dtype=pl.UInt8),
            "street": rng.choice(["a", "b"], n),
            "constant": [2.0] * n,
            "worth": rng.normal(1e5, 2e4, n),
        }
    ).with_columns(color=pl.when(pl.col("worth") > 1e5).then(pl.lit("red")).otherwise(pl.lit("blue")))


def strange(table):
    """The same columns with what training had not: other gaps, outliers, an unknown city."""
    return table[:8].with_columns(
        pl.Series("w2", [None, 1e12, -1e12, 0.0, 1e6, 1e6, 1e6, 1e6]),
        pl.Series("city", ["Bonn", None, "Ulm", "ulm", "Köln", "Köln", None, "other"]),
        pl.Series("street", [None, "a", "b", "c", "A", "a", "b", None]),
        pl.Series("sold", [None, True, False, True, None, True, False, True]),
        pl.Series("pixel_1", [None, 0, 255, 1, 2, 3, 4, 5], dtype=pl.Int64),
        pl.Series("empty", [None, 1.0, 2.0, None, None, None, None, 5.0]),
    )


@pytest.mark.parametrize("target", ["worth", "color"])
@pytest.mark.parametrize(("dtype", "numbers"), [("float32", "scaled"), ("float64", "scaled"), ("float32", "piecewise")])
def test_table_model_with_its_encoder(target, dtype, numbers):
    table = homes().drop({"worth": "color", "color": "worth"}[target])
    options = TableTraining(hidden=(8,), epochs=4, dtype=dtype, numbers=numbers, n_bins=4)
    model = bl.TableModel.train(table, target, options)
    exported = model.to_onnx()
    assert [tensor.name for tensor in exported.graph.input] == list(model.encoder.feature_names_in_)
    for rows in (table, strange(table)):
        expected, came = model.predict(rows), run_onnx(exported, **feeds_of(rows, model.encoder.feature_names_in_))
        if target == "worth":
            assert came["variable"][:, 0] == pytest.approx(expected.values, rel=1e-5)
        else:
            assert came["label_"].tolist() == expected.values.tolist()  # there is a column `label`
            assert came["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5)


@pytest.mark.parametrize("options", [{"categorical_features": "from_dtype"}, {"missing_values": "encode"}], ids=str)
def test_estimator_that_takes_tables(options):
    table = homes().drop("worth")
    if "missing_values" not in options:
        table = table.drop_nulls(["city", "label", "garden"]).drop("empty")
    X, y = table.drop("color"), table["color"].to_numpy()
    model = fitted(bl.MLPClassifier((8,), max_iter=5, random_state=0, **options), X, y)
    came = run_onnx(model.to_onnx(), **feeds_of(X, X.columns))
    assert (came["label_"] == model.predict(X)).all()
    assert came["probabilities"] == pytest.approx(model.predict_proba(X), abs=1e-5)


def test_table_of_counts_has_no_scale():
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"a": rng.normal(size=200), "n": rng.poisson(3.0, 200)})
    model = bl.TableModel.train(table, "n", TableTraining(hidden=(4,), epochs=3, loss="poisson"))
    came = run_onnx(model.to_onnx(), **feeds_of(table, ["a"]))
    assert came["variable"][:, 0] == pytest.approx(model.predict(table).values, rel=1e-5)


def test_numbers_are_kept_to_a_range():
    table = homes().drop("color")
    model = bl.TableModel.train(table, "worth", QUICK)
    low, high = np.quantile(model.predict(table).values, [0.3, 0.6]).tolist()
    model = replace(model, target=replace(model.target, range=(low, high)))
    came = run_onnx(model.to_onnx(), **feeds_of(table, model.encoder.feature_names_in_))["variable"][:, 0]
    expected = model.predict(table).values
    assert came == pytest.approx(expected, rel=1e-5)
    assert (expected.min(), expected.max()) == (low, high)


def test_dates_are_refused():
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(100)]
    table = pl.DataFrame({"day": days, "a": np.arange(100.0), "y": np.arange(100.0)})
    model = bl.TableModel.train(table, "y", QUICK)
    with pytest.raises(InvalidInputError, match="'day' holds dates, which ONNX does not have"):
        model.to_onnx()
    assert bl.to_onnx(model.network).graph.input[0].name == "X"  # what the message says to do


def test_empty_text_as_a_value_is_refused():
    table = pl.DataFrame({"a": ["", "b"] * 50, "y": np.arange(100.0)})
    with pytest.raises(InvalidInputError, match="empty text"):
        bl.TableModel.train(table, "y", QUICK).to_onnx()


def test_what_cannot_be_exported_says_so():
    with pytest.raises(NotFittedError):
        bl.MLPClassifier().to_onnx()
    with pytest.raises(InvalidInputError, match="TableModel can be exported, but a list came"):
        bl.to_onnx([1])
