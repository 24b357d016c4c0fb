"""scikit-learn's own callbacks see each epoch, may stop there, and may ask the model of that epoch."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from backlit import MLPClassifier, MLPRegressor

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0] - X[:, 1]
SMALL = {
    "hidden_layer_sizes": (3,),
    "max_iter": 4,
    "random_state": 0,
    "n_iter_no_change": 99,
    "learning_rate_init": 0.05,
}


class Seen:
    def __init__(self, stop_after=99):
        self.calls, self.stop_after, self.scores = [], stop_after, []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.calls.append(f"end {context.task_name}")
        if fitted_estimator is not None:
            self.scores.append(fitted_estimator.score(X, y))
        return len(self.scores) >= self.stop_after


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("cls", "y"), [(MLPRegressor, Y), (MLPClassifier, Y > 0)])
def test_each_epoch_is_a_task(cls, y):
    seen = Seen()
    model = clone(cls(**SMALL).set_callbacks(seen)).set_callbacks(seen).fit(X, y)
    assert seen.calls == ["setup", "begin fit", *["begin epoch", "end epoch"] * 4, "end fit", "teardown"]
    assert seen.scores[-1] == model.score(X, y)
    assert len(set(seen.scores)) > 1
    plain = cls(**SMALL).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])
    assert not hasattr(model, "_callback_fit_ctx")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_may_stop_there():
    assert MLPRegressor(**SMALL).set_callbacks(Seen(stop_after=2)).fit(X, Y).n_iter_ == 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_those_of_scikit_learn_reach_a_step_of_a_pipeline(capsys):
    monitor = ScoringMonitor(scoring="r2")
    model = make_pipeline(StandardScaler(), MLPRegressor(**SMALL).set_callbacks(monitor))
    model.set_callbacks(ProgressBar()).fit(X, Y)
    assert "MLPRegressor" in capsys.readouterr().out
    epochs = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(epochs) == 4
    assert epochs[-1]["r2"] > epochs[0]["r2"]
    with pytest.raises(TypeError, match="FitCallback"):
        MLPRegressor().set_callbacks(print)
