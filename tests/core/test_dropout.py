import numpy as np
import pytest

from backlit import Network
from backlit.core.backpropagation import backpass, shares
from backlit.core.dropout import Dropout, masks, philox4x32, thinned
from backlit.core.network import feedforward
from backlit.errors import InvalidInputError


def test_philox_gives_the_published_numbers():
    # the known answers that come with the authors' Random123
    known = [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ]
    for counter, key, answer in known:
        np.testing.assert_array_equal(philox4x32([np.array(word) for word in counter], key), answer)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_mask_leaves_out_its_share_and_keeps_the_mean(dtype):
    first, none, third = masks((0.2, 0.0, 0.75), (401, 5, 300, 2), seed=3, step=9, n_rows=500, dtype=dtype)
    assert none is None
    for mask, rate in ((first, 0.2), (third, 0.75)):
        assert mask.dtype == dtype
        assert set(np.unique(mask)) == {0, np.dtype(dtype).type(1 / (1 - rate))}
        # six standard deviations of the mean of this many draws
        assert abs(np.mean(mask == 0) - rate) < 6 * np.sqrt(rate * (1 - rate) / mask.size)
        rows, columns = np.mean(mask == 0, axis=1), np.mean(mask == 0, axis=0)
        assert np.abs(rows - rate).max() < 6 * np.sqrt(rate * (1 - rate) / mask.shape[1])
        assert np.abs(columns - rate).max() < 6 * np.sqrt(rate * (1 - rate) / mask.shape[0])


def test_masks_depend_on_seed_step_layer_row_and_neuron_and_on_nothing_else():
    def draw(seed=1, step=0, n_rows=40, sizes=(8, 8, 1)):
        return masks((0.5, 0.5), sizes, seed=seed, step=step, n_rows=n_rows, dtype="float64")

    one, two = draw()
    assert (one != two).any()
    assert (one != draw(seed=2)[0]).any()
    assert (one != draw(seed=1 + 2**32)[0]).any()
    assert (one != draw(step=1)[0]).any()
    assert (one != draw(step=2**32)[0]).any()
    assert len({row.tobytes() for row in np.hstack([one, two])}) == 40
    assert len({column.tobytes() for column in one.T}) == 8
    np.testing.assert_array_equal(draw(n_rows=7)[0], one[:7])
    np.testing.assert_array_equal(draw(sizes=(6, 8, 1))[0], one[:, :6])


def test_a_dropped_step_is_that_of_the_thinned_network():
    # one example: leaving neurons out is the same as scaling the columns of the weights that they feed
    network = Network.initialize([6, 5, 4, 2], ["tanh", "softmax", "identity"], seed=1)
    x, y = np.random.default_rng(0).normal(size=(1, 6)), np.array([[0.3, -0.2]])
    drawn = masks((0.3, 0.5, 0.4), network.sizes, seed=2, step=4, n_rows=1, dtype="float64")
    scaled = Network(
        [w * mask for w, mask in zip(network.weights, drawn, strict=True)], network.biases, network.activations
    )
    in_step, dropped = thinned(network, x, drawn)
    at = backpass(in_step, dropped, y, *shares(x, None), loss="quadratic")
    truth = backpass(scaled, x, y, *shares(x, None), loss="quadratic")
    assert any((mask == 0).any() for mask in drawn)
    assert at.cost == pytest.approx(truth.cost, rel=1e-14)
    for found, true in zip(at.delta, truth.delta, strict=True):
        np.testing.assert_allclose(found, true, rtol=1e-13, atol=1e-16)
    for found, true, mask in zip(at.nabla_w, truth.nabla_w, drawn, strict=True):
        np.testing.assert_allclose(found, true * mask, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(feedforward(in_step, dropped)[1][-1], at.a[-1])
    assert in_step.activations == network.activations  # by name
    assert thinned(network, x, [None] * 3)[1] is x


def test_rates():
    assert Dropout(0.3).rates(4) == (0.0, 0.3, 0.3)
    assert Dropout([0.1, 0.2], input=0.05).rates(4) == (0.05, 0.1, 0.2)
    assert Dropout([0.1]) == Dropout((0.1,))
    assert Dropout(0.5).rates(2) == (0.0,)
    with pytest.raises(InvalidInputError, match=r"Dropout has 2 rates, but the network has 1 hidden layers"):
        Dropout([0.1, 0.2]).rates(3)
    for rate in (1.0, -0.1, np.nan, True, "0.5", [0.1, 1.0]):
        with pytest.raises(InvalidInputError, match=r"Dropout\(rate=\) must lie in \[0, 1\), but"):
            Dropout(rate)
    with pytest.raises(InvalidInputError, match=r"Dropout\(input=\) must lie in \[0, 1\), but 1 came"):
        Dropout(input=1)
