import exact
import mpmath as mp
import numpy as np
import pytest

import needs
from backlit.core.activations import ACTIVATIONS, get_activation
from backlit.core.backpropagation import bp1, output_error
from backlit.core.likelihood_losses import FROM_Z, SHORT_CUTS
from backlit.core.losses import (
    ALIASES,
    BINARY_CROSS_ENTROPY,
    CATEGORICAL_CROSS_ENTROPY,
    LOSSES,
    POISSON,
    cost_of_each,
    fitting_pairs,
    get_loss,
    loss_name,
)
from backlit.errors import LossActivationError, UnknownNameError
from every import every

EPS = np.finfo(float).eps
EVERYWHERE = ["quadratic", "huber", "absolute", "log_cosh", "quantile"]
FITTING = [(loss, activation) for loss in EVERYWHERE for activation in ACTIVATIONS] + [
    ("cross_entropy", "sigmoid"),
    ("cross_entropy", "softmax"),
    ("poisson", "sigmoid"),
    ("poisson", "softplus"),
    ("poisson", "exp"),
    ("poisson", "softmax"),
]


def targets(loss, shape, rng):
    if loss == "cross_entropy":
        return rng.random(shape)  # rows need not sum to one
    return rng.poisson(1.5, shape).astype(float) if loss == "poisson" else 2 * rng.standard_normal(shape)


def slopes_in_z(loss, activation, z, y):
    """∂C_x/∂z at 50 digits, by differences of the definition alone."""
    return exact.as_floats(exact.gradient(lambda z: exact.cost(loss, activation, exact.output(activation, z), y), z))


def test_fitting_pairs():
    assert sorted(fitting_pairs()) == sorted(FITTING)


@every(("loss", "activation"), [(loss, a) for loss in LOSSES for a in ACTIVATIONS if (loss, a) not in FITTING])
def test_a_pair_that_does_not_fit_is_refused(loss, activation):
    with pytest.raises(LossActivationError) as caught:
        get_loss(loss, activation)
    message = str(caught.value)
    assert f"{loss!r} is defined for activations in {LOSSES[loss].domain}" in message
    assert f"{activation!r} gives values in {ACTIVATIONS[activation].range}" in message
    remedy = message.partition("one of these output activations: ")[2]
    assert remedy == ", ".join(a for a in ACTIVATIONS if (loss, a) in FITTING) + "."
    with pytest.raises(LossActivationError):
        cost_of_each(loss, activation, np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)))
    with pytest.raises(LossActivationError):
        output_error(loss, activation, np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)))


def test_names():
    assert set(LOSSES) == {*EVERYWHERE, "cross_entropy", "poisson"}
    assert all(name == loss.name for name, loss in LOSSES.items())
    assert ALIASES == {"squared_error": "quadratic", "log_loss": "cross_entropy"}
    assert loss_name("squared_error") == "quadratic"
    assert get_loss("log_loss", "logistic") is BINARY_CROSS_ENTROPY
    assert get_loss("log_loss", "softmax") is CATEGORICAL_CROSS_ENTROPY
    with pytest.raises(UnknownNameError, match=r"no loss named 'quadratc'. Did you mean 'quadratic'\?"):
        get_loss("quadratc", "sigmoid")
    with pytest.raises(UnknownNameError, match="no loss named None"):
        loss_name(None)
    with pytest.raises(UnknownNameError, match=r"no activation named 'sigmoidal'"):
        get_loss("quadratic", "sigmoidal")


# each C_x and ∇_a C against 50 digits


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("loss", "activation"), [*((loss, "identity") for loss in EVERYWHERE), *FITTING[-6:]])
def test_value_and_nabla_a(loss, activation, dtype):
    rng = np.random.default_rng(3)
    definition = get_loss(loss, activation)
    a = rng.random((40, 3)) if definition.domain.high == 1 else 3 * rng.random((40, 3))
    a, y = a.astype(dtype), targets(loss, (40, 3), rng).astype(dtype)
    value, nabla_a = definition.value(a, y), definition.nabla_a(a, y)
    assert value.dtype == nabla_a.dtype == dtype
    eps = float(np.finfo(dtype).eps)
    for i in range(40):
        true = float(exact.cost(loss, activation, a[i], y[i]))
        # Poisson's deviance is the small difference of terms of the size of y
        assert abs(value[i].sum(dtype="float64") - true) <= 4 * eps * (true + (loss == "poisson") * (a + y)[i].sum())
        slopes = exact.gradient(lambda a, i=i: exact.cost(loss, activation, a, y[i]), a[i])
        np.testing.assert_allclose(nabla_a[i], exact.as_floats(slopes), rtol=4 * eps, atol=eps)


