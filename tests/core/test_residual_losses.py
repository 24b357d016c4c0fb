import warnings

import exact
import numpy as np
import pytest

from backlit import Huber, MLPRegressor, Network, Quantile, check_gradient, save_network
from backlit.core.losses import cost_of_each, definition, get_loss, loss_name
from backlit.errors import InvalidInputError, ModelFileError, UnknownNameError
from backlit.persistence.model_file import load_model

A = np.array([[-3.0, -0.5, 0.0, 0.25, 4.0]])
Y = np.zeros_like(A)


def test_values_and_slopes_of_the_quantile_loss():
    loss = definition("quantile(0.9)")
    np.testing.assert_allclose(loss.value(A, Y), [[2.7, 0.45, 0.0, 0.025, 0.4]], rtol=1e-15)
    np.testing.assert_allclose(loss.nabla_a(A, Y), [[-0.9, -0.9, 0.0, 0.1, 0.1]], rtol=1e-15)
    assert loss.kinks == (0.0,)


def test_the_constant_that_costs_least_is_the_quantile():
    y = np.random.default_rng(0).exponential(size=(4001, 1))
    candidates = np.linspace(0, 6, 1201)
    for q in (0.1, 0.5, 0.9):
        loss = f"quantile({q})"
        costs = [cost_of_each(loss, "identity", np.full_like(y, c), np.full_like(y, c), y).mean() for c in candidates]
        assert candidates[np.argmin(costs)] == pytest.approx(np.quantile(y, q), abs=0.005)


def test_values_and_slopes_of_huber():
    loss = definition(Huber(2.0))
    np.testing.assert_allclose(loss.value(A, Y), [[4.0, 0.125, 0.0, 0.03125, 6.0]], rtol=1e-15)
    np.testing.assert_allclose(loss.nabla_a(A, Y), [[-2.0, -0.5, 0.0, 0.25, 2.0]], rtol=1e-15)
    assert loss.bends == (-2.0, 2.0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_log_cosh_keeps_its_digits(dtype):
    r = np.array([0.0, 1e-30, 1e-8, 1e-4, 0.5, 0.999, 1.0, 1.001, 20.0, 1e4, 1e30], dtype=dtype)
    loss, eps = get_loss("log_cosh", "identity"), np.finfo(dtype).eps
    for signed in (r, -r):
        value = loss.value(signed, np.zeros_like(r))
        with exact.mp.workdps(100):  # cosh 10⁻³⁰ is 1 + 5·10⁻⁶¹
            true = exact.as_floats(exact.mp.log(exact.mp.cosh(float(x))) for x in signed)
        with np.errstate(under="ignore"):
            np.testing.assert_allclose(value, true, rtol=4 * eps, atol=np.finfo(dtype).tiny)
        assert value.dtype == dtype
    assert np.isinf(loss.value(np.array([np.inf]), np.zeros(1)))
    assert np.isnan(loss.value(np.array([np.nan]), np.zeros(1)))


def test_names():
    assert loss_name(Quantile(0.9)) == loss_name("quantile(0.90)") == "quantile(0.9)"
    assert loss_name(Quantile()) == loss_name("quantile(0.5)") == "quantile"
    assert loss_name(Huber()) == loss_name("huber(1)") == "huber"
    assert loss_name("huber(2)") == loss_name(Huber(2)) == "huber(2.0)"
    assert definition("quantile(0.3)").parameter == 0.3
    assert definition("quantile(0.3)").family == "quantile"


def test_what_is_no_loss_is_refused():
    for q in (0.0, 1.0, -1, 2, np.nan, True, "0.5"):
        with pytest.raises(InvalidInputError, match=r"Quantile\(q=\) must lie between 0 and 1, but"):
            Quantile(q)
    for delta in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(InvalidInputError, match=r"Huber\(delta=\) must be a positive number, but"):
            Huber(delta)
    with pytest.raises(InvalidInputError, match=r"between 0 and 1, but 1\.5 came"):
        loss_name("quantile(1.5)")
    with pytest.raises(InvalidInputError, match=r"parameter of the loss 'quantile\(many\)' must be a number"):
        loss_name("quantile(many)")
    for name in ("quadratic(2)", "quantile()", "quantile(0.5", "quantile(0.1)(0.2)"):
        with pytest.raises(UnknownNameError):
            loss_name(name)


@pytest.mark.parametrize("loss", ["log_cosh", Quantile(0.8), Huber(0.3)])
def test_the_gradient_holds(loss):
    network = Network.initialize([3, 5, 2], ["tanh", "identity"], seed=1)
    rng = np.random.default_rng(0)
    assert check_gradient(network, rng.normal(size=(6, 3)), 3 * rng.normal(size=(6, 2)), loss=loss).ok


@pytest.mark.parametrize("loss", [Quantile(0.9), "quantile(0.9)"])
@pytest.mark.parametrize("engine", ["reference", "native"])
def test_a_regressor_learns_a_quantile(engine, loss):
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(2000, 1))
    y = X[:, 0] + rng.exponential(size=2000) * 0.5
    regressor = MLPRegressor(loss, (8,), max_iter=60, learning_rate_init=0.01, tol=0, random_state=0, engine=engine)
    with warnings.catch_warnings(action="ignore"):
        regressor.fit(X, y)
    assert np.mean(y < regressor.predict(X)) == pytest.approx(0.9, abs=0.02)


def test_the_parameter_is_set_and_searched_over_like_any_other():
    regressor = MLPRegressor(Quantile(0.5)).set_params(loss__q=0.9)
    assert regressor.loss == Quantile(0.9)
    assert regressor.get_params()["loss__q"] == 0.9
    with pytest.raises(InvalidInputError, match="between 0 and 1"):
        regressor.set_params(loss__q=1.5)


def test_a_model_file_holds_the_full_name(tmp_path):
    path = tmp_path / "model.safetensors"
    network = Network.initialize([2, 1], "identity")
    for loss, name in ((Quantile(0.9), "quantile(0.9)"), ("huber(2)", "huber(2.0)"), (Huber(1.0), "huber")):
        save_network(path, network, loss)
        assert load_model(path).loss == name
    written = path.read_bytes()
    for name in ("huber(1.0)", "quantile(9)", "huber(x)", "squared_error"):
        length = 8 + int.from_bytes(written[:8], "little")
        header = written[8:length].replace(rb"\"huber\"", rf"\"{name}\"".encode())
        path.write_bytes(len(header).to_bytes(8, "little") + header + written[length:])
        with pytest.raises(ModelFileError, match=r"loss must be one of quadratic, .* with a parameter in brackets"):
            load_model(path)
