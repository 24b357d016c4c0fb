import numpy as np
import pytest
from threads import on_ranks

from backlit.distributed import mean as module
from backlit.distributed.mean import ByMessage, InMemory, Mean, shares_of
from backlit.distributed.same_machine import seen_by_all

SHAPE = 2, 40


def numbers_of_rank(rank, time):
    """Two rows, of which the first counts nothing on the first rank, and the second nowhere."""
    numbers = np.random.default_rng([rank, time]).normal(size=SHAPE)
    numbers[:, -1] = rank, 0
    return numbers


def mean_of(kind, group):
    if kind is ByMessage:
        return ByMessage(group, np.zeros(SHAPE))
    return InMemory(group, seen_by_all(group, (group.size + 1, *SHAPE), np.dtype("f8"), ""))


@pytest.mark.parametrize("kind", [InMemory, ByMessage])
def test_the_mean_is_weighted_and_every_rank_has_the_same_bits(kind, monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 7)

    def taken(group):
        mean, found = mean_of(kind, group), []
        for time in range(3):  # in the same memory
            mean.own[:] = numbers_of_rank(group.rank, time)
            mean.take()
            np.testing.assert_array_equal(mean.weights, [3, 0])
            found.append(mean.mean[:, :-1].copy())
        return found

    first, *others = on_ranks(3, taken)
    for other in others:
        np.testing.assert_array_equal(other, first)
    for time, found in enumerate(first):
        each = [numbers_of_rank(rank, time)[:, :-1] for rank in range(3)]
        np.testing.assert_allclose(found[0], (each[1] + 2 * each[2])[0] / 3, rtol=1e-13)
        np.testing.assert_array_equal(found[1], 0)


def test_what_is_there_early_is_sent_early_and_by_the_same_messages_where_nothing_is(monkeypatch):
    monkeypatch.setattr(module, "_MESSAGE", 20)

    def taken(group):
        sent = []
        add_up, group.add_up = group.add_up, lambda numbers: (sent.append(len(numbers)), add_up(numbers))[1]
        mean, found = ByMessage(group, np.zeros(SHAPE), [5, 25, 38]), []
        for time in range(2):
            numbers = numbers_of_rank(group.rank, time)
            for row, of_row in enumerate(numbers):
                mean.own[row] = np.nan  # what is not there yet must not be sent
                for begin, end in ((0, 5), (5, 25), (25, 38)):
                    mean.own[row, begin:end] = of_row[begin:end]
                    if group.rank > 0 or time > 0:
                        mean.there(row, end, of_row[-1])
                        found.append(len(sent))
                mean.own[row] = np.where(np.isnan(mean.own[row]), of_row, mean.own[row])
            mean.take()
            found.append(mean.mean[:, :-1].copy())
        return sent, found

    for sent, found in on_ranks(2, taken):
        assert sent == [25, 20, 20, 15] * 2  # of 80; 5 are too few for a message
        for time, mean in enumerate(each for each in found if isinstance(each, np.ndarray)):
            np.testing.assert_array_equal(mean[0], numbers_of_rank(1, time)[0, :-1])
            np.testing.assert_array_equal(mean[1], 0)
    early = [each for each in found if isinstance(each, int)]
    assert early == [0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7]


def test_the_mean_of_one_is_itself():
    mean = Mean(np.float32(numbers_of_rank(1, 0)))
    mean.take()
    np.testing.assert_array_equal(mean.mean, numbers_of_rank(1, 0).astype(np.float32))
    np.testing.assert_array_equal(mean.weights, [1, 0])


def test_shares_are_of_what_counts():
    np.testing.assert_array_equal(shares_of(np.array([[1.0, 0.0], [3.0, 0.0]])), [[0.25, 0], [0.75, 0]])
