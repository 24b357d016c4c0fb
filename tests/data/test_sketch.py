import numpy as np
import polars as pl
import pytest

from backlit.data.stream.different import Different
from backlit.data.stream.sketch import Sketch


@pytest.mark.parametrize("kind", ["sorted", "normal", "few values"])
@pytest.mark.parametrize("piece", [100, 7000])
def test_ranks_of_quantiles_are_off_by_no_more_than_is_said(kind, piece):
    numbers = np.random.default_rng(0).standard_normal(50_000)
    numbers = {"sorted": np.sort(numbers), "normal": numbers, "few values": np.round(numbers)}[kind]
    sketch = Sketch(256)
    for start in range(0, len(numbers), piece):
        sketch.add(np.insert(numbers[start : start + piece], 3, np.nan))
    assert sketch.n == len(numbers)
    standing, ordered = sketch.standing(), np.sort(numbers)
    assert (standing[0], standing[-1]) == (ordered[0], ordered[-1])
    shares = np.linspace(0.01, 0.99, 99)
    found = np.quantile(standing, shares, method="inverted_cdf")
    low = np.searchsorted(ordered, found) / len(ordered)
    high = np.searchsorted(ordered, found, side="right") / len(ordered)
    off = np.maximum(0, np.maximum(low - shares, shares - high))
    assert 0 < sketch.error < 0.02
    assert off.max() <= sketch.error + 1e-4


def test_numbers_drawn_of_many_stand_for_all():
    numbers = np.random.default_rng(0).standard_normal(400_000)
    sketch = Sketch(256)
    sketch.add(numbers[:100_000])
    for part in np.split(numbers[100_000:], 30):
        sketch.add_drawn(part[::4], 2, len(part), float(part.min()), float(part.max()))
    assert sketch.n == len(numbers)
    standing, ordered = sketch.standing(), np.sort(numbers)
    assert (standing[0], standing[-1]) == (ordered[0], ordered[-1])
    shares = np.linspace(0.01, 0.99, 99)
    found = np.searchsorted(ordered, np.quantile(standing, shares, method="inverted_cdf")) / len(ordered)
    assert np.abs(found - shares).max() <= sketch.error < 0.04
    # those that were not drawn are a quarter of all, and count no less
    assert np.mean(np.sort(standing) < ordered[100_000]) == pytest.approx(0.25, abs=sketch.error)


def test_two_sketches_are_one_of_both_halves():
    numbers = np.random.default_rng(0).standard_normal(20_000)
    both, other = Sketch(256), Sketch(256)
    both.add(numbers[:7000])
    other.add(numbers[7000:])
    both.take_in(other)
    assert (both.n, both.low, both.high) == (20_000, numbers.min(), numbers.max())
    found = np.quantile(both.standing(), [0.1, 0.5, 0.9])
    assert np.abs(np.searchsorted(np.sort(numbers), found) / 20_000 - [0.1, 0.5, 0.9]).max() <= both.error + 1e-4
    few, more = Sketch(256), Sketch(256)
    few.add(np.arange(3.0))
    more.add(np.arange(3.0, 9.0))
    few.take_in(more)
    assert sorted(few.standing()) == list(range(9))
    assert few.is_exact


def test_few_numbers_are_kept_as_they_are():
    sketch = Sketch(256)
    for part in np.split(np.arange(200.0)[::-1], 4):
        sketch.add(part)
    assert sketch.error == 0
    assert sorted(sketch.standing()) == list(range(200))
    assert len(Sketch(256).standing()) == 0


def counted(different, rows):
    found = different.counted("x", rows, 0, pl.String)
    return dict(zip(found.cells, found.n, strict=True)), found


def test_different_cells_are_counted_exactly_as_long_as_there_is_room():
    different = Different(10)
    for part in (["a", "b", "a", None], ["c", "a"]):
        different.add(pl.Series(part, dtype=pl.String))
    assert counted(different, 5)[0] == {"a": 3, "b": 1, "c": 1}
    assert different.is_exact
    assert not different.is_each_new()


def test_of_many_different_cells_a_sample_and_the_frequent_ones_are_known():
    rng = np.random.default_rng(0)
    common = np.repeat([f"common{i}" for i in range(5)], 3000)
    cells = rng.permutation(np.concatenate([common, [f"rare{i}" for i in range(20_000)]]))
    different = Different(1000)
    for part in np.split(cells, 10):
        different.add(pl.Series(part))
    sample, found = counted(different, len(cells))
    assert not different.is_exact
    assert 400 < len(sample) <= 1000
    # what is in the sample is counted to the last cell
    assert all(n == (3000 if cell.startswith("common") else 1) for cell, n in sample.items())
    assert found.n_values == pytest.approx(20_005, rel=0.2)
    frequent = dict(zip(*different.frequent(), strict=True))
    for i in range(5):
        assert 3000 - different.lost <= frequent[f"common{i}"] <= 3000
    assert different.lost <= len(cells) / 1000


def test_new_values_in_each_row_are_told_from_a_sample():
    different = Different(100)
    for k in range(5):
        different.add(pl.Series(np.arange(1000 * k, 1000 * (k + 1))))
    assert not different.is_exact
    assert different.is_each_new()
    assert different.counted("x", 5000, 0, pl.Int64).n_values == 5000


def test_what_two_counted_is_what_one_would_have():
    cells = np.random.default_rng(0).choice([f"word{i}" for i in range(60)], 3000)
    for capacity, is_exact in ((100, True), (20, False)):
        both, other = Different(capacity), Different(capacity)
        both.add(pl.Series(cells[:1000]))
        other.add(pl.Series(cells[1000:]))
        both.take_in(other)
        assert both.is_exact == is_exact
        sample, _ = counted(both, len(cells))
        assert len(sample) == 60 if is_exact else 5 < len(sample) <= 20
        assert all(n == np.sum(cells == cell) for cell, n in sample.items())


def test_without_the_frequent_ones_the_sample_is_the_same():
    cells = [pl.Series(np.arange(1000 * k, 1000 * (k + 1)) % 3500) for k in range(5)]
    samples = []
    for with_frequent in (True, False):
        different = Different(300, with_frequent=with_frequent)
        for part in cells:
            different.add(part)
        samples.append(counted(different, 5000)[0])
    assert samples[0] == samples[1]
    assert set(samples[0].values()) == {1, 2}
