import copy

import numpy as np
import pytest
import scipy.sparse

from backlit.core.backpropagation import cost
from backlit.core.initialization import Purpose, stream
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam, RMSprop
from backlit.errors import DivergenceError, InvalidInputError
from backlit.training import loop
from backlit.training.events import EpochEnded, EpochSettled, StepsDone, TrainingEnded, TrainingStarted, drive
from backlit.training.examples import Examples, Validation
from backlit.training.loop import Plan, clip_batch_size, train
from backlit.training.recording import Recorder
from backlit.training.schedules import Adaptive, Constant, Cosine, InverseScaling, OneCycle, Step
from backlit.training.state import TrainingState
from backlit.training.stopping import EarlyStopping
from every import every


def run(session, examples, plan, state, validation=None, listeners=()):
    heard = []
    drive(train(session, examples, plan, state, validation), [heard.append, *listeners])
    return [event for event in heard if not isinstance(event, EpochSettled)]


def parameters(network):
    return [*network.weights, *network.biases]


def assert_same_bits(a, b):
    for one, other in zip(parameters(a), parameters(b), strict=True):
        np.testing.assert_array_equal(one, other)


def validation_of(examples, scores=None):
    """Validation on the first ten rows, with scores of our own choice."""
    remaining = iter(scores) if scores is not None else None
    held_out = Examples(examples.x[:10], examples.y[:10])

    def metric(outputs):
        assert outputs.shape == (10, 2)
        return next(remaining) if remaining else -float(np.mean((outputs - held_out.y) ** 2))

    return Validation(held_out, metric)


def test_epoch_is_its_steps_one_by_one(examples, open_session):
    session, by_hand = open_session(SGD(0.5)), open_session(SGD(0.5))
    state = TrainingState(seed=3, rate=0.1)
    run(session, examples, Plan(2, 8), state)
    costs = []
    for epoch in range(2):
        order = stream(3, Purpose.SHUFFLE, epoch).permutation(30)
        batches = [order[i : i + 8] for i in range(0, 30, 8)]
        epoch_costs = []
        for rows in batches:
            gradient = by_hand.cost_and_gradient(examples.x[rows], examples.y[rows])
            by_hand.apply_gradient(gradient, 0.1)
            epoch_costs.append(gradient.cost)
        costs.append(np.average(epoch_costs, weights=[8, 8, 8, 6]))
    assert_same_bits(session.network(), by_hand.network())
    assert [record.cost for record in state.history] == pytest.approx(costs, rel=1e-14)
    assert (state.epoch, state.rows_seen) == (2, 60)


@pytest.mark.parametrize("optimizer", [Adam(), SGD(0.9, nesterov=True), RMSprop()])
def test_epochs_one_at_a_time_are_epochs_in_one_go(optimizer, examples, open_session):
    plan = {"batch_size": 7, "schedule": Cosine()}
    whole, at_once = open_session(optimizer), TrainingState(5, 0.05)
    run(whole, examples, Plan(6, **plan), at_once)
    state, network, moments = TrainingState(5, 0.05), None, None
    for _ in range(6):
        session = open_session(optimizer, moments, network)
        events = train(session, examples, Plan(6, **plan), state)
        for event in events:
            if isinstance(event, EpochEnded):
                break
        network, moments = session.network(), session.optimizer_state()
    assert_same_bits(whole.network(), network)
    assert at_once.history == state.history
    assert whole.optimizer_state().t == moments.t == 6 * 5


def test_where_an_epoch_is_cut_does_not_change_bits(examples, open_session, monkeypatch):
    plan = Plan(3, 2)
    whole, state = open_session(), TrainingState(0, 0.05)
    run(whole, examples, plan, state)
    pieces, other = open_session(), TrainingState(0, 0.05)
    # as if a step took forever: one step a call
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_EVENTS", 0.0)
    monkeypatch.setattr(loop, "_first_length", lambda n_steps, state: 4)
    heard = run(pieces, examples, plan, other)
    assert [event.rows_done for event in heard if isinstance(event, StepsDone)] == list(range(8, 30, 2)) * 3
    assert_same_bits(whole.network(), pieces.network())
    assert state.history == other.history


