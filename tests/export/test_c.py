"""Models as C: what the system's compiler makes of them predicts as we do."""

from __future__ import annotations

import datetime as dt
import subprocess
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from running_c import CC, CXX, STRICT, compiled, needs_cc, program
from some_models import HEADS, SATURATED, fitted, of_identity, random_model

import backlit as bl
from backlit.core.activations import ACTIVATIONS
from backlit.core.parametric import with_alphas
from backlit.errors import InvalidInputError
from backlit.export.c_source.activations import scalar_function
from backlit.export.exportable import Exportable
from backlit.export.formats import FORMATS
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining

pytestmark = needs_cc
QUICK = TableTraining(hidden=(8,), epochs=4)


def close(values):
    return pytest.approx(values, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_agrees_from_tail_to_tail(activation, dtype, tmp_path):
    z = np.concatenate([np.linspace(-85, 85, 681), [0.0, -0.0, 1e-6, -1e-6, 1e-30]]).astype(dtype)[:, None]
    weights = [np.array([[1.0], [-0.5]], dtype=dtype)]
    output = bl.Network(weights, [np.zeros(2, dtype=dtype)], [activation])
    assert compiled(bl.to_c(output), tmp_path)(z) == close(output.feedforward(z))
    # the same in a hidden layer, whose neurons come out as they are
    hidden = bl.Network([*weights, np.eye(2, dtype=dtype)], [np.zeros(2, dtype=dtype)] * 2, [activation, "identity"])
    assert compiled(bl.to_c(hidden), tmp_path)(z) == close(hidden.feedforward(z))


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "exp"])
def test_huge_and_missing_z(activation, tmp_path):
    network = bl.Network([np.eye(2)], [np.zeros(2)], [activation])
    predict = compiled(bl.to_c(network), tmp_path)
    z = np.array([[1e4, -1e4], [3e4, 3e4], [-1e30, 1e30]])
    assert predict(z) == close(network.feedforward(z))
    assert np.isnan(predict([[np.nan, 1.0]])[0, 0])


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "exp"])
def test_deep_networks_agree(activation, tmp_path):
    network = bl.Network.initialize([5, 20, 7, 20, 3], [activation] * 3 + ["identity"], seed=3)
    x = np.random.default_rng(0).normal(size=(50, 5)).astype("float32")
    assert compiled(bl.to_c(network), tmp_path)(x) == close(network.feedforward(x.astype("float64")))


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name not in ("exp", "softmax")])
def test_neurons_have_their_alpha(activation, tmp_path):
    rng = np.random.default_rng(0)
    network = bl.Network.initialize([5, 20, 7, 3], [activation] * 2 + ["identity"], seed=3)
    mixed = replace(network, activations=with_alphas(network.activations, [rng.normal(size=20), rng.normal(size=7)]))
    x = rng.normal(size=(50, 5)).astype("float32")
    found = mixed.feedforward(x.astype("float64"))
    assert compiled(bl.to_c(mixed), tmp_path)(x) == close(found)
    assert np.abs(found - network.feedforward(x.astype("float64"))).max() > 0.01 or activation == "identity"


def test_a_table_model_with_alpha_is_written(tmp_path):
    x = np.random.default_rng(0).normal(size=(300, 3))
    table = pl.DataFrame(x, schema=["a", "b", "c"]).with_columns(y=pl.Series(x[:, 0] * x[:, 1]))
    model = TableModel.train(table, "y", replace(QUICK, parametric_activation=True, solver="adam"))
    found = compiled(bl.to_c(model), tmp_path)(x[:, :3])[:, 0]
    np.testing.assert_allclose(found, model.predict(table).values, rtol=1e-4, atol=1e-4)
    embedded = TableModel.train(table, "y", replace(QUICK, embedding="pbld", solver="adam"))
    with pytest.raises(InvalidInputError, match="C has no embeddings yet"):
        bl.to_c(embedded)


# each kind of model once; more of them with other activations in `make soak`
@pytest.mark.parametrize(
    "seed", [*range(len(HEADS)), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(len(HEADS), 60))]
)
def test_random_models_agree(seed, tmp_path):
    model, X = random_model(seed)
    X = X.astype("float32").astype(X.dtype)
    regresses = isinstance(model, bl.MLPRegressor)
    expected = model.predict(X).reshape(30, -1) if regresses else model.predict_proba(X)
    came = compiled(bl.to_c(model), tmp_path)(X)
    assert came.shape == expected.shape
    assert came == close(expected)


