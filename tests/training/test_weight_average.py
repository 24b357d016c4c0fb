"""The moving average of the weights: what it is, that it disturbs nothing, and that it goes on from a checkpoint."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from backlit.core.network import Network
from backlit.engine.opening import open_session
from backlit.errors import InvalidInputError
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.training.checkpoint import Checkpoint
from backlit.training.events import EpochEnded, EpochSettled
from backlit.training.examples import Examples, Validation
from backlit.training.options import FitOptions
from backlit.training.run import Run

OPTIONS = FitOptions(epochs=3, batch_size=10, learning_rate=0.02, weight_average=0.9, shuffle=False)


def some_rows(n=205):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3)).astype("float32")
    return Examples(x, (x[:, :1] * x[:, 1:2]).astype("float32"))


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_it_is_the_average_of_every_eighth_step(engine):
    examples = some_rows()
    network = Network.initialize([3, 5, 1], ["tanh", "identity"], dtype="float32")
    options = replace(OPTIONS, engine=engine)
    run = Run.of(options, network, "quadratic", examples)
    trained = run.train()
    session = open_session(run.engine, network, run.objective, run.optimizer)
    average = None
    for _ in range(3):
        for first in (0, 80, 160):  # 8, 8 and 5 steps
            order = np.arange(first, min(first + 80, 205))
            n_steps = -(-len(order) // 10)
            session.run_steps(examples.x, examples.y, order, 10, np.full(n_steps, 0.02))
            parameters = [*session.network().weights, *session.network().biases]
            kept = 0.9**n_steps
            average = [kept * a + (1 - kept) * p for a, p in zip(average or parameters, parameters, strict=True)]
    for came, expected in zip([*trained.network.weights, *trained.network.biases], average, strict=True):
        assert came.dtype == np.float32
        np.testing.assert_allclose(came, expected, rtol=1e-5, atol=1e-6)


def test_training_goes_on_as_without_it_and_the_average_is_what_is_judged():
    examples, held_out = some_rows(), some_rows(50)
    network = Network.initialize([3, 5, 1], ["tanh", "identity"], dtype="float32")

    def history(options):
        asked, own = [], []
        validation = Validation(held_out, lambda outputs: asked.append(outputs) or 0.0)
        watch = lambda event: own.append(event.session.network()) if isinstance(event, EpochEnded) else None  # noqa: E731
        trained = Run.of(options, network, "quadratic", examples, validation).train([watch])
        return trained, asked, own

    with_average, asked, own = history(OPTIONS)
    without, _, own_without = history(replace(OPTIONS, weight_average=0.0))
    assert [record.cost for record in with_average.state.history] == [record.cost for record in without.state.history]
    for one, other in zip(own, own_without, strict=True):
        np.testing.assert_array_equal(one.weights[0], other.weights[0])
    np.testing.assert_allclose(asked[-1], with_average.network.feedforward(held_out.x), rtol=1e-5, atol=1e-6)
    assert not np.allclose(with_average.network.weights[0], without.network.weights[0], rtol=1e-3)


@pytest.mark.parametrize("members", [1, 2])
def test_a_run_goes_on_with_the_same_bits(tmp_path, members):
    examples = some_rows()
    table = pl.DataFrame(examples.x).with_columns(y=pl.Series(examples.y[:, 0]))
    options = TableTraining(
        hidden=(4,), epochs=4, batch_size=16, schedule="constant", weight_average=0.95, members=members, patience=9
    )

    def interrupt(event):
        if isinstance(event, EpochSettled) and event.state.epoch == 2:
            raise KeyboardInterrupt

    whole = TableModel.train(table, "y", options)
    with pytest.raises(KeyboardInterrupt):
        TableModel.train(table, "y", options, checkpoint=Checkpoint(tmp_path / "run"), listeners=[interrupt])
    gone_on = TableModel.train(table, "y", options, checkpoint=Checkpoint(tmp_path / "run"))
    assert gone_on.predict(table).values.tolist() == whole.predict(table).values.tolist()
    assert gone_on.training == whole.training
    with pytest.raises(InvalidInputError, match="weight_average"):
        TableModel.train(table, "y", replace(options, weight_average=0.5), checkpoint=Checkpoint(tmp_path / "run"))


def test_what_is_no_decay():
    for decay in (-0.1, 1, float("nan")):
        with pytest.raises(InvalidInputError, match=r"weight_average must lie in \[0, 1\)"):
            FitOptions(weight_average=decay)
    with pytest.raises(InvalidInputError, match="cannot go with weight_average"):
        FitOptions(solver="lbfgs", weight_average=0.9)
