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


def test_the_mean_of_one_is_itself():
    mean = Mean(np.float32(numbers_of_rank(1, 0)))
    mean.take()
    np.testing.assert_array_equal(mean.mean, numbers_of_rank(1, 0).astype(np.float32))
    np.testing.assert_array_equal(mean.weights, [1, 0])


def test_shares_are_of_what_counts():
    np.testing.assert_array_equal(shares_of(np.array([[1.0, 0.0], [3.0, 0.0]])), [[0.25, 0], [0.75, 0]])
