import numpy as np
import polars as pl
import pytest
from sklearn import metrics

from backlit.tables.metrics import METRICS, score_numbers
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from every import every

QUICK = TableTraining(hidden=(8,), epochs=100, learning_rate=0.05, batch_size=16, validation_fraction=0)


def table(n=60):
    x = np.linspace(-1, 1, n)
    return pl.DataFrame({"x": x, "kind": np.where(x > 0.5, "high", "low")})


def test_labels_that_training_did_not_have_count_as_wrong():
    model = TableModel.train(table(), "kind", QUICK)
    good = model.evaluate(table())
    assert (good.metrics["accuracy"], good.unseen) == (1, {})
    strange = table().with_columns(kind=pl.when(pl.col("x") < -0.5).then(pl.lit("odd")).otherwise("kind"))
    found = model.evaluate(strange)
    n = int((strange["kind"] == "odd").sum())
    assert found.n_rows == 60
    assert found.metrics["accuracy"] == pytest.approx(1 - n / 60)
    assert found.unseen == {"odd": [0, n]}
    assert any("'odd'" in said and "counted as wrong" in said for said in found.remarks)
    high, low = found.classes
    assert (high.precision, high.recall) == (1, 1)
    assert low.predicted == low.rows + n
    assert (low.precision, low.recall) == (pytest.approx(low.rows / (low.rows + n)), 1)
    none = model.evaluate(strange.filter(pl.col("kind") == "odd"))
    assert none.metrics["accuracy"] == 0
    assert np.isnan(none.metrics["cost"])
    assert np.isnan(none.classes[0].precision)


def test_a_model_of_the_largest_class_alone_is_said_to_be_one():
    said = []
    rng = np.random.default_rng(0)
    noise = pl.DataFrame({"x": rng.normal(size=200), "kind": ["a"] * 190 + ["b"] * 10})
    TableModel.train(noise, "kind", TableTraining(hidden=(2,), epochs=40, learning_rate=0.01), say=said.append)
    assert any("predicts 'a' in every row, as 95.0% of them are" in line for line in said)
    said.clear()
    TableModel.train(table(), "kind", QUICK, say=said.append)
    assert not any("in every row, as" in line for line in said)


def test_four_rows_are_trained_on_without_validation():
    said = []
    TableModel.train(table(4), "x", TableTraining(hidden=(2,), epochs=2), say=said.append)
    assert any(line.startswith("With 4 rows there are too few to hold some out") for line in said)


@pytest.mark.parametrize("truth", [np.arange(7.0) ** 2, np.full(7, 3.0)], ids=["numbers", "a constant"])
@pytest.mark.parametrize("error", [0.0, 0.5])
def test_scores_of_numbers_are_scikit_learns(truth, error):
    values = truth + error * np.array([1, -1, 2, 0, 0.5, -2, 1])
    scores = score_numbers(truth, values)
    assert scores["r2"] == pytest.approx(metrics.r2_score(truth, values), rel=1e-12)
    assert scores["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth, values), rel=1e-12)
    assert scores["mae"] == pytest.approx(metrics.mean_absolute_error(truth, values), rel=1e-12)
    # what training stops by is what is printed in the end
    assert {name: METRICS[name].score(truth, values) for name in scores} == scores


def test_r2_of_one_row_is_not_a_number():
    assert np.isnan(score_numbers(np.ones(1), np.zeros(1))["r2"])


@every(
    ("cells", "unseen"),
    [
        (["a", "b"], "A"),
        (["b", "a", "c"], "d"),
        (["1", "2"], "3"),
        (["1.50", "2.00"], "2.5"),
        (["001", "010"], "011"),
        (["NA", "DE"], "NO"),
        (["9007199254740992", "9007199254740993"], "9007199254740994"),
        (["yes", "no"], "y"),
    ],
)
def test_a_label_that_training_did_not_have_is_named_whatever_it_looks_like(cells, unseen):
    rows = pl.DataFrame({"x": [f"{k}.5" for k in range(12)], "label": (cells * 12)[:12]})
    training = TableTraining(hidden=(1,), epochs=1, validation_fraction=0)
    model = TableModel.train(rows, "label", training, task="classification")
    found = model.evaluate(rows.with_columns(label=pl.Series([unseen] * 5 + rows["label"][5:].to_list())))
    assert {label: sum(predicted) for label, predicted in found.unseen.items()} == {unseen: 5}
    assert found.metrics["accuracy"] <= 7 / 12
    assert any(f"'{unseen}'" in said and "counted as wrong" in said for said in found.remarks)
