import pickle

import numpy as np
import pytest

from backlit.core.figures import measure
from backlit.core.network import Network
from backlit.core.optimizers import SGD
from backlit.engine import Objective, get_engine
from backlit.errors import DivergenceError
from backlit.training.events import TrainingEnded
from backlit.training.loop import Examples, Plan, TrainingState, drive, train
from backlit.training.recording import LEAST_ROWS, MOST_RECORDS, MOST_ROWS, Recorder


def run(session, examples, n_epochs, recorder, rate=0.01, state=None):
    state = state or TrainingState(seed=0, rate=rate)
    drive(train(session, examples, Plan(n_epochs, 10), state, recorder=recorder))
    return state


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_every_epoch_is_written_down(examples, engine):
    network = Network.initialize([3, 4, 2], ["tanh", "identity"], seed=1)
    session = get_engine(engine).open(network, Objective("quadratic"), SGD())
    recorder = Recorder()
    run(session, examples, 4, recorder)
    assert [figures.epoch for figures in recorder.history] == [0, 1, 2, 3, 4]
    # 30 rows are fewer than the least, so the sample is all of them
    assert recorder.history[0] == measure(network, examples.x, examples.y, "quadratic")
    last = measure(session.network(), examples.x, examples.y, "quadratic").layers
    assert [layer.delta for layer in recorder.history[-1].layers] == [layer.delta for layer in last]
    assert all(layer.moved > 0 for figures in recorder.history[1:] for layer in figures.layers)


def test_both_engines_record_the_same(examples):
    network = Network.initialize([3, 4, 2], ["tanh", "identity"], seed=1)
    histories = []
    for engine in ("reference", "native"):
        recorder = Recorder()
        run(get_engine(engine).open(network, Objective("quadratic"), SGD()), examples, 3, recorder)
        histories.append([layer.delta for figures in recorder.history for layer in figures.layers])
    np.testing.assert_allclose(*histories, rtol=1e-12)


def test_recording_changes_nothing(examples, open_session):
    plain, recorded = open_session(), open_session()
    run(plain, examples, 3, None)
    run(recorded, examples, 3, Recorder())
    for left, right in zip(plain.network().weights, recorded.network().weights, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(("n_rows", "sample"), [(10, 10), (1000, LEAST_ROWS), (30_000, 150), (1_000_000, MOST_ROWS)])
def test_the_sample_is_small_and_evenly_spread(n_rows, sample, open_session):
    x = np.repeat(np.arange(n_rows, dtype=np.float64)[:, None], 3, axis=1) / n_rows
    recorder = Recorder()
    recorder.begin(open_session(), x, np.zeros((n_rows, 2)), 0)
    assert recorder._x.shape == (sample, 3)
    assert recorder._x[0, 0] == 0
    assert recorder._x[-1, 0] == x[-1, 0]


def test_long_histories_are_thinned(examples, open_session):
    recorder, session = Recorder(), open_session()
    recorder.begin(session, examples.x, examples.y, 0)
    for epoch in range(1, 1001):
        recorder.see(session, epoch)
    epochs = [figures.epoch for figures in recorder.history]
    assert len(epochs) <= MOST_RECORDS
    assert epochs == list(range(0, 1001, 8))


def test_training_that_goes_on_is_recorded_on(examples, open_session):
    recorder, session = Recorder(), open_session()
    state = run(session, examples, 2, recorder)
    run(session, examples, 4, recorder, state=state)
    assert [figures.epoch for figures in recorder.history] == [0, 1, 2, 3, 4]
    run(open_session(), examples, 1, recorder)
    assert [figures.epoch for figures in recorder.history] == [0, 1]


def test_what_was_recorded_survives_divergence(open_session):
    rng = np.random.default_rng(0)
    examples = Examples(rng.standard_normal((30, 3)), 10 * rng.standard_normal((30, 2)))
    network = Network.initialize([3, 4, 2], ["relu", "identity"], seed=1, dtype="float64")
    recorder = Recorder()
    with pytest.raises(DivergenceError) as raised, np.errstate(all="ignore"):
        run(open_session(SGD(), network=network), examples, 200, recorder, rate=0.9)
    error = raised.value
    assert error.history == recorder.history
    assert [figures.epoch for figures in error.history] == list(range(error.epoch))
    again = pickle.loads(pickle.dumps(error))
    assert (again.epoch, again.layer, again.history) == (error.epoch, error.layer, error.history)


def test_a_training_without_recorder_leaves_no_history(open_session):
    network = Network([np.full((2, 3), 1e200)], [np.zeros(2)], "identity")
    examples = Examples(np.full((30, 3), 1e200), np.zeros((30, 2)))
    with pytest.raises(DivergenceError) as raised, np.errstate(all="ignore"):
        run(open_session(SGD(), network=network), examples, 2, None)
    assert raised.value.history == ()


def test_it_may_stand_among_the_listeners():
    assert Recorder()(TrainingEnded("all epochs done", 1, 1)) is None
