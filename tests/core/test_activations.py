import exact
import mpmath as mp
import numpy as np
import pytest

import needs
from backlit.core.activations import (
    ACTIVATIONS,
    ALIASES,
    LEAKY_RELU_SLOPE,
    SELU_ALPHA,
    SELU_LAMBDA,
    get_activation,
    log_sigmoid,
    log_softmax,
    log_softplus,
    resolve_activations,
    softmax,
    softmax_transposed_jacobian,
)
from backlit.errors import InvalidInputError, ShapeError, UnknownNameError
from every import every

ELEMENTWISE = [name for name, activation in ACTIVATIONS.items() if not activation.couples]
DTYPES = ["float64", "float32"]

# Largest error of value and derivative, in eps of the result: what was measured, and room for another libm.
BOUNDS = {
    "sigmoid": (2.0, 3.0),
    "tanh": (1.25, 3.0),
    "relu": (0.0, 0.0),
    "leaky_relu": (1.0, 0.5),
    "elu": (1.25, 1.5),
    "selu": (1.5, 2.0),
    "gelu": (3.0, 3.0),
    "silu": (2.0, 4.0),
    "mish": (2.5, 5.0),
    "softplus": (2.0, 2.0),
    "exp": (1.5, 1.5),
    "identity": (0.0, 0.0),
}


def points(dtype):
    # 700 and 86 leave every result a normal number: e^−700 and e^−86 are just above the smallest
    end, smallest = {"float64": (700.0, -300), "float32": (86.0, -37)}[dtype]
    small = 10.0 ** np.arange(smallest, 0, 7.0)
    z = np.concatenate([np.linspace(-end, end, 141), np.linspace(-6, 6, 241), small, -small, [0.0, -end, end]])
    return z.astype(dtype)


def summands(name, z):
    """Sizes of what is added up in σ′ where it has a zero; its rounding cannot be relative to the sum."""
    s = exact.sigmoid(z)
    if name == "gelu":
        return exact.normal_cdf(z) + abs(z) * exact.normal_density(z)
    if name == "silu":
        return s + abs(z) * s * exact.sigmoid(-z)
    return mp.tanh(exact.softplus(z)) + abs(z) * s * mp.sech(exact.softplus(z)) ** 2


def check_against_exact(computed, z, reference, bound, dtype, *, scale=abs, per_square=0.0):
    assert computed.dtype == dtype
    info = np.finfo(dtype)
    for z_i, value in zip(z, computed, strict=True):
        true = reference(mp.mpf(float(z_i)))
        allowed = (bound + per_square * float(z_i) ** 2) * float(info.eps)
        error = abs(mp.mpf(float(value)) - true)
        if abs(true) >= float(info.tiny):
            assert error <= allowed * scale(true), (z_i, value, float(error / (float(info.eps) * scale(true))))
        else:  # a subnormal has fewer digits
            assert error <= (allowed + 2 * float(info.eps)) * float(info.tiny), (z_i, value)


@every("dtype", DTYPES)
@every("name", ELEMENTWISE)
def test_value(name, dtype):
    z = points(dtype)
    # the normal distribution function turns an error of z into z² times as much
    per_square = 0.75 if name == "gelu" else 0.0
    check_against_exact(ACTIVATIONS[name].value(z), z, exact.VALUE[name], BOUNDS[name][0], dtype, per_square=per_square)


