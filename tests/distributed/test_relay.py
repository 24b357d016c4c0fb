import numpy as np

from backlit.distributed.relay import Following, Places, Telling, read_failure, write_failure
from backlit.errors import DivergenceError
from backlit.training.events import EpochEnded, PartSettled, StepsDone, TrainingEnded, TrainingStarted
from backlit.training.state import EpochRecord


def test_events_and_remarks_come_to_whoever_waits(tmp_path):
    places, heard, said = Places(tmp_path, "run"), [], []
    telling, following = Telling(places), Following(places, [heard.append], said.append)
    following.look()
    events = [
        TrainingStarted(3, 100, 10, metric="R²", session=object()),
        StepsDone(1, 50, 100),
        EpochEnded(EpochRecord(1, np.float64(0.5), 0.1, float("nan"), None), True, 1e6, session=object()),
        TrainingEnded("all epochs done", 3, 2),
    ]
    telling.say("Going on after epoch 1.")
    for event in events[:2]:
        assert not telling(event)
    telling(PartSettled(None, None, False))
    following.look()
    for event in events[2:]:
        telling(event)
    with places.told.open("ab") as file:
        file.write(b'{"said": "half a')  # another process is in the midst of a line
    following.look()
    assert said == ["Going on after epoch 1."]
    assert heard[:2] == events[:2]
    assert np.isnan(heard[2].record.validation_cost)
    assert heard[3] == events[3]
    assert heard[2].rows_per_second == 1e6


def test_a_wish_to_stop_reaches_the_workers(tmp_path):
    places = Places(tmp_path, "run")
    telling = Telling(places)
    following = Following(places, [lambda event: isinstance(event, StepsDone)], print)
    assert telling(StepsDone(1, 50, 100)) is False
    following.look()
    assert telling(StepsDone(1, 60, 100)) is True
    places.remove()
    assert list(tmp_path.iterdir()) == []


def test_why_training_cannot_go_on_is_kept(tmp_path):
    places = Places(tmp_path, "run")
    assert read_failure(places) is None
    write_failure(places, DivergenceError(3, 2))
    failure = read_failure(places)
    assert (failure.epoch, failure.layer) == (3, 2)
