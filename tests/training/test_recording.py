import json
import pickle

import numpy as np
import pytest

from backlit.core.layer_health import measure
from backlit.core.network import Network
from backlit.core.optimizers import SGD
from backlit.core.sample import Sample
from backlit.engine import Objective, get_engine
from backlit.errors import DivergenceError, InvalidInputError
from backlit.training.events import TrainingEnded, drive
from backlit.training.examples import Examples
from backlit.training.loop import Plan, train
from backlit.training.recording import LEAST_ROWS, MOST_RECORDS, MOST_ROWS, SHARE_OF_TIME, LookCost, Recorder
from backlit.training.state import TrainingState


def run(session, examples, n_epochs, recorder, rate=0.01, state=None):
    state = state or TrainingState(seed=0, rate=rate)
    drive(train(session, examples, Plan(n_epochs, 10), state), [] if recorder is None else [recorder])
    return state


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_the_first_epochs_are_written_down(examples, engine):
    network = Network.initialize([3, 4, 2], ["tanh", "identity"], seed=1)
    session = get_engine(engine).open(network, Objective("quadratic"), SGD())
    recorder = Recorder()
    run(session, examples, 4, recorder)
    assert [figures.epoch for figures in recorder.history] == [0, 1, 2, 3, 4]
    # 30 rows are fewer than the least, so the sample is all of them
    sample = Sample.of(examples.x, examples.y, "quadratic", "identity")
    assert recorder.history[0] == measure(network, sample)
    last = measure(session.network(), sample).layers
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
    recorder.begin(open_session(), Examples(x, np.zeros((n_rows, 2))), 0, 1)
    seen = recorder._sample.x
    assert seen.shape == (sample, 3)
    assert (seen[0, 0], seen[-1, 0]) == (0, x[-1, 0])


def test_short_epochs_are_seen_ever_more_seldom(examples, open_session):
    recorder, session = Recorder(), open_session()
    run(session, examples, 30, recorder)
    assert [figures.epoch for figures in recorder.history] == [0, 1, 2, 3, 4, 6, 8, 12, 16, 24]
    # how far the weights went is told for one epoch, however long ago the last look was
    run(plain := open_session(), examples, 16, None)
    before = plain.network()
    run(plain, examples, 24, None, state=TrainingState(seed=0, rate=0.01, epoch=16))
    way = np.linalg.norm(plain.network().weights[0] - before.weights[0]) / np.linalg.norm(before.weights[0])
    assert recorder.history[-1].layers[0].moved == pytest.approx(way / 8, rel=1e-9)


def test_long_histories_are_thinned(open_session):
    # epochs of a million rows pay for a look each
    x = np.zeros((1_000_000, 3))
    recorder, session = Recorder(), open_session()
    recorder.begin(session, Examples(x, np.zeros((len(x), 2))), 0, 10_000)
    for epoch in range(1, 1001):
        recorder.see(session, epoch)
        assert len(recorder.history) <= MOST_RECORDS
    assert [figures.epoch for figures in recorder.history] == sorted({1, 2, 3, 4, 6, 12, *range(0, 1001, 8)})


@pytest.mark.parametrize(
    ("sizes", "n_rows", "n_steps"),
    [((4, 5, 3), 100, 4), ((13, 30, 30, 30, 30, 3), 160, 2), ((784, 100, 10), 2000, 10), ((784, 30, 10), 60_000, 6000)],
)
def test_looks_are_paid_for_by_the_epochs_before_them(sizes, n_rows, n_steps):
    cost = LookCost.guess(sizes, 64, n_rows, n_steps)
    # the longer the training, the nearer to the share it may take
    assert cost.spacing >= cost.epochs > cost.spacing / 2 or cost.spacing == 1 >= cost.epochs
    n_looks = 0
    for epoch in range(1, 5000):
        n_looks += cost.can_afford(n_looks, epoch)
        assert n_looks <= cost.free + 1 + epoch / cost.epochs


def test_ten_times_the_rows_pay_for_ten_times_the_looks():
    few, many = (LookCost.guess((20, 10, 1), 64, n_rows, n_rows // 10) for n_rows in (1000, 10_000))
    assert few.epochs == pytest.approx(10 * many.epochs)
    assert few.free == many.free
    assert SHARE_OF_TIME < 0.05


def test_training_that_goes_on_is_recorded_on(examples, open_session):
    recorder, session = Recorder(), open_session()
    state = run(session, examples, 5, recorder)
    run(session, examples, 8, recorder, state=state)
    assert [figures.epoch for figures in recorder.history] == [0, 1, 2, 3, 4, 6, 8]
    run(open_session(), examples, 1, recorder)
    assert [figures.epoch for figures in recorder.history] == [0, 1]


def test_a_recorder_that_was_kept_goes_on_as_if_nothing_had_happened(examples, open_session):
    whole, first, second = Recorder(), Recorder(), Recorder()
    run(open_session(), examples, 12, whole)
    session = open_session()
    state = run(session, examples, 5, first)
    second.restore(json.loads(json.dumps(first.to_dict())), first.last_seen)
    assert second.history == first.history
    run(session, examples, 12, second, state=state)
    assert second.history == whole.history
    assert second.to_dict() == whole.to_dict()


@pytest.mark.parametrize(
    "change", [{"epoch": "6"}, {"every": 0}, {"n_looks": -1}, {"records": None}, {"records": [{}]}]
)
def test_strange_states_are_refused(examples, open_session, change):
    recorder = Recorder()
    run(open_session(), examples, 2, recorder)
    with pytest.raises(InvalidInputError):
        Recorder().restore(recorder.to_dict() | change, recorder.last_seen)


def test_where_nothing_was_kept_a_new_history_begins(examples, open_session):
    recorder, session = Recorder(), open_session()
    state = run(session, examples, 3, None)
    recorder.restore(None, None)
    run(session, examples, 6, recorder, state=state)
    assert [figures.epoch for figures in recorder.history] == [3, 4, 6]


def test_what_was_recorded_survives_divergence(open_session):
    rng = np.random.default_rng(0)
    examples = Examples(rng.standard_normal((30, 3)), 10 * rng.standard_normal((30, 2)))
    network = Network.initialize([3, 4, 2], ["relu", "identity"], seed=1, dtype="float64")
    recorder = Recorder()
    with pytest.raises(DivergenceError) as raised, np.errstate(all="ignore"):
        run(open_session(SGD(), network=network), examples, 200, recorder, rate=0.9)
    error = raised.value
    assert error.history == recorder.history
    assert [figures.epoch for figures in error.history] == [e for e in (0, 1, 2, 3, 4, 6, 8) if e < error.epoch]
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