def test_the_lectures_quadratic_cost():
    a, y = np.array([[0.2, 0.9]]), np.array([[1.0, 0.0]])
    assert cost_of_each("quadratic", "sigmoid", a, a, y) == pytest.approx([0.5 * (0.8**2 + 0.9**2)], rel=1e-15)
    np.testing.assert_array_equal(LOSSES["quadratic"].nabla_a(a, y), a - y)


def test_at_kinks_and_bends():
    y = np.array([0.0, 0.0, 1.0])
    assert LOSSES["absolute"].kinks == (0.0,)
    np.testing.assert_array_equal(LOSSES["absolute"].nabla_a(y, y), 0)
    assert LOSSES["huber"].bends == (-1.0, 1.0)
    r = np.array([-1.5, -1.0, 1.0, 1.5])
    np.testing.assert_array_equal(LOSSES["huber"].nabla_a(r, 0 * r), [-1, -1, 1, 1])
    np.testing.assert_array_equal(LOSSES["huber"].value(r, 0 * r), [1, 0.5, 0.5, 1])
    assert [loss.name for loss in LOSSES.values() if loss.kinks or loss.bends] == ["huber", "absolute", "quantile"]


def test_zero_times_an_infinite_logarithm_is_zero():
    zero, one = np.zeros(1), np.ones(1)
    assert BINARY_CROSS_ENTROPY.value(one, one) == 0
    assert BINARY_CROSS_ENTROPY.value(zero, zero) == 0
    assert CATEGORICAL_CROSS_ENTROPY.value(zero, zero) == 0
    assert POISSON.value(zero, zero) == 0
    for loss in (BINARY_CROSS_ENTROPY, CATEGORICAL_CROSS_ENTROPY, POISSON):
        assert np.isnan(loss.value(np.nan * one, zero))
        assert np.isnan(loss.value(one / 2, np.nan * one))
    with np.errstate(divide="ignore"):
        assert BINARY_CROSS_ENTROPY.value(zero, one) == np.inf
        assert BINARY_CROSS_ENTROPY.value(one, zero) == np.inf
        assert CATEGORICAL_CROSS_ENTROPY.value(zero, one) == np.inf


def test_poisson_is_zero_for_a_perfect_prediction():
    y = np.array([1e-3, 1.0, 7.0, 1e6])
    np.testing.assert_array_equal(POISSON.value(y, y), 0)


@every(("loss", "activation"), FITTING)
def test_nan_stays_nan(loss, activation):
    z = np.array([[0.5, 0.2], [np.nan, 0.3], [0.1, 0.4]])
    y = np.array([[0.0, 1.0], [0.0, 1.0], [np.nan, 0.0]])
    a = get_activation(activation).value(z)
    np.testing.assert_array_equal(np.isnan(cost_of_each(loss, activation, z, a, y)), [False, True, True])
    delta = output_error(loss, activation, z, a, y)
    np.testing.assert_array_equal(np.isnan(delta[:, 0]), [False, True, True])


# formulas in z


def test_formulas_in_z_are_all_checked_here():
    assert set(FROM_Z) == set(SHORT_CUTS) == set(FITTING[-6:])


@pytest.mark.parametrize(("loss", "activation"), list(FROM_Z))
def test_costs_from_z_equal_the_general_form(loss, activation):
    rng = np.random.default_rng(1)
    z, y = rng.uniform(-8, 8, (200, 4)), targets(loss, (200, 4), rng)
    a = get_activation(activation).value(z)
    general = get_loss(loss, activation).value(a, y).sum(axis=1)
    # the general form loses digits in 1 − a: eps / (1 − a), at most e^8 here
    np.testing.assert_allclose(cost_of_each(loss, activation, z, a, y), general, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("loss", "activation"), list(SHORT_CUTS))
def test_short_cuts_equal_bp1(loss, activation):
    rng = np.random.default_rng(2)
    z, y = rng.uniform(-4, 4, (200, 4)), targets(loss, (200, 4), rng)
    a = get_activation(activation).value(z)
    general = bp1(get_loss(loss, activation).nabla_a(a, y), z, activation)
    np.testing.assert_allclose(output_error(loss, activation, z, a, y), general, rtol=1e-13, atol=1e-13)


