import threading
import time

import numpy as np
import pytest
from threads import on_ranks

from backlit.distributed import group as module
from backlit.distributed.group import (
    Alone,
    any_of,
    each_does,
    error_from_document,
    error_to_document,
    first_does,
    number_of_first,
)
from backlit.errors import BacklitError, DataError, DivergenceError, OutputError, UnknownNameError


def test_ranks_hear_the_first_and_each_other():
    def asked(group):
        return number_of_first(group, 0.1 + group.rank), any_of(group, group.rank == 2), any_of(group, False)

    assert on_ranks(3, asked) == [(0.1, True, False)] * 3
    assert asked(Alone()) == (0.1, False, False)


def test_the_others_are_told_that_the_first_is_at_work(monkeypatch):
    monkeypatch.setattr(module, "_HEARTBEAT", 0.01)
    told = []

    def work():
        time.sleep(0.1)
        return b"done"

    def asked(group):
        hears = group.from_first
        group.from_first = lambda message: told.append(group.rank) or hears(message)
        return first_does(group, work), each_does(group, lambda: time.sleep(0.1 * group.rank) or group.rank)

    assert on_ranks(2, asked) == [(b"done", 0), (b"done", 1)]
    assert told.count(1) > 3


def test_an_error_of_one_is_everybodys():
    def refuses():
        raise DataError("no such row")

    def asked(group):
        with pytest.raises(DataError, match="no such row"):
            first_does(group, refuses)
        with pytest.raises(DataError if group.rank else BacklitError, match="no such row" if group.rank else "1 of 2"):
            each_does(group, refuses if group.rank else threading.active_count)

    on_ranks(2, asked)
    asked_alone = pytest.raises(DataError, match="no such row")
    with asked_alone:
        first_does(Alone(), refuses)


def test_errors_come_back_as_what_they_were():
    for error in (DataError("a"), OutputError("b"), DivergenceError(3, 2)):
        back = error_from_document(error_to_document(error))
        assert type(back) is type(error)
        assert str(back) == str(error)
    assert str(error_from_document(error_to_document(ValueError("x")))) == "ValueError: x"
    unknown = UnknownNameError("loss", "q", ["quadratic"])
    assert str(error_from_document(error_to_document(unknown))) == str(unknown)
    np.testing.assert_equal(Alone().from_first(b"x"), b"x")
