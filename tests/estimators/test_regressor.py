import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from backlit import MLPRegressor
from backlit.errors import InvalidInputError, LossActivationError
from every import every, in_turn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_diabetes(return_X_y=True)
X, Y = X / X.std(axis=0), (Y - Y.mean()) / Y.std()
BOTH = np.stack([Y, X[:, 2] ** 2], axis=1)


@every(("solver", "y"), in_turn(["adam", "sgd", "gd", "rmsprop", "adamw", "lbfgs"], [Y, BOTH]))
def test_learns(y, solver, engine):
    regressor = MLPRegressor(hidden_layer_sizes=(20,), solver=solver, engine=engine, random_state=0)
    regressor.set_params(learning_rate_init=0.1 if solver == "gd" else 0.02).fit(X, y)
    assert regressor.predict(X).shape == y.shape
    assert regressor.score(X, y) > 0.5


@pytest.mark.parametrize(
    ("loss", "given", "activation"),
    [
        ("squared_error", None, "identity"),
        ("quadratic", "tanh", "tanh"),
        ("huber", None, "identity"),
        ("absolute", None, "identity"),
        ("poisson", None, "exp"),
        ("poisson", "softplus", "softplus"),
        ("cross_entropy", "sigmoid", "sigmoid"),
    ],
)
def test_output_layer(loss, given, activation, engine):
    y = (Y - Y.min()) / (Y.max() - Y.min())
    regressor = MLPRegressor(loss, output_activation=given, engine=engine, random_state=0, learning_rate_init=0.01)
    regressor.fit(X, y)
    assert regressor.out_activation_ == {"sigmoid": "logistic"}.get(activation, activation)
    assert regressor.score(X, y) > 0.45


@pytest.mark.parametrize(("loss", "given"), [("poisson", "identity"), ("cross_entropy", None)])
def test_loss_that_does_not_fit_is_refused(loss, given, engine):
    with pytest.raises(LossActivationError, match=f"'{loss}' is defined for activations in"):
        MLPRegressor(loss, output_activation=given, engine=engine).fit(X, np.abs(Y) / 5)


def test_column_of_targets_is_raveled_with_a_warning(engine):
    regressor = MLPRegressor(max_iter=2, engine=engine)
    with pytest.warns(UserWarning, match="column-vector y was passed"):
        regressor.fit(X, Y.reshape(-1, 1))
    assert regressor.predict(X).shape == Y.shape


def test_targets_that_are_not_finite_are_refused(engine):
    with pytest.raises(ValueError, match="NaN"):
        MLPRegressor(engine=engine).fit(X, np.where(Y > 1, np.nan, Y))


def test_target_too_large_for_float32_is_refused(engine):
    with pytest.raises(InvalidInputError, match=r"targets in \(−∞, ∞\), but y lies in \[0, ∞\]"):
        MLPRegressor(engine=engine).fit(X.astype(np.float32), np.where(Y > 1, 1e300, 0))


def test_validation_score_is_r2(engine):
    from sklearn.metrics import r2_score

    from backlit.training.examples import split_rows

    weight = np.linspace(0.1, 2, len(Y))
    regressor = MLPRegressor(early_stopping=True, max_iter=1, random_state=4, engine=engine).fit(X, BOTH, weight)
    rows = split_rows(len(Y), 0.1, 4)[1]
    expected = r2_score(BOTH[rows], regressor.predict(X[rows]), sample_weight=weight[rows])
    assert regressor.validation_scores_ == [pytest.approx(expected)]


def test_penalties_shrink_weights(engine):
    def weights(**penalty):
        regressor = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", tol=1e-8, random_state=0, engine=engine)
        return regressor.set_params(**{"alpha": 0} | penalty).fit(X, Y).coefs_[0]

    free = weights()
    for penalty in ({"alpha": 200}, {"l2": 200 / len(Y)}, {"l1": 0.1}):
        assert np.abs(weights(**penalty)).sum() < 0.7 * np.abs(free).sum()
    # alpha is divided by the number of rows, l2 is not
    np.testing.assert_allclose(weights(alpha=40.0), weights(l2=40.0 / len(Y)), atol=1e-9)
