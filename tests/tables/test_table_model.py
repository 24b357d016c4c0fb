"""The model of a whole table: what is learned, saved, loaded and refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import backlit as bl
from backlit.core.backpropagation import backpropagate
from backlit.core.network import Network
from backlit.errors import DataError, InvalidInputError, ModelFileError, ShapeError, UnknownNameError
from backlit.persistence import StoredModel, load_model, save_model, save_network
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.training.events import EpochEnded, TrainingEnded
from backlit.training.examples import split_rows

QUICK = TableTraining(hidden=(8,), epochs=3)


def table(n=200, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    color = np.where(x > 0, "red", "blue")
    size = np.select([x < -0.5, x < 0.5], ["S", "M"], "L")
    return pl.DataFrame({"x": x, "word": rng.choice(["a", "b"], n), "y": 3 * x + 10, "color": color, "size": size})


@pytest.mark.parametrize(
    ("target", "loss", "sizes", "output"),
    [
        ("y", None, 1, "identity"),
        ("y", "huber", 1, "identity"),
        ("y", "absolute", 1, "identity"),
        ("color", None, 1, "sigmoid"),
        ("color", "quadratic", 2, "sigmoid"),
        ("size", None, 3, "softmax"),
        ("size", "quadratic", 3, "sigmoid"),
    ],
)
def test_output_layer_and_round_trip(tmp_path, target, loss, sizes, output):
    data = table()
    model = TableModel.train(
        data, target, TableTraining(hidden=(8,), epochs=40, loss=loss, batch_size=16, learning_rate=0.01)
    )
    assert model.network.sizes[-1] == sizes
    assert model.network.activations[-1] == output
    assert model.network.dtype == "float32"
    metrics = model.evaluate(data).metrics
    assert metrics.get("accuracy", metrics.get("r2")) > 0.8
    model.save(tmp_path / "m.safetensors")
    loaded = TableModel.load(tmp_path / "m.safetensors")
    before, after = model.predict(data), loaded.predict(data)
    assert before.values.tolist() == after.values.tolist()
    assert before.probabilities is None or (before.probabilities == after.probabilities).all()
    assert loaded.evaluate(data).metrics == metrics
    assert loaded.target.output_names == model.target.output_names
    loaded.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "m.safetensors").read_bytes()


def test_places_of_a_category(tmp_path):
    values = [f"value {i % 60}" for i in range(180)]
    data, said = pl.DataFrame({"x": values, "y": [float(len(value) + i % 3) for i, value in enumerate(values)]}), []
    tabular = TableModel.train(data, "y", replace(QUICK, preset="tabular", epochs=1), say=said.append)
    assert tabular.network.sizes[0] == 60 + 1
    assert "  x  category of 60 values" in said
    fewer = TableModel.train(data, "y", replace(QUICK, max_categories=9, epochs=1), say=said.append)
    assert fewer.network.sizes[0] == 9 + 1
    assert any("the 9 most frequent have a place of their own" in line for line in said)
    fewer.save(tmp_path / "m.safetensors")
    loaded = TableModel.load(tmp_path / "m.safetensors")
    assert loaded.training["options"]["max_categories"] == 9
    assert loaded.predict(data).values.tolist() == fewer.predict(data).values.tolist()
    assert TableModel.train(data, "y", replace(QUICK, epochs=1)).network.sizes[0] == 50 + 1
    with pytest.raises(InvalidInputError, match="max_categories must be at least 1"):
        replace(QUICK, max_categories=0)


def test_numbers_in_bins(tmp_path):
    data, options = table(), replace(QUICK, numbers="piecewise", n_bins=5)
    model = TableModel.train(data, "y", options)
    assert model.network.sizes[0] == 6 + 3 + 4 + 3  # x, word, size, color: a place for each value and one for others
    model.save(tmp_path / "m.safetensors")
    loaded = TableModel.load(tmp_path / "m.safetensors")
    assert loaded.training["options"]["numbers"] == "piecewise"
    assert loaded.predict(data).values.tolist() == model.predict(data).values.tolist()
    assert "numbers" not in TableModel.train(data, "y", QUICK).training["options"]
    with pytest.raises(UnknownNameError, match="'bins'"):
        replace(QUICK, numbers="bins")
    said = []
    fewer = TableModel.train(data, "y", replace(options, bins_above=len(data)), say=said.append)
    assert (fewer.network.sizes[0], f"Without bins, of at most {len(data)} different values each: x." in said) == (
        11,
        True,
    )
    fewer.save(tmp_path / "m.safetensors")
    assert TableModel.load(tmp_path / "m.safetensors").training["options"]["bins_above"] == len(data)
    with pytest.raises(InvalidInputError, match="bins_above must be at least 0"):
        replace(QUICK, bins_above=-1)
    with pytest.raises(InvalidInputError, match="n_bins is 1"):
        replace(QUICK, n_bins=1)


def test_poisson_keeps_counts_as_they_are():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 2, 500)
    data = pl.DataFrame({"x": x, "n": rng.poisson(np.exp(x))})
    model = TableModel.train(data, "n", TableTraining(hidden=(8,), loss="poisson", epochs=40, batch_size=16))
    assert model.network.activations[-1] == "exp"
    assert model.target.scaler is None
    assert (model.predict(data).values > 0).all()
    assert abs(model.predict(data).values.mean() - data["n"].mean()) < 0.3
    with pytest.raises(DataError, match=r"poisson.*\[0, ∞\).*n"):
        TableModel.train(data.with_columns(n=pl.col("n") - 5), "n", TableTraining(loss="poisson"), task="regression")


def test_predictions_are_on_the_targets_own_scale():
    data = table().with_columns(y=pl.col("y") * 1e6)
    model = TableModel.train(data, "y", TableTraining(hidden=(16,), epochs=40, batch_size=16, learning_rate=0.01))
    assert model.evaluate(data).metrics["r2"] > 0.95
    assert np.corrcoef(model.predict(data).values, data["y"])[0, 1] > 0.97
    assert np.abs(model.predict(data).values).max() > 1e6


@pytest.mark.parametrize("loss", ["quadratic", "poisson"])
def test_predictions_keep_to_the_range_of_training(tmp_path, loss):
    rng = np.random.default_rng(0)
    data = pl.DataFrame({"x": rng.uniform(0, 2, 200)}).with_columns(n=(pl.col("x") * 3).exp())
    model = TableModel.train(data, "n", replace(QUICK, loss=loss, clip=True, learning_rate=0.05))
    low, high = model.target.range
    assert (low, high) == (data["n"].min(), data["n"].max())
    low, high = 2.0, 50.0  # so that something is cut off
    model = replace(model, target=replace(model.target, range=(low, high)))
    far = pl.DataFrame({"x": [-1e3, 1.0, 1e3], "n": [low, 5.0, high]})
    free = replace(model, target=replace(model.target, range=None)).predict(far).values
    assert free.min() < low or free.max() > high
    assert model.predict(far).values.tolist() == np.clip(free, low, high).tolist()
    # what chooses the best epoch sees them as they are predicted
    y = model.target.encode(far["n"]).astype("float32")
    outputs = np.linspace(y.min() - 9, y.max() + 9, 3, dtype="float32")[:, None]
    assert model.target.metric(y)(outputs) == pytest.approx(model.target.metric(y)(np.clip(outputs, y.min(), y.max())))
    model.save(tmp_path / "m.safetensors")
    loaded = TableModel.load(tmp_path / "m.safetensors")
    assert loaded.target.range == (low, high)
    told = str(loaded.explain(far, [int(np.argmax(np.abs(free - np.clip(free, low, high)))) + 1]))
    assert "Predictions are kept to the range seen in training, " in told
    inside = np.argmin(np.abs(model.predict(data).values - 25))
    assert "kept to the range" not in str(loaded.explain(data, int(inside) + 1))
    assert loaded.to_onnx().SerializeToString()


def test_same_seed_same_network_and_events():
    events = []
    first = TableModel.train(table(), "y", QUICK, listeners=[events.append])
    second = TableModel.train(table(), "y", QUICK)
    assert all((a == b).all() for a, b in zip(first.network.weights, second.network.weights, strict=True))
    assert [event.record.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2, 3]
    assert isinstance(events[-1], TrainingEnded)
    assert events[-1].n_epochs == 3


def test_what_is_said():
    said = []
    data = table().with_columns(y=pl.when(pl.col("x") > 1).then(None).otherwise(pl.col("y")))
    TableModel.train(data, "y", TableTraining(hidden=(8,), epochs=1, batch_size=10_000), say=said.append)
    assert any("Dropped" in message for message in said)
    assert any("regression" in message for message in said)
    assert any("clipped" in message for message in said)


def test_early_stopping_and_validation_table():
    data = table()
    events = []
    training = TableTraining(hidden=(32,), epochs=500, patience=3, schedule="constant", learning_rate=0.05)
    TableModel.train(data[:50], "color", training, validation_table=data[50:], listeners=[events.append])
    assert events[-1].reason == "no improvement"
    assert events[-1].n_epochs == events[-1].best_epoch + 4
    events.clear()
    TableModel.train(
        data, "color", TableTraining(hidden=(8,), epochs=4, validation_fraction=0), listeners=[events.append]
    )
    assert [event.record.validation_cost for event in events if isinstance(event, EpochEnded)] == [None] * 4


def test_explanation_of_rows():
    data = table()
    model = TableModel.train(data, "y", QUICK)
    explanation = model.explain(data, [3, 7])
    x, y = model.examples(data, [3, 7])
    truth = backpropagate(model.network, x, y)
    assert [example.name for example in explanation.examples] == ["row 3", "row 7"]
    assert explanation.cost == truth.cost
    assert explanation.learning_rate == QUICK.rate
    assert (explanation.parameters[0].step.nabla_w == truth.nabla_w[0]).all()
    for example, row in zip(explanation.examples, (2, 6), strict=True):
        features = {feature.name: feature for feature in example.encoding}
        assert list(features) == list(model.encoder.get_feature_names_out())
        assert [feature.value for feature in example.encoding] == example.x.tolist()
        assert features["x"].raw_value == str(data["x"][row])
        assert example.original_y == pytest.approx(data["y"][row], rel=1e-6)
        assert example.original_output == pytest.approx(model.predict(data[row : row + 1]).values, rel=1e-6)
    assert bl.explain(model, data[2:3]).cost == model.explain(data, 3).cost
    with pytest.raises(InvalidInputError, match="rows 1 to 200"):
        model.explain(data, [1, 201])
    with pytest.raises(ShapeError, match="1 to 32 examples"):
        bl.explain(model, data)
    with pytest.raises(InvalidInputError, match="needs rows to look at"):
        bl.explain(model)
    with pytest.raises(InvalidInputError, match="takes y from the column 'y'"):
        bl.explain(model, data[:1], [1.0])


def test_explanation_of_rows_without_a_target():
    data = table()
    model, said = TableModel.train(data, "color", QUICK), []
    holes = data.with_columns(color=pl.when(pl.col("x") > 0).then(pl.col("color")))
    rows = [int(np.argmax(data["x"] > 0)) + 1, int(np.argmax(data["x"] <= 0)) + 1]
    assert model.explain(holes, rows[0], say=said.append).cost is not None
    assert said == []
    assert model.explain(holes, rows, say=said.append).cost is None
    assert model.explain(data.drop("color"), rows).cost is None
    assert said == ["Not every row has a color, so only the forward pass is shown."]
    assert model.explain(data.with_columns(color=pl.lit("red.")), 1).cost is not None


def test_refusals(tmp_path):
    data = table()
    with pytest.raises(UnknownNameError, match="'color'"):
        TableModel.train(data, "colour", QUICK)
    with pytest.raises(InvalidInputError, match="learning rate"):
        TableTraining(learning_rate=0.0)
    with pytest.raises(InvalidInputError, match="validation"):
        TableTraining(validation_fraction=1.0)
    with pytest.raises(UnknownNameError, match="solver"):
        TableTraining(solver="adan")
    model = TableModel.train(data, "color", QUICK)
    with pytest.raises(DataError, match="green"):
        model.examples(data.with_columns(color=pl.lit("green")))
    with pytest.raises(DataError, match="nothing to compare"):
        model.evaluate(data.with_columns(color=pl.lit(None, dtype=pl.String)))
    with pytest.raises(DataError, match="'much' came where a number was expected"):
        TableModel.train(data, "y", QUICK).evaluate(data.with_columns(y=pl.lit("much")))


def test_model_files_that_do_not_add_up(tmp_path):
    model = TableModel.train(table(), "color", QUICK)
    path = tmp_path / "m.safetensors"
    save_network(path, Network.initialize([3, 2]))
    with pytest.raises(ModelFileError, match="bare network"):
        TableModel.load(path)
    model.save(path)
    stored = load_model(path)

    def tampered(**changes):
        save_model(path, StoredModel(**{**vars(stored), **changes}))
        with pytest.raises(ModelFileError) as caught:
            TableModel.load(path)
        return str(caught.value)

    assert "target.name must be text, but 3 came" in tampered(target={"name": 3, "scaler": None})
    assert "target has an unknown field 'more'" in tampered(target={"name": "color", "scaler": None, "more": 1})
    assert "target.scaler.version is missing" in tampered(target={"name": "color", "scaler": {"mean": 0.0}})
    bare = Network.initialize([stored.network.sizes[0], 1], dtype=stored.network.dtype)
    ranges = {"name": "y", "scaler": {"version": 1, "mean": 0.0, "scale": 1.0}}
    assert "target.range[1] must be a finite number from 2, but 1.0 came" in tampered(
        target=ranges | {"range": [2.0, 1.0]},
        task="regression",
        classes=None,
        network=bare,
    )
    encoder = json.loads(json.dumps(stored.encoder))
    encoder["columns" if "columns" in encoder else next(iter(encoder))] = []
    assert tampered(encoder=encoder)
    wide = Network.initialize([99, 2, 1], ["relu", "sigmoid"], dtype="float32")
    assert "99 inputs" in tampered(network=wide)
    for training, said in (
        ({"recorded": 3}, "training.recorded must be a list"),
        ({"recorded": [{}]}, r"training.recorded\[0\].epoch is missing"),
        ({"options": [3]}, "training.options must be an object"),
        ({"options": {"learning_rate": True}}, "training.options.learning_rate must be a finite number above 0"),
    ):
        save_model(path, StoredModel(**{**vars(stored), "training": training}))
        with pytest.raises(InvalidInputError, match=said):
            bl.explain(TableModel.load(path), table()[:1])


def test_validation_rows_are_not_trained_on():
    training = TableTraining(hidden=(8,), epochs=1, batch_size=10, validation_fraction=0.2)
    data = table()
    held_out = split_rows(len(data), 0.2, training.seed)[1]
    y = data["y"].to_numpy().copy()
    y[held_out] = y[np.roll(held_out, 1)]  # the same numbers, so that they are scaled alike
    one, other = (TableModel.train(rows, "y", training) for rows in (data, data.with_columns(y=y)))
    for w, w_other in zip(one.network.weights, other.network.weights, strict=True):
        np.testing.assert_allclose(w, w_other, rtol=1e-5, atol=1e-7)


def written(cells, n=60):
    """A table of text with a target and a number that tells it."""
    return pl.DataFrame({"x": [f"{k}.5" for k in range(n)], "label": (cells * n)[:n]})


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (["001", "010", "1"], ("001", "010", "1")),
        (["1.50", "2.00"], ("1.50", "2.00")),
        (["1.5", "2.25"], (1.5, 2.25)),
        (["1", "2", "7"], (1, 2, 7)),
        (["9007199254740992", "9007199254740993"], ("9007199254740992", "9007199254740993")),
        (["12345678901234567890", "12345678901234567891"], ("12345678901234567890", "12345678901234567891")),
        (["1.0", "1", "x"], ("1", "1.0", "x")),
        (["True", "true", "maybe"], ("True", "maybe", "true")),
        (["NA", "DE"], ("DE", "NA")),
        (["1.0", "1", "2.0"], (1, 2)),  # one number, spelled twice
    ],
)
def test_classes_come_back_as_they_were(tmp_path, cells, classes):
    model = TableModel.train(written(cells), "label", QUICK, task="classification")
    assert model.target.classes == classes
    model.save(tmp_path / "m.safetensors")
    model = TableModel.load(tmp_path / "m.safetensors")
    assert set(model.predict(written(cells)).values) <= set(classes)
    # one row alone is the class it is among the others
    alone = [model.examples(written([cell], 1))[1] for cell in cells]
    assert [model.target.codes(y)[0] for y in alone] == model.target.codes(model.examples(written(cells))[1])[
        : len(cells)
    ].tolist()


def test_integers_beyond_floats_stay_classes_apart():
    big = written(["a"]).with_columns(label=pl.Series([2**53 + k % 2 for k in range(60)]))
    assert TableModel.train(big, "label", QUICK).target.classes == (2**53, 2**53 + 1)


def test_labels_are_found_however_a_file_writes_them():
    model = TableModel.train(written(["1.50", "2.00"]), "label", QUICK, task="classification")
    assert model.evaluate(pl.DataFrame({"x": [1.5, 2], "label": [1.5, 2]})).confusion is not None
    assert model.evaluate(written(["1.5", "2"])).n_rows == 60


def test_a_target_of_numbers_with_a_word_is_a_regression(tmp_path):
    said = []
    data = pl.DataFrame(
        {"x": [str(k) for k in range(300)], "y": [f"{3000 + 7 * k:,}" for k in range(299)] + ["unknown"]}
    )
    data = data.with_columns(y=pl.when(pl.col("x") == "0").then(pl.lit("950")).otherwise(pl.col("y")))
    model = TableModel.train(data, "y", QUICK, say=said.append)
    assert model.target.task == "regression"
    assert "1 of 300 cells is not: 'unknown': taken as gaps" in said[2]
    assert "Dropped 1 rows without a y." in said
    assert 2000 < model.predict(data).values.mean() < 6000
    model.save(tmp_path / "m.safetensors")
    loaded = TableModel.load(tmp_path / "m.safetensors")
    assert loaded.schema == model.schema
    assert [column.kind for column in loaded.schema.columns] == ["number", "number"]
    assert loaded.evaluate(data).n_rows == 299


def test_a_cell_means_the_same_in_a_file_to_predict():
    codes = (
        written(["a"]).with_columns(code=pl.Series(["01", "1", "2A"] * 20)).with_columns(label=pl.col("code") == "01")
    )
    model = TableModel.train(codes, "label", TableTraining(hidden=(8,), epochs=60, learning_rate=0.03, batch_size=8))
    digits = codes.filter(pl.col("code") != "2A")
    assert model.evaluate(digits).metrics["accuracy"] == 1
    assert model.predict(digits[:1]).values == [True]
    assert model.predict(digits.drop("label")[1:2]).values == [False]


def test_columns_can_be_given_and_a_total_is_left_out():
    data = (
        written(["1.5", "2.5"])
        .with_columns(zip=pl.lit("10"))
        .vstack(pl.DataFrame({"x": ["Total"], "label": ["120"], "zip": [""]}))
    )
    said = []
    model = TableModel.train(data, "label", QUICK, columns={"zip": "category"}, task="regression", say=said.append)
    assert "Left out row 61: a line of totals: 'Total'." in said
    assert model.schema.by_name["zip"].kind == "category"
    assert model.evaluate(data).remarks == ["Left out row 61: a line of totals: 'Total'."]
    ignoring = TableModel.train(data, "label", QUICK, columns=bl.ColumnChoices(ignore=("zip",)), task="regression")
    assert ignoring.encoder.get_feature_names_out().tolist() == ["x"]


def test_a_dirty_table_trains_as_the_clean_one(data_dir):
    clean = bl.read_table(data_dir / "california-housing/housing.csv").sample(fraction=1, shuffle=True, seed=0)
    days = (pl.date(2020, 1, 1) + pl.duration(days=pl.int_range(pl.len()) % 500)).dt.strftime("%d/%m/%Y")
    row = pl.int_range(pl.len())
    dirty = clean.with_columns(
        pl.Series("total_rooms", [f"{value:,.0f}" for value in clean["total_rooms"]]),
        population=pl.when(row % 500 == 3).then(pl.lit("unknown")).otherwise(pl.col("population").cast(pl.String)),
        households=pl.when(row % 400 == 5).then(pl.lit("?")).otherwise(pl.col("households").cast(pl.String)),
        median_income=pl.when(row % 600 == 7).then(pl.lit("n.a.")).otherwise(pl.col("median_income").cast(pl.String)),
    ).cast(pl.String)
    dirty = dirty.select(row.cast(pl.String).alias("Unnamed: 0"), pl.all(), sold=days)
    total = {"Unnamed: 0": "Total", "median_house_value": str(clean["median_house_value"][:16000].sum())}
    last = pl.DataFrame({name: [total.get(name)] for name in dirty.columns}, schema=dirty.schema)
    said: list[str] = []
    training = TableTraining(hidden=(64,), epochs=15)
    scores = [
        TableModel.train(table, "median_house_value", training, say=said.append).evaluate(held_out).metrics["r2"]
        for table, held_out in ((clean[:16000], clean[16000:]), (dirty[:16000].vstack(last), dirty[16000:]))
    ]
    assert abs(scores[0] - scores[1]) < 0.01
    text = "\n".join(said)
    for words in (
        *("'unknown' ×32", "'?' ×40", "'n.a.' ×27", "a comma divides thousands", "an index: it counts the rows"),
        *("read as %d/%m/%Y", "Left out row 16,001: a line of totals: 'Total'."),
    ):
        assert words in text
