import math

import numpy as np
import pytest

from backlit.core.activations import ACTIVATIONS
from backlit.core.initialization import INITIALIZATIONS, Purpose, draw_parameters, stream
from backlit.core.network import Network
from backlit.errors import InvalidInputError, UnknownNameError

N_IN, N_OUT = 300, 200
VARIANCES = {
    "standard_normal": 1.0,
    "inverse_sqrt": 1 / N_IN,
    "ntp": 1 / N_IN,
    "glorot_normal": 2 / (N_IN + N_OUT),
    "glorot_uniform": 2 / (N_IN + N_OUT),
    "he_normal": 2 / N_IN,
    "he_uniform": 2 / N_IN,
}
UNIFORM = ["glorot_uniform", "he_uniform"]


def draw(name, seed=0, sizes=(N_IN, N_OUT)):
    weights, biases = draw_parameters(sizes, ["sigmoid"] * (len(sizes) - 1), initialization=name, seed=seed)
    return weights[0], biases[0]


@pytest.mark.parametrize("name", list(INITIALIZATIONS))
def test_variance(name):
    w, b = draw(name)
    assert w.shape == (N_OUT, N_IN)
    assert b.shape == (N_OUT,)
    assert w.dtype == b.dtype == np.float64
    n, deviation = w.size, math.sqrt(VARIANCES[name])
    # five standard errors of the mean and of the variance; kurtosis 1.8 for uniform numbers, 3 for normal ones
    kurtosis = 1.8 if name in UNIFORM else 3.0
    assert abs(w.mean()) < 5 * deviation / math.sqrt(n)
    assert w.var() == pytest.approx(VARIANCES[name], rel=5 * math.sqrt((kurtosis - 1) / n))
    assert np.mean(w**4) / np.mean(w**2) ** 2 == pytest.approx(kurtosis, abs=0.15)


@pytest.mark.parametrize("name", UNIFORM)
def test_bounds(name):
    w, _ = draw(name)
    bound = math.sqrt(3 * VARIANCES[name])
    assert 0.999 * bound < np.abs(w).max() <= bound


@pytest.mark.parametrize("name", list(INITIALIZATIONS))
def test_biases(name):
    _, b = draw(name)
    if name in ("standard_normal", "ntp"):
        assert b.std() == pytest.approx(1, rel=0.25)
    else:
        np.testing.assert_array_equal(b, 0)


def test_every_initialization_is_checked_here():
    assert set(VARIANCES) == set(INITIALIZATIONS)


def test_the_seed_decides():
    for first, second, equal in ((1, 1, True), (1, 2, False)):
        w, v = draw("he_normal", first)[0], draw("he_normal", second)[0]
        assert np.array_equal(w, v) == equal


def test_layers_do_not_repeat_each_other():
    weights, _ = draw_parameters([5, 5, 5], ["tanh"] * 2, initialization="he_normal", seed=0)
    assert not np.isclose(weights[0], weights[1]).any()


def test_default_suits_each_activation():
    for name, activation in ACTIVATIONS.items():
        assert activation.initialization in INITIALIZATIONS
        ours = draw_parameters([4, 3], [name], initialization=None, seed=3)[0][0]
        named = draw_parameters([4, 3], [name], initialization=activation.initialization, seed=3)[0][0]
        np.testing.assert_array_equal(ours, named)
    assert ACTIVATIONS["relu"].initialization == "he_normal"
    assert ACTIVATIONS["sigmoid"].initialization == "glorot_uniform"


def test_float32_is_the_same_draw_rounded():
    single, double = (Network.initialize([4, 3, 2], dtype=dtype, seed=5) for dtype in ("float32", "float64"))
    for w, v in zip(single.weights, double.weights, strict=True):
        assert w.dtype == np.float32
        np.testing.assert_array_equal(w, v.astype("f4"))


def test_unknown_initialization():
    with pytest.raises(UnknownNameError, match=r"no initialization named 'he_norml'\. Did you mean 'he_normal'"):
        draw("he_norml")


# streams

SEEDS = [0, 1, 2**32, 2**53 + 1, 2**53 + 2, 2**63, 2**64 - 2, 2**64 - 1]


def test_streams_differ_by_seed_purpose_and_index():
    keys = [(seed, purpose, index) for seed in SEEDS for purpose in Purpose for index in (0, 1, 2, 10**9)]
    starts = {tuple(stream(*key).integers(2**63, size=4)) for key in keys}
    assert len(starts) == len(keys)


def test_streams_are_independent():
    streams = [stream(seed, purpose, i).standard_normal(4000) for seed in (0, 1) for purpose in Purpose for i in (0, 1)]
    correlations = np.corrcoef(streams)[np.triu_indices(len(streams), 1)]
    assert np.abs(correlations).max() < 5 / math.sqrt(4000)


def test_a_stream_does_not_run_into_the_next():
    # the index is the highest word of the counter, 2¹⁹² draws away
    counter = stream(7, Purpose.SHUFFLE, 5).bit_generator.state["state"]["counter"]
    np.testing.assert_array_equal(counter, [0, 0, 0, 5])


def test_a_stream_is_the_same_everywhere():
    first = [int(stream(seed, Purpose.SHUFFLE, 3).bit_generator.random_raw()) for seed in (0, 42)]
    assert first == [14742604529786816896, 3411586063662313298]


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "1", None])
def test_what_is_not_a_seed(seed):
    with pytest.raises(InvalidInputError, match=r"A seed is an integer from 0 to 2\*\*64 - 1, but .* came"):
        stream(seed, Purpose.SPLIT)
