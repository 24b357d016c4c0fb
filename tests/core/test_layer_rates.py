import pytest

from backlit.core.layer_rates import LayerRates, refuse_gradient_descent
from backlit.core.optimizers import OPTIMIZERS, SGD
from backlit.errors import InvalidInputError
from backlit.training.options import FitOptions


def test_rates_fall_with_the_root_of_the_width_and_are_a_tenth_for_biases():
    rates = LayerRates.ntp([16, 100, 4, 1])
    assert rates.weights == (1 / 4, 1 / 10, 1 / 2)
    assert rates.biases == (0.1, 0.1, 0.1)
    assert FitOptions(parametrization="ntp").layer_rates([16, 1]) == LayerRates.ntp([16, 1])
    assert FitOptions().layer_rates([16, 1]) is None


def test_gradient_descent_alone_has_no_rates_by_layer():
    for kind in OPTIMIZERS.values():
        if kind is not SGD:
            refuse_gradient_descent(kind())
    with pytest.raises(InvalidInputError, match="Use one of those, or the standard"):
        refuse_gradient_descent(SGD(momentum=0.9))


@pytest.mark.parametrize("solver", ["sgd", "gd", "lbfgs"])
def test_options_refuse_solvers_that_descend_by_the_gradient(solver):
    with pytest.raises(InvalidInputError, match="but gradient descent came"):
        FitOptions(solver=solver, parametrization="ntp")
