import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier

from backlit import MLPClassifier
from backlit.estimators.printing import Printer
from backlit.training.events import EpochEnded, TrainingEnded
from backlit.training.state import EpochRecord
from backlit.training.stopping import EarlyStopping

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((60, 3)), RNG.integers(0, 2, 60)


def test_lines(capsys):
    printer = Printer(EarlyStopping(patience=4, tolerance=0.5), first_epoch=10)
    printer(EpochEnded(EpochRecord(11, 0.123456789, 0.1), False, 1.0))
    printer(EpochEnded(EpochRecord(12, 2.0, 0.1, 0.5, 0.75), False, 1.0))
    printer(TrainingEnded("no improvement", 12, 12))
    assert capsys.readouterr().out.splitlines() == [
        "Iteration 1, loss = 0.12345679",
        "Iteration 2, loss = 2.00000000",
        "Validation score: 0.750000",
        "Validation score did not improve more than tol=0.500000 for 4 consecutive epochs. Stopping.",
    ]


@pytest.mark.parametrize("parameters", [{"max_iter": 3}, {"tol": 5, "n_iter_no_change": 2}])
def test_prints_what_scikit_learn_prints(parameters, engine, capsys):
    parameters = {"verbose": True, "shuffle": False, "hidden_layer_sizes": ()} | parameters
    weights = [RNG.standard_normal((3, 1)), RNG.standard_normal(1)]
    theirs = TheirClassifier(**parameters)
    theirs._init_coef = lambda *_: tuple(map(np.copy, weights))
    theirs.fit(X, Y)
    expected = capsys.readouterr().out
    ours = MLPClassifier(**parameters, warm_start=True, engine=engine)
    ours.coefs_, ours.intercepts_ = [weights[0].copy()], [weights[1].copy()]
    ours.fit(X, Y)
    assert capsys.readouterr().out == expected
    ours.fit(X, Y)
    assert capsys.readouterr().out.startswith("Iteration 1, loss")


def test_silent_without_verbose(engine, capsys):
    MLPClassifier(max_iter=2, engine=engine).fit(X, Y)
    assert capsys.readouterr().out == ""