def test_events_come_in_order(examples, open_session):
    heard = run(open_session(), examples, Plan(3, 10), TrainingState(0, 0.01))
    assert [type(event) for event in heard] == [TrainingStarted, *[EpochEnded] * 3, TrainingEnded]
    assert heard[0] == TrainingStarted(3, 30, 3, 1)
    assert [event.record.epoch for event in heard[1:-1]] == [1, 2, 3]
    assert heard[-1] == TrainingEnded("all epochs done", 3, 3)


def test_every_listener_hears_even_if_the_first_asks_to_stop(examples, open_session):
    def stop(event):
        return isinstance(event, EpochEnded) and event.record.epoch == 2

    later = []
    state = TrainingState(0, 0.01)
    heard = run(open_session(), examples, Plan(9, 10), state, listeners=[stop, later.append])
    assert heard == [event for event in later if not isinstance(event, EpochSettled)]
    assert sum(isinstance(event, EpochSettled) for event in later) == 2
    assert state.epoch == 2 and heard[-1] == TrainingEnded("stopped by a listener", 2, 2)


def test_only_true_asks_to_stop(examples, open_session):
    state = TrainingState(0, 0.01)
    run(open_session(), examples, Plan(3, 10), state, listeners=[lambda event: 1, lambda event: "yes"])
    assert state.epoch == 3


def test_shuffle_depends_on_seed_and_epoch(examples, open_session):
    def network(seed, shuffle=True):
        session = open_session(SGD())
        run(session, examples, Plan(1, 10, shuffle=shuffle), TrainingState(seed, 0.1))
        return session.network().weights[0]

    assert (network(0) != network(1)).any()
    np.testing.assert_array_equal(network(0, shuffle=False), network(1, shuffle=False))


def test_history_of_validation(examples, open_session):
    session, state = open_session(), TrainingState(0, 0.01)
    validation = validation_of(examples)
    run(session, examples, Plan(3, 10), state, validation)
    last = state.history[-1]
    held_out = validation.examples
    assert last.validation_cost == pytest.approx(float(cost(session.network(), held_out.x, held_out.y)))
    assert last.validation_metric == validation.metric(session.feedforward(held_out.x))
    assert last.learning_rate == 0.01


@pytest.mark.parametrize("restore", [True, False])
def test_early_stopping_restores_the_best_weights(restore, examples, open_session):
    scores = [0.1, 0.5, 0.4, 0.4, 0.4, 0.9]
    session, state = open_session(), TrainingState(0, 0.05)
    stopping = EarlyStopping(patience=2, restore_best=restore)
    heard = run(session, examples, Plan(50, 10, stopping=stopping), state, validation_of(examples, scores))
    # more than two epochs without improvement after the second
    assert state.epoch == 5
    assert heard[-1] == TrainingEnded("no improvement", 5, 2 if restore else 5)
    assert [event.is_best for event in heard[1:-1]] == [True, True, False, False, False]
    replayed = open_session()
    run(replayed, examples, Plan(2 if restore else 5, 10), TrainingState(0, 0.05))
    assert_same_bits(session.network(), replayed.network())


def test_best_weights_are_restored_also_after_the_last_epoch(examples, open_session):
    session, replayed = open_session(), open_session()
    run(session, examples, Plan(3, 10, stopping=EarlyStopping()), TrainingState(0, 0.05),
        validation_of(examples, [0.1, 0.5, 0.4]))  # fmt: skip
    run(replayed, examples, Plan(2, 10), TrainingState(0, 0.05))
    assert_same_bits(session.network(), replayed.network())


def test_monitor_of_the_cost_needs_no_validation(examples, open_session):
    state = TrainingState(0, 1e-9)
    heard = run(open_session(), examples, Plan(50, 10, stopping=EarlyStopping("cost", 3)), state)
    assert state.epoch == 5 and heard[-1].reason == "no improvement"


