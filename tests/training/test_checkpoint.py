import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest

from backlit import Checkpoint
from backlit.errors import InvalidInputError
from backlit.training import checkpoint as module
from backlit.training.checkpoint import Cadence


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets, in minutes."""

    class Clock:
        minutes = 100.0

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 60 * Clock.minutes))
    return Clock


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"folder": ""}, "folder"),
        ({"folder": 3}, "folder"),
        ({"every_epochs": 0}, "every_epochs"),
        ({"every_epochs": 1.5}, "every_epochs"),
        ({"every_epochs": True}, "every_epochs"),
        ({"keep": 0}, "keep"),
        ({"every_minutes": -1}, "every_minutes"),
        ({"every_minutes": float("nan")}, "every_minutes"),
        ({"resume": "always"}, "resume"),
    ],
)
def test_what_cannot_be_is_refused_by_name(options, word):
    with pytest.raises(InvalidInputError, match=rf"Checkpoint\({word}=\)"):
        Checkpoint(**{"folder": "run"} | options)


def test_it_is_frozen_and_takes_any_path():
    checkpoint = Checkpoint(Path("run"), every_minutes=0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        checkpoint.keep = 5
    assert checkpoint == dataclasses.replace(Checkpoint("other", every_minutes=0), folder=Path("run"))


def test_epochs_are_counted_from_the_last_checkpoint():
    cadence = Cadence(Checkpoint("run", every_epochs=3), epoch=10)
    assert [epoch for epoch in range(10, 16) if cadence.is_due(epoch)] == [13, 14, 15]
    cadence.kept(14)
    assert [epoch for epoch in range(14, 19) if cadence.is_due(epoch)] == [17, 18]


def test_minutes_are_counted_from_the_last_checkpoint_and_both_must_have_gone_by(clock):
    cadence = Cadence(Checkpoint("run", every_epochs=2, every_minutes=5))
    clock.minutes += 4.9
    assert not cadence.is_due(50)
    clock.minutes += 0.2
    assert not cadence.is_due(1)
    assert cadence.is_due(2)
    cadence.kept(2)
    clock.minutes += 4
    assert not cadence.is_due(50)
    clock.minutes += 1
    assert cadence.is_due(50)
