import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from backlit import MLPRegressor
from backlit.core.network import Network
from backlit.engine import Objective, get_engine
from backlit.errors import DivergenceError
from backlit.training.events import EpochEnded, TrainingEnded, TrainingStarted
from backlit.training.examples import Examples
from backlit.training.lbfgs import pack, train_lbfgs, unpack
from backlit.training.options import LineSearchLimits
from backlit.training.state import TrainingState

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
Y = X @ RNG.standard_normal((3, 2)) + np.sin(X[:, :1])


def train(session, *watchers, y=Y, **limits):
    """Train, and return what came, the history and the reason."""
    state = TrainingState(0, 1.0)
    limits = LineSearchLimits(**{"iterations": 200, "evaluations": 1000, "gradient": 1e-4} | limits)
    examples = Examples(X.astype(session.network().dtype), y.astype(session.network().dtype))
    result, reason = train_lbfgs(session, examples, limits, state, watchers=watchers)
    return result, state.history, reason


@pytest.fixture(params=["reference", pytest.param("native", marks=pytest.mark.needs("engine"))])
def engine(request):
    return request.param


def open_session(engine, dtype="float64"):
    network = Network.initialize([3, 5, 2], ["tanh", "identity"], seed=1, dtype=dtype)
    return get_engine(engine).open(network, Objective("quadratic"))


def test_pack_and_unpack_undo_each_other():
    network = Network.initialize([3, 5, 2], "tanh", seed=0, dtype="float32")
    theta = pack([*network.weights, *network.biases])
    assert theta.dtype == np.float64 and theta.shape == (network.n_parameters,)
    back = unpack(theta, network)
    assert (back.dtype, back.activations) == ("float32", network.activations)
    for a, b in zip((*network.weights, *network.biases), (*back.weights, *back.biases), strict=True):
        np.testing.assert_array_equal(a, b)


def test_finds_a_minimum(engine):
    session = open_session(engine)
    result, history, reason = train(session, iterations=1000)
    gradient = session.cost_and_gradient(X, Y)
    assert reason == "no improvement"
    assert np.abs(pack([*gradient.nabla_w, *gradient.nabla_b])).max() < 1e-3
    assert gradient.cost == pytest.approx(result.fun)
    costs = [record.cost for record in history]
    assert costs == sorted(costs, reverse=True) and len(costs) == result.nit


def test_lbfgs_tells_of_its_iterations(engine):
    heard = []
    _, history, _ = train(open_session(engine), heard.append)
    assert heard[0] == TrainingStarted(200, 40, 1)
    assert [event.record for event in heard[1:-1]] == history
    assert isinstance(heard[-1], TrainingEnded)
    with pytest.warns(ConvergenceWarning, match="failed to converge after 6 iteration"):
        regressor = MLPRegressor(solver="lbfgs", max_iter=6, engine=engine, random_state=0).fit(X, Y)
    assert regressor.n_iter_ == len(regressor.loss_curve_) == len(regressor.history_) == 6
    assert regressor.loss_ == regressor.loss_curve_[-1] == regressor.best_loss_


def test_listener_stops(engine):
    def stop(event):
        return isinstance(event, EpochEnded) and event.record.epoch == 3

    _, history, reason = train(open_session(engine), stop)
    assert (len(history), reason) == (3, "stopped by a listener")
    regressor = MLPRegressor(solver="lbfgs", callbacks=[stop], engine=engine, random_state=0).fit(X, Y)
    assert regressor.n_iter_ == 3


class Interrupting:
    """A session whose user presses Ctrl-C during the first evaluation after an iteration."""

    def __init__(self, session, iteration):
        self.session, self.iteration, self.done = session, iteration, 0

    def __call__(self, event):
        self.done += isinstance(event, EpochEnded)

    def __getattr__(self, name):
        return getattr(self.session, name)

    def cost_and_gradient(self, *batch):
        if self.done == self.iteration:
            raise KeyboardInterrupt
        return self.session.cost_and_gradient(*batch)


@pytest.mark.parametrize("iteration", [1, 3, 4])
def test_interrupt_keeps_the_last_whole_iteration(iteration, engine):
    session, other = Interrupting(open_session(engine), iteration), open_session(engine)
    with pytest.warns(UserWarning, match="interrupted by user"):
        _, history, reason = train(session, session)
    train(other, iterations=iteration)
    assert (len(history), reason) == (iteration, "interrupted")
    for a, b in zip(session.network().weights, other.network().weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_limits(engine):
    result, history, reason = train(open_session(engine), evaluations=3, gradient=0)
    assert result.nfev <= 5 and reason == "all epochs done"
    assert len(history) <= 3


def test_divergence_is_an_error(engine):
    with pytest.raises(DivergenceError, match="layer 3"):
        train(open_session(engine), y=1e200 * Y)


def test_weights_and_penalty_count(engine):
    sample_weight = RNG.uniform(0, 3, 40)
    parameters = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 7.0, "l2": 0.3, "tol": 1e-9, "engine": engine}
    regressor = MLPRegressor(**parameters, random_state=0, max_iter=1000).fit(X, Y[:, 0], sample_weight)

    def ridge(theta):
        w, b = theta[:3], theta[3]
        data = 0.5 * np.average((X @ w + b - Y[:, 0]) ** 2, weights=sample_weight)
        return data + 0.5 * (7.0 / sample_weight.sum() + 0.3) * w @ w

    expected = minimize(ridge, np.zeros(4), tol=1e-12).x
    np.testing.assert_allclose(regressor.coefs_[0][:, 0], expected[:3], atol=1e-5)
    np.testing.assert_allclose(regressor.intercepts_[0], expected[3:], atol=1e-5)
    assert regressor.loss_ == pytest.approx(ridge(expected))


def test_float32_converges_close_to_float64(engine):
    costs = {}
    for dtype in ("float32", "float64"):
        session = open_session(engine, dtype)
        result, _, _ = train(session)
        assert session.network().dtype == dtype
        costs[dtype] = result.fun
    assert costs["float32"] < 1.2 * costs["float64"] + 1e-3


def test_warm_start_goes_on(engine):
    with pytest.warns(ConvergenceWarning):
        regressor = MLPRegressor(solver="lbfgs", max_iter=3, warm_start=True, engine=engine, random_state=0).fit(X, Y)
        first = regressor.loss_
        regressor.fit(X, Y)
    assert regressor.loss_ < first and regressor.loss_curve_[3] < first
    assert (regressor.n_iter_, len(regressor.loss_curve_)) == (3, 6)