@pytest.mark.parametrize("monitor", ["validation_cost", "validation_metric"])
def test_monitor_of_validation_needs_validation(monitor, examples, open_session):
    with pytest.raises(InvalidInputError, match=f"watches the {monitor}, but there is no validation data"):
        run(open_session(), examples, Plan(5, 10, stopping=EarlyStopping(monitor)), TrainingState(0, 0.1))


def test_plateau_lowers_an_adaptive_rate_and_then_stops(examples, open_session):
    plan = Plan(99, 10, Adaptive(factor=10, minimum=1e-8), EarlyStopping("cost", 1, 10.0))
    state = TrainingState(0, 1e-6)
    heard = run(open_session(), examples, plan, state)
    # the first epoch improves on nothing; every two epochs after it are a plateau
    rates = [record.learning_rate for record in state.history]
    assert rates == pytest.approx([1e-6] * 3 + [1e-7] * 2 + [1e-8] * 2)
    assert heard[-1].reason == "no improvement"


@pytest.mark.parametrize("layer", [2, 3])
def test_divergence_names_epoch_and_layer(layer, examples, open_session):
    network = Network.initialize([3, 4, 2], ["identity", "identity"], seed=0)
    network.weights[layer - 2][0, 0] = 1e200
    network.weights[3 - layer][:] = 1e-3
    if layer == 2:
        network.weights[0][0, 0] = np.inf
    session = open_session(SGD(), network=network)
    with pytest.raises(DivergenceError) as caught:
        run(session, examples, Plan(3, 30), TrainingState(0, 1.0))
    assert (caught.value.epoch, caught.value.layer) == (1, layer)


def test_divergence_is_noticed_in_its_epoch(examples, open_session):
    session, state = open_session(SGD(), activation=("identity", "identity")), TrainingState(0, 3.0)
    with pytest.raises(DivergenceError) as caught:
        run(session, examples, Plan(1000, 30), state)
    assert 2 < caught.value.epoch < 1000
    assert caught.value.epoch == state.epoch + 1 == len(state.history) + 1
    assert all(np.isfinite(record.cost) for record in state.history)


def test_validation_that_overflows_is_scored_not_raised(examples, open_session):
    far = Examples(np.full((10, 3), 1e300), examples.y[:10])
    session, state = open_session(activation=("identity", "exp")), TrainingState(0, 1e-3)
    run(session, examples, Plan(2, 10), state, Validation(far, lambda a: float("nan")))
    assert state.epoch == 2


def test_batch_without_weight_is_skipped(examples, open_session):
    weight = np.ones(30)
    weight[10:20] = 0
    kept = np.r_[0:10, 20:30]
    one, other = open_session(), open_session()
    weighted, plain = TrainingState(0, 0.1), TrainingState(0, 0.1)
    run(one, Examples(examples.x, examples.y, weight), Plan(2, 10, shuffle=False), weighted)
    run(other, Examples(examples.x[kept], examples.y[kept]), Plan(2, 10, shuffle=False), plain)
    np.testing.assert_allclose(one.network().weights[0], other.network().weights[0], rtol=1e-12)
    assert [r.cost for r in weighted.history] == pytest.approx([r.cost for r in plain.history])


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_training_on_some_rows_is_training_on_a_copy_of_them(form, examples, open_session):
    x = scipy.sparse.csr_matrix(examples.x) if form == "sparse" else examples.x
    every = Examples(x, examples.y, np.linspace(0.5, 1.5, 30))
    kept = np.array([4, 28, 1, 17, 9, 22, 3, 11])
    one, other = open_session(), open_session()
    in_place, copied = TrainingState(0, 0.1), TrainingState(0, 0.1)
    recorders = Recorder(), Recorder()
    for session, examples, state, recorder in [
        (one, every.only(kept), in_place, recorders[0]),
        (other, every.copy(kept), copied, recorders[1]),
    ]:
        drive(train(session, examples, Plan(3, 5), state), [recorder])
    assert_same_bits(one.network(), other.network())
    assert [record.cost for record in in_place.history] == [record.cost for record in copied.history]
    assert in_place.rows_seen == copied.rows_seen == 3 * len(kept)
    assert recorders[0].history == recorders[1].history


