import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier

from backlit import MLPClassifier, MLPRegressor
from backlit.core.optimizers import SGD, Adam, AdamW, RMSprop
from backlit.core.penalty import Penalty
from backlit.estimators.fit_options import Printer, SpanningFit, fit_options, make_schedule, make_stopping
from backlit.training.events import EpochEnded, TrainingEnded
from backlit.training.schedules import SCHEDULES, Adaptive, Constant, Cosine, InverseScaling, Position, Step
from backlit.training.state import EpochRecord
from backlit.training.stopping import EarlyStopping
from every import every

X, Y = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30) % 2


def given(**parameters):
    return MLPRegressor(**parameters).get_params(deep=False)


@pytest.mark.parametrize(
    ("parameters", "optimizer"),
    [
        ({"solver": "sgd"}, SGD(0.9, nesterov=True, rate_in_velocity=True)),
        ({"solver": "gd"}, SGD()),
        ({"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5}, SGD(0.5, rate_in_velocity=True)),
        ({}, Adam()),
        ({"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4}, Adam(0.8, 0.9, 1e-4)),
        ({"solver": "adamw", "beta_1": 0.8}, AdamW(beta_1=0.8, weight_decay=0.01)),
        ({"solver": "rmsprop", "epsilon": 1e-4}, RMSprop(epsilon=1e-4)),
    ],
)
def test_optimizer(parameters, optimizer):
    assert fit_options(given(**parameters)).optimizer() == optimizer


def test_penalty():
    assert fit_options(given(alpha=3, l2=2, l1=1)).penalty() == Penalty(l2=2.0, l1=1.0, alpha=3.0)
    assert fit_options(given(alpha=3, l2=2, solver="adamw")).penalty() == Penalty(l2=2.0)


def test_stopping():
    assert make_stopping(given()) == EarlyStopping("cost", 10, 1e-4, restore_best=False)
    chosen = given(early_stopping=True, n_iter_no_change=np.inf, tol=0)
    assert make_stopping(chosen) == EarlyStopping("validation_metric", np.inf, 0, restore_best=True)


@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop", "sgd", "gd"])
def test_schedule(solver):
    def schedule(learning_rate, **others):
        made = make_schedule(given(solver=solver, learning_rate=learning_rate, max_iter=9, **others), 4)
        return made.schedule if isinstance(made, SpanningFit) else made

    # scikit-learn's three are for gradient descent alone; a schedule object is meant where it stands
    descends = solver in ("sgd", "gd")
    assert schedule("invscaling", power_t=0.2) == (InverseScaling(0.2) if descends else Constant())
    assert schedule("adaptive") == (Adaptive() if descends else Constant())
    assert schedule("cosine") == Cosine()
    assert schedule(Step(3, 0.5)) == Step(3, 0.5)
    assert schedule(Adaptive()) == Adaptive()


def test_schedules_span_one_fit():
    spanning = SpanningFit(Cosine(), first_epoch=10, max_iter=4)
    alone = [Cosine().rates(0.1, Position(epoch, 4, 3, 0)) for epoch in range(4)]
    within = [spanning.rates(0.1, Position(10 + epoch, 99, 3, 0)) for epoch in range(4)]
    np.testing.assert_array_equal(alone, within)
    np.testing.assert_allclose(spanning.rates(0.1, Position(30, 31, 3, 0)), 0, atol=1e-12)
    assert SpanningFit(Adaptive(), 0, 1).on_plateau(1.0) == 0.2
    assert SpanningFit(Cosine(), 0, 1).on_plateau(1.0) is None


def test_batch():
    assert fit_options(given()).rows_per_step(1000) == 200
    assert fit_options(given()).rows_per_step(100) == 100
    assert fit_options(given(batch_size=300)).rows_per_step(100) == 300
    assert fit_options(given(batch_size=300, solver="gd")).rows_per_step(1000) == 1000


@every("learning_rate", [*SCHEDULES, Step(2, 0.1), Cosine(final=0.5)])
@every("solver", ["adam", "sgd"])
def test_rates_of_a_fit(learning_rate, solver, engine):
    model = MLPRegressor(learning_rate=learning_rate, solver=solver, max_iter=6, n_iter_no_change=np.inf, batch_size=10)
    model.set_params(engine=engine, random_state=0, learning_rate_init=0.01)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        rates = [record.learning_rate for record in model.fit(X, Y).history_]
    ignored = learning_rate in ("constant", "adaptive") or (learning_rate == "invscaling" and solver == "adam")
    # without a plateau the adaptive rate is constant too; "step" takes its first step after ten epochs
    assert (len(set(rates)) == 1) == (ignored or learning_rate == "step")


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


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("parameters", [{"max_iter": 3}, {"tol": 5, "n_iter_no_change": 2}])
def test_prints_what_scikit_learn_prints(parameters, engine, capsys):
    parameters = {"verbose": True, "shuffle": False, "hidden_layer_sizes": ()} | parameters
    weights = [np.random.default_rng(0).standard_normal((3, 1)), np.random.default_rng(0).standard_normal(1)]
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


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_silent_without_verbose(engine, capsys):
    MLPClassifier(max_iter=2, engine=engine).fit(X, Y)
    assert capsys.readouterr().out == ""
