import numpy as np
import pytest

from backlit.core.backpropagation import backpropagate, shares
from backlit.core.differences import Batch, lie_apart, moved, rounding_noise
from backlit.core.losses import cost_of_each
from backlit.core.network import Network


def batch(names=("tanh", "relu", "sigmoid"), loss="quadratic"):
    rng = np.random.default_rng(0)
    network = Network.initialize([2, 3, 3, 2], names, initialization="standard_normal", seed=1)
    x, y = rng.standard_normal((4, 2)), rng.random((4, 2))
    at = backpropagate(network, x, y, loss=loss)
    return Batch(network, y, shares(x, None)[0][:, 0], loss, at)


@pytest.mark.parametrize("i", [0, 1, 2])
def test_a_move_is_what_a_changed_bias_does(i):
    problem = batch()
    j, steps = np.array([1, 0]), np.array([0.3, -0.2])
    costs, stages = moved(problem, i, j, np.broadcast_to(steps[None, :, None], (1, 2, 4)))
    names = [stage.name for stage in stages]
    assert names == [*problem.network.activations[i:], "quadratic"]
    for move in range(2):
        biases = [b.copy() for b in problem.network.biases]
        biases[i][j[move]] += steps[move]
        after = backpropagate(
            Network(problem.network.weights, biases, problem.network.activations), problem.at.a[0], problem.y
        )
        expected = cost_of_each("quadratic", "sigmoid", after.z[-1], after.a[-1], problem.y)
        np.testing.assert_allclose(costs[0, move], expected, rtol=1e-13)


def test_stages_are_before_and_after():
    problem = batch()
    _, stages = moved(problem, 0, np.array([2]), np.full((1, 1, 4), 0.5))
    first = next(stages)
    np.testing.assert_allclose(first.values[0, 0] - first.before, [[0, 0, 0.5]] * 4, atol=1e-15)
    assert (first.layer, first.kinks) == (2, ())
    assert next(stages).kinks == (0.0,)


def test_lie_apart_is_strict():
    assert lie_apart(np.array([1.0, 0.0, 1.0]), np.array([-1.0, 1.0, 2.0]), 0.0).tolist() == [True, False, False]


def test_rounding_noise_is_of_the_size_of_rounding():
    assert 1e-17 < rounding_noise(batch()) < 1e-14
