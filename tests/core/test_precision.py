import ml_dtypes
import numpy as np
import pytest

from backlit.core.precision import PRODUCTS, to_bfloat16


def every_upper_half():
    """A float32 for each sign, exponent and 7 further bits, with random digits beyond and with the ties."""
    upper = np.arange(2**16, dtype=np.uint32) << 16
    rng = np.random.default_rng(0)
    lower = [rng.integers(0, 2**16, 2**16, dtype=np.uint32), np.full(2**16, 0x8000, np.uint32), np.zeros_like(upper)]
    return np.concatenate([upper | half for half in lower]).view(np.float32)


def test_to_bfloat16_rounds_as_others_do():
    x = every_upper_half()
    with np.errstate(over="ignore", invalid="ignore"):
        truth = x.astype(ml_dtypes.bfloat16).astype(np.float32)
    normal = ~(np.abs(truth) < np.finfo(np.float32).tiny)
    np.testing.assert_array_equal(to_bfloat16(x)[normal], truth[normal])
    assert not to_bfloat16(x)[~normal].any()


def test_products_are_as_precise_as_they_say():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 300)).astype(np.float32), rng.normal(size=(300, 30)).astype(np.float32)
    truth = np.float64(a) @ np.float64(b)
    errors = {p: np.linalg.norm(PRODUCTS[p](a, b) - truth) / np.linalg.norm(truth) for p in ("bfloat16", "bfloat16x3")}
    assert 1e-3 < errors["bfloat16"] < 4e-3  # half a unit of 8 bits is 2⁻⁹ at most
    assert 1e-6 < errors["bfloat16x3"] < 1e-5


@pytest.mark.parametrize("precision", ["bfloat16", "bfloat16x3"])
def test_infinity_and_nan_are_seen(precision):
    a = np.array([[1.0, np.inf], [np.nan, 1.0]], dtype=np.float32)
    with np.errstate(invalid="ignore"):
        assert not np.isfinite(PRODUCTS[precision](a, np.eye(2, dtype=np.float32))).all(axis=1).any()
