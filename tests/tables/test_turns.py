"""Folds side by side: the same networks, told of one after another, and all of them stop when one is asked to."""

import signal
import threading
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from backlit.cli.graceful_stop import GracefulStop
from backlit.tables.model import TableModel
from backlit.tables.one_run import Around
from backlit.tables.options import TableTraining
from backlit.tables.turns import Turns, may_wait
from backlit.training.events import EpochEnded, StepsDone, TrainingEnded, TrainingStarted

OPTIONS = TableTraining(hidden=(8,), epochs=6, batch_size=16, folds=5, n_threads=4)


def rows():
    a, b = np.random.default_rng(0).normal(size=(2, 200))
    return pl.DataFrame({"a": a, "b": b, "y": a * b})


class Hears:
    may_wait = True

    def __init__(self, stop_at=None):
        self.events, self.threads, self._stop_at = [], set(), stop_at

    def __call__(self, event):
        self.events.append(event)
        self.threads.add(threading.get_ident())
        return self._stop_at is not None and len(self.events) >= self._stop_at

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def test_the_networks_are_those_of_one_fold_after_another():
    heard, said = Hears(), []
    beside = TableModel.train(rows(), "y", OPTIONS, listeners=[heard], say=said.append)
    alone = TableModel.train(rows(), "y", replace(OPTIONS, n_threads=1))
    for i in range(1, 6):
        own, other = beside.member(i).network, alone.member(i).network
        assert all(np.array_equal(w, v) for w, v in zip(own.weights, other.weights, strict=True))
    assert beside.training["folds"] == alone.training["folds"]
    assert [line for line in said if line.startswith("Fold ")] == [f"Fold {i} of 5:" for i in range(1, 6)]
    assert len(heard.threads) > 1
    kinds = [type(event) for event in heard.events if isinstance(event, TrainingStarted | EpochEnded | TrainingEnded)]
    assert kinds == ([TrainingStarted] + [EpochEnded] * 6 + [TrainingEnded]) * 5
    assert [event.record.epoch for event in heard.of(EpochEnded)] == [1, 2, 3, 4, 5, 6] * 5


def test_who_looks_at_the_network_hears_of_it_while_it_is_trained():
    seen = []
    TableModel.train(rows(), "y", OPTIONS, listeners=[lambda event: seen.append(getattr(event, "session", 1))])
    assert None not in seen
    assert may_wait([Hears()])
    assert not may_wait([Hears(), print])


def test_what_waits_is_told_when_its_turn_comes_but_not_every_step():
    said, heard, first_may_end, second_is_done = [], Hears(), threading.Event(), threading.Event()

    def train(i, around):
        around.say(f"{i} begins")
        for listen in around.listeners:
            listen(StepsDone(1, 1, 1))
            listen(TrainingEnded("all epochs done", i, i))
        if i == 0:
            assert second_is_done.wait(20)
            assert said == ["0 begins"]
            assert [event.n_epochs for event in heard.of(TrainingEnded)] == [0]
            first_may_end.set()
        else:
            second_is_done.set()
            assert first_may_end.wait(20)
        return i

    assert Turns(Around(said.append, [heard])).of_each(train, 2, 2) == [0, 1]
    assert said == ["0 begins", "1 begins"]
    assert [event.n_epochs for event in heard.of(TrainingEnded)] == [0, 1]
    assert len(heard.of(StepsDone)) == 1


def test_one_that_is_asked_to_stop_stops_all():
    many = replace(OPTIONS, epochs=5_000, patience=5_000)
    model = TableModel.train(rows(), "y", many, listeners=[Hears(stop_at=40)])
    assert max(model.training["folds"]["epochs"]) < 5_000
    assert model.n_members <= 4  # the last was never begun


def test_an_error_in_one_ends_the_others():
    begun, ended = threading.Barrier(2), []

    def train(i, around):
        begun.wait(20)
        if i == 0:
            raise ValueError("no more")
        while not around.listeners[0](StepsDone(1, 1, 1)):
            pass
        ended.append(i)

    with pytest.raises(ValueError, match="no more"):
        Turns(Around(print, [Hears()])).of_each(train, 2, 2)
    assert ended == [1]


def test_a_signal_counts_though_another_fold_ended_by_itself_later(tmp_path):
    stop = GracefulStop(tmp_path)
    with stop:
        stop._ask(signal.SIGINT, None)
        for reason, n in (("stopped by a listener", 3), ("all epochs done", 9)):
            stop(TrainingStarted(9, 1, 1))
            stop(TrainingEnded(reason, n, n))
    with pytest.raises(Exception) as ended:
        stop.leave_if_asked()
    assert ended.value.exit_code == 130
