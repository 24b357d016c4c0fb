import numpy as np
import pytest

from backlit.core.ensemble import Ensemble
from backlit.core.network import Network, feedforward
from backlit.errors import InvalidInputError, ShapeError


def networks(sizes, hidden="tanh", last="softmax", n=3, **options):
    activations = [hidden] * (len(sizes) - 2) + [last]
    return [Network.initialize(sizes, activations, seed=seed, **options) for seed in range(n)]


def test_members_come_back_in_their_order():
    given = networks([2, 4, 3])
    ensemble = Ensemble.of(given)
    assert ensemble.sizes == (2, 4, 3)
    assert ensemble.dtype == "float64"
    for member, network in zip(ensemble.members, given, strict=True):
        assert all(found is put for found, put in zip(member.weights, network.weights, strict=True))
        assert all(found is put for found, put in zip(member.biases, network.biases, strict=True))


@pytest.mark.parametrize("sizes", [[3, 2], [3, 5, 2], [3, 4, 6, 5, 2]])
def test_joined_it_is_one_network_whose_z_is_the_mean_of_theirs(sizes):
    ensemble = Ensemble.of(networks(sizes))
    x = np.random.default_rng(0).standard_normal((7, 3))
    z_of_each = [feedforward(member, x)[0][-1] for member in ensemble.members]
    joined = ensemble.joined()
    assert joined.sizes == (3, *(3 * size for size in sizes[1:-1]), 2)
    np.testing.assert_allclose(feedforward(joined, x)[0][-1], np.mean(z_of_each, axis=0), rtol=1e-12)


def test_what_cannot_be_an_ensemble_is_refused():
    one, other = networks([2, 4, 3], n=2)
    with pytest.raises(ShapeError, match="same sizes and the same dtype"):
        Ensemble.of([one, *networks([2, 5, 3], n=1)])
    with pytest.raises(ShapeError, match="same dtype"):
        Ensemble.of([one, *networks([2, 4, 3], n=1, dtype="float32")])
    with pytest.raises(InvalidInputError, match="all of the same activations"):
        Ensemble.of([one, *networks([2, 4, 3], hidden="relu", n=1)])
    with pytest.raises(InvalidInputError, match="at least one"):
        Ensemble.of([])
    with pytest.raises(ShapeError, match="3 members with 2 layers each"):
        Ensemble(one.weights + other.weights, one.biases + other.biases, one.activations, 3)
    with pytest.raises(InvalidInputError, match="softmax in a hidden layer"):
        Ensemble.of(networks([2, 4, 3], hidden="softmax", n=2)).joined()