@every("dtype", DTYPES)
@every("name", ELEMENTWISE)
def test_derivative(name, dtype):
    z = points(dtype)
    z = z[~np.isin(z, ACTIVATIONS[name].kinks)]
    computed = ACTIVATIONS[name].derivative(z)
    if name in ("gelu", "silu", "mish"):
        for z_i, value in zip(z, computed, strict=True):
            check_against_exact(
                np.array([value]),
                [z_i],
                exact.DERIVATIVE[name],
                BOUNDS[name][1],
                dtype,
                scale=lambda _, z_i=z_i: summands(name, mp.mpf(float(z_i))),
                per_square=0.75 if name == "gelu" else 0.0,
            )
    else:
        check_against_exact(computed, z, exact.DERIVATIVE[name], BOUNDS[name][1], dtype)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_exact_derivatives_are_derivatives_of_the_exact_values(name):
    for z in map(mp.mpf, ("-650", "-30.25", "-3", "-1.2", "-0.75", "-0.001", "0.001", "0.5", "2", "31", "650")):
        assert mp.almosteq(
            exact.derivative(exact.VALUE[name], z), exact.DERIVATIVE[name](z), rel_eps=1e-25, abs_eps=1e-25
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "value", "slope"),
    [
        ("relu", 0.0, 0.0),
        ("leaky_relu", 0.0, LEAKY_RELU_SLOPE),
        ("elu", 0.0, 1.0),
        ("selu", 0.0, SELU_LAMBDA * SELU_ALPHA),
    ],
)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_at_the_kink(name, value, slope, zero, dtype):
    z = np.array([zero], dtype=dtype)
    assert ACTIVATIONS[name].value(z) == value
    assert ACTIVATIONS[name].derivative(z) == np.array([slope], dtype=dtype)


def test_kinks_and_bends_are_where_one_sided_derivatives_differ():
    h = mp.mpf(10) ** -20
    for name in ELEMENTWISE:
        jumps = {
            field: abs(f(h) - f(-h)) > 1e-3
            for field, f in (
                ("kinks", exact.DERIVATIVE[name]),
                ("bends", lambda z, name=name: mp.diff(exact.DERIVATIVE[name], z, h=mp.mpf(10) ** -25)),
            )
        }
        assert ACTIVATIONS[name].kinks == ((0.0,) if jumps["kinks"] else ())
        if not jumps["kinks"]:
            assert ACTIVATIONS[name].bends == ((0.0,) if jumps["bends"] else ())


@every("name", list(ACTIVATIONS))
def test_nan_stays_nan(name, xp):
    z = xp.asarray(np.array([[1.0, np.nan, -1.0]]))
    activation = ACTIVATIONS[name]
    for result in (activation.value(z), activation.pull_back(z, xp.ones_like(z))):
        result = np.asarray(result)[0]
        assert np.isnan(result[1])
        assert np.isnan(result[[0, 2]]).all() == activation.couples
    if activation.log_value is not None:
        assert np.isnan(np.asarray(activation.log_value(z))[0, 1])


NAN = float("nan")
INF = float("inf")


