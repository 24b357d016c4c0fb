"""Cross-validated members: each tells the fold that it has not seen, and the model remembers how well."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as of_sklearn

from backlit.errors import InvalidInputError
from backlit.tables.folds import fold_of_each
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochEnded, EpochSettled, TrainingStarted

OPTIONS = TableTraining(hidden=(8,), epochs=4, batch_size=16, learning_rate=0.02, folds=3)


def rows(n=121):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, n))
    kind = np.where(a + rng.normal(size=n) > 0.5, "x", np.where(b > 1, "y", "z"))
    return pl.DataFrame({"a": a, "b": b, "kind": kind, "number": a * b + rng.normal(size=n) / 3})


def test_folds_are_of_one_size_and_have_their_share_of_each_class():
    classes = np.repeat([0, 1, 2], [60, 30, 1])
    fold = fold_of_each(91, 4, 0, classes)
    assert sorted(np.bincount(fold)) == [22, 23, 23, 23]
    for c, most in ((0, 15), (1, 8)):
        assert np.ptp(np.bincount(fold[classes == c], minlength=4)) <= 1
        assert np.bincount(fold[classes == c]).max() == most
    assert sorted(np.bincount(fold_of_each(10, 3, 0))) == [3, 3, 4]
    assert fold_of_each(91, 4, 0).tolist() == fold_of_each(91, 4, 0).tolist() != fold_of_each(91, 4, 1).tolist()
    with pytest.raises(InvalidInputError, match="4 folds need as many rows, but there are 3"):
        fold_of_each(3, 4, 0)


@pytest.mark.parametrize("target", ["number", "kind"])
@pytest.mark.parametrize("members", [1, 2])
def test_what_is_told_out_of_fold(target, members, tmp_path):
    table = rows().drop({"number": "kind", "kind": "number"}[target])
    started, said = [], []
    watch = lambda event: started.append(event) if isinstance(event, TrainingStarted) else None  # noqa: E731
    options = replace(OPTIONS, members=members, calibrate=target == "kind", metric="f1" if target == "kind" else None)
    model = TableModel.train(table, target, options, listeners=[watch], say=said.append)
    assert model.n_members == 3 * members

    classes = None if target == "number" else np.unique(table[target], return_inverse=True)[1]
    fold = fold_of_each(121, 3, options.seed, classes)
    told = [None] * 121
    shares = np.zeros((121, 3))
    for i, event in enumerate(started):
        # neither trained on nor stopped by
        assert set(event.examples.rows).isdisjoint(np.flatnonzero(fold == i))
        assert len(event.examples) == 121 - (fold == i).sum() - np.ceil(0.1 * (121 - (fold == i).sum()))
        own = model.member(i * members + 1)
        own = replace(own, others=tuple(model.member(i * members + m).network for m in range(2, members + 1)))
        came = own.predict(table)
        for row in np.flatnonzero(fold == i):
            told[row] = came.values[row]
            shares[row] = 0 if came.probabilities is None else came.probabilities[row]
    truth, scores = table[target].to_list(), model.training["folds"]["scores"]
    if target == "number":
        assert scores["r2"] == pytest.approx(of_sklearn.r2_score(truth, told), abs=1e-5)
        assert scores["mae"] == pytest.approx(of_sklearn.mean_absolute_error(truth, told), rel=1e-4)
    else:
        assert scores["accuracy"] == pytest.approx(of_sklearn.accuracy_score(truth, told))
        assert scores["log_loss"] == pytest.approx(
            of_sklearn.log_loss(truth, shares / shares.sum(axis=1, keepdims=True)), rel=1e-4
        )
        assert scores["f1"] == pytest.approx(of_sklearn.f1_score(truth, told, average="macro"))
    first = next(iter(scores))
    called = "R²" if target == "number" else "F1"
    assert first == ("r2" if target == "number" else "f1")
    assert [line for line in said if line.startswith(f"Out of fold: {called} {scores[first]:.5g}, ")]
    assert (len(started), "Fold 3 of 3:" in said) == (3, True)
    assert ("temperature" in model.training) == (target == "kind")
    model.save(tmp_path / "m.safetensors")
    assert TableModel.load(tmp_path / "m.safetensors").training == model.training


def test_a_run_of_folds_goes_on(tmp_path):
    table = rows().drop("kind")

    def interrupt(event):
        if isinstance(event, EpochSettled) and event.state.epoch == 2 and (tmp_path / "run" / "fold-2").exists():
            raise KeyboardInterrupt

    whole = TableModel.train(table, "number", OPTIONS)
    with pytest.raises(KeyboardInterrupt):
        TableModel.train(table, "number", OPTIONS, checkpoint=Checkpoint(tmp_path / "run"), listeners=[interrupt])
    gone_on = TableModel.train(table, "number", OPTIONS, checkpoint=Checkpoint(tmp_path / "run"))
    assert gone_on.predict(table).values.tolist() == whole.predict(table).values.tolist()
    assert gone_on.training == whole.training


def test_who_asks_to_stop_ends_all_folds_and_rows_of_ones_own_stop_each():
    table = rows().drop("kind")
    stop = lambda event: isinstance(event, EpochEnded)  # noqa: E731
    model = TableModel.train(table, "number", OPTIONS, listeners=[stop])
    assert (model.n_members, model.training["folds"]["epochs"]) == (1, [1])
    started = []
    TableModel.train(table[:100], "number", OPTIONS, validation_table=table[100:], listeners=[started.append])
    sizes = [len(event.examples) for event in started if isinstance(event, TrainingStarted)]
    assert sorted(sizes) == [66, 67, 67]
