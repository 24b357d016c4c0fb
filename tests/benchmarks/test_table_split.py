"""The split rule of the benchmark on tables: whole, disjoint, the same for everybody, in proportion."""

from __future__ import annotations

import numpy as np
import polars as pl
from sets import TableSet
from split import SEEDS, split, split_rows, split_to_choose

CLASSES = np.repeat([0, 1, 2], [600, 350, 50])


def test_each_row_is_in_exactly_one_part():
    for classes in (None, CLASSES):
        parts = split_rows(1000, 0, classes)
        assert [len(part) for part in parts] == [640, 160, 200]
        assert sorted(np.concatenate(parts)) == list(range(1000))


def test_classes_are_split_in_proportion():
    # by chance the rarest class would have 8 ± 3 rows among the 160
    for seed in SEEDS:
        for part in split_rows(1000, seed, CLASSES):
            assert np.bincount(CLASSES[part]).tolist() == [0.6 * len(part), 0.35 * len(part), 0.05 * len(part)]


def test_everybody_has_the_same_rows_for_a_seed_and_others_for_another():
    frame = pl.DataFrame({"row": np.arange(1000), "class": CLASSES})
    one, again, other = (split(TableSet("s", frame, "class", "classification"), seed) for seed in (3, 3, 4))
    assert all(a.equals(b) for a, b in zip(one, again, strict=True))
    assert not one.test.equals(other.test)
    # written down, for a rule that moved would make figures of before and after incomparable
    assert one.test["row"][:5].to_list() == [52, 707, 276, 496, 580]


def test_nothing_is_chosen_by_rows_of_the_test():
    frame = pl.DataFrame({"row": np.arange(1000), "class": CLASSES})
    for task in ("classification", "regression"):
        table_set = TableSet("s", frame, "class", task)
        usual, to_choose = split(table_set, 3), split_to_choose(table_set, 3)
        assert [len(part) for part in to_choose] == [512, 128, 160]
        assert to_choose.test.equals(usual.validation)
        assert sorted(pl.concat(to_choose[:2])["row"]) == sorted(usual.train["row"])