def test_cost_of_an_epoch_weighs_batches(examples, open_session):
    weight = np.repeat([1.0, 5.0, 0.5], 10)
    session, state = open_session(), TrainingState(0, 1e-12)
    expected = float(cost(session.network(), examples.x, examples.y, sample_weight=weight))
    run(session, Examples(examples.x, examples.y, weight), Plan(1, 10), state)
    assert state.history[0].cost == pytest.approx(expected, rel=1e-6)


def test_batch_size_is_clipped_with_a_warning(examples, open_session):
    with pytest.warns(UserWarning, match="batch size of 31 is larger than the 30 training rows"):
        heard = run(open_session(), examples, Plan(1, 31), TrainingState(0, 0.1))
    assert heard[0].n_steps == 1
    assert clip_batch_size(7, 30) == 7 and clip_batch_size(30, 30) == 30


@pytest.mark.parametrize("plan", [{"n_epochs": 0, "batch_size": 1}, {"n_epochs": 1, "batch_size": 0}])
def test_plans_of_nothing_are_refused(plan):
    with pytest.raises(InvalidInputError, match="must be at least 1"):
        Plan(**plan)


def test_plan_that_is_done_trains_no_more(examples, open_session):
    session, state = open_session(), TrainingState(0, 0.1)
    run(session, examples, Plan(2, 10), state)
    before = session.network()
    heard = run(session, examples, Plan(2, 10), state)
    assert_same_bits(session.network(), before)
    assert [type(event) for event in heard] == [TrainingStarted, TrainingEnded]


class Snapshots:
    """Copies in memory of all that the next epoch begins with."""

    def __init__(self):
        self.taken, self.lasts = [], []

    def __call__(self, event):
        if isinstance(event, EpochSettled):
            session = event.session
            self.taken.append((session.network(), session.optimizer_state(), copy.deepcopy(event.state)))
            self.lasts.append(event.is_last)


@every("schedule", [Constant(), Adaptive(), Cosine(), OneCycle(), Step(2), InverseScaling()])
@every("optimizer", [Adam(), SGD(0.9, rate_in_velocity=True), RMSprop()])
def test_going_on_from_any_epoch_is_not_having_stopped(schedule, optimizer, examples, open_session):
    # the scores make it find a best, lose patience (twice where the rate adapts) and end before the last epoch
    scores = [1, 3, 2, 2, 2, 4, 3, 3, 3, 3, 3, 3, 3, 3]
    plan = Plan(12, 7, schedule, EarlyStopping(patience=2))
    whole, state, snapshots = open_session(optimizer), TrainingState(5, 1e-5), Snapshots()
    drive(train(whole, examples, plan, state, validation_of(examples, scores)), [snapshots])
    assert len(snapshots.taken) == state.epoch < 12 or isinstance(schedule, Adaptive)
    assert snapshots.lasts == [False] * (state.epoch - 1) + [True]
    for network, moments, kept in snapshots.taken:
        session = open_session(optimizer, moments, network)
        again = Snapshots()
        left = validation_of(examples, scores[kept.epoch :])
        heard = run(session, examples, plan, kept, left, listeners=[again])
        assert kept.history == state.history
        assert (kept.rate, kept.rows_seen, kept.stopping) == (state.rate, state.rows_seen, state.stopping)
        assert heard[-1].reason == ("no improvement" if state.stopping.gave_up else "all epochs done")
        assert_same_bits(session.network(), whole.network())


def test_a_stop_that_was_asked_for_is_kept_and_can_be_gone_on_from(examples, open_session):
    snapshots, state = Snapshots(), TrainingState(5, 0.01)
    stop = lambda event: isinstance(event, EpochEnded) and event.record.epoch == 2  # noqa: E731
    heard = run(open_session(), examples, Plan(5, 7), state, listeners=[stop, snapshots])
    assert heard[-1].reason == "stopped by a listener"
    assert snapshots.lasts == [False, True]
    assert not snapshots.taken[-1][2].stopping.gave_up