@pytest.mark.parametrize(
    ("name", "values", "slopes"),
    [
        ("sigmoid", (0, 1), (0, 0)),
        ("tanh", (-1, 1), (0, 0)),
        ("relu", (0, INF), (0, 1)),
        ("leaky_relu", (-INF, INF), (LEAKY_RELU_SLOPE, 1)),
        ("elu", (-1, INF), (0, 1)),
        ("selu", (-SELU_LAMBDA * SELU_ALPHA, INF), (0, SELU_LAMBDA)),
        # ∞ · 0 on the way: not a number then, which training notices, and never a wrong number
        ("gelu", (NAN, INF), (NAN, NAN)),
        ("silu", (NAN, INF), (NAN, NAN)),
        ("mish", (NAN, INF), (NAN, NAN)),
        ("softplus", (0, INF), (0, 1)),
        ("exp", (0, INF), (0, INF)),
        ("identity", (-INF, INF), (1, 1)),
        ("softmax", (NAN, NAN), (NAN, NAN)),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_at_infinity(name, values, slopes):
    z = np.array([[-INF, INF]])
    np.testing.assert_array_equal(ACTIVATIONS[name].value(z)[0], values)
    np.testing.assert_array_equal(ACTIVATIONS[name].pull_back(z, np.ones_like(z))[0], slopes)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_range(name):
    activation = ACTIVATIONS[name]
    grid = np.concatenate([np.linspace(-700, 700, 1401), np.linspace(-3, 3, 60_001)])
    a = activation.value(np.stack([grid, -grid], axis=1) if activation.couples else grid)
    low, high = activation.range.low, activation.range.high
    assert a.min() >= low
    assert a.max() <= high
    # not too wide either
    assert a.min() - low < 1e-4 if np.isfinite(low) else a.min() < -6
    assert high - a.max() < 1e-4 if np.isfinite(high) else a.max() > 600
    # an end that counts as outside is not reached before rounding
    inside = a[(np.abs(grid) < 15)]
    if activation.range.low_open:
        assert inside.min() > low
    else:
        assert inside.min() == low
    assert inside.max() < high


def test_every_activation_is_checked_here():
    assert set(BOUNDS) == set(exact.VALUE) == set(exact.DERIVATIVE) == set(ELEMENTWISE)
    assert [name for name, activation in ACTIVATIONS.items() if activation.couples] == ["softmax"]
    assert all(name == activation.name for name, activation in ACTIVATIONS.items())


# softmax

ROWS = np.array([[0.3, -1.2, 2.5, 0.0], [40.0, -40.0, 39.0, 0.5], [700.0, -700.0, 0.0, 699.0], [5.0, 5.0, 5.0, 5.0]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax(dtype):
    info = np.finfo(dtype)
    z = ROWS.astype(dtype)
    a, log_a = softmax(z), log_softmax(z)
    assert a.dtype == log_a.dtype == dtype
    for row, a_row, log_row in zip(z, a, log_a, strict=True):
        for value, log_value, true in zip(a_row, log_row, exact.softmax(exact.numbers(row)), strict=True):
            assert abs(float(value) - true) <= 4 * float(info.eps) * true + float(info.smallest_subnormal)
            # absolute as well: log a is near 0 where a is near 1
            assert abs(float(log_value) - mp.log(true)) <= 3 * float(info.eps) * max(1, abs(mp.log(true)))
    np.testing.assert_allclose(a.sum(axis=1), 1, rtol=4 * info.eps)


def test_softmax_does_not_change_when_all_z_move():
    z = np.array([[0.25, -1.5, 3.0], [8.0, 7.75, -2.0]])
    for c in (1.0, -64.0, 2.0**40):  # exact in binary, so z + c is too
        np.testing.assert_array_equal(softmax(z + c), softmax(z))
        np.testing.assert_array_equal(log_softmax(z + c), log_softmax(z))


def test_softmax_of_huge_z():
    z = np.array([[1e308, -1e307, 1e308], [-1e308, -1e308, -1.5e308]])
    np.testing.assert_array_equal(softmax(z), [[0.5, 0, 0.5], [0.5, 0.5, 0]])
    assert softmax(np.array([[3.0]])) == 1.0


def test_softmax_jacobian():
    z = np.array([0.3, -1.2, 2.5, 0.0])
    # row k of the Jacobian, ∂a_k/∂z_j, is what a unit ∂C/∂a_k pulls back to
    rows = softmax_transposed_jacobian(np.tile(z, (4, 1)), np.eye(4))
    for k in range(4):
        true = exact.gradient(lambda row, k=k: exact.softmax(row)[k], z)
        np.testing.assert_allclose(rows[k], exact.as_floats(true), rtol=8 * np.finfo(float).eps)
    nabla_a = np.array([[1.0, -2.0, 0.5, 3.0]])
    np.testing.assert_allclose(ACTIVATIONS["softmax"].pull_back(z[None], nabla_a), nabla_a @ rows, rtol=1e-15)


# logarithms


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("log_value", "true_log"),
    [(log_sigmoid, lambda z: -exact.softplus(-z)), (log_softplus, lambda z: mp.log(exact.softplus(z)))],
    ids=["sigmoid", "softplus"],
)
def test_log_value(log_value, true_log, dtype):
    z = np.concatenate([points(dtype), np.linspace(-42, -28, 141).astype(dtype)])  # around the change of formula
    # near log 1 = 0 the error is that of the argument, eps of 1
    check_against_exact(log_value(z), z, true_log, 2.5, dtype, scale=lambda true: max(abs(true), 1))


def test_log_sigmoid_keeps_its_digits_where_sigmoid_is_near_one():
    z = np.array([20.0, 36.0, 60.0, 700.0])
    check_against_exact(log_sigmoid(z), z, lambda z: -exact.softplus(-z), 2.0, "float64")


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_which_are_increasing(name):
    differences = np.diff(ACTIVATIONS[name].value(np.linspace(-15, 15, 301)))
    assert ACTIVATIONS[name].increasing == (differences > 0).all()


def test_log_values_belong_to_the_positive_activations():
    for name, activation in ACTIVATIONS.items():
        positive = activation.range.low >= 0 and activation.range.low_open
        assert (activation.log_value is not None) == positive, name
        if positive:
            z = np.array([[0.3, -1.2, 2.5]])
            np.testing.assert_allclose(activation.log_value(z), np.log(activation.value(z)), rtol=1e-14)


# automatic differentiation of the same formulas

SPECIAL = [-700.0, -100.0, -37.0, -1.0, -1e-3, -0.0, 0.0, 1e-3, 1.0, 37.0, 100.0, 700.0]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_torch_differentiates_value_to_derivative(name):
    torch = needs.imported("torch")

    z = torch.tensor(SPECIAL, dtype=torch.float64, requires_grad=True)
    (automatic,) = torch.autograd.grad(ACTIVATIONS[name].value(z).sum(), z)
    # torch's own 1 − tanh² has no digits left in the tails, so the error is one of eps, not of eps · σ′
    np.testing.assert_allclose(
        automatic.numpy(), ACTIVATIONS[name].derivative(np.array(SPECIAL)), rtol=2e-15, atol=4e-16
    )


@pytest.mark.thorough  # JAX compiles each, and torch shows the same
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_jax_differentiates_value_to_derivative(name):
    import jax
    import jax.numpy as jnp

    z = np.array(SPECIAL)
    automatic = jax.grad(lambda z: jnp.sum(ACTIVATIONS[name].value(z)))(jnp.asarray(z))
    np.testing.assert_allclose(np.asarray(automatic), ACTIVATIONS[name].derivative(z), rtol=2e-15, atol=4e-16)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "exp"])
def test_torch_differentiates_the_logarithms(name):
    torch = needs.imported("torch")

    z = torch.tensor(SPECIAL, dtype=torch.float64, requires_grad=True)
    (automatic,) = torch.autograd.grad(ACTIVATIONS[name].log_value(z).sum(), z)
    true = [exact.DERIVATIVE[name](v) / exact.VALUE[name](v) for v in map(mp.mpf, SPECIAL)]
    np.testing.assert_allclose(automatic.numpy(), exact.as_floats(true), rtol=2e-15, atol=4e-16)


# names and intervals


def test_get_activation():
    assert get_activation("tanh").name == "tanh"
    assert ALIASES == {"logistic": "sigmoid"}
    assert get_activation("logistic") is ACTIVATIONS["sigmoid"]


@pytest.mark.parametrize(("name", "hint"), [("sigmod", "'sigmoid'"), (None, "Choose one of"), (["relu"], "'relu'")])
def test_an_unknown_name_is_refused_with_what_comes_close(name, hint):
    with pytest.raises(UnknownNameError, match=r"There is no activation named") as caught:
        get_activation(name)
    assert hint in str(caught.value)


def test_resolve_activations():
    assert resolve_activations("logistic", 4) == ("sigmoid",) * 3
    assert resolve_activations(["relu", "softmax"], 3) == ("relu", "softmax")
    with pytest.raises(ShapeError, match=r"network of 3 layers needs 2 activations .*, but 1 came: \['relu'\]"):
        resolve_activations(["relu"], 3)
    with pytest.raises(InvalidInputError, match="at least two layers"):
        resolve_activations("relu", 1)
