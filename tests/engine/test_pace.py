"""The watch that lets one thread go on alone where other programs use the processors. The clocks are the test's own."""

from __future__ import annotations

import pytest

from backlit import _native

QUIET, CROWDED = 0.97, 0.5  # the share of the processors' time that threads get
WINDOW = 0.012  # seconds, somewhat more than are looked at together


class Training:
    """A training that is watched: on how many threads it goes on after some time at a rate and a share."""

    def __init__(self, most: int = 2) -> None:
        self.pace, self.most = _native.Pace(), most
        self.seconds = self.processor_seconds = 0.0
        self.begins()

    def begins(self, after: float = 0.0) -> None:
        self.seconds += after
        self.pace.begins(self.seconds, self.processor_seconds)

    @property
    def n_threads(self) -> int:
        return self.pace.threads_of(self.most)

    def after(self, share: float, rate: float = 100.0, seconds: float = WINDOW) -> int:
        """Rows are trained on at a rate on the threads of now; returns how many there are from then on."""
        before = self.n_threads
        self.seconds += seconds
        self.processor_seconds += seconds * share * before
        changes = self.pace.look(rate * seconds, before, self.most, self.seconds, self.processor_seconds)
        assert changes == (self.n_threads != before)
        return self.n_threads

    def until_trial(self, rate: float = 100.0) -> int:
        """Windows of two threads that are crowded until one goes on alone."""
        for n in range(1, 100):
            if self.after(CROWDED, rate) == 1:
                return n
        raise AssertionError("one thread was never tried")


def test_on_a_quiet_machine_nothing_is_tried():
    training = Training()
    assert {training.after(QUIET) for _ in range(200)} == {2}


def test_a_moment_of_crowding_is_not_believed_and_four_windows_in_a_row_are():
    training = Training()
    for _ in range(10):
        assert [training.after(CROWDED) for _ in range(3)] == [2, 2, 2]
        assert training.after(QUIET) == 2
    assert [training.after(CROWDED) for _ in range(4)] == [2, 2, 2, 1]


def test_short_calls_add_up_to_windows():
    training = Training()
    seen = []
    for _ in range(30):
        seen.append(training.after(CROWDED, seconds=0.002))
        training.begins()
    # four windows of 0.01 s
    assert seen.index(1) in (19, 20, 21, 22, 23)


def test_one_thread_stays_alone_where_it_is_faster():
    training = Training()
    training.until_trial(rate=100.0)
    assert training.after(QUIET, rate=150.0) == 1
    assert training.after(QUIET, rate=150.0) == 1
    # all are tried again soon, and are slower still
    assert training.after(QUIET, rate=150.0) == 2
    assert training.after(CROWDED, rate=100.0) == 1


def test_all_threads_come_back_once_they_are_faster():
    training = Training()
    training.until_trial(rate=100.0)
    while training.after(QUIET, rate=150.0) == 1:
        pass
    assert {training.after(QUIET, rate=190.0) for _ in range(50)} == {2}


def test_trials_that_change_nothing_come_less_and_less_often():
    training = Training()
    waited = []
    for _ in range(9):
        waited.append(training.until_trial(rate=100.0))
        assert training.after(QUIET, rate=60.0) == 2  # alone it is slower
    assert waited == [4, 3, 5, 9, 17, 33, 65, 65, 65]


@pytest.mark.parametrize(("rest", "waited"), [(2.0, 65), (4.0, 1)])
def test_after_a_rest_a_trial_need_not_wait(rest, waited):
    training = Training()
    for _ in range(7):
        training.until_trial(rate=100.0)
        training.after(QUIET, rate=60.0)
    training.begins(after=rest)
    assert training.until_trial(rate=100.0) == waited


def test_windows_without_rows_say_nothing():
    training = Training()
    assert {training.after(0.0, rate=0.0) for _ in range(100)} == {2}


def test_one_thread_is_never_more():
    training = Training(most=1)
    assert {training.after(CROWDED) for _ in range(50)} == {1}
