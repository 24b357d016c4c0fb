import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.data.scaling import describe_scaling, divide_bytes, refuse_infinite, scale_and_clip, scale_block, spread_of
from backlit.errors import DataError


def spread(values):
    return spread_of(np.array(values), np.array(values), "c")


def test_median_and_interquartile_range():
    assert spread([0.0, 1, 2, 3, 100]) == (2.0, 2.0)
    assert spread([5.0, 5, 5, 5, 9]) == (5.0, 2.0)  # IQR 0: half the range
    assert spread([5.0, 5]) == (5.0, 0.0)
    assert spread([0.0, 0.0, 5e-324]) == (0.0, 0.0)  # nothing can be divided by it


@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=20))
def test_every_finite_column_stays_within_3(values):
    values = np.array(values)
    center, divisor = spread_of(values, values, "c")
    scaled = scale_and_clip(values, center, divisor)
    assert np.isfinite(scaled).all()
    assert (np.abs(scaled) <= 3).all()
    order = np.argsort(values)
    assert (np.diff(scaled[order]) >= 0).all()


def test_the_formula():
    x, center, divisor = np.array([3.0, -40.0, np.nan]), 1.0, 4.0
    z = (x - center) / divisor
    expected = z / np.sqrt(1 + (z / 3) ** 2)
    np.testing.assert_allclose(scale_and_clip(x, center, divisor), [expected[0], expected[1], 0], rtol=1e-15)


def test_a_block_goes_to_its_places_strip_by_strip():
    rng = np.random.default_rng(0)
    block = rng.normal(size=(3000, 3))
    block[2500, 1] = np.nan
    center, divisor = np.array([0.0, 1, 2]), np.array([1.0, 0, 3])
    out = np.full((3000, 6), 9.0)
    scale_block(block, list("abc"), center, divisor, out, np.array([5, 1, 3]), np.array([-1, 2, -1]))
    np.testing.assert_array_equal(out[:, [5, 1, 3]], scale_and_clip(block, center, divisor))
    np.testing.assert_array_equal(out[:, 2], np.isnan(block[:, 1]))
    assert (out[:, [0, 4]] == 9).all()


@pytest.mark.parametrize("bad", [np.inf, -np.inf, 1e200])
def test_infinity_is_named_by_column_and_row(bad):
    block = np.zeros((3000, 2))
    block[2047, 1] = bad
    with pytest.raises(DataError, match="Column 'b', row 2048: "):
        refuse_infinite(block, ["a", "b"])
    with pytest.raises(DataError, match="Column 'b', row 2048: "):
        scale_block(block, ["a", "b"], np.zeros(2), np.ones(2), block.copy(), np.arange(2), np.array([-1, -1]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bytes_are_divided_alike_whatever_their_type(dtype):
    block = np.arange(256, dtype=np.uint8).reshape(-1, 2)
    outs = [np.zeros(block.shape, dtype) for _ in range(2)]
    divide_bytes(block, ["a", "b"], outs[0], np.arange(2))
    divide_bytes(block.astype(float), ["a", "b"], outs[1], np.arange(2))
    np.testing.assert_array_equal(outs[0], (block / 255).astype(dtype))
    np.testing.assert_array_equal(*outs)
    with pytest.raises(DataError, match="Column 'b', row 1: 256 is no pixel"):
        divide_bytes(np.array([[0.0, 256.0]]), ["a", "b"], outs[0][:1], np.arange(2))


def test_formulas_in_words():
    assert describe_scaling(8.3252, 3.5348, 2.1802) == "u = (8.3252 − 3.5348) / 2.1802,  u / √(1 + (u/3)²)"
    assert describe_scaling(-122.25, -118.49, 3.79) == "u = (−122.25 + 118.49) / 3.79,  u / √(1 + (u/3)²)"
    # as many digits as a calculator needs, for u is a small difference of large numbers
    assert describe_scaling(1e6 + 0.625, 1e6 + 0.5, 8) == "u = (1000000.625 − 1000000.5) / 8,  u / √(1 + (u/3)²)"
    assert describe_scaling(3e-9, 1e-9, 2e-9) == "u = (3×10⁻⁹ − 1×10⁻⁹) / (2×10⁻⁹),  u / √(1 + (u/3)²)"
    assert describe_scaling(1, 1, 0) == "0: the column was constant in training"
    assert describe_scaling(None, 3.5, 1) == "0: missing, the median 3.5 stands in"


@pytest.mark.parametrize("width", [3, 700])
def test_float32_is_scaled_as_float64_is(width):
    # whether rows or columns lie together, with gaps, a constant, outliers, and a center that is no float32
    rng = np.random.default_rng(0)
    block = np.asfortranarray(rng.normal(size=(2100, width)).astype(np.float32) * 4 + 3)
    block[:, 0] = 1e7 + rng.integers(0, 40, 2100)
    block[5:9, 1] = np.nan, 3e38, -3e38, 1e30
    center = np.full(width, 3.1)
    center[0] = 1e7 + 20.3
    spread = np.full(width, 2.7)
    spread[2] = 0
    out = np.full((2100, width + 1), 9, dtype=np.float32)
    indicators = np.full(width, -1)
    indicators[1] = width
    scale_block(block, [f"x{j}" for j in range(width)], center, spread, out, np.arange(width), indicators)
    exact = scale_and_clip(block.astype(np.float64), center, spread)
    np.testing.assert_allclose(out[:, :width], exact, rtol=6e-7, atol=3e-7)
    np.testing.assert_array_equal(out[:, width], np.isnan(block[:, 1]))
    block[2050, 1] = np.inf
    with pytest.raises(DataError, match="Column 'x1', row 2051: inf"):
        scale_block(block, [f"x{j}" for j in range(width)], center, spread, out, np.arange(width), indicators)


def test_float32_that_cannot_hold_a_spread_takes_the_way_over_float64():
    block = np.array([[1e-30], [3e-30], [2e-30]], dtype=np.float32)
    out = np.zeros((3, 1), dtype=np.float32)
    scale_block(block, ["a"], np.array([2e-30]), np.array([1e-30]), out, np.arange(1), np.array([-1]))
    np.testing.assert_allclose(out[:, 0], [-0.9486833, 0.9486833, 0], atol=1e-6)
