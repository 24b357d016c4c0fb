"""A fit, or a training of a table, that was stopped goes on to the bits it would have had."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

from backlit import Checkpoint, CustomActivation, MLPClassifier, MLPRegressor, Recorder, TableModel
from backlit.errors import CheckpointError, InvalidInputError
from backlit.tables.options import TableTraining
from backlit.training.events import EpochEnded, TrainingEnded

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((90, 4))
Y = np.tanh(X @ RNG.standard_normal((4, 2)))
LABELS = np.where(Y[:, 0] + Y[:, 1] > 0, "warm", "cold")


def stop_after(epoch):
    return lambda event: isinstance(event, EpochEnded) and event.record.epoch == epoch


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_same_fit(one, other):
    for attribute in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, attribute), getattr(other, attribute), strict=True):
            assert a.tobytes() == b.tobytes()
    for attribute in ("history_", "loss_curve_", "validation_scores_", "loss_", "best_loss_",
                      "best_validation_score_", "n_iter_", "t_"):  # fmt: skip
        assert getattr(one, attribute) == getattr(other, attribute), attribute


PARAMETERS = {"hidden_layer_sizes": (7,), "max_iter": 9, "random_state": 0, "batch_size": 20}
FITS = [
    (MLPRegressor, Y, {"solver": "adam", "learning_rate": "one_cycle"}),
    (MLPRegressor, Y, {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.05}),
    (MLPClassifier, LABELS, {"solver": "adamw", "early_stopping": True, "n_iter_no_change": 2}),
    (MLPClassifier, LABELS, {"solver": "rmsprop", "learning_rate": "step", "dtype": "float32"}),
    (MLPClassifier, LABELS, {"solver": "gd", "learning_rate": "invscaling", "momentum": 0}),
]


@pytest.mark.parametrize(("kind", "y", "options"), FITS, ids=[fit[2]["solver"] for fit in FITS])
def test_a_fit_that_was_stopped_goes_on_to_the_same_bits(kind, y, options, engine, tmp_path):
    weight = np.linspace(0.5, 2, len(X))
    parameters = PARAMETERS | options | {"engine": engine}
    whole = kind(**parameters).fit(X, y, weight)
    kept = kind(**parameters, checkpoint=Checkpoint(tmp_path, keep=2))
    for epoch in (1, 3):
        kept.set_params(callbacks=[stop_after(epoch)]).fit(X, y, weight)
        assert kept.n_iter_ == epoch
    kept.set_params(callbacks=None).fit(X, y, weight)
    assert_same_fit(whole, kept)
    assert names(tmp_path) == [f"epoch-{epoch:06d}.safetensors" for epoch in (kept.n_iter_ - 1, kept.n_iter_)]
    # what has ended is not trained again
    heard = []
    again = clone(kept).set_params(callbacks=[heard.append]).fit(X, y, weight)
    assert not any(isinstance(event, EpochEnded) for event in heard)
    assert isinstance(heard[-1], TrainingEnded)
    assert_same_fit(whole, again)


def test_after_ctrl_c_in_an_epoch_it_goes_on_from_the_last_whole_one(engine, tmp_path):
    def interrupt(event):
        if isinstance(event, EpochEnded) and event.record.epoch == 4:
            raise KeyboardInterrupt  # before the epoch is kept

    parameters = PARAMETERS | {"engine": engine}
    kept = MLPRegressor(**parameters, checkpoint=Checkpoint(tmp_path), callbacks=[interrupt])
    with pytest.warns(UserWarning, match="interrupted"):
        kept.fit(X, Y)
    assert names(tmp_path)[-1] == "epoch-000003.safetensors"
    kept.set_params(callbacks=None).fit(X, Y)
    assert_same_fit(MLPRegressor(**parameters).fit(X, Y), kept)


def test_checkpoints_come_as_often_as_asked_and_at_the_end(tmp_path):
    MLPRegressor(**PARAMETERS, checkpoint=Checkpoint(tmp_path, every_epochs=4, keep=9)).fit(X, Y)
    assert names(tmp_path) == [f"epoch-00000{epoch}.safetensors" for epoch in (4, 8, 9)]


def test_warm_start_is_a_run_of_its_own(engine, tmp_path):
    parameters = PARAMETERS | {"engine": engine, "warm_start": True, "max_iter": 4}
    whole = MLPRegressor(**parameters).fit(X, Y).fit(X, Y)
    kept = MLPRegressor(**parameters, checkpoint=Checkpoint(tmp_path / "first")).fit(X, Y)
    with pytest.raises(CheckpointError, match="weights to begin with are not the same"):
        kept.fit(X, Y)
    coefs, continuation = kept.coefs_, kept._continuation
    kept.set_params(checkpoint=Checkpoint(tmp_path / "second"), callbacks=[stop_after(6)]).fit(X, Y)
    # the process ends here; a new one has the model of the first fit, and goes on with the second
    kept.coefs_, kept._continuation = coefs, continuation
    kept.intercepts_ = MLPRegressor(**parameters).fit(X, Y).intercepts_
    kept.set_params(callbacks=None).fit(X, Y)
    for a, b in zip(whole.coefs_, kept.coefs_, strict=True):
        assert a.tobytes() == b.tobytes()


def test_more_epochs_than_were_planned(tmp_path):
    kept = MLPRegressor(**PARAMETERS | {"max_iter": 4}, checkpoint=Checkpoint(tmp_path)).fit(X, Y)
    with warnings.catch_warnings(action="error", category=UserWarning):
        warnings.simplefilter("ignore", ConvergenceWarning)
        kept.set_params(max_iter=8).fit(X, Y)
    assert_same_fit(MLPRegressor(**PARAMETERS | {"max_iter": 8}).fit(X, Y), kept)
    with pytest.raises(CheckpointError, match="has done 8 epochs already, more than the 5 that are asked for"):
        kept.set_params(max_iter=5).fit(X, Y)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_more_epochs_with_a_schedule_that_has_a_horizon(schedule, tmp_path):
    options = PARAMETERS | {"learning_rate": schedule, "max_iter": 2, "checkpoint": Checkpoint(tmp_path)}
    kept = MLPRegressor(**options).fit(X, Y).set_params(max_iter=4)
    with pytest.warns(
        UserWarning, match="planned for 2 epochs, and 4 .* not that of a run of 4 epochs from its beginn"
    ):
        kept.fit(X, Y)
    assert kept.n_iter_ == 4


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_folder_for_each_fit_of_a_cross_validation(n_jobs, tmp_path):
    plain = MLPRegressor(**PARAMETERS | {"max_iter": 2})
    for _ in range(2):  # the second time each goes on with its own
        kept = clone(plain).set_params(checkpoint=Checkpoint(tmp_path, folder_per_run=True))
        scores = cross_val_score(kept, X, Y, cv=3, n_jobs=n_jobs)
        np.testing.assert_array_equal(scores, cross_val_score(plain, X, Y, cv=3))
        assert len(names(tmp_path)) == 3
    with pytest.raises(CheckpointError, match=r"folder_per_run=True.* does so for each fit of a cross-validation"):
        cross_val_score(
            clone(plain).set_params(checkpoint=Checkpoint(tmp_path / "one")), X, Y, cv=3, error_score="raise"
        )


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_numpys_true_stops_too(solver):
    def stop(event):
        return np.True_ if isinstance(event, EpochEnded) else np.float64(1.0)

    assert MLPRegressor(**PARAMETERS, solver=solver, callbacks=[stop]).fit(X, Y).n_iter_ == 1


def test_other_data_are_refused_and_nothing_is_lost(tmp_path):
    kept = MLPRegressor(**PARAMETERS, checkpoint=Checkpoint(tmp_path), callbacks=[stop_after(3)]).fit(X, Y)
    before = names(tmp_path)
    with pytest.raises(CheckpointError, match=r"of another run: training data\.numbers are not the same\. Go on with"):
        clone(kept).fit(X + 1e-9, Y)
    with pytest.raises(CheckpointError, match=r"epoch-000003"):
        clone(kept).set_params(checkpoint=Checkpoint(tmp_path, resume="never")).fit(X, Y)
    assert names(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "word"),
    [({"solver": "lbfgs"}, "lbfgs"), ({"random_state": None}, "random_state"), ({"checkpoint": "run"}, "checkpoint")],
)
def test_what_cannot_be_kept_is_refused(options, word, tmp_path):
    parameters = PARAMETERS | {"checkpoint": Checkpoint(tmp_path / "run")} | options
    with pytest.raises(ValueError, match=word):
        MLPRegressor(**parameters).fit(X, Y)
    assert names(tmp_path) == []


def test_partial_fit_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="partial_fit"):
        MLPRegressor(**PARAMETERS, checkpoint=Checkpoint(tmp_path)).partial_fit(X, Y)


def test_partial_fit_goes_on_after_a_fit_that_gave_up():
    model = MLPRegressor(**PARAMETERS | {"n_iter_no_change": 1, "tol": 100.0}).fit(X, Y)
    assert model.n_iter_ < 9
    before = model.n_iter_
    model.partial_fit(X, Y).partial_fit(X, Y)
    assert model.n_iter_ == before + 2


def test_a_damaged_checkpoint_and_another_machine_are_said(tmp_path, monkeypatch):
    kept = MLPRegressor(**PARAMETERS, checkpoint=Checkpoint(tmp_path), callbacks=[stop_after(4)]).fit(X, Y)
    (tmp_path / "epoch-000004.safetensors").write_bytes(b"damaged")
    kept.set_params(callbacks=None, engine="reference")
    with pytest.warns(UserWarning) as said:
        kept.fit(X, Y)
    said = [str(warning.message) for warning in said]
    assert any("epoch-000004" in message and "one before" in message for message in said)
    assert any("this is reference: the last bits may differ" in message for message in said)
    assert kept.n_iter_ == 9


def test_verbose_says_where_it_goes_on(tmp_path, capsys):
    kept = MLPRegressor(**PARAMETERS, checkpoint=Checkpoint(tmp_path), callbacks=[stop_after(4)], verbose=True)
    kept.fit(X, Y)
    assert f"There is no checkpoint in {tmp_path} yet: beginning anew." in capsys.readouterr().out
    kept.set_params(callbacks=None).fit(X, Y)
    assert f"Going on after epoch 4 of 9 from {tmp_path}." in capsys.readouterr().out
    kept.fit(X, Y)
    assert f"The run in {tmp_path} ended after epoch 9 of 9 already" in capsys.readouterr().out


def test_what_was_recorded_of_a_fit_goes_on_too(tmp_path):
    whole, first, second = Recorder(), Recorder(), Recorder()
    MLPClassifier(**PARAMETERS, callbacks=[whole]).fit(X, LABELS)
    kept = MLPClassifier(**PARAMETERS, checkpoint=Checkpoint(tmp_path), callbacks=[first, stop_after(5)])
    kept.fit(X, LABELS).set_params(callbacks=[second]).fit(X, LABELS)
    assert [figures.epoch for figures in first.history] == [0, 1, 2, 3, 4]
    assert second.history == whole.history


def test_what_was_recorded_with_an_activation_of_the_users_own_goes_on(tmp_path):
    softsign = CustomActivation("softsign", lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2)
    kept = MLPClassifier(**PARAMETERS, activation=softsign, checkpoint=Checkpoint(tmp_path))
    kept.set_params(callbacks=[Recorder(), stop_after(5)]).fit(X, LABELS)
    recorder = Recorder()
    kept.set_params(callbacks=[recorder]).fit(X, LABELS)
    assert [figures.epoch for figures in recorder.history] == [0, 1, 2, 3, 4, 6, 8]


TABLE = pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": LABELS})


@pytest.mark.parametrize("recorder", [Recorder, lambda: None])
@pytest.mark.parametrize("schedule", ["one_cycle", "adaptive"])
def test_a_training_of_a_table_that_was_stopped_goes_on_to_the_same_file(schedule, recorder, engine, tmp_path):
    training = TableTraining(hidden=(6,), epochs=12, schedule=schedule, batch_size=16, patience=2, solver="sgd")
    whole = TableModel.train(TABLE, "kind", training, engine=engine, recorder=recorder())
    kept = {"checkpoint": Checkpoint(tmp_path / "run"), "engine": engine}
    # after epoch 5 the recorder's last look is not that of the checkpoint
    TableModel.train(TABLE, "kind", training, listeners=[stop_after(5)], recorder=recorder(), **kept)
    said = []
    model = TableModel.train(TABLE, "kind", training, say=said.append, recorder=recorder(), **kept)
    assert any(message.startswith("Going on after epoch 5 of 12") for message in said)
    whole.save(tmp_path / "whole")
    model.save(tmp_path / "kept")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "kept").read_bytes()