@pytest.mark.parametrize("dtype", [pytest.param("float32", marks=pytest.mark.thorough), "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_shares_of_saturated_outputs(activation, dtype, tmp_path):
    model = of_identity(dtype, activation)
    X = SATURATED if dtype == "float32" else np.vstack([SATURATED, [[-200, -201, -300], [-800, -900, -1000]]])
    X = X.astype(dtype)
    assert compiled(bl.to_c(model), tmp_path)(X) == close(model.predict_proba(X))


def homes(n=400):
    """Columns of every kind that is numbers alone."""
    rng = np.random.default_rng(0)
    gaps = rng.random(n) < 0.1
    return pl.DataFrame(
        {
            "easting": rng.normal(4.5e6, 5e3, n).round(),
            "size": [None if gap else value for gap, value in zip(gaps, rng.exponential(1.0, n).tolist(), strict=True)],
            "garden": [None if gap else value for gap, value in zip(gaps[::-1], rng.random(n) < 0.5, strict=True)],
            "sold": rng.random(n) < 0.5,
            "empty": pl.Series([None] * n, dtype=pl.Float64),
            "pixel_1": pl.Series(rng.integers(0, 256, n), dtype=pl.UInt8),
            "constant": [2.0] * n,
            "worth": rng.normal(1e5, 2e4, n),
        }
    ).with_columns(color=pl.when(pl.col("worth") > 1e5).then(pl.lit("red")).otherwise(pl.lit("blue")))


def strange(table):
    """The same columns with what training had not: other gaps, and outliers."""
    return table[:8].with_columns(
        pl.Series("easting", [None, 1e12, -1e12, 0.0, 1e30, 1e6, 1e6, 1e6]),
        pl.Series("sold", [None, True, False, True, None, True, False, True]),
        pl.Series("pixel_1", [None, 0, 255, 1, 2, 3, 4, 5], dtype=pl.Int64),
        pl.Series("empty", [None, 1.0, 2.0, None, None, None, None, 5.0]),
        pl.Series("constant", [None, 1.0, 2.0, 1e30, 0.0, None, 2.0, 5.0]),
    )


def floats(table, model):
    return table.select(pl.col(list(model.encoder.feature_names_in_)).cast(pl.Float32)).to_numpy()


@pytest.mark.parametrize("target", ["worth", "color"])
@pytest.mark.parametrize(("dtype", "numbers"), [("float32", "scaled"), ("float64", "scaled"), ("float32", "piecewise")])
def test_table_model_with_its_encoder(target, dtype, numbers, tmp_path):
    table = homes().drop({"worth": "color", "color": "worth"}[target])
    options = TableTraining(hidden=(8,), epochs=4, dtype=dtype, numbers=numbers, n_bins=4)
    model = bl.TableModel.train(table, target, options)
    source = bl.to_c(model)
    assert ' * x[0]  "easting": number; NaN where missing' in source
    predict = compiled(source, tmp_path)
    for rows in (table, strange(table)):
        expected, came = model.predict(rows), predict(floats(rows, model))
        if target == "worth":
            assert came[:, 0] == pytest.approx(expected.values, rel=1e-5)
        else:
            assert came == close(expected.probabilities)


def test_numbers_are_kept_to_a_range(tmp_path):
    table = homes().drop("color")
    model = bl.TableModel.train(table, "worth", QUICK)
    low, high = np.quantile(model.predict(table).values, [0.3, 0.6]).tolist()
    model = replace(model, target=replace(model.target, range=(low, high)))
    came, expected = compiled(bl.to_c(model), tmp_path)(floats(table, model)), model.predict(table).values
    assert came[:, 0] == pytest.approx(expected, rel=1e-5)
    assert (expected.min(), expected.max()) == (low, high)


def test_labels_that_are_likelier_than_certain(tmp_path):
    X, y = np.eye(3), np.eye(3, dtype=int)
    options = {"loss": "quadratic", "output_activation": "identity", "max_iter": 1}
    model = fitted(bl.MLPClassifier((), **options), X, y)
    model.coefs_ = [np.diag([3.0, 0.5, -2.0])]
    assert compiled(bl.to_c(model), tmp_path)(X) == close(model.predict_proba(X))
    assert model.predict_proba(X).max() == 1


def test_brackets_stand_where_they_are_needed(tmp_path):
    def function(z):
        return z - (2.0 - z) - (1.0 - (z - 3.0)) / (4.0 / (z / 5.0)) - -(3.0 - -z) * (1.0 - z) * 2.0

    body = scalar_function("f", function)
    source = f"#define BACKLIT_N_OUTPUTS 1\nvoid predict(const float *x, float *y);\n{body}\n"
    source += "void predict(const float *x, float *y) { y[0] = f(x[0]); }\n"
    z = np.array([[0.5], [-2.0], [7.0]])
    assert compiled(source, tmp_path)(z) == close(function(z))


def test_columns_of_large_numbers_keep_their_digits(tmp_path):
    easting = np.array([[44_999_992.0], [45_000_000.0], [45_000_004.0], [45_000_008.0]])  # no float is the median
    encoder = bl.TableEncoder().fit(easting)
    model = Exportable(bl.Network([np.eye(1)], [np.zeros(1)], ["identity"]), "", encoder=encoder)
    predict = compiled(FORMATS["c"].export(model).content.decode(), tmp_path)
    assert predict(easting) == close(encoder.transform(easting))


def test_table_of_counts_has_no_scale(tmp_path):
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"a": rng.normal(size=200).astype("float32"), "n": rng.poisson(3.0, 200)})
    model = bl.TableModel.train(table, "n", TableTraining(hidden=(4,), epochs=3, loss="poisson"))
    came = compiled(bl.to_c(model), tmp_path)(table.select("a").to_numpy())
    assert came[:, 0] == pytest.approx(model.predict(table).values, rel=1e-5)


