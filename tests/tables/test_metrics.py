"""Scores that the user names: scikit-learn says the same, and the best epoch is the best by them."""

import numpy as np
import polars as pl
import pytest
from scipy.special import softmax
from sklearn import metrics as of_sklearn

from backlit.errors import InvalidInputError, UnknownNameError
from backlit.tables.metrics import METRICS, named_metric
from backlit.tables.model import TableModel
from backlit.tables.options import METRIC_NAMES, TableTraining
from backlit.tables.presets import TableFacts
from backlit.tables.table_target import TableTarget
from backlit.training.events import EpochEnded


def expected_of(name, codes, shares):
    told, n = shares.argmax(axis=1), shares.shape[1]
    if name == "log_loss":
        return of_sklearn.log_loss(codes, shares, labels=np.arange(n))
    if name == "auc" and n == 2:
        return of_sklearn.roc_auc_score(codes, shares[:, 1])
    if name == "auc":
        return of_sklearn.roc_auc_score(codes, shares, multi_class="ovr")
    if name == "f1":
        return of_sklearn.f1_score(codes, told, average="binary" if n == 2 else "macro")
    return getattr(of_sklearn, {"accuracy": "accuracy_score", "balanced_accuracy": "balanced_accuracy_score"}[name])(
        codes, told
    )


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.task == "classification"])
def test_scores_of_classes_are_those_of_scikit_learn(name):
    rng = np.random.default_rng(0)
    for n_classes in (2, 4):
        codes = np.r_[np.arange(n_classes), rng.integers(0, n_classes, 60)]
        shares = rng.dirichlet(np.ones(n_classes), len(codes)).round(1) + 0.01  # with ties
        shares /= shares.sum(axis=1, keepdims=True)
        assert METRICS[name].score(codes, shares) == pytest.approx(expected_of(name, codes, shares))


def test_scores_of_numbers_are_on_the_targets_own_scale_and_as_predicted():
    column = pl.Series("y", [10.0, 20.0, 40.0, 80.0])
    target = TableTarget.learn(column, "y", "regression", "quadratic", clip=True)
    y = target.encode(column)
    told = np.array([0.0, 25.0, 35.0, 90.0])  # kept to 10 and 80
    kept = np.clip(told, 10, 80)
    for name, theirs in (
        ("r2", of_sklearn.r2_score),
        ("mae", of_sklearn.mean_absolute_error),
        ("rmse", of_sklearn.root_mean_squared_error),
    ):
        score, shown, falls = named_metric(target, name, y)
        assert score(target.scaler.transform(told)[:, None]) == pytest.approx(theirs(column, kept))
        assert (shown, falls) == (name, name != "r2")


def test_names_and_tasks():
    assert set(METRICS) == set(METRIC_NAMES)
    colors = TableTarget.learn(pl.Series(["blue", "red", "red"]), "color", "classification", "cross_entropy")
    y = colors.encode(pl.Series(["blue", "red", "red"]))
    assert named_metric(colors, "f1", y)[1] == "f1 of 'red'"
    with pytest.raises(InvalidInputError, match=r"'rmse' is for numbers, which 'color' is not. Use accuracy, "):
        named_metric(colors, "rmse", y)
    with pytest.raises(UnknownNameError, match="'acc'"):
        TableTraining(metric="acc")
    assert np.isnan(METRICS["auc"].score(np.zeros(3, dtype=int), np.full((3, 2), 0.5)))


@pytest.mark.parametrize("name", ["auc", "log_loss", "rmse"])
def test_the_best_epoch_is_the_best_by_the_metric(name):
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    number = x + rng.normal(size=300)
    table = pl.DataFrame({"x": x, "y": number if name == "rmse" else np.where(number > 1, "a", "b")})
    seen = []
    rate = 0.1 if name == "auc" else 0.5  # at which the last epoch is not the best
    options = TableTraining(hidden=(8,), epochs=12, learning_rate=rate, schedule="constant", metric=name, patience=99)
    model = TableModel.train(table[:200], "y", options, validation_table=table[200:], listeners=[seen.append])
    values = [event.record.validation_metric for event in seen if isinstance(event, EpochEnded)]
    best = (max if name == "auc" else min)(values)
    assert best != values[-1]
    assert model.evaluate(table[200:]).metrics[name] == pytest.approx(best, rel=1e-4)
    assert model.training["options"]["metric"] == name


def test_how_sure_an_epoch_is_does_not_count_where_probabilities_are_calibrated():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(200, 3))
    codes = np.argmax(z + rng.gumbel(size=z.shape), axis=1)
    target = TableTarget.learn(pl.Series(list("abc")), "y", "classification", "cross_entropy")
    y = np.eye(3)[codes]
    score = named_metric(target, "log_loss", y, calibrate=True)[0]
    as_it_is = named_metric(target, "log_loss", y)[0](softmax(z, axis=1))
    assert score(softmax(z, axis=1)) == pytest.approx(as_it_is, rel=0.02)
    assert score(softmax(3 * z, axis=1)) == pytest.approx(score(softmax(z, axis=1)), rel=1e-9)
    assert np.isfinite(score(softmax(1e4 * z, axis=1).astype(np.float32)))

    table = pl.DataFrame({"x": z[:, 0], "y": np.array(list("abc"))[codes]})
    seen = []
    options = TableTraining(hidden=(8,), epochs=5, learning_rate=0.3, metric="log_loss", calibrate=True)
    model = TableModel.train(table[:120], "y", options, validation_table=table[120:], listeners=[seen.append])
    best = min(event.record.validation_metric for event in seen if isinstance(event, EpochEnded))
    assert model.evaluate(table[120:]).metrics["log_loss"] == pytest.approx(best, rel=1e-4)


def test_a_metric_of_shares_wants_labels_as_they_are():
    def made(metric, **more):
        training = TableTraining(preset="tabular", metric=metric, **more)
        return training.for_table(TableFacts("classification", 1000))

    assert [made(name).label_smoothing for name in ("auc", "log_loss", "f1")] == [0, 0, 0.1]
    assert made("auc", label_smoothing=0.2).label_smoothing == 0.2
    plain = TableTraining(metric="auc").for_table(TableFacts("classification", 1000))
    assert plain.monitor == "validation_metric"
    watched = TableTraining(metric="auc", monitor="validation_cost", given=frozenset({"metric", "monitor"}))
    assert watched.for_table(TableFacts("classification", 1000)).monitor == "validation_cost"
