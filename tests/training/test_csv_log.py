import csv
import pickle
import warnings
from copy import deepcopy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from backlit import Checkpoint, CSVLog, MLPClassifier, MLPRegressor
from backlit.errors import InvalidInputError, OutputError
from backlit.training.events import EpochEnded

X = np.random.default_rng(0).standard_normal((40, 3))
Y = X.sum(axis=1)


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        yield


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_line_an_epoch(tmp_path):
    path = tmp_path / "log.csv"
    seen = []

    def look(event):
        if isinstance(event, EpochEnded):
            seen.append(len(read(path)))

    model = MLPRegressor(max_iter=4, early_stopping=True, random_state=0, callbacks=[CSVLog(path), look]).fit(X, Y)
    assert seen == [1, 2, 3, 4], "an epoch is in the file as soon as it is done"
    for row, record in zip(read(path), model.history_, strict=True):
        assert int(row["epoch"]) == record.epoch
        for name in ("cost", "learning_rate", "validation_cost", "validation_metric"):
            assert float(row[name]) == getattr(record, name)
    # what there is not stays empty
    model.set_params(early_stopping=False, solver="lbfgs").fit(X, Y)
    assert [row["validation_cost"] for row in read(path)] == [""] * len(model.history_)


def test_training_that_goes_on_adds(tmp_path):
    whole, pieces, resumed = (tmp_path / f"{name}.csv" for name in ("whole", "pieces", "resumed"))
    options = {"random_state": 0, "max_iter": 5, "batch_size": 10}
    MLPRegressor(**options, callbacks=[CSVLog(whole)]).fit(X, Y)
    model = MLPRegressor(**options, callbacks=[CSVLog(pieces)])
    for _ in range(5):
        model.partial_fit(X, Y)
    assert pieces.read_text() == whole.read_text()

    def stop(event):
        return isinstance(event, EpochEnded) and event.record.epoch == 2

    # an epoch that was logged but not kept is logged again
    options |= {"checkpoint": Checkpoint(tmp_path / "run", every_epochs=1)}
    MLPRegressor(**options, callbacks=[CSVLog(resumed), stop]).fit(X, Y)
    with resumed.open("a") as file:
        file.write("3,9.9,0.001,,\n")
    MLPRegressor(**options, callbacks=[CSVLog(resumed)]).fit(X, Y)
    assert resumed.read_text() == whole.read_text()


def test_other_files_are_left_alone(tmp_path):
    path = tmp_path / "precious.csv"
    path.write_text("name,worth\na,1\n")
    with pytest.raises(InvalidInputError, match="is no log of a training"):
        MLPClassifier(callbacks=[CSVLog(path)]).fit(X, Y > 0)
    assert path.read_text() == "name,worth\na,1\n" and list(tmp_path.iterdir()) == [path]


def test_folder_that_does_not_exist(tmp_path):
    with pytest.raises(OutputError, match=r"cannot be written .No such file"):
        MLPClassifier(callbacks=[CSVLog(tmp_path / "there" / "log.csv")]).fit(X, Y > 0)


def test_clone_and_pickle(tmp_path):
    log = CSVLog(tmp_path / "log.csv")
    assert pickle.loads(pickle.dumps(log)) == deepcopy(log) == log
    model = clone(MLPRegressor(max_iter=2, callbacks=[log])).fit(X, Y)
    assert len(read(tmp_path / "log.csv")) == len(model.history_) == 2