HOSTILE = [
    "*/ int x; /*",
    "**//**/ #error no",
    "what??/",
    "??/\n#error no",
    "line\n#error no\r\x00\x0b\u2028",
    "Köln 𝛿 \u202e",
    "ends with \\",
    'quoted "%s%n%d" \\n \\',
    "",
    "/" * 500 + "é" * 500,
]


def test_no_name_breaks_out(tmp_path):
    rng = np.random.default_rng(0)
    table = pl.DataFrame({name: rng.normal(size=60).round(2) for name in HOSTILE})
    table = table.with_columns(pl.Series("*/ target", (HOSTILE * 6)))
    model = bl.TableModel.train(table, "*/ target", QUICK)
    source = bl.to_c(model)
    assert source.isascii()
    assert compiled(source, tmp_path)(floats(table, model)) == close(model.predict(table).probabilities)
    lines = program(source, tmp_path)("\n".join(" ".join(map(str, row)) for row in floats(table, model)))[1]
    for label in model.predict(table).values:
        assert f" {label[:100]}".replace("\0", "\ufffd") in lines
    if CXX:  # whoever has a C++ program can take the file along
        as_cpp = [CXX, "-x", "c++", "-std=c++11", *STRICT, "-DBACKLIT_MAIN", "-fsyntax-only", tmp_path / "m.c"]
        subprocess.run(as_cpp, check=True)


def test_names_are_in_comments():
    X = pl.DataFrame({"length": [1.0, 2.0, 3.0], "Höhe": [1.0, 2.0, 4.0]}).to_pandas()
    source = bl.to_c(fitted(bl.MLPClassifier((2,), max_iter=2), X, ["a", "b", "c"]))
    assert ' * x[0]  "length"\n * x[1]  "H\\u00f6he"\n * y[0]  probability of "a"\n' in source
    assert "#define BACKLIT_N_INPUTS 2\n#define BACKLIT_N_OUTPUTS 3\n" in source


def test_program_for_trying(tmp_path):
    network = bl.Network([np.array([[1.0, 2.0]])], [np.zeros(1)], ["identity"])
    run = program(bl.to_c(network), tmp_path)
    assert run("1 2\n3,4\n 5 ;6") == (0, "5\n11\n17\n")
    assert run("nan 2\n") == (0, "nan\n")
    assert run("") == (0, "")
    assert run("1 2\n3\n") == (1, "5\n")
    assert run("1 two\n") == (1, "")


def test_predict_can_be_renamed(tmp_path):
    (tmp_path / "m.c").write_text(bl.to_c(bl.Network.initialize([2, 1])))
    subprocess.run([CC, "-std=c99", "-Dpredict=other", "-c", tmp_path / "m.c", "-o", tmp_path / "m.o"], check=True)
    assert b"other" in (tmp_path / "m.o").read_bytes()


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (["a", "b"] * 50, "category"),
        ([dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(100)], "date"),
        ([dt.timedelta(days=i) for i in range(100)], "duration"),
    ],
)
def test_columns_that_are_no_numbers_are_refused(column, kind):
    table = pl.DataFrame({"what": column, "a": np.arange(100.0), "y": np.arange(100.0)})
    model = bl.TableModel.train(table, "y", QUICK)
    with pytest.raises(InvalidInputError, match=f"'what' is a {kind}, and the C code takes numbers alone"):
        bl.to_c(model)
    assert "void predict" in bl.to_c(model.network)  # what the message says to do


@pytest.mark.parametrize("value", [1e300, np.inf, np.nan])
def test_numbers_beyond_float32_are_refused(value):
    network = bl.Network([np.array([[value]])], [np.zeros(1)], ["identity"])
    with pytest.raises(InvalidInputError, match=r"float32 alone, which ends at 3\.4e38"):
        bl.to_c(network)
