"""Networks of scikit-learn and torch become ours: they predict the same, and training goes on."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import backlit as bl
import needs
from backlit.errors import InvalidInputError, ShapeError
from every import every, in_turn

torch = needs.imported("torch")
nn = torch.nn

rng = np.random.default_rng(0)
X = rng.standard_normal((60, 4))
TARGETS = {
    "constant": np.array(["one"] * 60),
    "binary": np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)],
    "multiclass": np.digitize(X[:, 0], [-0.5, 0.5]) * 3,
    "multilabel": (X[:, :3] > 0).astype(int),
    "number": X @ [1.0, 2.0, 3.0, 4.0],
    "numbers": X @ rng.standard_normal((4, 2)),
}


def trained(model, y, X=X):
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return model.fit(X, y)


def theirs_for(target, **options):
    regression = target.startswith("number")
    cls = neural_network.MLPRegressor if regression else neural_network.MLPClassifier
    return cls(hidden_layer_sizes=(6, 5), random_state=0, max_iter=20, **options)


@every(
    ("case", "activation"),
    in_turn(itertools.product(TARGETS, ["adam", "sgd", "lbfgs"]), ["identity", "logistic", "tanh", "relu"]),
)
def test_from_sklearn_predicts_the_same_and_goes_on(case, activation):
    target, solver = case
    y = TARGETS[target]
    theirs = trained(theirs_for(target, activation=activation, solver=solver), y)
    ours = bl.from_sklearn(theirs)
    same = theirs.predict(X) == ours.predict(X) if not target.startswith("number") else True
    assert np.all(same)
    if target.startswith("number"):
        assert ours.predict(X) == pytest.approx(theirs.predict(X), abs=1e-6)
    elif target != "constant":  # of which scikit-learn gives two probabilities
        assert ours.predict_proba(X) == pytest.approx(theirs.predict_proba(X), abs=1e-6)
        assert (ours.classes_ == theirs.classes_).all()
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.loss_ == theirs.loss_
    before = [coef.copy() for coef in theirs.coefs_]
    if solver == "lbfgs":
        trained(ours.set_params(warm_start=True, max_iter=5), y)
        assert target == "numbers" or ours.loss_ <= theirs.loss_ + 1e-9  # theirs is a mean over the outputs
    else:
        ours.partial_fit(X, y)
        assert ours.t_ == theirs.t_ + len(X)
    assert all((a == b).all() for a, b in zip(before, theirs.coefs_, strict=True)), "theirs must stay as it was"


@pytest.mark.parametrize("target", ["binary", "multiclass", "multilabel", "number"])
def test_the_next_step_is_theirs(target):
    # without momentum and shuffles there is nothing to begin anew
    options = {"solver": "sgd", "momentum": 0.0, "batch_size": 60, "learning_rate_init": 0.1}
    y = TARGETS[target]
    theirs = trained(theirs_for(target, **options), y)
    ours = bl.from_sklearn(theirs)
    for _ in range(3):
        ours.partial_fit(X, y)
        theirs.partial_fit(X, y)
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        assert a == pytest.approx(b, rel=1e-9, abs=1e-12)


def test_early_stopping_poisson_names_and_float32():
    import pandas as pd

    frame = pd.DataFrame(X.astype("float32"), columns=list("abcd"))
    theirs = neural_network.MLPRegressor(
        hidden_layer_sizes=(5,), loss="poisson", early_stopping=True, random_state=0, max_iter=10
    )
    trained(theirs, np.exp(X[:, 0]), frame)
    ours = bl.from_sklearn(theirs)
    assert ours.early_stopping is True
    assert ours.loss == "poisson"
    assert list(ours.feature_names_in_) == list("abcd")
    assert ours.predict(frame).dtype == np.float32
    assert ours.predict(frame) == pytest.approx(theirs.predict(frame), rel=1e-5)
    assert clone(ours).get_params()["loss"] == "poisson"


def test_what_is_not_scikit_learns_network_is_refused():
    with pytest.raises(NotFittedError):
        bl.from_sklearn(neural_network.MLPClassifier())
    with pytest.raises(InvalidInputError, match=r"a backlit\.estimators\.classifier\.MLPClassifier came"):
        bl.from_sklearn(bl.MLPClassifier())


# torch


def sequential(n_out, activation=nn.ReLU, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 7), activation(), nn.Linear(7, 6), activation(), nn.Linear(6, n_out))


def logits(net):
    with torch.no_grad():
        return net(torch.from_numpy(X.astype("float32")))


@pytest.mark.parametrize(
    ("activation", "name"), [(nn.ReLU, "relu"), (nn.Tanh, "tanh"), (nn.GELU, "gelu"), (nn.Mish, "mish")]
)
def test_torch_regressor(activation, name):
    net = sequential(2, activation)
    ours = bl.from_state_dict(net.state_dict(), activation=name)
    assert ours.predict(X) == pytest.approx(logits(net).numpy(), abs=1e-6)
    before = ours.score(X, TARGETS["numbers"])
    for _ in range(20):
        ours.partial_fit(X, TARGETS["numbers"])
    assert ours.score(X, TARGETS["numbers"]) > before


def test_torch_activation_per_layer():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 7), nn.Tanh(), nn.Linear(7, 6), nn.SiLU(), nn.Linear(6, 1), nn.Softplus())
    ours = bl.from_state_dict(net.state_dict(), activation=["tanh", "silu"], output_activation="softplus")
    assert ours.predict(X) == pytest.approx(logits(net)[:, 0].numpy(), abs=1e-6)


@pytest.mark.parametrize("classes", [[0, 3, 6], ["c", "a", "b"]])
def test_torch_classifier(classes):
    net = sequential(3)
    ours = bl.from_state_dict(net.state_dict(), classes=classes, learning_rate_init=0.01)
    probabilities = torch.softmax(logits(net), dim=1).numpy()
    order = np.argsort(classes)
    assert ours.classes_.tolist() == sorted(classes)
    assert ours.predict_proba(X) == pytest.approx(probabilities[:, order], abs=1e-6)
    assert (ours.predict(X) == np.array(classes)[probabilities.argmax(axis=1)]).all()
    y = np.array(classes)[TARGETS["multiclass"] // 3]
    before = ours.score(X, y)
    for _ in range(40):
        ours.partial_fit(X, y)
    assert ours.score(X, y) > before


@pytest.mark.parametrize("classes", [["no", "yes"], ["yes", "no"]])
@pytest.mark.parametrize("n_out", [1, 2])
def test_torch_two_classes(classes, n_out):
    net = sequential(n_out)
    ours = bl.from_state_dict(net.state_dict(), classes=classes, learning_rate_init=0.01)
    z = logits(net)
    second = (torch.sigmoid(z)[:, 0] if n_out == 1 else torch.softmax(z, dim=1)[:, 1]).numpy()
    assert ours.predict_proba(X)[:, sorted(classes).index(classes[1])] == pytest.approx(second, abs=1e-6)
    for _ in range(60):
        ours.partial_fit(X, TARGETS["binary"])
    assert ours.score(X, TARGETS["binary"]) > 0.8


@pytest.mark.parametrize(
    ("n_out", "classes"), [(3, [1, 2]), (1, [1, 2, 3]), (1, [1]), (2, [1, 1]), (2, [[1, 2]]), (3, [1, 1, 2])]
)
def test_classes_must_fit_the_outputs(n_out, classes):
    with pytest.raises(ShapeError, match=f"The last layer has {n_out} outputs"):
        bl.from_state_dict(sequential(n_out).state_dict(), classes=classes)


def test_layers_that_do_not_chain():
    state = sequential(2).state_dict() | {"2.weight": torch.zeros(6, 9)}
    with pytest.raises(ShapeError, match="columns"):
        bl.from_state_dict(state)


@pytest.mark.thorough
def test_no_torch_is_imported():
    import subprocess
    import sys

    code = (
        "import sys, numpy as np, backlit as bl\n"
        "bl.from_state_dict({'0.weight': np.ones((1, 2)), '0.bias': np.zeros(1)})\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
