import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone

import backlit as bl
from backlit import CustomActivation, CustomLoss, MLPClassifier, MLPRegressor, Network
from backlit.core.activations import ACTIVATIONS
from backlit.core.backpropagation import backpropagate
from backlit.core.custom import is_custom
from backlit.core.definitions import Interval
from backlit.core.losses import LOSSES
from backlit.engine import Objective, get_engine
from backlit.errors import InvalidInputError, LossActivationError, UnknownNameError
from backlit.explanation.views.render import render_text

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(200, 4)), RNG.integers(0, 3, 200)


def soft_root(z):
    return z / np.sqrt(1 + z * z)


def soft_root_prime(z):
    return (1 + z * z) ** -1.5


def quartic(a, y):
    return (a - y) ** 4


def quartic_nabla_a(a, y):
    return 4 * (a - y) ** 3


ROOT = CustomActivation("soft_root", soft_root, soft_root_prime)
QUARTIC = CustomLoss("quartic", quartic, quartic_nabla_a)


def fitted(estimator, y=Y):
    with warnings.catch_warnings(action="ignore"):
        return estimator.fit(X, y)


def test_copies_of_the_built_in_ones_train_to_the_same_numbers():
    tanh, quadratic = ACTIVATIONS["tanh"], LOSSES["quadratic"]
    mine = CustomActivation("my_tanh", tanh.value, tanh.derivative)
    loss = CustomLoss("my_quadratic", quadratic.value, quadratic.nabla_a)
    options = {"hidden_layer_sizes": (8,), "max_iter": 10, "random_state": 0}
    truth = fitted(MLPRegressor("quadratic", activation="tanh", engine="reference", **options), X[:, 0])
    found = fitted(MLPRegressor(loss, activation=mine, **options), X[:, 0])
    for a, b in zip(truth.coefs_, found.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    one_of_two = fitted(MLPRegressor(loss, (8, 5), [mine, "relu"], max_iter=3), X[:, 0])
    assert one_of_two.network_.activations == (mine, "relu", "identity")


def test_float32_stays_float32():
    # the derivative gives float64 and whole numbers; the network must not notice
    bent = CustomActivation("bent", lambda z: np.maximum(z, 0.5 * z), lambda z: np.where(z > 0, 1.0, 0.5))
    network = Network.initialize([4, 6, 3], [bent, "softmax"], dtype="float32")
    at = backpropagate(network, X, np.eye(3)[Y], loss="cross_entropy")
    assert all(array.dtype == np.float32 for array in (*at.a, *at.delta, *at.nabla_w))
    assert bent.definition.kinks == (0.0,)


def test_kinks_are_found_and_named():
    hard_tanh = CustomActivation("hard_tanh", lambda z: np.clip(z, -1, 1), lambda z: 1.0 * (np.abs(z) < 1))
    assert hard_tanh.definition.kinks == (-1.0, 1.0)
    dead_zone = CustomLoss(
        "dead_zone",
        lambda a, y: np.maximum(np.abs(a - y) - 0.5, 0 * a),
        lambda a, y: np.sign(a - y) * (np.abs(a - y) > 0.5),
    )
    assert dead_zone.definition.kinks == (-0.5, 0.5)
    network = Network.initialize([4, 5, 1], [hard_tanh, "identity"], seed=1)
    assert bl.check_gradient(network, X[:20], X[:20, :1], loss=dead_zone).ok


WRONG_ACTIVATIONS = {
    "everywhere": (np.tanh, lambda z: 1 - np.tanh(z), "z = -0.1: expected 0.990066, .* but found 1.09967"),
    "by a little": (np.tanh, lambda z: 1.0001 * (1 - np.tanh(z) ** 2), "z = "),
    "on one side": (lambda z: z * z, lambda z: 2 * np.abs(z), "z = -0.1: expected -0.2, .* but found 0.2"),
    "beyond a kink": (
        lambda z: np.where(z <= 5, z, 4.5 + 0.1 * z),
        lambda z: np.where(z <= 5, 1, 0.2),
        "z = 5.1: expected 0.1, .* but found 0.2",
    ),
    "far out": (
        lambda z: 1 / (1 + np.exp(-z)),
        lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
        "z = -1000: expected 0, .* but found nan",
    ),
    "at a leap": (lambda z: 1.0 * (z > 0), lambda z: 0 * z, "z = 0: expected"),
}


@pytest.mark.parametrize("where", WRONG_ACTIVATIONS)
def test_a_wrong_derivative_is_refused_saying_where(where):
    value, derivative, message = WRONG_ACTIVATIONS[where]
    with pytest.raises(InvalidInputError, match=f"The derivative of the activation 'mine' is wrong at {message}"):
        CustomActivation("mine", value, derivative)


def test_a_wrong_derivative_of_a_loss_is_refused_saying_where():
    with pytest.raises(InvalidInputError, match=r"loss 'mine' for y = -2\.5 is wrong at a = .* expected .* but found"):
        CustomLoss("mine", quartic, lambda a, y: 3 * (a - y) ** 3)
    with pytest.raises(InvalidInputError, match="loss 'mine' for y = "):
        CustomLoss("mine", quartic, lambda a, y: 4 * a**3)
    # the built-in ones pass
    for loss in LOSSES.values():
        CustomLoss("mine", loss.value, loss.nabla_a, loss.domain, loss.target)
    for activation in ACTIVATIONS.values():
        if not activation.couples:
            assert (
                CustomActivation("mine", activation.value, activation.derivative).definition.kinks == activation.kinks
            )


def test_what_is_no_activation_is_refused():
    with pytest.raises(InvalidInputError, match="maps z = NaN to 0, but NaN must stay NaN"):
        CustomActivation("mine", lambda z: np.where(z > 0, z, 0), lambda z: 1.0 * (z > 0))
    with pytest.raises(InvalidInputError, match="must have the shape of what it is given"):
        CustomActivation("mine", np.sum, np.cos)
    with pytest.raises(InvalidInputError, match="'relu' is the name of a built-in activation"):
        CustomActivation("relu", np.sin, np.cos)
    with pytest.raises(InvalidInputError, match="'log_loss' is the name of a built-in loss"):
        CustomLoss("log_loss", quartic, quartic_nabla_a)
    for name in ("", "two words", "1st", 3, "a(b)"):
        with pytest.raises(InvalidInputError, match="must be a word such as 'my_activation', but"):
            CustomActivation(name, np.sin, np.cos)
    with pytest.raises(UnknownNameError):
        Network.initialize([2, 1], "soft_root")  # the name alone is not the function


def test_domains_are_respected():
    hellinger = CustomLoss(
        "hellinger",
        lambda a, y: 0.5 * (np.sqrt(a) - np.sqrt(y)) ** 2,
        lambda a, y: 0.5 * (1 - np.sqrt(y / a)),
        domain=Interval(0.0, np.inf),
        target=Interval(0.0, np.inf, low_open=False),
    )
    network = Network.initialize([4, 3, 1], ["tanh", "softplus"])
    assert bl.check_gradient(network, X[:10], np.abs(X[:10, :1]), loss=hellinger).ok
    with pytest.raises(LossActivationError, match="'hellinger' is defined for activations in"):
        Objective(hellinger).check(Network.initialize([4, 1], "tanh"))
    unit = CustomActivation(
        "unit", lambda z: 0.5 + 0.5 * soft_root(z), lambda z: 0.5 * soft_root_prime(z), Interval(0.0, 1.0)
    )
    assert fitted(MLPClassifier((5,), max_iter=3, output_activation=unit)).predict_proba(X).shape == (200, 3)


def test_they_are_usable_where_networks_are_looked_at(tmp_path):
    network = Network.initialize([4, 3, 1], [ROOT, "identity"])
    x, y = X[:6], X[:6, :1]
    assert bl.check_gradient(network, x, y, loss=QUARTIC).ok
    assert "soft_root" in render_text(bl.explain(network, x[:1], y[:1], loss=QUARTIC))
    assert "quartic" in str(bl.demon(network, x, y, layer=2, neuron=1, loss=QUARTIC))
    assert "soft_root" in str(bl.diagnose(network, x, y, loss=QUARTIC))


def test_they_are_copied_cloned_and_pickled_with_their_functions():
    for custom in (ROOT, QUARTIC):
        for twin in (pickle.loads(pickle.dumps(custom)), copy.deepcopy(custom)):
            assert twin == custom
            assert hash(twin) == hash(custom)
            assert twin.fingerprint == custom.fingerprint
        assert custom != str(custom)
        assert is_custom(custom)
    assert CustomActivation("soft_root", np.tanh, lambda z: 1 - np.tanh(z) ** 2) != ROOT
    classifier = fitted(clone(MLPClassifier((5,), ROOT, max_iter=3, random_state=0)))
    twin = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(twin.predict_proba(X), classifier.predict_proba(X))


def test_the_engine_is_chosen_by_itself():
    network = Network.initialize([4, 3, 1], [ROOT, "identity"])
    for objective in (Objective(), Objective(QUARTIC)):
        session = get_engine().open(network, objective)
        assert type(session).__name__ == "ReferenceSession"
    assert type(get_engine().open(Network.initialize([4, 1]), Objective(QUARTIC))).__name__ == "ReferenceSession"
    assert type(get_engine().open(Network.initialize([4, 1]), Objective())).__name__ == "NativeSession"
    with pytest.raises(
        InvalidInputError, match="native engine cannot call the Python functions of 'soft_root', 'quartic'"
    ):
        get_engine("native").open(network, Objective(QUARTIC))


def test_model_files_hold_no_functions(tmp_path):
    path = tmp_path / "model.safetensors"
    network = Network.initialize([4, 3, 1], [ROOT, "identity"])
    with pytest.raises(
        InvalidInputError, match="holds numbers and names, and no functions such as those of 'soft_root'"
    ):
        bl.save_network(path, network)
    with pytest.raises(InvalidInputError, match="'quartic'"):
        bl.save_network(path, Network.initialize([4, 1], "identity"), QUARTIC)
    assert not path.exists()


def test_a_checkpoint_knows_one_function_of_a_name_from_another(tmp_path):
    options = {
        "hidden_layer_sizes": (5,),
        "max_iter": 4,
        "random_state": 0,
        "checkpoint": bl.Checkpoint(tmp_path / "run"),
    }
    first = fitted(MLPRegressor(activation=ROOT, **options), X[:, 0])
    again = fitted(MLPRegressor(activation=ROOT, **options), X[:, 0])
    np.testing.assert_array_equal(first.coefs_[0], again.coefs_[0])
    other = CustomActivation("soft_root", np.tanh, lambda z: 1 - np.tanh(z) ** 2)
    with pytest.raises(Exception, match="activations"):
        fitted(MLPRegressor(activation=other, **options), X[:, 0])
