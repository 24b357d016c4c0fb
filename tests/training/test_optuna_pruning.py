"""The pruning callback in real studies of Optuna."""

from __future__ import annotations

import sys

import numpy as np
import optuna
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

import backlit as bl
from backlit.errors import InvalidInputError, MissingExtraError, UnknownNameError
from backlit.tables.options import TableTraining
from backlit.training.optuna_pruning import OptunaPruning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
PRUNED, COMPLETE = optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.COMPLETE


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def study_of(direction, pruner=None):
    return optuna.create_study(direction=direction, pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))


@pytest.mark.parametrize(
    ("monitor", "direction"),
    [("validation_metric", "maximize"), ("validation_cost", "minimize"), ("cost", "minimize")],
)
def test_a_bad_trial_is_pruned_and_a_good_one_is_not(monitor, direction):
    # good, bad, good: the rate decides
    study = study_of(direction, optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=3))
    for rate in (0.02, 1e-7, 0.02):
        study.enqueue_trial({"rate": rate})
    models = []

    def objective(trial):
        models.append(
            bl.MLPClassifier(
                (8,),
                batch_size=20,
                max_iter=12,
                n_iter_no_change=12,
                random_state=0,
                learning_rate_init=trial.suggest_float("rate", 1e-8, 1.0, log=True),
                early_stopping=monitor != "cost",
                callbacks=[bl.OptunaPruning(trial, monitor)],
            )
        )
        models[-1].fit(X, y)
        return getattr(models[-1].history_[-1], monitor)

    study.optimize(objective, n_trials=3)
    assert [trial.state for trial in study.trials] == [COMPLETE, PRUNED, COMPLETE]
    # Optuna heard of every epoch; it counts them from 0
    heard = study.trials[0].intermediate_values
    assert heard == {record.epoch - 1: getattr(record, monitor) for record in models[0].history_}
    assert len(heard) == 12
    assert list(study.trials[1].intermediate_values) == [0, 1, 2, 3]
    assert not hasattr(models[1], "coefs_"), "a pruned fit leaves no model"


def test_a_model_of_tables_is_pruned_too():
    import polars as pl

    table = pl.DataFrame(X, schema=list("abcd")).with_columns(kind=pl.Series(y.astype(str)))
    study = study_of("minimize", optuna.pruners.ThresholdPruner(upper=0.0))

    def objective(trial):
        pruning = OptunaPruning(trial, "validation_cost")
        bl.TableModel.train(table, "kind", TableTraining(hidden=(4,), epochs=5), listeners=[pruning])
        return 0.0

    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == PRUNED
    assert list(study.trials[0].intermediate_values) == [0]


def test_a_fixed_trial_is_never_pruned():
    model = bl.MLPClassifier((4,), max_iter=3, callbacks=[OptunaPruning(optuna.trial.FixedTrial({}), "cost")])
    assert len(model.fit(X, y).history_) == 3


def test_clones_report_to_the_same_trial(tmp_path):
    # a study on disk holds locks and connections that cannot be copied
    study = optuna.create_study(storage=f"sqlite:///{tmp_path}/study.db")
    trial = study.ask()
    model = clone(bl.MLPClassifier((4,), max_iter=3, callbacks=[OptunaPruning(trial, "cost")]))
    assert len(model.fit(X, y).history_) == 3
    assert len(study.trials[0].intermediate_values) == 3


def test_what_is_wrong_is_said(monkeypatch):
    trial = study_of("minimize").ask()
    with pytest.raises(InvalidInputError, match=r"create_study\(direction='maximize'\)"):
        OptunaPruning(trial)
    with pytest.raises(UnknownNameError, match="Did you mean 'cost'"):
        OptunaPruning(trial, "costs")
    with pytest.raises(InvalidInputError, match="no validation data"):
        bl.MLPClassifier((4,), callbacks=[OptunaPruning(trial, "validation_cost")]).fit(X, y)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'backlit\[optuna\]'"):
        OptunaPruning(trial, "cost")


def test_what_is_not_finite_is_not_reported():
    # a score may be NaN; Optuna would prune for it, or refuse
    from backlit.training.events import EpochEnded, EpochRecord

    study = study_of("maximize", optuna.pruners.ThresholdPruner(lower=0.5))
    trial = study.ask()
    OptunaPruning(trial)(EpochEnded(EpochRecord(1, 1.0, 0.1, 1.0, np.nan), False, 1.0))
    assert study.trials[0].intermediate_values == {}
