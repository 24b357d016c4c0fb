"""Cross-validated members of a stream: as of a table in memory, each tells the fold that it has not seen."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as of_sklearn
from test_streaming import SmallBudget, table, weights, written

from backlit.errors import InvalidInputError
from backlit.tables import one_run
from backlit.tables.folds import fold_by_hash
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.tables.streaming import fit_stream
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochSettled

N, K = 1500, 3
OPTIONS = TableTraining(hidden=(8,), epochs=3, batch_size=40, learning_rate=0.01, folds=K)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr("backlit.tables.stream_request.Budget", SmallBudget)


def frame_for(target, gaps=True):
    other = {"y": "label", "label": "y"}[target]
    frame = table(N).drop(other)
    return frame.with_columns(pl.when(pl.int_range(N) % 50 > 0).then(pl.col(target)).alias(target)) if gaps else frame


@pytest.mark.parametrize(("target", "weight"), [("y", None), ("label", "weight")])
def test_what_is_told_out_of_fold_is_told_by_those_that_have_not_seen_it(tmp_path, small, monkeypatch, target, weight):
    frame = frame_for(target)
    frame = frame if weight else frame.drop("weight")
    ran, run_on = [], one_run.run_on

    def watched(start, network, training, rows, held_out, around):
        ran.append((rows, held_out))
        return run_on(start, network, training, rows, held_out, around)

    monkeypatch.setattr(one_run, "run_on", watched)
    options = replace(OPTIONS, weight=weight, calibrate=bool(weight), dtype="float64")
    model = fit_stream(written(tmp_path / "files", frame), target, options)
    known = frame.filter(pl.col(target).is_not_null())
    fold = fold_by_hash(np.arange(known.height, dtype=np.uint64), K, options.seed)
    assert np.bincount(fold).min() > known.height / K * 0.85
    assert len(ran) == model.n_members == K
    told, shares = [None] * known.height, np.zeros((known.height, 2))
    for i, (rows, held_out) in enumerate(ran):
        trained, stopped_by = rows.windows.only, held_out.windows.only
        assert not (trained & stopped_by).any()
        assert np.array_equal(trained | stopped_by, fold != i)
        assert stopped_by.sum() == pytest.approx(0.1 * (fold != i).sum(), rel=0.35)
        # y and weights go with the rows that are meant
        assert np.array_equal(rows.targets.of(np.flatnonzero(stopped_by)), held_out.y)
        if weight:
            assert np.array_equal(held_out.sample_weight, known[weight].to_numpy()[stopped_by])
        came = model.member(i + 1).predict(known)
        for row in np.flatnonzero(fold == i):
            told[row] = came.values[row]
            shares[row] = 0 if came.probabilities is None else came.probabilities[row]
    truth = [value == "true" if value in ("true", "false") else value for value in known[target]]
    scores = model.training["folds"]["scores"]
    if target == "y":
        assert scores["r2"] == pytest.approx(of_sklearn.r2_score(truth, told), abs=1e-6)
        in_memory = TableModel.train(frame, target, replace(options, weight=weight)).training["folds"]["scores"]
        assert scores["r2"] == pytest.approx(in_memory["r2"], abs=0.06)
    else:
        assert scores["accuracy"] == pytest.approx(of_sklearn.accuracy_score(truth, told))
        assert scores["log_loss"] == pytest.approx(of_sklearn.log_loss(truth, shares), rel=1e-5)
        assert model.training["temperature"] > 0


def test_a_cache_serves_any_folds_and_validation_files_stop_all_of_them(tmp_path, small, monkeypatch):
    frame = frame_for("y", gaps=False).drop("weight")
    files, said = written(tmp_path / "files", frame), []
    fit_stream(files, "y", OPTIONS, cache=tmp_path / "cache")
    more = fit_stream(files, "y", replace(OPTIONS, folds=4, seed=0), cache=tmp_path / "cache", say=said.append)
    assert any(line.startswith("Using the cache") for line in said)
    assert more.n_members == 4
    held_out, run_on = [], one_run.run_on
    monkeypatch.setattr(one_run, "run_on", lambda *given: (held_out.append(given[4]), run_on(*given))[1])
    fit_stream(files, "y", OPTIONS, validation=written(tmp_path / "others", frame[:90]))
    assert [len(rows) for rows in held_out] == [90] * K


def test_folds_go_on_from_their_checkpoints(tmp_path, small):
    files = written(tmp_path / "files", frame_for("y", gaps=False).drop("weight"))
    whole = fit_stream(files, "y", OPTIONS)

    class Stop(Exception):
        pass

    seen = []

    def stop(event):
        seen.append(event)
        if isinstance(event, EpochSettled) and sum(isinstance(e, EpochSettled) for e in seen) == 5:
            raise Stop

    checkpoint = Checkpoint(tmp_path / "runs")
    with pytest.raises(Stop):
        fit_stream(files, "y", OPTIONS, checkpoint=checkpoint, listeners=[stop], cache=tmp_path / "cache")
    resumed = fit_stream(files, "y", OPTIONS, checkpoint=checkpoint, cache=tmp_path / "cache")
    assert np.array_equal(weights(whole), weights(resumed))


def test_too_many_folds_are_refused(tmp_path):
    files = written(tmp_path / "files", frame_for("y", gaps=False).drop("weight")[:6], n_files=1)
    with pytest.raises(InvalidInputError, match="7 folds need as many rows"):
        fit_stream(files, "y", replace(OPTIONS, folds=7))
