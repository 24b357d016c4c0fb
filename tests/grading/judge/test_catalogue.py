"""The catalogue: kind words for every mistake, and the simplest explanation first."""

from __future__ import annotations

from itertools import islice

from backlit.grading.judge.catalogue import CATALOGUE, alone_and_in_pairs, key_of, order_of, singles
from backlit.grading.judge.verdict import EQUATIONS
from every import every


@every("mistake", CATALOGUE.values())
def test_every_mistake_has_a_hint_of_one_or_two_sentences(mistake):
    assert mistake.hint.endswith((".", "?"))
    assert 1 <= mistake.hint.count(". ") + 1 <= 3
    assert set(mistake.equations) <= set(EQUATIONS)


def test_single_mistakes_come_before_pairs():
    n = len(singles())
    sets = list(alone_and_in_pairs())
    first = next(i for i, switches in enumerate(sets) if len(switches) == 2 and i > 0)
    assert first == n + 1
    same = next(i for i, s in enumerate(sets) if i > n and len({key_of(switch) for switch in s}) == 2)
    assert all(len({key_of(switch) for switch in s}) == 1 for s in sets[n + 1 : same])


def test_no_pair_has_one_mistake_twice_in_one_equation():
    for switches in islice(alone_and_in_pairs(), 5000):
        assert len({(switch[0], key_of(switch)) for switch in switches}) == len(switches)


def test_equations_are_ordered_as_in_the_algorithm():
    assert order_of(("z", "missing_bias")) < order_of(("BP1", "sign")) < order_of(("update", "sign"))
