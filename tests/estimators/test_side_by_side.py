"""Fits side by side come out as fits one after another, whoever runs them."""

import os
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import backlit as bl
from backlit.errors import DivergenceError, InvalidInputError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)


def settings():
    return [bl.MLPClassifier((8,), max_iter=5, alpha=alpha, random_state=s) for s in range(3) for alpha in (0, 0.1)]


@pytest.mark.parametrize("n_jobs", [None, 1, 2, 5])
def test_the_number_of_jobs_does_not_matter(n_jobs):
    models = settings()
    together = bl.fit_many(models, X, Y, n_jobs=n_jobs)
    assert all(a is b for a, b in zip(models, together, strict=True))
    for model, alone in zip(together, settings(), strict=True):
        alone.fit(X, Y)
        for ours, theirs in zip(model.coefs_, alone.coefs_, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_pipelines_and_weights():
    weight = np.arange(len(X)) % 3
    models = bl.fit_many(settings(), X, Y, sample_weight=weight)
    np.testing.assert_array_equal(models[0].coefs_[0], settings()[0].fit(X, Y, sample_weight=weight).coefs_[0])
    pipelines = bl.fit_many([make_pipeline(StandardScaler(), model) for model in settings()], X, Y)
    assert all(pipeline.predict(X).shape == Y.shape for pipeline in pipelines)


def test_what_is_refused():
    model = settings()[0]
    with pytest.raises(InvalidInputError, match="twice"):
        bl.fit_many([model, model], X, Y)
    rng = np.random.RandomState(0)
    with pytest.raises(InvalidInputError, match="same RandomState"):
        bl.fit_many([clone(model).set_params(random_state=rng) for _ in range(2)], X, Y)
    with pytest.raises(InvalidInputError, match="list of estimators"):
        bl.fit_many([{"alpha": 1}], X, Y)
    assert bl.fit_many([], X, Y) == []


def test_an_error_comes_through():
    bad = bl.MLPRegressor(hidden_layer_sizes=(4,), solver="sgd", learning_rate_init=1e9, random_state=0)
    with pytest.raises(DivergenceError):
        bl.fit_many([bl.MLPRegressor(max_iter=2, random_state=0), bad], X, Y * 1e3)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_backends_of_joblib_agree(backend):
    model = bl.MLPClassifier((6,), max_iter=5, random_state=0)
    grid = {"alpha": [0.0, 0.1], "learning_rate_init": [1e-3, 1e-2]}

    def run(n_jobs):
        search = GridSearchCV(model, grid, cv=3, n_jobs=n_jobs).fit(X, Y)
        votes = VotingClassifier([("a", model), ("b", clone(model).set_params(random_state=1))], n_jobs=n_jobs)
        return (
            search.cv_results_["mean_test_score"],
            search.predict_proba(X),
            cross_val_score(model, X, Y, cv=3, n_jobs=n_jobs),
            votes.fit(X, Y).predict(X),
        )

    with joblib.parallel_config(backend):
        for together, alone in zip(run(2), run(1), strict=True):
            np.testing.assert_array_equal(together, alone)


# How many threads the engine has while so many jobs train: threads of the process that are not Python's.
WATCH = """
import os, sys, threading, warnings
import joblib, numpy as np
from backlit import MLPRegressor

warnings.simplefilter("ignore")
jobs = int(sys.argv[1])
rng = np.random.default_rng(0)
X, y = rng.random((2000, 300), dtype=np.float32), rng.random(2000)
threads_of_engine = lambda: len(os.listdir("/proc/self/task")) - threading.active_count()
before, counts, done, training = threads_of_engine(), [], threading.Event(), []

def watch():
    while not done.wait(0.002):
        if len(training) == jobs:  # on a busy machine one may be done long before the other, which may then have all
            counts.append(threads_of_engine() - before)

watcher = threading.Thread(target=watch, daemon=True)
watcher.start()

def fit(seed):
    training.append(seed)
    MLPRegressor(hidden_layer_sizes=(400, 400), batch_size=500, max_iter=4, tol=0, random_state=seed).fit(X, y)
    training.remove(seed)

joblib.Parallel(jobs, backend="threading")(joblib.delayed(fit)(seed) for seed in range(jobs))
done.set()
watcher.join()
print(sorted(counts)[len(counts) // 2], max(counts))
"""


def threads_of_engine(jobs, **environment):
    variables = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    variables |= {"OPENBLAS_NUM_THREADS": "1"} | environment
    command = [sys.executable, "-c", WATCH, str(jobs)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    usual, most = map(int, done.stdout.split())
    return usual, most


@pytest.mark.thorough
@pytest.mark.needs("/proc", "affinity")
def test_threads_times_jobs_are_no_more_than_processors():
    processors = len(os.sched_getaffinity(0))
    # on a busy machine one thread may go on alone after a while
    assert threads_of_engine(1)[1] == processors - 1
    assert threads_of_engine(processors)[0] == 0
    assert threads_of_engine(1, OMP_NUM_THREADS="1")[1] == 0