@every(("loss", "activation"), [pair for pair in FITTING if pair not in SHORT_CUTS])
def test_without_a_short_cut_the_output_error_is_bp1(loss, activation):
    rng = np.random.default_rng(2)
    z, y = rng.uniform(-4, 4, (5, 3)), targets(loss, (5, 3), rng)
    a = get_activation(activation).value(z)
    nabla_a = LOSSES[loss].nabla_a(a, y)
    np.testing.assert_array_equal(output_error(loss, activation, z, a, y), bp1(nabla_a, z, activation))


@every(("loss", "activation"), FITTING)
def test_output_error_is_the_slope_in_z(loss, activation):
    rng = np.random.default_rng(5)
    z, y = rng.uniform(-3, 3, (6, 3)), targets(loss, (6, 3), rng)
    delta = output_error(loss, activation, z, get_activation(activation).value(z), y)
    for i in range(6):
        true = slopes_in_z(loss, activation, z[i], y[i])
        np.testing.assert_allclose(delta[i], true, rtol=1e-14, atol=20 * EPS * max(1, np.abs(true).max()))


@pytest.mark.parametrize("size", [50.0, 500.0])
@pytest.mark.parametrize(("loss", "activation"), list(FROM_Z))
def test_saturated_outputs_are_exact(loss, activation, size):
    target = [0.0, 1.0, 0.25] if loss == "cross_entropy" else [0.0, 1.0, 3.0]
    cases = [([s * size, s * size / 2, 0.5], [y, *target[1:]]) for s in (1, -1) for y in target]
    cases += [([-size, size, -size - 1], target)]
    for z_row, y_row in cases:
        z, y = np.array([z_row]), np.array([y_row])
        a = get_activation(activation).value(z)
        with mp.workdps(600):  # e^−1000 beside 1
            cost = float(exact.cost(loss, activation, exact.output(activation, z_row), y_row))
            a_true = exact.output(activation, z_row)
            # the definition worked out by the chain rule, at enough digits to need no short cut
            nabla = [
                1 - yj / aj if loss == "poisson" else -yj / aj if activation == "softmax" else (aj - yj) / aj / (1 - aj)
                for aj, yj in zip(a_true, exact.numbers(y_row), strict=True)
            ]
            if activation == "softmax":
                mean = mp.fdot(a_true, nabla)
                slopes = [aj * (nj - mean) for aj, nj in zip(a_true, nabla, strict=True)]
            else:
                slopes = [
                    nj * exact.DERIVATIVE[activation](zj) for nj, zj in zip(nabla, exact.numbers(z_row), strict=True)
                ]
            delta = exact.as_floats(slopes)
        assert cost_of_each(loss, activation, z, a, y)[0] == pytest.approx(cost, rel=4 * EPS, abs=1e-300)
        computed = output_error(loss, activation, z, a, y)[0]
        # a and a − y are rounded to eps; what multiplies them must keep all its digits
        rounding = 2 * EPS * max(1, max(y_row))
        if (loss, activation) == ("poisson", "sigmoid"):
            rounding *= exact.as_floats(exact.sigmoid(-zj) for zj in exact.numbers(z_row))
        assert (np.abs(computed - delta) <= 4 * EPS * np.abs(delta) + rounding).all(), (computed, delta)
        assert np.isfinite(computed).all()


def test_poisson_where_softplus_underflows():
    z, y = np.array([[-800.0, -1e4]]), np.array([[3.0, 0.0]])
    a = get_activation("softplus").value(z)
    assert (a == 0).all()
    np.testing.assert_array_equal(output_error("poisson", "softplus", z, a, y), [[-3, 0]])
    assert cost_of_each("poisson", "softplus", z, a, y)[0] == pytest.approx(2400 + 3 * np.log(3) - 3, rel=2 * EPS)


@pytest.mark.parametrize(("loss", "activation"), list(FROM_Z))
def test_torch_differentiates_the_cost_to_the_short_cut(loss, activation):
    torch = needs.imported("torch")

    # 0 is where the one-sided formulas meet, ±100 where sigmoid and softplus are flat
    numbers = np.array([[0.0, -0.0, 1.0], [100.0, -100.0, 0.0], [-100.0, -100.0, 3.0], [0.0, 0.0, 0.0]])
    y = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.25, 0.5, 0.25]])
    z = torch.tensor(numbers, requires_grad=True)
    a = get_activation(activation).value(z)
    (automatic,) = torch.autograd.grad(cost_of_each(loss, activation, z, a, torch.tensor(y)).sum(), z)
    delta = output_error(loss, activation, numbers, get_activation(activation).value(numbers), y)
    np.testing.assert_allclose(automatic.numpy(), delta, rtol=4 * EPS, atol=4 * EPS)
