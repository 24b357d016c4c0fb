import polars as pl
import pytest

from backlit.errors import InvalidInputError
from backlit.tables.model import TableModel
from backlit.tables.options import TableTraining
from backlit.training import loop
from backlit.training.events import EpochEnded, EpochsPlanned, StepsDone, drive
from backlit.training.lbfgs import train_lbfgs
from backlit.training.loop import Plan, train
from backlit.training.options import LineSearchLimits
from backlit.training.schedules import FlatCos
from backlit.training.state import TrainingState
from backlit.training.time_limit import TimeLimit, TimeRemarks


class Clock:
    """A clock that goes on by so many seconds with each event of a kind."""

    def __init__(self, kind, *seconds):
        self.now, self._kind, self._seconds = 0.0, kind, list(seconds)

    def __call__(self, event=None):
        if isinstance(event, self._kind):
            self.now += self._seconds.pop(0) if len(self._seconds) > 1 else self._seconds[0]
        return self.now


def run(session, examples, plan, limit, clock):
    state, heard, said = TrainingState(0, 0.1), [], []
    watchers = [clock, heard.append, TimeRemarks(said.append, limit.seconds)]
    drive(train(session, examples, plan, state, limit=limit), watchers)
    return state, heard, said


def test_as_many_epochs_are_planned_as_there_is_time_for(examples, open_session):
    clock = Clock(EpochEnded, 1.0)
    state, heard, said = run(open_session(), examples, Plan(60, 10, FlatCos()), TimeLimit(10.0, clock), clock)
    assert (state.epoch, heard[-1].reason) == (9, "time limit")
    assert [event for event in heard if isinstance(event, EpochsPlanned)] == [EpochsPlanned(1, 9, 60)]
    assert said == [
        "In 10 s there is time for about 9 of 60 epochs: planned for those.",
        "The time limit of 10 s ended training after 9 of 60 epochs.",
    ]
    # the schedule ends with those epochs
    assert state.history[-1].learning_rate == pytest.approx(FlatCos().rates(0.1, loop.Position(8, 9, 3, 0))[-1])


def test_the_plan_goes_by_what_epochs_take(examples, open_session):
    clock = Clock(EpochEnded, 5.0, 1.0)  # the first is slow
    state, heard, _ = run(open_session(), examples, Plan(8, 10), TimeLimit(20.0, clock), clock)
    assert [event.n_epochs for event in heard if isinstance(event, EpochsPlanned)] == [3, 6, 8]
    assert (state.epoch, heard[-1].reason) == (8, "all epochs done")
    clock = Clock(EpochEnded, 1.0, 9.5)  # and here the second
    state, heard, _ = run(open_session(), examples, Plan(60, 10), TimeLimit(10.0, clock), clock)
    assert (state.epoch, heard[-1].reason) == (2, "time limit")


def test_time_that_suffices_changes_nothing(examples, open_session):
    clock = Clock(EpochEnded, 1.0)
    state, heard, said = run(open_session(), examples, Plan(5, 10), TimeLimit(100.0, clock), clock)
    assert (state.epoch, heard[-1].reason, said) == (5, "all epochs done", [])
    assert not any(isinstance(event, EpochsPlanned) for event in heard)


def test_the_first_epoch_ends_where_the_time_does(examples, open_session, monkeypatch):
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_EVENTS", 0.0)
    monkeypatch.setattr(loop, "_first_length", lambda n_steps, state: 1)
    clock = Clock(StepsDone, 4.0)
    session, start = open_session(), open_session()
    state, heard, said = run(session, examples, Plan(60, 5), TimeLimit(10.0, clock), clock)
    assert (state.epoch, heard[-1].reason, heard[-1].n_epochs) == (0, "time limit", 0)
    assert said == [
        "The time limit of 10 s came before the first epoch was done: the model has learned from 15 of 30 rows. "
        "Give more time, or fewer rows."
    ]
    assert (session.network().weights[0] != start.network().weights[0]).any()


def test_seconds_before_training_count_but_not_as_an_epochs(examples, open_session):
    clock = Clock(EpochEnded, 1.0)
    limit = TimeLimit(10.0, clock)
    clock.now = 5.0
    state, _, _ = run(open_session(), examples, Plan(60, 10), limit, clock)
    assert state.epoch == 4


def test_lbfgs_ends_after_an_iteration(examples, open_session):
    clock = Clock(EpochEnded, 4.0)
    state = TrainingState(0, 1.0)
    limits = LineSearchLimits(200, 1000, 1e-9)
    _, reason = train_lbfgs(open_session(), examples, limits, state, watchers=[clock], limit=TimeLimit(7.0, clock))
    assert (state.epoch, reason) == (2, "time limit")


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan")])
def test_a_time_that_is_none_is_refused(seconds):
    with pytest.raises(InvalidInputError, match="max_time must be a number of seconds above 0"):
        TableTraining(max_time=seconds)


@pytest.mark.parametrize("batch_size", [1, 600])
def test_a_table_is_trained_in_whatever_time_there_is(batch_size, tmp_path):
    # so many rows that single ones make more steps than the first call takes
    table = pl.DataFrame({"x": range(700), "y": range(700)})
    said = []
    options = TableTraining(max_time=1e-9, batch_size=batch_size, hidden=(2,), epochs=50)
    model = TableModel.train(table, "y", options, task="regression", say=said.append)
    assert model.training["epochs"] == (batch_size > 1)
    assert said[-1].startswith("The time limit of 1e-09 s " + ("ended" if batch_size > 1 else "came before"))
    model.save(tmp_path / "model.safetensors")
    assert TableModel.load(tmp_path / "model.safetensors").training["options"]["max_time"] == 1e-9
