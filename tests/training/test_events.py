import copy
import dataclasses
import pickle

import pytest

from backlit.training.events import EpochEnded, EpochSettled, StepsDone, TrainingEnded, TrainingStarted
from backlit.training.loop import Plan, train
from backlit.training.state import EpochRecord, TrainingState

EVENTS = [
    TrainingStarted(3, 10, 2),
    StepsDone(1, 5, 10),
    EpochEnded(EpochRecord(1, 0.5, 0.1), False, 100.0),
    TrainingEnded("no improvement", 3, 2),
]


@pytest.mark.parametrize("event", EVENTS)
def test_events_are_plain_values(event):
    # a listener may keep them, compare them and send them to another process
    assert pickle.loads(pickle.dumps(event)) == event
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, dataclasses.fields(event)[0].name, 0)


def test_events_can_be_taken_one_by_one(examples, open_session):
    # without `drive`: a generator that trains as it is read
    state = TrainingState(0, 0.1)
    events = train(open_session(), examples, Plan(5, 10), state)
    assert isinstance(next(events), TrainingStarted) and state.epoch == 0
    assert isinstance(next(events), EpochEnded) and state.epoch == 1
    settled = events.send(True)
    assert isinstance(settled, EpochSettled) and settled.is_last
    ended = next(events)
    assert ended == TrainingEnded("stopped by a listener", 1, 1)
    with pytest.raises(StopIteration):
        next(events)


def test_rates_of_progress_are_positive(examples, open_session):
    events = list(train(open_session(), examples, Plan(2, 10), TrainingState(0, 0.1)))
    assert all(event.rows_per_second > 0 for event in events if isinstance(event, EpochEnded))


def test_events_that_were_collected_can_be_copied_and_pickled(examples, open_session):
    heard = list(train(open_session(), examples, Plan(1, 10), TrainingState(0, 0.1)))
    for again in (copy.deepcopy(heard), pickle.loads(pickle.dumps(heard))):
        assert again == heard  # but for the session, which is gone once training is
        assert again[0].session is None and heard[0].session is not None
