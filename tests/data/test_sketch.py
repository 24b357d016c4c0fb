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
