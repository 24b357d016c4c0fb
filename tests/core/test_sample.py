import math

import numpy as np
import pytest

from backlit.core.activations import get_activation
from backlit.core.losses import cost_of_each, fitting_pairs
from backlit.core.sample import Sample
from every import every

# where outputs are coupled, the mean is taken for the others too
BEST_AT_THE_MEAN = ("quadratic", "cross_entropy", "poisson")


def constant_cost(loss, activation, y):
    return Sample.of(np.zeros((len(y), 1)), y, loss, activation).constant_cost


def test_the_best_constant_has_the_closed_forms_of_the_textbooks():
    y = np.array([[0.0], [0.0], [1.0], [3.0], [11.0]])
    assert constant_cost("quadratic", "identity", y) == pytest.approx(0.5 * np.var(y), rel=1e-12)
    assert constant_cost("absolute", "identity", y) == pytest.approx(np.mean(np.abs(y - 1.0)), rel=1e-9)  # the median
    labels = np.eye(3)[[0, 0, 0, 1, 2, 2]]
    shares = np.array([3, 1, 2]) / 6
    assert constant_cost("cross_entropy", "softmax", labels) == pytest.approx(-np.sum(shares * np.log(shares)))
    assert constant_cost("cross_entropy", "softmax", np.eye(2)[[0, 0]]) == 0.0


@every(("loss", "activation"), fitting_pairs())
def test_no_output_that_is_the_same_for_all_examples_is_better(loss, activation):
    rng = np.random.default_rng(0)
    y = np.eye(3)[rng.integers(0, 3, 40)]
    best = constant_cost(loss, activation, y)
    couples = get_activation(activation).couples
    for z in 3 * rng.standard_normal((300, 3)):
        z = np.tile(z, (40, 1))
        with np.errstate(all="ignore"):
            cost = np.mean(cost_of_each(loss, activation, z, get_activation(activation).value(z), y))
        if (not couples or loss in BEST_AT_THE_MEAN) and math.isfinite(cost):
            assert cost >= best - 1e-9


def test_the_size_of_the_inputs_is_that_of_the_largest():
    x = np.array([[1.0, 30.0], [1.0, -40.0]])
    sample = Sample.of(x, np.zeros((2, 1)), "quadratic", "identity")
    assert sample.input_size == pytest.approx(math.sqrt((900 + 1600) / 2))
    assert math.isnan(Sample.of(x * math.nan, np.zeros((2, 1)), "quadratic", "identity").input_size)
